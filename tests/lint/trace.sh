#!/bin/sh
# trace.sh: the node changes its engine in engine.c alone, where it is recorded; whatever there is to call is either recorded
# and replayed, or listed here with the reason why not.
set -u
code=0
complain() { echo "trace: $*"; code=1; }
verbs=$(sed -n 's/.*DTSS_API [^(]*\(dtss_sched_[a-z_]*\)(struct dtss_sched \*s.*/\1/p' include/dtss/sched.h | sort -u)
# const ones are queries; these too, but for a cache or their answer's memory; and what begins, ends or copies an engine
queries='dtss_sched_task_get dtss_sched_task_next dtss_sched_worker_get dtss_sched_worker_next dtss_sched_explain'
around='dtss_sched_create dtss_sched_destroy dtss_sched_load dtss_sched_apply dtss_sched_snapshot dtss_sched_restore'

for v in $verbs; do
	case " $queries $around " in *" $v "*) continue ;; esac
	grep -q "[^a-z_]$v(" lib/node/engine.c || complain "$v is not called, and so not recorded, in lib/node/engine.c"
	grep -q "[^a-z_]$v(" lib/node/replay*.c || complain "$v is not carried out by lib/node/replay_verb.c"
	grep -l "[^a-z_]$v(" lib/node/*.c | grep -vE '/(engine|replay|replay_verb)\.c$' | sed "s/^/trace: $v is called in /" | grep . && code=1
done
exit $code
