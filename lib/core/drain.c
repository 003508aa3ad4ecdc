/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/* An operator's word about a worker: no new work. A drained one is meant to become empty, a cordoned one may stay as it
 * is; both last over incarnations until uncordon. */
static int drain_set(struct dtss_sched *s, struct dtss_time now, const char *name, int draining, int cordoned)
{
	struct worker *w;

	DTSS_ASSERT(!(draining && cordoned) || name != NULL);
	DTSS_ASSERT(s->worker_count == s->workers.count);
	if (!s->epoch)
		return DTSS_E_NOT_LEADER;
	s->answer_seq = DTSS_NEVER;
	w = worker_find(s, name);
	if (!w)
		return sched_problem(s, DTSS_E_NOT_FOUND, "worker", "the name of a registered worker", 0);
	if (w->draining == draining && w->cordoned == cordoned)
		return 0;
	if (batch_reserve(s, 1, worker_record_bound(w)) != 0)
		return DTSS_E_NOMEM;
	w->draining = (uint8_t)draining;
	w->cordoned = (uint8_t)cordoned;
	worker_refresh(s, w);
	worker_event(s, now, w, w->status);
	if (w->status == DTSS_WORKER_OFFLINE)
		worker_arm(s, w); /* it may be forgotten now, or no more */
	return 0;
}

int dtss_sched_drain(struct dtss_sched *s, struct dtss_time now, const char *worker)
{
	const struct worker *w = worker_find(s, worker);

	return drain_set(s, now, worker, 1, w ? w->cordoned : 0);
}

int dtss_sched_cordon(struct dtss_sched *s, struct dtss_time now, const char *worker)
{
	const struct worker *w = worker_find(s, worker);

	return drain_set(s, now, worker, w ? w->draining : 0, 1);
}

int dtss_sched_uncordon(struct dtss_sched *s, struct dtss_time now, const char *worker)
{
	return drain_set(s, now, worker, 0, 0);
}
