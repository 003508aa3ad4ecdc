#!/bin/sh
# man.sh: mandoc finds nothing, every exported function has exactly one page, references lead somewhere, and what pages
# show as C compiles: each SYNOPSIS against the headers, each EXAMPLE of section 3 as it stands (in a function when it has
# none of its own).
set -u
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
code=0
complain() { echo "man: $*"; code=1; }

(cd man && mandoc -T lint -W style ./*.[1-8]) | sed 's/^mandoc: /man: /' | grep . && code=1

section() { awk -v name="$1" '/^\.Sh /{ on = substr($0, 5) == name; next } on' "$2"; }

for page in man/*.3; do section NAME "$page" | sed -n 's/^\.Nm \(dtss_[a-z0-9_]*\).*/\1/p'; done | LC_ALL=C sort >"$tmp/named"
sed -n 's/^[ \t]*\(dtss_[a-z0-9_]*\);.*/\1/p' lib/*.map | LC_ALL=C sort >"$tmp/exported"
LC_ALL=C uniq -d "$tmp/named" | sed 's/.*/man: & is documented by more than one page/' | grep . && code=1
LC_ALL=C comm -13 "$tmp/named" "$tmp/exported" | sed 's/.*/man: & has no page/' | grep . && code=1
LC_ALL=C comm -23 "$tmp/named" "$tmp/exported" | sed 's/.*/man: & has a page and is not exported/' | grep . && code=1

grep -HoE '^\.Xr dtss[a-z0-9_.-]* [1-8]' man/*.[1-8] | sed 's/:\.Xr / /' | while read -r from name number; do
	[ -e "man/$name.$number" ] || echo "man: $from: there is no page $name($number)"
done | grep . && code=1

# .Ft type, .Fn name args or .Fo name, .Fa args, .Fc become prototypes.
prototypes() {
	section SYNOPSIS "$1" | awk '
		function words(s,	n) { n = 0; while (match(s, /"[^"]*"|[^ ]+/)) {
			w[++n] = substr(s, RSTART, RLENGTH); gsub(/"/, "", w[n]); s = substr(s, RSTART + RLENGTH) } return n }
		/^\.In / { print "#include <" $2 ">" }
		/^\.Ft / { type = substr($0, 5); gsub(/"/, "", type) }
		/^\.Fn / { n = words(substr($0, 5)); out = ""; for (i = 2; i <= n; i++) out = out (i > 2 ? ", " : "") w[i]
			print type " " w[1] "(" (out == "" ? "void" : out) ");" }
		/^\.Fo / { name = $2; out = "" }
		/^\.Fa / && name { n = words(substr($0, 5)); for (i = 1; i <= n; i++) out = out (out == "" ? "" : ", ") w[i] }
		/^\.Fc/ { print type " " name "(" (out == "" ? "void" : out) ");"; name = "" }'
}
examples() {
	section EXAMPLES "$1" | awk '
		/^\.Bd -literal/ { on = 1; text = ""; whole = 0; next }
		/^\.Ed/ && on { on = 0; n++
			if (whole) print text
			else print "void example" n "(struct dtss_sched *s, struct dtss_node *node, struct dtss_agent *agent, struct dtss_time now)\n{\n" text "}"
			next }
		on { gsub(/\\e/, "\\"); gsub(/\\&/, ""); if (/^[{]/ || /^static / || /^struct .* [{]$/) whole = 1; text = text $0 "\n" }'
}

for page in man/*.3; do
	{ prototypes "$page"; echo 'extern int some_declaration;'; } >"$tmp/synopsis.c"
	${CC:-cc} -std=c99 -Werror -Iinclude -fsyntax-only "$tmp/synopsis.c" 2>"$tmp/log" ||
		{ sed -n 's/.*error: //p' "$tmp/log" | head -3; complain "$page: the SYNOPSIS does not compile"; }
	{ printf '#include <dtss.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n'; examples "$page"; } >"$tmp/example.c"
	${CC:-cc} -std=c99 -Wall -Wno-unused -Wno-missing-prototypes -Werror -Iinclude -fsyntax-only "$tmp/example.c" 2>"$tmp/log" ||
		{ sed -n 's/.*error: //p' "$tmp/log" | head -3; complain "$page: an EXAMPLE does not compile"; }
done
exit $code
