#!/bin/sh
# SPDX-License-Identifier: MIT
# Lines and branches of the three engines that the tests reach, with assertions compiled out.
#
# gcc's own counters, without optimisation. A branch is one way out of a condition of the source, as gcov lists them; ways
# that throw are not counted, C has none. What the compiler makes of a line that has no condition is counted too.
set -e
B=${BUILD:-build}/coverage
goal=${GOAL:-95}
# all of units, the rest as far as it is about the engines and runs no programs
suites=$(cd tests && ls unit/*.c conform/store*.c torture/core_*.c torture/memory.c torture/sim*.c torture/snapshot.c | sed 's|\.c$||' | tr '\n' ' ')
SUITES=${SUITES:-$suites}
make=${MAKE:-make}

$make -s BUILD="$B" CFLAGS='-O0 -g -Wno-maybe-uninitialized -Wno-uninitialized' HARDEN= HARDEN_LINK= COVERAGE='--coverage -DDTSS_NO_ASSERT' \
	LDFLAGS=--coverage SUITES="$SUITES" "$B/check" "$B/probe"
find "$B" -name '*.gcda' -delete
DTSS_BUILD=$(cd "$B" && pwd) DTSS_STAGE=$(cd "${BUILD:-build}" && pwd)/stage DTSS_SOURCE=$PWD "$B/check" >"$B/check.log" 2>&1 || {
	tail -30 "$B/check.log"
	exit 1
}
find "$B/lib/core" "$B/lib/agent" "$B/lib/codec" -name '*.gcda' | sort |
	while read -r f; do gcov --json-format --branch-probabilities --stdout "$f" 2>/dev/null; done >"$B/gcov.json"
GOAL=$goal python3 tests/proof/coverage.py "$B/gcov.json"
