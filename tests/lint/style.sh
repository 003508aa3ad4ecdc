#!/bin/sh
# style.sh: functions of at most 70 lines, files of at most 400, tabs, a licence line, and clang-format's opinion.
set -u
code=0
sources=$(find include lib examples tests -name '*.[ch]' | sort)

awk '
	FNR == 1 { if (file) done(); file = FILENAME; last = 0; if ($0 !~ /SPDX-License-Identifier: MIT/) say(1, "no licence line") }
	{ last = FNR; previous = FNR == 1 ? "" : line; line = $0 }
	/^    / { say(FNR, "indented by spaces") }
	/[ \t]$/ { say(FNR, "blanks at the end") }
	/^[{]$/ && previous ~ /[)]$/ { start = FNR; inside = 1 }
	/^}/ && inside { inside = 0; if (FNR - start + 1 > 70) say(start, "function of " FNR - start + 1 " lines, at most 70") }
	function say(n, what) { print "style: " FILENAME ":" n ": " what; bad = 1 }
	function done() { if (last > 400) { print "style: " file ": " last " lines, at most 400"; bad = 1 } }
	END { done(); exit bad }
' $sources || code=1

grep -nwE 'TODO|FIXME|XXX' $sources && code=1

format=$(command -v clang-format-14 || command -v clang-format)
$format --dry-run -Werror $sources 2>&1 | sed -n 's/^\([^ ]*:[0-9]*\):[0-9]*: error: .*/style: \1: clang-format would change this/p' | sort -u | grep . && code=1
exit $code
