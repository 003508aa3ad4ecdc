/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/* What became of an attempt. Only the live attempt's fence is believed (S5), with one exception: finished work of a lost
 * attempt is not thrown away while nobody else was given the task. */

static int report_check(struct dtss_sched *s, const struct dtss_report *r)
{
	const struct dtss_outcome *o = &r->outcome;

	if (r->kind == DTSS_REPORT_STARTED)
		return 0;
	if (r->kind != DTSS_REPORT_ENDED)
		return sched_problem(s, DTSS_E_INVALID, "kind", "1 or 2", 0);
	if (o->cause < DTSS_CAUSE_EXIT || o->cause > DTSS_CAUSE_CANCEL)
		return sched_problem(s, DTSS_E_INVALID, "outcome.cause", "exit to cancel", 0);
	if (o->signal > 255)
		return sched_problem(s, DTSS_E_INVALID, "outcome.signal", "0..255", 0);
	if (o->detail && strlen(o->detail) > DTSS_DETAIL_LEN_MAX)
		return sched_problem(s, DTSS_E_TOO_BIG, "outcome.detail", "at most 255 bytes", 0);
	return 0;
}

/* The end implies the start, unless it never did. */
static void report_began(struct dtss_time now, struct task *t, struct attempt *a)
{
	DTSS_ASSERT(t->attempt_count > 0);
	DTSS_ASSERT(a == &t->tries->at[t->attempt_count - 1]);
	if (!a->started_ns)
		a->started_ns = now.wall_ns;
	if (!t->started_ns)
		t->started_ns = now.wall_ns;
}

static int report_started(struct dtss_sched *s, struct dtss_time now, struct task *t, struct attempt *a)
{
	DTSS_ASSERT(a == task_live(t));
	DTSS_ASSERT(t->state == DTSS_TASK_LEASED || dtss_task_state_terminal(t->state) ||
		    t->state == DTSS_TASK_RUNNING);
	if (a->state != DTSS_ATTEMPT_LEASED)
		return 0;
	if (batch_reserve(s, 1, BATCH_BYTES) != 0)
		return DTSS_E_NOMEM;
	a->state = DTSS_ATTEMPT_RUNNING;
	t->tries->phase_ns = now.mono_ns;
	report_began(now, t, a);
	batch_mark_task(s, t, MARK_ATTEMPT);
	task_move(s, now, t, DTSS_TASK_RUNNING, DTSS_CAUSE_NONE);
	return 0;
}

static int report_detail(struct dtss_sched *s, const char *detail, char **ret_detail)
{
	*ret_detail = NULL;
	if (!detail || !*detail)
		return 0;
	*ret_detail = sched_alloc(s, strlen(detail) + 1);
	if (!*ret_detail)
		return DTSS_E_NOMEM;
	memcpy(*ret_detail, detail, strlen(detail) + 1);
	return 0;
}

static int report_ended(struct dtss_sched *s, struct dtss_time now, struct task *t, struct attempt *a,
			const struct dtss_outcome *o)
{
	char *detail;

	DTSS_ASSERT(a == task_live(t));
	if (batch_reserve(s, 2, 2 * BATCH_BYTES) != 0 || report_detail(s, o->detail, &detail) != 0)
		return DTSS_E_NOMEM;
	if (o->cause != DTSS_CAUSE_START_FAILED && o->cause != DTSS_CAUSE_REJECTED && o->cause != DTSS_CAUSE_RELEASED)
		report_began(now, t, a);
	attempt_end(s, now, t, o, detail);
	return 0;
}

static int report_is_late_success(const struct task *t, const struct dtss_report *r)
{
	const struct attempt *a = t && t->attempt_count ? &t->tries->at[t->attempt_count - 1] : NULL;

	return a && a->fence == r->fence && a->state == DTSS_ATTEMPT_ENDED && a->cause == DTSS_CAUSE_LOST &&
	       r->kind == DTSS_REPORT_ENDED && r->outcome.cause == DTSS_CAUSE_EXIT && r->outcome.exit_code == 0 &&
	       dtss_task_edge(t->state, DTSS_TASK_SUCCEEDED);
}

static int report_late_success(struct dtss_sched *s, struct dtss_time now, struct task *t)
{
	struct attempt *a = &t->tries->at[t->attempt_count - 1];

	DTSS_ASSERT(task_live(t) == NULL);
	if (batch_reserve(s, 2, 2 * BATCH_BYTES) != 0)
		return DTSS_E_NOMEM;
	a->cause = DTSS_CAUSE_EXIT;
	a->ended_ns = now.wall_ns;
	report_began(now, t, a);
	batch_mark_task(s, t, MARK_ATTEMPT);
	task_move(s, now, t, DTSS_TASK_SUCCEEDED, DTSS_CAUSE_EXIT);
	return 0;
}

int dtss_sched_report(struct dtss_sched *s, struct dtss_time now, const struct dtss_report *report)
{
	struct dtss_report r;
	struct attempt *a;
	struct task *t;
	int error;

	DTSS_ASSERT(s->open.event_count <= s->open.event_cap);
	DTSS_ASSERT(s->ring.count <= s->ring.cap);
	if (!s->epoch)
		return DTSS_E_NOT_LEADER;
	s->answer_seq = DTSS_NEVER;
	if (size_import(&r, sizeof r, report) != 0)
		return sched_problem(s, DTSS_E_INVALID, "size", "a version that this library knows", 0);
	error = report_check(s, &r);
	if (error)
		return error;
	t = task_find(s, r.task.v);
	a = t ? task_live(t) : NULL;
	if (a && a->fence == r.fence)
		return r.kind == DTSS_REPORT_STARTED ? report_started(s, now, t, a) :
						       report_ended(s, now, t, a, &r.outcome);
	if (report_is_late_success(t, &r))
		return report_late_success(s, now, t);
	s->stats.fenced++;
	return DTSS_E_FENCED;
}

int dtss_sched_fence_live(const struct dtss_sched *s, dtss_task_id id, uint64_t fence)
{
	const struct task *t = task_find(s, id.v);
	const struct attempt *a = t ? task_live(t) : NULL;

	return a && a->fence == fence;
}
