#!/bin/sh
# SPDX-License-Identifier: MIT
# disk.sh: the power is cut after every operation of the disk, and every call of it fails; how many points that were.
set -e
BUILD=${BUILD:-build} MAKE=${MAKE:-make}
b=$BUILD/proof/disk
mkdir -p "$b"
$MAKE -s --no-print-directory BUILD="$b" STAGE="$BUILD/stage" \
	SUITES="torture/sqlite_power torture/node_power torture/sqlite_disk" "$b/check"
DTSS_POWER=1 nice "$b/check" >"$b/disk.log" 2>&1 || {
	cat "$b/disk.log"
	exit 1
}
grep '^disk: ' "$b/disk.log"
awk '/^disk: / { for (i = 2; i <= NF; i++) { if ($i ~ /^points/) p += $(i - 1); if ($i ~ /^images/) m += $(i - 1) } }
	END { printf "disk points=%d images=%d violations=0\n", p, m }' "$b/disk.log"
