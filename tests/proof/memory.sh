#!/bin/sh
# SPDX-License-Identifier: MIT
# memory.sh: each allocation of every scenario fails in turn, once and for good, under AddressSanitizer; how many that were.
set -e
BUILD=${BUILD:-build} MAKE=${MAKE:-make}
b=$BUILD/proof/memory
mkdir -p "$b"
$MAKE -s --no-print-directory BUILD="$b" STAGE="$BUILD/stage" SANITIZE=address,undefined \
	SUITES="torture/memory torture/sqlite_memory" "$b/check"
DTSS_MEMORY=1 nice "$b/check" >"$b/memory.log" 2>&1 || {
	cat "$b/memory.log"
	exit 1
}
grep '^memory: ' "$b/memory.log"
awk '/^memory: / { n++; f += $(NF - 1) } END { printf "memory scenarios=%d failures=%d violations=0\n", n, f }' "$b/memory.log"
