#!/bin/sh
# examples.sh: examples/ is smaller than lib/, and sees nothing of it but the public headers.
set -u
code=0
lines() { find "$1" -name '*.[ch]' -exec cat {} + | wc -l; }

lib=$(lines lib) examples=$(lines examples)
[ "$examples" -lt "$lib" ] || { echo "examples: $examples lines, not fewer than the $lib of lib/"; code=1; }
grep -rnE '#[ \t]*include[ \t]*["<](\.\./)*(lib/|core/|agent/|codec/|node/|store/|transport/|sim/)' examples --include='*.[ch]' && code=1
find examples/embed -name '*.c' -exec wc -l {} \; | awk '$1 >= 60 { print "examples: " $2 ": " $1 " lines, under 60"; bad = 1 } END { exit bad }' || code=1
exit $code
