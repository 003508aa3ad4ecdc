#!/bin/sh
# words.sh: nothing stands at the top level but what was agreed.
set -u
git ls-files | cut -d/ -f1 | sort -u | grep -vxE 'Makefile|include|lib|examples|tests|man|pkgconfig|README\.md|LICENSE|\..*' |
	sed 's/^/words: not in the agreed top level: /' | grep . && exit 1
exit 0
