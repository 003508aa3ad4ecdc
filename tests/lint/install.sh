#!/bin/sh
# install.sh: an installation below DESTDIR serves pkg-config, builds and runs an example, and goes away without a trace.
set -u
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
code=0
complain() { echo "install: $*"; code=1; }
quietly() { ${MAKE:-make} -s --no-print-directory "$@" DESTDIR="$tmp/root" PREFIX=/usr >"$tmp/log" 2>&1 || { cat "$tmp/log"; complain "make $* fails"; exit 1; }; }

quietly install
export PKG_CONFIG_PATH="$tmp/root/usr/lib/pkgconfig" LD_LIBRARY_PATH="$tmp/root/usr/lib"
for p in libdtss libdtss-sqlite libdtss-sim; do
	[ "$(pkg-config --modversion $p)" = "$(sed -n 's/^#define DTSS_VERSION "\(.*\)"/\1/p' include/dtss/version.h)" ] ||
		complain "$p.pc: not the library's version"
done
${CC:-cc} examples/embed/hello.c $(pkg-config --cflags --libs libdtss) -o "$tmp/hello" || complain "hello.c does not build"
"$tmp/hello" >"$tmp/log" 2>&1 || { cat "$tmp/log"; complain "hello does not run"; }
quietly uninstall
find "$tmp/root" ! -type d | sed "s|$tmp/root|install: left behind: |" | grep . && code=1
[ ! -e "$tmp/root/usr/include/dtss" ] || complain "left behind: /usr/include/dtss"
exit $code
