#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# demo.sh BUILD: counts and checksums this repository file by file on three agents, and breaks things on the way. Exits
# with 0 only if everything that it says was checked and is true.
me=demo
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/cluster.sh"

most_s=120
root=$(cd "$here/../.." && pwd)
unlucky=1 # the id of the first task
tags=('"red"' '"green"' '"blue"' '')

# What is done with each file, and how the results are added up: by tasks, and once more without them.
count='wc -l -c <"$1" && cksum <"$1"'
add='NR % 2 { lines += $1; bytes += $2; files++ } NR % 2 == 0 { sum += $1 }
END { printf "%.0f files, %.0f lines, %.0f bytes, checksums %.0f\n", files, lines, bytes, sum }'

clear_bar() { [ ! -t 1 ] || printf '\r\033[K'; }
tell() { clear_bar; echo "demo: $*"; }
number() { "$dtss" stats 2>/dev/null | sed -n "s/^$1 .*\b$2=\([0-9]*\).*/\1/p"; }

files() {
	if git -C "$root" -c safe.directory="$root" ls-files 2>/dev/null | grep -q .; then
		git -C "$root" -c safe.directory="$root" ls-files
	else
		(cd "$root" && find . -type f ! -path './build/*' ! -path './.git/*' | sed 's|^\./||')
	fi | while IFS= read -r name; do [ ! -f "$root/$name" ] || printf '%s\n' "$name"; done
}

# The tasks get a copy, so that nobody who saves a file meanwhile spoils the sum.
copy() { (cd "$root" && mkdir "$dir/src" && tr '\n' '\0' | xargs -0 cp -p --parents -t "$dir/src"); }

directly() { while IFS= read -r name; do (cd "$root" && sh -c "$count" sh "$name"); done | awk "$add"; }

# One task per file. The pause is for the eye. The first one has bad luck twice.
tasks() {
	local i=0 name tag command="sleep 0.2; $count"
	local unlucky='[ $DTSS_ATTEMPT -ge 3 ] || { echo "attempt $DTSS_ATTEMPT has bad luck" >&2; exit 1; }; '
	while IFS= read -r name; do
		[ $i = 0 ] && printf '[' || printf ',\n'
		tag=${tags[i % 4]}
		printf '{"name":"%s","cwd":"%s","tags":[%s],' "$(escape "$name")" "$dir/src" "$tag"
		[ $i != 0 ] || printf '"retry":{"attempts_max":3,"backoff_ms_min":300,"multiplier":1},'
		[ $i = 0 ] && text=$unlucky$command || text=$command
		printf '"argv":["sh","-c","%s","sh","%s"]}' "$(escape "$text")" "$(escape "$name")"
		i=$((i + 1))
	done
	printf ']\n'
}
escape() { local s=${1//\\/\\\\}; printf %s "${s//\"/\\\"}"; }

# It asks the scheduler for what the others wrote.
total_task() {
	local list
	list=$(paste -sd, "$dir/ids")
	printf '{"name":"total","after":[%s],"env":{"DTSS_URL":"%s"},' "$list" "$DTSS_URL"
	printf '"argv":["sh","-c","%s","%s","%s","%s"]}\n' '\"$0\" logs $1 | awk \"$2\"' "$(escape "$dtss")" "${list//,/ }" \
		"$(escape "$(printf %s "$add" | tr '\n' ' ')")"
}

bar() {
	local done=$1 width=40 filled
	filled=$((done * width / total_count))
	if [ -t 1 ]; then
		printf '\r[%s%s] %d/%d %s' "$(printf "%${filled}s" | tr ' ' '#')" "$(printf "%$((width - filled))s" | tr ' ' .)" \
			"$done" "$total_count" "$2"
	elif [ $((done * 10 / total_count)) != "$last_tenth" ]; then
		last_tenth=$((done * 10 / total_count))
		echo "demo: $done of $total_count tasks have succeeded"
	fi
}

# Shows progress until at least so many tasks have succeeded.
until_succeeded() {
	local done
	while :; do
		done=$(number totals succeeded)
		bar "${done:-0}" "$(number live running) running"
		[ "${done:-0}" -lt "$1" ] || return 0
		[ $SECONDS -lt $most_s ] || fail "only ${done:-0} of $total_count tasks have succeeded after $most_s seconds"
		alive "$scheduler" || fail 'dtssd has ended'
		sleep 0.2
	done
}

# It is stopped first, so that the list is that of the moment in which it dies.
kill_agent() {
	local count=0
	while [ $count = 0 ]; do
		kill -STOP "$agent_b"
		sleep 0.1
		"$dtss" ls --state running --limit 1000 | awk -F'\t' '$5 == "b" { print $1 }' >"$dir/orphans"
		count=$(wc -l <"$dir/orphans")
		[ "$count" != 0 ] || kill -CONT "$agent_b"
	done
	killed "$agent_b"
	agent_b=
	tell "agent b killed with -9 while it ran $count tasks: $(paste -sd' ' "$dir/orphans")"
}

# All of them ended well, each with a further attempt, and on another agent.
orphans_finished() {
	"$dtss" ls --limit 100000 | awk -F'\t' -v list="$dir/orphans" '
		BEGIN { while ((getline id <list) > 0) { orphan[id] = 1; left++ } }
		($1 in orphan) && $2 == "succeeded" && $5 != "b" && $6 > 1 { left-- }
		END { exit left != 0 }'
}

kill_scheduler() {
	local before submitted after
	before=$(number totals succeeded)
	submitted=$(number totals submitted)
	killed "$scheduler"
	tell "scheduler killed with -9 when $before of $submitted tasks had succeeded"
	sleep 0.5
	scheduler_start "${DTSS_URL#http://}"
	[ "$(number totals submitted)" = "$submitted" ] || fail 'tasks were lost with the scheduler'
	after=$(number totals succeeded)
	[ "$after" -ge "$before" ] || fail 'results were lost with the scheduler'
	tell "scheduler started again at the same address: it knows all $submitted tasks and $after results"
}

check_unlucky() {
	"$dtss" show "$unlucky" | awk -F'\t' 'NF > 4 { print "attempt " $1 " on " $3 ": " $4 }' >"$dir/attempts"
	[ "$(sed 's/.*: //' "$dir/attempts" | paste -sd,)" = 'exit 1,exit 1,exit 0' ] || fail "task $unlucky: $(cat "$dir/attempts")"
	tell "task $unlucky failed twice and succeeded at the third attempt ($(paste -sd, "$dir/attempts" | sed 's/,/, /g'))"
}

# Every task is accounted for, and every agent has had its share.
check_table() {
	"$dtss" ls --limit 100000 >"$dir/table"
	awk -F'\t' -v want="$total_count" '
		$2 == "succeeded" { good++; ran[$5]++ }
		END { printf "a %d, b %d, c %d", ran["a"], ran["b"], ran["c"]
			exit !(NR == want && good == want && ran["a"] && ran["b"] && ran["c"]) }' "$dir/table" >"$dir/shares" ||
		fail "not every task has succeeded, or an agent has run none: $(cat "$dir/shares")"
	tell "all $total_count tasks have succeeded, each once: $(cat "$dir/shares")"
}

check_total() {
	local by_tasks
	by_tasks=$("$dtss" logs "$total")
	[ "$by_tasks" = "$expected" ] || fail "the tasks say $by_tasks; the same commands without them say $expected"
	tell "$by_tasks"
	tell 'the same commands without the cluster give the same'
}

check_nothing_left() {
	local process
	cluster_stop
	for process in /proc/[0-9]*; do
		[ "$process" != "/proc/$$" ] || continue
		if { tr '\0' ' ' <"$process/cmdline"; } 2>/dev/null | grep -qF "$dir"; then
			fail "process ${process#/proc/} is left behind"
		fi
	done
	rm -rf "$dir"
	[ ! -e "$dir" ] || fail "$dir is left behind"
	tell 'no process and no file is left behind'
}

SECONDS=0
last_tenth=-1
cluster_open "${1:-build}"
tell "scheduler at $DTSS_URL with a SQLite store; agents a (red, green), b (green, blue), c (blue, red)"
files >"$dir/files"
copy <"$dir/files" || fail 'the sources cannot be copied'
expected=$(directly <"$dir/files")
file_count=$(wc -l <"$dir/files")
total_count=$((file_count + 1))
tasks <"$dir/files" >"$dir/tasks.json"
"$dtss" submit -f "$dir/tasks.json" >"$dir/ids" && [ "$(wc -l <"$dir/ids")" = "$file_count" ] || fail 'the tasks were not taken'
total=$(total_task | "$dtss" submit -f -) || fail 'the last task was not taken'
tell "$file_count tasks submitted in one request, one a file; task $total adds up after all of them: $("$dtss" why "$total")"

until_succeeded $((file_count / 8))
kill_agent
until_succeeded $((file_count / 3))
kill_scheduler
while ! orphans_finished; do
	[ $SECONDS -lt $most_s ] || fail 'tasks of the killed agent do not finish elsewhere'
	bar "$(number totals succeeded)" 'waiting for those of agent b'
	sleep 0.3
done
tell "agent b was killed with -9 while it ran $(wc -l <"$dir/orphans") tasks: all of them finished elsewhere"
agent_start b green,blue
tell 'agent b started again'
until_succeeded "$total_count"
check_unlucky
"$dtss" ls --limit 8
check_table
check_total
check_nothing_left
echo "demo: files=$file_count agents=3 retried=1 agent_killed=1 scheduler_killed=1 ok"
trap - EXIT
