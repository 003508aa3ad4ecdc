#!/bin/sh
# fuzz.sh: every fuzz target until it has run for ten minutes, and the decoders of what strangers send until ten million
# executions; TARGET="record batch" these alone. Goes on where it was stopped: what was done stands in $BUILD/proof/fuzz.txt,
# a line "target executions seconds" for each run. FUZZ_SECONDS and FUZZ_RUNS set other goals. Exit status 1: a find.
set -u
BUILD=${BUILD:-build} MAKE=${MAKE:-make}
seconds_goal=${FUZZ_SECONDS:-600} runs_goal=${FUZZ_RUNS:-10000000}
by_runs=' record message json_task '
done_file=$BUILD/proof/fuzz.txt
mkdir -p "$BUILD/proof"
touch "$done_file"

# What is done of a target: "executions seconds".
so_far() { awk -v t="$1" '$1 == t { e += $2; s += $3 } END { print e + 0, s + 0 }' "$done_file"; }

for target in ${TARGET:-$(ls tests/fuzz/*.c | sed 's|.*/||; s|\.c$||')}; do
	while :; do
		set -- $(so_far "$target")
		case $by_runs in
		*" $target "*) [ "$1" -lt "$runs_goal" ] || break; limit=$((runs_goal - $1)) seconds=60 ;;
		*) [ "$2" -lt "$seconds_goal" ] || break; limit=-1 seconds=$((seconds_goal - $2)) ;;
		esac
		[ "$seconds" -le 60 ] || seconds=60
		line=$(nice $MAKE -s --no-print-directory BUILD="$BUILD" TARGET="$target" T=$seconds RUNS="$limit" fuzz) || {
			echo "$line"
			exit 1
		}
		echo "$line" | sed -n 's/^fuzz target=\([^ ]*\) executions=\([0-9]*\) seconds=\([0-9]*\) .*/\1 \2 \3/p' >>"$done_file"
	done
	set -- $(so_far "$target")
	echo "fuzz target=$target executions=$1 seconds=$2"
done
awk '{ e += $2; s += $3; t[$1] = 1 } END { for (i in t) n++; printf "fuzz targets=%d executions=%d seconds=%d finds=0\n", n, e, s }' "$done_file"
