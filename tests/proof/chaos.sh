#!/bin/sh
# chaos.sh: KILLS (500) kills of the scheduler and of agents by the nemesis, then every fsync of a small workload. It goes on
# where it was stopped: each cycle, with a seed of its own, adds the last line of build/chaos to $BUILD/proof/chaos.txt.
# What a violation leaves behind stands in a directory that is named. Exit status 1: there was one.
set -u
BUILD=${BUILD:-build} MAKE=${MAKE:-make} KILLS=${KILLS:-500}
state=$BUILD/proof/chaos.txt
mkdir -p "$BUILD/proof"
$MAKE -s --no-print-directory BUILD="$BUILD" all "$BUILD/chaos" "$BUILD/chaos-job" "$BUILD/nth_fsync.so" || exit 1
touch "$state"

figure() { # what all cycles have of it
	grep '^chaos ' "$state" | tr ' ' '\n' | sed -n "s/^$1=//p" | awk '{ n += $1 } END { print n + 0 }'
}

cycle() { # SEED OPTIONS...
	seed=$1
	shift
	DTSS_BUILD=$BUILD nice "$BUILD/chaos" --seed "$seed" --plain "$@" >"$state.out" || {
		cat "$state.out"
		echo "chaos: seed $seed: $*" >&2
		exit 1
	}
	grep -v '^chaos ' "$state.out"
	tail -n 1 "$state.out" >>"$state"
}

while [ "$(figure kills_scheduler)" -lt "$KILLS" ] || [ "$(figure kills_agent)" -lt "$KILLS" ]; do
	cycle $((1000 + $(wc -l <"$state"))) --seconds 60
done
if ! grep -q '^points' "$state"; then
	cycle 1 --seconds 0 --points 1
	grep '^chaos: the ' "$state.out" | sed 's/^chaos: /points: /' >>"$state"
fi
rm -f "$state.out"
grep '^points' "$state"
echo "chaos kills_scheduler=$(figure kills_scheduler) kills_agent=$(figure kills_agent) stops=$(figure stops)" \
	"cuts=$(figure cuts) fsync=$(figure fsync) tasks=$(figure tasks) violations=$(figure violations)"
