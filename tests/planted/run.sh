#!/bin/sh
# run.sh: is every planted fault found by the simulator? Each NAME.patch beside this file is a git-style patch (-p1) of one
# line of lib/. A copy of the tree is patched, built and simulated until a promise is broken, at most SEEDS seeds; then the
# patch is taken back. PLANTED="NAME..." these alone; JOBS=N processes. Exit status 1: one was not found, or is no fault.
# A fault of the pool, the plain scan aside, is for dtss-sim-strained: the other one's few workers are never more than scanned.
# Everything is built for speed, but without -flto: a link would take longer than most of the simulations.
set -u
BUILD=${BUILD:-build} MAKE=${MAKE:-make} CC=${CC:-cc}
seeds=${SEEDS:-4000} jobs=${JOBS:-1}
here=tests/planted
copy=$BUILD/planted
names=${PLANTED:-$(cd $here && ls | sed -n 's/\.patch$//p')}
found=0 total=0
tree=$copy/tree

# Only what differs is copied, so that the build in the copy goes on from the last one.
mkdir -p "$tree" && rm -rf "$tree/fresh" && mkdir "$tree/fresh" && cp -R Makefile include lib examples pkgconfig "$tree/fresh" || exit 1
(cd "$tree" && for d in include lib examples pkgconfig; do
	[ ! -d $d ] || find $d -type f | while read -r f; do [ -e "fresh/$f" ] || rm -f "$f"; done
done
cd fresh && find . -type f | while read -r f; do
	cmp -s "$f" "../$f" || { mkdir -p "../${f%/*}" && cp "$f" "../$f"; }
done) || exit 1
rm -rf "$tree/fresh"
copy=$(cd "$copy" && pwd)

build() {
	$MAKE -C "$tree" -s --no-print-directory BUILD="$copy/build" CC="$CC" HARDEN= cold= CFLAGS="-O2 -Wno-error" \
		"$copy/build/$sim" >"$copy/log" 2>&1
}
simulate() { "$copy/build/$sim" run --seeds "$1" --jobs "$jobs" --until-violation --brief --plain 2>/dev/null >"$copy/out"; }

for sim in dtss-sim-strained dtss-sim; do
	build || { cat "$copy/log"; echo "planted: the tree does not build"; exit 1; }
	simulate 100 || { sed -n '/^violation/p' "$copy/out"; echo "planted: promises are broken without a planted fault"; exit 1; }
	cp "$copy/build/$sim" "$copy/healthy.$sim"
done

for name in $names; do
	total=$((total + 1))
	patch=$(pwd)/$here/$name.patch
	[ -e "$patch" ] || { echo "$name: there is no such patch"; continue; }
	sim=dtss-sim
	grep '^--- a/lib/core/pool' "$patch" | grep -qv /pool_scan.c && sim=dtss-sim-strained
	patch -d "$tree" -p1 -s -f --dry-run <"$patch" >"$copy/log" 2>&1 || { echo "$name: the patch does not apply"; continue; }
	patch -d "$tree" -p1 -s -f --no-backup-if-mismatch <"$patch" >"$copy/log" 2>&1
	if ! build; then
		echo "$name: it does not build: $(grep -m1 error "$copy/log")"
	elif cmp -s "$copy/build/$sim" "$copy/healthy.$sim"; then
		echo "$name: the patch changes nothing"
	else
		simulate "$seeds"
		sed -n "s/^violation \([^ ]*\) seed \([0-9]*\):.*/$name found \1 after \2 seeds/p" "$copy/out" | grep -m1 . &&
			found=$((found + 1)) || echo "$name NOT FOUND in $seeds seeds"
	fi
	patch -d "$tree" -p1 -s -f -R --no-backup-if-mismatch <"$patch" >"$copy/log" 2>&1 || { echo "$name: cannot be taken back"; exit 1; }
done
echo "planted: $found of $total found"
[ "$found" -eq "$total" ]
