#!/bin/sh
# seeds.sh: SEEDS seeds (1,000,000) through the simulator, JOBS processes at once. Goes on where it was stopped: the state
# stands in $BUILD/proof/seeds.txt. Tests that replay what it finds are written beside it. Exit status 1: a find.
set -u
BUILD=${BUILD:-build} MAKE=${MAKE:-make}
mkdir -p "$BUILD/proof"
$MAKE -s --no-print-directory BUILD="$BUILD" "$BUILD/dtss-sim" || exit 1
exec nice "$BUILD/dtss-sim" run --seeds "${SEEDS:-1000000}" --jobs "${JOBS:-$(nproc)}" --resume "$BUILD/proof/seeds.txt" \
	--tests "$BUILD/proof" --plain
