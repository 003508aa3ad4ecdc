/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/*
 * The life of a task: one table, written by one function.
 *
 *   new ──► blocked ──► delayed ──► ready ──► leased ──► running ──► succeeded, failed, cancelled, quarantined
 *    │         ▲           ▲ ▲        ▲ ▲        │          │
 *    │         └── held ───┘ └────────┼─┴────────┴──────────┘  released, rejected, lost or failed: once more
 *    │              ▲ └───────────────┘
 *    └──────────────┘        waiting ends as cancelled, expired, skipped; or as succeeded: a late report of success
 *                            from a lost attempt, while no newer fence was granted
 *
 * dtss_task_states(7) and `dtss states --dot` come from here.
 */
#define TO(state) (1u << (state))
#define TO_WAITING_END (TO(DTSS_TASK_CANCELLED) | TO(DTSS_TASK_EXPIRED) | TO(DTSS_TASK_SKIPPED))

static const uint16_t task_edges[DTSS_TASK_STATES] = {
	[DTSS_TASK_NEW] = TO(DTSS_TASK_BLOCKED) | TO(DTSS_TASK_HELD) | TO(DTSS_TASK_DELAYED) | TO(DTSS_TASK_READY),
	[DTSS_TASK_BLOCKED] = TO(DTSS_TASK_READY) | TO(DTSS_TASK_DELAYED) | TO(DTSS_TASK_HELD) | TO_WAITING_END,
	[DTSS_TASK_HELD] = TO(DTSS_TASK_BLOCKED) | TO(DTSS_TASK_DELAYED) | TO(DTSS_TASK_READY) | TO_WAITING_END |
			   TO(DTSS_TASK_SUCCEEDED),
	[DTSS_TASK_DELAYED] = TO(DTSS_TASK_READY) | TO(DTSS_TASK_HELD) | TO_WAITING_END | TO(DTSS_TASK_SUCCEEDED),
	[DTSS_TASK_READY] = TO(DTSS_TASK_LEASED) | TO(DTSS_TASK_HELD) | TO_WAITING_END | TO(DTSS_TASK_SUCCEEDED),
	[DTSS_TASK_LEASED] = TO(DTSS_TASK_RUNNING) | TO(DTSS_TASK_READY) | TO(DTSS_TASK_DELAYED) |
			     TO(DTSS_TASK_FAILED) | TO(DTSS_TASK_CANCELLED) | TO(DTSS_TASK_QUARANTINED) |
			     TO(DTSS_TASK_SUCCEEDED),
	[DTSS_TASK_RUNNING] = TO(DTSS_TASK_SUCCEEDED) | TO(DTSS_TASK_FAILED) | TO(DTSS_TASK_DELAYED) |
			      TO(DTSS_TASK_READY) | TO(DTSS_TASK_CANCELLED) | TO(DTSS_TASK_QUARANTINED),
};

int dtss_task_edge(uint32_t from, uint32_t to)
{
	return from < DTSS_TASK_STATES && to < DTSS_TASK_STATES && (task_edges[from] & TO(to)) != 0;
}

int task_waits(uint32_t state)
{
	return state >= DTSS_TASK_BLOCKED && state <= DTSS_TASK_READY;
}

/* Counters, and the queue's share: derived from the edge alone, so that they cannot drift. */
static void fsm_count(struct dtss_sched *s, struct task *t, uint32_t from, uint32_t to)
{
	DTSS_ASSERT(from == DTSS_TASK_NEW || dtss_task_state_terminal(from) || s->stats.live[from] > 0);
	DTSS_ASSERT(!task_waits(from) || task_waits(to) || t->queue->waiting > 0);
	if (from != DTSS_TASK_NEW)
		s->stats.live[from]--;
	if (!dtss_task_state_terminal(to))
		s->stats.live[to]++;
	else
		s->meta.totals[to]++;
	if (task_waits(from) && !task_waits(to))
		t->queue->waiting--;
	if (!task_waits(from) && task_waits(to))
		t->queue->waiting++;
}

void task_move(struct dtss_sched *s, struct dtss_time now, struct task *t, uint32_t to, uint32_t cause)
{
	struct attempt *a = t->attempt_count ? &t->tries->at[t->attempt_count - 1] : NULL;
	struct dtss_event e = { 0 };
	uint32_t from = t->state;

	DTSS_ASSERT(dtss_task_edge(from, to)); /* S9, S10 */
	DTSS_ASSERT(!t->done);
	if (from == DTSS_TASK_READY)
		dispatch_unqueue(s, t);
	fsm_count(s, t, from, to);
	t->state = (uint8_t)to;
	t->cause = (uint8_t)cause;
	e.type = DTSS_EVENT_TASK;
	e.task = t->ready.id;
	e.from = from;
	e.to = to;
	e.cause = cause;
	if (a) {
		e.attempt = t->attempt_count;
		e.fence = a->fence;
		e.worker = a->worker_number;
		e.incarnation = a->incarnation;
	}
	batch_mark_task(s, t, MARK_TASK);
	batch_event(s, now, &e);
	if (dtss_task_state_terminal(to)) {
		t->finished_ns = now.wall_ns;
		depend_unlink_all(s, t);
		if (t->key)
			key_finish(s, now, t->key);
		depend_ended(s, t);
	}
	if (to == DTSS_TASK_READY)
		dispatch_queue(s, t);
	task_arm(s, now, t);
	task_retire(s, now, t);
}
