#!/bin/sh
# headers.sh: each public header compiles alone and twice, as strict C99 and as C++98, and its macros start with DTSS_.
set -u
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
code=0

for h in include/dtss.h include/dtss/*.h; do
	name=${h#include/}
	printf '#include <%s>\n#include <%s>\nextern int only_so_that_it_is_not_empty;\n' "$name" "$name" >"$tmp/h.c"
	cp "$tmp/h.c" "$tmp/h.cc"
	${CC:-cc} -std=c99 -pedantic -Wall -Wextra -Werror -Wstrict-prototypes -Iinclude -fsyntax-only "$tmp/h.c" || code=1
	${CXX:-c++} -std=c++98 -pedantic -Wall -Wextra -Werror -Iinclude -fsyntax-only "$tmp/h.cc" || code=1
	sed -n "s|^#[ \t]*define[ \t]*\([A-Za-z0-9_]*\).*|\1|p" "$h" | grep -v '^DTSS_' | sed "s|.*|headers: $h: macro & does not start with DTSS_|" |
		grep . && code=1
done
exit $code
