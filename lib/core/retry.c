/* SPDX-License-Identifier: MIT */
#include "codec/spec.h"
#include "core/engine.h"

/* What ran once had all its dependencies; the engine need not hold them any more. */
static void retry_outcomes(const struct dtss_sched *s, const struct task *t, struct dtss_task_spec *spec)
{
	struct dtss_after *after = (struct dtss_after *)spec->after; /* in our own decoded block */
	size_t i;

	for (i = 0; i < spec->after_count; i++)
		if (!task_any(s, after[i].task.v) && t->attempt_count)
			after[i].outcome = DTSS_TASK_SUCCEEDED;
}

static int retry_submit(struct dtss_sched *s, struct dtss_time now, const struct dtss_task_spec *spec, uint64_t of,
			dtss_task_id *ret_id)
{
	struct dtss_task_spec in = *spec;
	struct task *t;
	dtss_task_id id;
	uint8_t known;
	int error;

	in.key = NULL;
	error = submit_many(s, now, &in, 1, &t, &id, &known);
	if (error)
		return error;
	t->retry_of = of; /* its record is written when the batch is closed */
	*ret_id = id;
	return 0;
}

int dtss_sched_retry(struct dtss_sched *s, struct dtss_time now, dtss_task_id id, const struct dtss_task_spec *spec,
		     dtss_task_id *ret_id)
{
	struct task *t = task_any(s, id.v);
	struct dtss_task_spec *own, in;
	int error;

	DTSS_ASSERT(t == NULL || t->ready.id == id.v);
	DTSS_ASSERT(s->open.event_count <= s->open.event_cap);
	if (!s->epoch)
		return DTSS_E_NOT_LEADER;
	s->answer_seq = DTSS_NEVER;
	if (t && !dtss_task_state_terminal(t->state))
		return sched_problem(s, DTSS_E_STATE, "state", "a task that has ended", 0);
	if (spec) {
		if (spec_resolve(&in, spec) != 0)
			return sched_problem(s, DTSS_E_INVALID, "size", "a version that this library knows", 0);
		return retry_submit(s, now, &in, id.v, ret_id);
	}
	if (!t)
		return sched_problem(s, DTSS_E_NOT_FOUND, "id", "the id of a task", 0);
	error = dtss_spec_decode(task_spec(t), t->spec_len, &s->mem, &own);
	if (error)
		return error;
	retry_outcomes(s, t, own);
	error = retry_submit(s, now, own, id.v, ret_id);
	dtss_spec_free(own, &s->mem);
	return error;
}
