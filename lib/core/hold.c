/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/* Hold and release: works before leasing only. Dependencies and backoffs go on meanwhile. */
static int hold_find(struct dtss_sched *s, dtss_task_id id, struct task **ret_task)
{
	struct task *t = task_any(s, id.v);

	DTSS_ASSERT(t == NULL || t->ready.id == id.v);
	if (!s->epoch)
		return DTSS_E_NOT_LEADER;
	s->answer_seq = DTSS_NEVER;
	if (!t)
		return sched_problem(s, DTSS_E_NOT_FOUND, "id", "the id of a task that has not ended", 0);
	if (batch_reserve(s, 1, BATCH_BYTES) != 0)
		return DTSS_E_NOMEM;
	*ret_task = t;
	DTSS_ASSERT(!t->done || dtss_task_state_terminal(t->state));
	return 0;
}

int dtss_sched_hold(struct dtss_sched *s, struct dtss_time now, dtss_task_id id)
{
	struct task *t;
	int error = hold_find(s, id, &t);

	if (error)
		return error;
	if (!dtss_task_edge(t->state, DTSS_TASK_HELD))
		return sched_problem(s, DTSS_E_STATE, "state", "blocked, delayed or ready", 0);
	task_move(s, now, t, DTSS_TASK_HELD, DTSS_CAUSE_NONE);
	return 0;
}

int dtss_sched_release(struct dtss_sched *s, struct dtss_time now, dtss_task_id id)
{
	struct task *t;
	int error = hold_find(s, id, &t);

	if (error)
		return error;
	if (t->state != DTSS_TASK_HELD)
		return sched_problem(s, DTSS_E_STATE, "state", "held", 0);
	if (t->waiting)
		task_move(s, now, t, DTSS_TASK_BLOCKED, DTSS_CAUSE_NONE);
	else
		task_ready_or_delayed(s, now, t, DTSS_CAUSE_NONE);
	return 0;
}
