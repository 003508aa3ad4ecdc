#!/bin/sh
# words.sh: nothing stands at the top level but what was agreed.
set -u
ls -A | grep -vxE 'build|Makefile|include|lib|examples|tests|man|pkgconfig|README\.md|LICENSE|\..*' |
	sed 's/^/words: not in the agreed top level: /' | grep . && exit 1
exit 0
