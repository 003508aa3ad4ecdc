#!/bin/sh
# SPDX-License-Identifier: MIT
# clang.sh: the suites of what another compiler may choose otherwise (registers in front of a system call, where sharing memory
# with a child ends, the order of bytes and of evaluation), built by CLANG. Exit status 1: one fails.
set -u
BUILD=${BUILD:-build} MAKE=${MAKE:-make} clang=${CLANG:-clang-14}
command -v "$clang" >/dev/null || { echo "clang.sh: $clang is not installed" >&2; exit 1; }
suites="unit/agent_spawn unit/agent_run unit/agent_journal unit/hash unit/heartbeat unit/pool unit/trace_golden
	story/agent_run story/agent_killed story/http_v2"
$MAKE -s --no-print-directory BUILD="$BUILD/proof/clang" CC="$clang" check SUITES="$suites" >"$BUILD/proof/clang.log" 2>&1 ||
	{ cat "$BUILD/proof/clang.log"; exit 1; }
echo "clang $("$clang" --version | sed -n '1s/.*version \([0-9.]*\).*/version=\1/p') $(tail -n 1 "$BUILD/proof/clang.log")"
