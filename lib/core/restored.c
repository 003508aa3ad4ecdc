/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/*
 * Is an engine that was put together from a snapshot one that could have come there by itself? Every invariant holds;
 * and here is what else the verbs take for granted. From then on they can be told anything.
 */
#define RESTORED_LISTINGS_MAX (UINT32_MAX / 2) /* one a heartbeat: nobody gets there, and no trace is so long */

static int restored_task(const struct task *t)
{
	const struct attempt *a = task_live(t);

	if (!(t->loaded & LOADED_RESTORED))
		return 0;
	if (a) /* what was granted was stored and sent, else there would be no snapshot */
		return a->worker != NULL && a->sent;
	return !dtss_task_state_terminal(t->state) || t->resolving;
}

static int restored_worker(const struct dtss_sched *s, const struct worker *w)
{
	uint64_t used = (uint64_t)w->leased + w->foreign + w->old_total + w->young_total;

	if (w->deaf_fence ? !w->deaf_task || w->kind != DTSS_WORKER_AGENT : w->deaf_task != 0)
		return 0;
	return used <= UINT32_MAX && w->listing <= RESTORED_LISTINGS_MAX && w->entry.stamp <= s->stamp &&
	       w->event_seq <= s->meta.seq && (!w->young_total || w->young_timer.link);
}

int restored_sound(const struct dtss_sched *s)
{
	const struct task *t;
	const struct worker *w;

	for (t = ids_next(&s->tasks, 0); t; t = ids_next(&s->tasks, t->ready.id))
		if (!restored_task(t))
			return 0;
	for (w = s->first_worker; w; w = w->next)
		if (!restored_worker(s, w))
			return 0;
	return (!s->key_head || s->key_timer.link) && dtss_sched_check(s, NULL, 0) == 0;
}
