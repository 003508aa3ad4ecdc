#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# cluster.sh BUILD: a scheduler and three agents on this machine, until Ctrl-C. demo.sh reads it for its functions.
# Everything is in one fresh directory, and only what was started here is ever signalled.
set -u
dir=

fail() {
	echo "$me: $*" >&2
	[ -z "$dir" ] || tail -n 3 "$dir"/*.log >&2
	exit 1
}

# Times are short, so that a killed agent is noticed within seconds; see dtssd.conf(5).
cluster_open() {
	build=$(cd "$1" && pwd) || fail "there is no directory $1: run make first"
	for program in dtssd dtss-agent dtss; do
		[ -x "$build/$program" ] || fail "$build/$program is missing: make says which package it needs"
	done
	dir=$(mktemp -d "${TMPDIR:-/tmp}/dtss-$me.XXXXXX") || fail 'no temporary directory can be made'
	trap cluster_close EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	printf '%s\n' 'heartbeat_ms = 500' 'suspicious_ms = 2000' 'offline_ms = 3000' 'lease_ms = 6000' >"$dir/dtssd.conf"
	scheduler=; agent_a=; agent_b=; agent_c=
	scheduler_start 127.0.0.1:0
	DTSS_URL=$(sed -n 's/^listening on //p' "$dir/url")
	export DTSS_URL
	dtss=$build/dtss
	agent_start a red,green; agent_start b green,blue; agent_start c blue,red
	for _ in $(seq 100); do
		[ "$("$dtss" workers 2>/dev/null | cut -f2 | grep -c online)" = 3 ] && return
		sleep 0.1
	done
	fail 'the agents do not come online'
}

scheduler_start() {
	: >"$dir/url"
	"$build/dtssd" --listen "$1" --store "sqlite:$dir/store.db" --config "$dir/dtssd.conf" >"$dir/url" 2>>"$dir/dtssd.log" &
	scheduler=$!
	for _ in $(seq 100); do
		grep -q '^listening on ' "$dir/url" && return
		sleep 0.05
	done
	fail 'dtssd does not start'
}

agent_start() {
	local rights=
	[ "$(id -u)" != 0 ] || rights=--allow-root
	"$build/dtss-agent" --server "$DTSS_URL" --name "$1" --tags "$2" --slots 4 --grace 1 --work-dir "$dir/work" $rights \
		>>"$dir/$1.log" 2>&1 &
	eval "agent_$1=$!"
}

alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }

# Without a word from the shell about how it ended.
killed() {
	kill -9 "$1"
	wait "$1" 2>/dev/null
}

# The second signal means: at once.
cluster_stop() {
	local pid signal
	for signal in TERM INT; do
		for pid in $agent_a $agent_b $agent_c; do
			alive "$pid" && kill -"$signal" "$pid"
		done
		sleep 0.2
	done
	for pid in $agent_a $agent_b $agent_c; do wait "$pid" 2>/dev/null; done
	alive "$scheduler" && kill -TERM "$scheduler"
	[ -z "$scheduler" ] || wait "$scheduler" 2>/dev/null
	agent_a=; agent_b=; agent_c=; scheduler=
}

cluster_close() {
	local status=$?
	trap '' INT TERM HUP
	trap - EXIT
	cluster_stop
	rm -rf "$dir"
	exit "$status"
}

[ "${BASH_SOURCE[0]}" = "$0" ] || return 0

me=cluster
cluster_open "${1:-build}"
cat <<END
A scheduler and three agents of four slots run until Ctrl-C. In another shell:

    export DTSS_URL=$DTSS_URL PATH=$build:\$PATH
    dtss workers
    dtss run -- sh -c 'echo hello from \$(hostname); exit 7'; echo \$?
    dtss run --tag red --retries 2 -- sh -c 'echo attempt \$DTSS_ATTEMPT; [ \$DTSS_ATTEMPT = 3 ]'
    dtss run --tag gren -- true
    dtss ls
    curl $DTSS_URL/api/v2/tasks

Logs and the store are in $dir and go with it.
END
while alive "$scheduler"; do
	sleep 1 &
	wait $! # a signal ends this at once
done
fail 'dtssd has ended'
