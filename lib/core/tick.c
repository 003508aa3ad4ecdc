/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/* Timers are embedded in their owners; the callback-free way back is by who can own one. */
static int tick_fire(struct dtss_sched *s, struct dtss_time now, struct timer *t)
{
	int error;

	if (t == &s->key_timer) {
		error = batch_reserve(s, 1, BATCH_BYTES);
		if (!error && s->key_head)
			key_forget(s, now, s->key_head);
	} else if (t->owner == TIMER_TASK) {
		struct task *task = (struct task *)(void *)((char *)t - offsetof(struct task, timer));

		error = batch_reserve(s, 1, BATCH_BYTES);
		if (!error)
			task_due(s, now, task);
	} else if (t->owner == TIMER_YOUNG) {
		error = 0;
		young_expire(s, now, (struct worker *)(void *)((char *)t - offsetof(struct worker, young_timer)));
	} else {
		struct worker *w = (struct worker *)(void *)((char *)t - offsetof(struct worker, timer));

		error = batch_reserve(s, 1, worker_record_bound(w));
		if (!error)
			worker_due(s, now, w);
	}
	if (error)
		wheel_set(&s->wheel, t, t->due_ns); /* as it was: due */
	return error;
}

/* P11: not_before follows the wall clock. When that jumped against the monotonic one, those who wait for it wait anew. */
static void tick_wall_jump(struct dtss_sched *s, struct dtss_time now)
{
	uint64_t offset = (uint64_t)now.wall_ns - now.mono_ns;
	int64_t jump = (int64_t)(offset - s->wall_offset);
	struct task *t;

	DTSS_ASSERT(s->epoch > 0);
	DTSS_ASSERT(s->stats.live[DTSS_TASK_DELAYED] <= s->task_count);
	if (jump < 1000 * (int64_t)NS_PER_MS && jump > -1000 * (int64_t)NS_PER_MS)
		return;
	s->wall_offset = offset;
	if (!s->stats.live[DTSS_TASK_DELAYED])
		return;
	for (t = ids_next(&s->tasks, 0); t; t = ids_next(&s->tasks, t->ready.id))
		if (t->state == DTSS_TASK_DELAYED && t->not_before_ns)
			task_arm(s, now, t);
}

int dtss_sched_tick(struct dtss_sched *s, struct dtss_time now)
{
	size_t budget = DTSS_STEP_MAX;
	struct timer *t;
	int error = 0;

	DTSS_ASSERT(s->task_count <= s->meta.next_task);
	DTSS_ASSERT(s->ring.released <= s->ring.count);
	if (!s->epoch)
		return DTSS_E_NOT_LEADER;
	s->answer_seq = DTSS_NEVER;
	s->due_at_once = 0;
	tick_wall_jump(s, now);
	while (budget && !error && (t = wheel_pop(&s->wheel, now.mono_ns)) != NULL) {
		error = tick_fire(s, now, t);
		budget -= !error;
	}
	if (!error)
		error = depend_resolve(s, now, &budget);
	if (!error)
		error = dispatch_run(s, now, &budget);
	/* what was done before memory ran out stands; the rest is due at once */
	if (error || !budget || s->resolving_head || dispatch_pending(s))
		s->due_at_once = 1;
	s->broken_ticks += error != 0;
	DTSS_ASSERT(budget <= DTSS_STEP_MAX);
	return budget == DTSS_STEP_MAX ? error : 0;
}

uint64_t dtss_sched_next_ns(const struct dtss_sched *s)
{
	if (!s->epoch)
		return DTSS_NEVER;
	return s->due_at_once ? 0 : wheel_next(&s->wheel);
}
