#!/bin/sh
# SPDX-License-Identifier: MIT
# replay.sh: a trace ends at the same digest in every build. The one of tests/golden, and one of a scheduler that was killed
# at work (or those in TRACES); by gcc and clang, without and with optimisation, with 32 bits, with sanitizers, and for a
# machine of the other byte order. A line for each build; what is not installed is named. Exit status 1: one differs.
set -u
BUILD=${BUILD:-build} MAKE=${MAKE:-make}
B=$BUILD/proof/replay
traces=${TRACES:-}
mkdir -p "$B"
rm -rf "$B/work"*
$MAKE -s --no-print-directory BUILD="$BUILD" all || exit 1
sources="lib/core/*.c lib/agent/*.c lib/codec/*.c lib/node/*.c lib/transport/loop.c lib/store/memory*.c
	examples/common/options.c examples/common/nearest.c examples/dtss-sim/replay.c tests/proof/replay_main.c"
flags="-std=c11 -D_GNU_SOURCE -g -Iinclude -Ilib -Iexamples"

# A scheduler at work: tasks that wait, run, fail, are held and cancelled, by two agents; killed in the middle.
record() {
	cd "$B" || exit 1
	"$1/dtssd" --listen 127.0.0.1:0 --store "sqlite:$PWD/work.db" >work.out 2>work.err &
	daemon=$!
	until grep -q listening work.out || ! kill -0 $daemon; do sleep 0.1; done
	url=$(sed 's/listening on //' work.out)
	for a in one two; do
		"$1/dtss-agent" --server "$url" --allow-root --name $a --slots 4 --work-dir "$PWD/work.$a" >/dev/null 2>&1 &
		agents="${agents:-} $!"
	done
	i=0
	while [ $i -lt 40 ]; do
		for c in "exit $((i % 3))" "sleep 0.$((i % 4))"; do "$1/dtss" --url "$url" submit --retries 1 sh -c "$c" >/dev/null; done
		[ $((i % 5)) != 0 ] || "$1/dtss" --url "$url" cancel $((i + 1)) 2>/dev/null
		i=$((i + 1))
	done
	"$1/dtss" --url "$url" wait 2 3 4 5 7 8 9 10 >/dev/null
	kill -9 $daemon
	kill $agents
	wait 2>/dev/null
	cd "$OLDPWD" || exit 1
}
[ -n "$traces" ] || { record "$(cd "$BUILD" && pwd)"; traces="tests/golden/trace_v1.bin $B/work.db.trace"; }
for t in $traces; do echo "$t $("$BUILD/dtss-sim" replay --plain "$t" || echo failed)"; done >"$B/expected"
cat "$B/expected"
grep -q "trace_v1.bin $(cat tests/golden/trace_v1.txt)" "$B/expected" || [ -n "${TRACES:-}" ] || {
	echo 'replay: not the digest of tests/golden/trace_v1.txt'
	exit 1
}

same=0 tried=0 code=0
build() { # NAME COMPILER FLAGS RUNNER...
	name=$1 compiler=$2 more=$3
	shift 3
	for tool in "${compiler%% *}" "$@"; do
		command -v "$tool" >/dev/null || { echo "$name: left out, there is no $tool; make deps-proof installs it"; return; }
	done
	tried=$((tried + 1))
	# shellcheck disable=SC2086 # they are lists
	$compiler $flags $more $sources -o "$B/$name" 2>"$B/$name.log" || {
		echo "$name: does not compile: $(head -n 1 "$B/$name.log")"
		code=1
		return
	}
	for t in $traces; do echo "$t $("$@" "$B/$name" replay --plain "$t" || echo failed)"; done >"$B/$name.says"
	if cmp -s "$B/expected" "$B/$name.says"; then
		same=$((same + 1))
		echo "$name: the same"
	else
		diff "$B/expected" "$B/$name.says" | sed "s/^/$name: /"
		code=1
	fi
}
build gcc-O0 gcc -O0
build gcc-O3 gcc '-O3 -march=native'
# the kernel's headers are the same for both; Debian keeps them with the longer word
build gcc-32 gcc "-O2 -m32 -idirafter /usr/include/$(gcc -print-multiarch)"
build gcc-sanitized gcc '-O1 -fsanitize=address,undefined -fno-sanitize-recover=all'
build clang-O2 clang-14 -O2
build clang-sanitized clang-14 '-O1 -fsanitize=address,undefined -fno-sanitize-recover=all'
build s390x s390x-linux-gnu-gcc '-O2 -static' qemu-s390x
echo "replay builds=$tried same=$same traces=$(echo $traces | wc -w) verbs=$(sed 's/.*verbs=\([0-9]*\).*/\1/' "$B/expected" | awk "{ n += \$1 } END { print n }")"
exit $code
