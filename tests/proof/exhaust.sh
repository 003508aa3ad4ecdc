#!/bin/sh
# exhaust.sh: every combination of the first DEPTH decisions (12) in SEEDS tiny clusters (8). Goes on where it was stopped,
# cluster by cluster: each that is done is a line of $BUILD/proof/exhaust.txt. Exit status 1: a find; the test that replays it
# is written beside it.
set -u
BUILD=${BUILD:-build} MAKE=${MAKE:-make}
done_file=$BUILD/proof/exhaust.txt
mkdir -p "$BUILD/proof" && touch "$done_file"
$MAKE -s --no-print-directory BUILD="$BUILD" "$BUILD/dtss-sim" || exit 1
seed=0
while [ $seed -lt "${SEEDS:-8}" ]; do
	seed=$((seed + 1))
	grep -q "^seed=$seed depth=${DEPTH:-12} " "$done_file" && continue
	nice "$BUILD/dtss-sim" exhaust --seed $seed --depth "${DEPTH:-12}" --tests "$BUILD/proof" >"$done_file.new" || { cat "$done_file.new"; exit 1; }
	sed -n "s/^exhaust seeds=1 /seed=$seed /p" "$done_file.new" >>"$done_file"
	rm "$done_file.new"
done
awk '{ split($3, r, "="); split($4, e, "="); runs += r[2]; events += e[2] }
	END { printf "exhaust clusters=%d runs=%d events=%d violations=0\n", NR, runs, events }' "$done_file"
