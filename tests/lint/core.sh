#!/bin/sh
# core.sh [build/core.o]: the engines need nothing but mem*, str* and dtss_assert_failed, and have no writable data.
set -eu
object=${1:-${BUILD:-build}/core.o}
allowed='^(mem(cpy|move|set|cmp|chr)|str(len|cmp|ncmp|chr)|dtss_assert_failed)$'

bad=$(nm -u "$object" | awk '{ print $2 }' | grep -Ev "$allowed" || :)
writable=$(nm "$object" | awk '$2 ~ /^[bBdDcCgGsS]$/ { print $3 }')
[ -z "$bad" ] || echo "core: undefined, and not of the core's few:" $bad
[ -z "$writable" ] || echo "core: writable data:" $writable
[ -z "$bad$writable" ]
