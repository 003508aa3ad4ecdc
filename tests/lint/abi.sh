#!/bin/sh
# abi.sh: what libdtss.so exports is what the map and DTSS_API say, it is small, needs libc alone, and the layout of the
# public structs is the pinned one.
set -u
build=${BUILD:-build}
limit_symbols=120
limit_text=250000 # bytes
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
code=0
complain() { echo "abi: $*"; code=1; }

api() { cat include/dtss/*.h | tr '\n' ' ' | grep -o 'DTSS_API [^;(]*(' | sed -n 's/.*[ *]\(dtss_[a-z0-9_]*\)($/\1/p' | LC_ALL=C sort; }
exports() { nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | LC_ALL=C sort; }
mapped() { sed -n 's/^[ \t]*\(dtss_[a-z0-9_]*\);.*/\1/p' "$1" | LC_ALL=C sort; }
same() { diff "$tmp/$1" "$tmp/$2" | sed -n "s/^< /abi: $3: in $1, not in $2: /p; s/^> /abi: $3: in $2, not in $1: /p" | grep . && code=1; }

api >"$tmp/all"
for lib in libdtss libdtss-sqlite libdtss-sim; do
	[ -e "$build/$lib.so" ] || continue
	case $lib in
	libdtss) grep -vE '^dtss_(sqlite|sim)_' "$tmp/all" ;;
	*) grep "^dtss_${lib#libdtss-}_" "$tmp/all" ;;
	esac >"$tmp/headers"
	exports "$build/$lib.so" >"$tmp/exports"
	mapped "lib/$lib.map" >"$tmp/map"
	same headers map $lib
	same map exports $lib
done

count=$(exports "$build/libdtss.so" | wc -l)
[ "$count" -le $limit_symbols ] || complain "libdtss.so exports $count symbols, at most $limit_symbols"
text=$(size "$build/libdtss.so.0" | awk 'NR == 2 { print $1 }')
[ "$text" -le $limit_text ] || complain "libdtss.so has $text bytes of text, at most $limit_text"
needed=$(objdump -p "$build/libdtss.so" | awk '$1 == "NEEDED" { print $2 }')
[ "$needed" = libc.so.6 ] || complain "libdtss.so needs more than libc:" $needed

for s in $(sed -n 's/^struct \(dtss_[a-z0-9_]*\) {.*/\1/p; s/^typedef struct \(dtss_[a-z0-9_]*\) {.*/\1/p' include/dtss/*.h); do
	grep -q "STRUCT($s)" tests/abi/layout.c || complain "tests/abi/layout.c does not have struct $s"
done
${CC:-cc} -std=c99 -Iinclude tests/abi/layout.c -o "$tmp/layout" && "$tmp/layout" >"$tmp/layout.txt" || code=1
diff tests/golden/layout.txt "$tmp/layout.txt" | sed -n 's/^\([<>].*\)/abi: layout: \1/p' | grep . && code=1
exit $code
