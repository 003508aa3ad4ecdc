#!/bin/sh
# promises.sh: every invariant (S, L or X and a number) that the engine's check or the simulator names is named by a test.
set -u
code=0
for id in $(grep -rhoE '"[SLX][0-9]+"' lib/core lib/agent lib/sim --include='*.c' | tr -d '"' | sort -u); do
	grep -rqw "$id" tests --include='*.c' || { echo "promises: $id is checked by the library and named by no test"; code=1; }
done
exit $code
