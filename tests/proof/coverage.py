# SPDX-License-Identifier: MIT
"""What gcov says of lib/core, lib/agent and lib/codec: each room's lines and branches, and what nothing reached."""
import json
import os
import sys

ROOMS = ("core", "agent", "codec")


def read(path):
    """file -> line -> [count, [branch counts]]; headers are in many units, their counts are added."""
    files = {}
    with open(path, encoding="utf-8") as stream:
        for text in stream:
            for unit in json.loads(text)["files"] if text.strip() else ():
                name = unit["file"][unit["file"].find("lib/"):]
                if not name.startswith(tuple(f"lib/{room}/" for room in ROOMS)):
                    continue
                lines = files.setdefault(name, {})
                for line in unit["lines"]:
                    ways = [b["count"] for b in line["branches"] if not b["throw"]]
                    known = lines.setdefault(line["line_number"], [0, ways and [0] * len(ways)])
                    known[0] += line["count"]
                    known[1] = [a + b for a, b in zip(known[1], ways)] if len(ways) == len(known[1]) else ways
    return files


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def figures(name, files):
    lines = [line for of_file in files for line in of_file.values()]
    ways = [way for line in lines for way in line[1]]
    reached, taken = sum(1 for line in lines if line[0]), sum(1 for way in ways if way)
    low = min(percent(reached, len(lines)), percent(taken, len(ways)))
    print(f"coverage {name}: lines {percent(reached, len(lines)):.2f} % ({reached} of {len(lines)}), "
          f"branches {percent(taken, len(ways)):.2f} % ({taken} of {len(ways)})")
    return low


def main():
    files = read(sys.argv[1])
    for name in sorted(files):
        with open(name, encoding="utf-8") as stream:
            source = stream.read().split("\n")
        for number, (count, ways) in sorted(files[name].items()):
            missed = [str(i) for i, way in enumerate(ways) if not way]
            if not count:
                print(f"{name}:{number}: not reached: {source[number - 1].strip()}")
            elif missed:
                print(f"{name}:{number}: {len(missed)} of {len(ways)} ways not taken ({' '.join(missed)}): "
                      f"{source[number - 1].strip()}")
    low = [figures(room, [files[f] for f in files if f.startswith(f"lib/{room}/")]) for room in ROOMS]
    figures("total", list(files.values()))
    sys.exit(min(low) < float(os.environ.get("GOAL", "95")))


main()
