#!/bin/sh
# SPDX-License-Identifier: MIT
# assert.sh: the engines assert what they rest on: one assertion a function on average, two in each that changes state.
#
# A function changes state when it assigns through a pointer to an object of the engine that it was given (p->field =,
# p->a[i].b +=, p->count++). No objects of the engine are those that live only as long as a call (scratch), and what a caller
# is shown; no state is what a handle keeps of its last answer (answer_seq, problem, view). -v: the figures too.
set -u
awk -v verbose="${1:-}" '
	function ends() {
		functions++; total += asserts
		if (!changes) return
		changing++; in_changing += asserts
		if (asserts < 2) { few++; list[few] = FILENAME ":" start ": " name ": changes state with " asserts + 0 " assertions" }
	}
	BEGIN { scratch = "struct (sentence|verify|dtss_snapshot|dtss_config|pool_audit|pool_search|pool_cursor|snapshot_[a-z]+|hash_stream|restore[_a-z]*|snap[_a-z]*|dtss_(task_view|worker_view|attempt_view|explanation|event|record_body|message[_a-z]*|agent_action|retry|task_spec|heartbeat|held|report)) [*]" }
	FNR == 1 { head = ""; inside = 0 }
	!inside && /^[a-z].*\(/ { head = $0 }
	!inside && /^[ \t]/ && head != "" { head = head " " $0 }
	!inside && /;$/ { head = "" }
	/^{$/ && head != "" {
		inside = 1; asserts = 0; changes = 0; start = FNR; params = " "
		name = head; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
		text = head; sub(/^[^(]*\(/, "", text); n = split(text, part, ",")
		for (i = 1; i <= n; i++)
			if (part[i] ~ /struct [a-z_]+ \*/ && part[i] !~ /const struct|ret_/ && part[i] !~ scratch) {
				p = part[i]; sub(/.*\*/, "", p); gsub(/[^a-z_0-9]/, "", p); params = params p " "
			}
		next
	}
	inside && /^}/ { ends(); inside = 0; head = ""; next }
	inside {
		asserts += gsub(/DTSS_ASSERT\(/, "&")
		line = $0
		gsub(/[a-z_]+->(answer_seq|problem[.a-z]*|view[_a-z]*) = /, "", line)
		while (match(line, /[a-z_0-9]+->[][a-z_0-9.>\-]* *([-+|&^]?=[^=]|\+\+|--)/)) {
			p = substr(line, RSTART, RLENGTH); sub(/->.*/, "", p)
			if (index(params, " " p " ")) changes = 1
			line = substr(line, RSTART + RLENGTH)
		}
	}
	END {
		average = total / functions
		for (i = 1; i <= few; i++) print list[i]
		if (verbose != "" || average < 1)
			printf "assert: %d functions of lib/core and lib/agent with %.2f assertions on average; %d change state, with %.2f on average\n", functions, average, changing, in_changing / changing
		exit few > 0 || average < 1
	}
' lib/core/*.c lib/agent/*.c
