#!/bin/sh
# seeds.sh: SEEDS seeds (1,000,000) through the simulator, JOBS processes at once. Goes on where it was stopped: the state
# stands in $BUILD/proof/seeds.txt. Tests that replay what it finds are written beside it. Exit status 1: a find.
# What is simulated is built for speed, which makes it half as fast again; with SANITIZE= as that says.
set -u
BUILD=${BUILD:-build} MAKE=${MAKE:-make}
mkdir -p "$BUILD/proof"
fast=$BUILD
if [ -z "${SANITIZE:-}" ]; then
	fast=$BUILD/proof/fast
	set -- HARDEN= cold= "CFLAGS=-O3 -flto -g -Wno-error"
fi
$MAKE -s --no-print-directory BUILD="$fast" "$@" "$fast/dtss-sim" || exit 1
exec nice "$fast/dtss-sim" run --seeds "${SEEDS:-1000000}" --jobs "${JOBS:-$(nproc)}" --resume "$BUILD/proof/seeds.txt" \
	--tests "$BUILD/proof" --plain
