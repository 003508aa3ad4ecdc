#!/bin/sh
# SPDX-License-Identifier: MIT
# http.sh: the table of malformed and hostile requests, and clients that are slow, idle, many and gone, ROUNDS (20) times,
# with IDLE (9000) idle connections besides the slow ones. Goes on where it was stopped: each round adds a line to
# $BUILD/proof/http.txt. Exit status 1: something was not as it must be.
set -u
BUILD=${BUILD:-build} MAKE=${MAKE:-make} ROUNDS=${ROUNDS:-20} IDLE=${IDLE:-9000}
state=$BUILD/proof/http.txt
mkdir -p "$BUILD/proof"
touch "$state"
ulimit -n "$(ulimit -Hn)"

while [ "$(grep -c '^round' "$state")" -lt "$ROUNDS" ]; do
	DTSS_FIGURES=1 DTSS_IDLE=$IDLE $MAKE -s --no-print-directory BUILD="$BUILD" \
		SUITES='torture/http_table torture/http_slow' check >"$state.out" 2>&1 || {
		cat "$state.out"
		exit 1
	}
	{ echo round; grep '^http ' "$state.out"; } >>"$state"
	echo "round $(grep -c '^round' "$state") of $ROUNDS"
done
rm -f "$state.out"
figures() { # of all rounds: the sum of one, or the greatest
	tr ' ' '\n' <"$state" | sed -n "s/^$1=//p" | sort -n | awk '{ n += $1 } END { print n + 0, $1 + 0 }' | cut -d' ' -f"$2"
}
echo "http rounds=$ROUNDS requests=$(figures requests 1) connections_at_once=$(figures connections 2)" \
	"healthy_answers=$(figures asked 1) slowest_answer_ms=$(figures slowest_answer_ms 2) violations=0"
