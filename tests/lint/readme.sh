#!/bin/sh
# readme.sh: the README's first program is examples/embed/hello.c, of at most 30 lines, and its links lead somewhere.
set -u
code=0
program=$(sed -n '/^```c$/,/^```$/p' README.md | sed '1d;/^```$/,$d')
hello=$(sed 1d examples/embed/hello.c) # without the licence line
[ "$program" = "$hello" ] || { echo "readme: its first program is not examples/embed/hello.c"; code=1; }
[ "$(printf '%s\n' "$program" | wc -l)" -le 30 ] || { echo "readme: its first program has more than 30 lines"; code=1; }
for link in $(grep -o '](\([^)#:]*\))' README.md | sed 's/^](//; s/)$//'); do
	[ -e "$link" ] || { echo "readme: $link does not exist"; code=1; }
done
exit $code
