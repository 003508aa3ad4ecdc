/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "core/engine.h"
#include "support/onward.h"

static void onward_done(int error, const int *refused)
{
	ck_assert_msg(error == 0 || (error == DTSS_E_NOMEM && refused && *refused), "%s", dtss_errname(error));
}

static void onward_store(struct dtss_sched *s, struct dtss_time now)
{
	struct dtss_violation v = { 0 };
	struct dtss_action action;
	struct dtss_batch batch;

	do {
		dtss_sched_stored(s, now, s->closed_seq);
		while (dtss_sched_next_action(s, &action) == 1)
			continue;
	} while (dtss_sched_batch(s, &batch) == 1);
	ck_assert_msg(dtss_sched_check(s, &v, 1) == 0, "%s %s", v.id, v.text);
}

/* It was sent long ago, or will be; it lists nothing, and has seen everything. */
static void onward_beat(struct dtss_sched *s, struct dtss_time now, const struct worker *w, const int *refused)
{
	struct dtss_heartbeat hb = { .size = sizeof hb, .name = w->name->text, .kind = w->kind };
	struct dtss_report report = { .size = sizeof report, .kind = DTSS_REPORT_ENDED };
	struct dtss_placement placement;

	hb.incarnation = w->incarnation;
	hb.number = w->heartbeat + 1;
	hb.max_tasks = w->max_tasks;
	hb.fence_seen = s->meta.fence;
	hb.sent_wall_ns = w->number % 2 ? INT64_MIN : INT64_MAX;
	(void)dtss_sched_heartbeat(s, now, &hb);
	report.outcome.cause = DTSS_CAUSE_REJECTED;
	if (w->live) {
		report.task.v = w->live->ready.id;
		report.fence = task_live(w->live)->fence;
		onward_done(dtss_sched_report(s, now, &report), refused);
	}
	(void)dtss_sched_place(s, now, NULL, 0, &placement);
}

void onward(struct dtss_sched *s, struct dtss_time now, int rounds, const int *refused)
{
	struct dtss_explanation e = { .size = sizeof e };
	const struct task *t;

	for (t = ids_next(&s->tasks, 0); t; t = ids_next(&s->tasks, t->ready.id))
		(void)dtss_sched_explain(s, now, (dtss_task_id){ t->ready.id }, &e);
	for (; rounds > 0 && dtss_sched_next_ns(s) != DTSS_NEVER; rounds--) {
		uint64_t next = dtss_sched_next_ns(s);

		if (next > now.mono_ns) {
			now.wall_ns = (int64_t)((uint64_t)now.wall_ns + next - now.mono_ns);
			now.mono_ns = next;
		}
		onward_done(dtss_sched_tick(s, now), refused);
		onward_store(s, now);
		for (const struct worker *w = s->first_worker; w; w = w->next)
			onward_beat(s, now, w, refused);
		onward_store(s, now);
	}
}
