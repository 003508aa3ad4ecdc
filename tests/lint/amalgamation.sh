#!/bin/sh
# amalgamation.sh: the library in one file compiles alone, as strict C99.
set -u
build=${BUILD:-build}
cd "$build" && ${CC:-cc} -std=c99 -pedantic -Wall -Wextra -Werror -c dtss.c -o dtss-one.o
