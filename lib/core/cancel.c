/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/* The task is cancelled at once. Its attempt keeps slot and fence until it is reported ended or its lease expires. */
int dtss_sched_cancel(struct dtss_sched *s, struct dtss_time now, dtss_task_id id, int *ret_stopping)
{
	struct task *t = task_any(s, id.v);
	struct attempt *a;
	int stopping = 0;

	DTSS_ASSERT(t == NULL || !t->done || dtss_task_state_terminal(t->state));
	if (!s->epoch)
		return DTSS_E_NOT_LEADER;
	s->answer_seq = DTSS_NEVER;
	if (!t)
		return sched_problem(s, DTSS_E_NOT_FOUND, "id", "the id of a task that has not ended", 0);
	if (dtss_task_state_terminal(t->state))
		return sched_problem(s, DTSS_E_STATE, "state", "a task that has not ended", 0);
	if (batch_reserve(s, 2, 2 * BATCH_BYTES) != 0)
		return DTSS_E_NOMEM;
	a = task_live(t);
	if (a) {
		a->state = DTSS_ATTEMPT_STOPPING;
		batch_mark_task(s, t, MARK_ATTEMPT);
		stopping = a->sent;
	}
	task_move(s, now, t, DTSS_TASK_CANCELLED, DTSS_CAUSE_CANCEL);
	if (stopping) {
		action_stop(s, a->worker, t->ready.id, a->fence, DTSS_CAUSE_CANCEL); /* rests on that move */
	} else if (a) {
		/* the worker was never told about it */
		struct dtss_outcome o = { DTSS_CAUSE_CANCEL, 0, 0, 0, NULL };

		attempt_end(s, now, t, &o, NULL);
	}
	if (ret_stopping)
		*ret_stopping = stopping;
	DTSS_ASSERT(t->state == DTSS_TASK_CANCELLED);
	return 0;
}
