/* SPDX-License-Identifier: MIT */
#include "sim/judge_impl.h"

/*
 * What a leader owes to a worker by what it heard of it: messages get lost, so each heartbeat that still asks for one is
 * to be answered with it, at the latest when the leader has nothing left to do (judge_rest.c): S5, S22, L4.
 */

/* The leader cannot know less than what is stored: what is there and should not be is to be stopped. */
static void owed_strangers(struct sim *s, const struct dtss_heartbeat *hb)
{
	struct sim_judge *j = &s->judge;
	size_t i;

	for (i = 0; i < hb->held_count; i++) {
		struct judge_fence *f = judge_fence(s, hb->held[i].fence);

		if (!f || f->live || hb->held[i].state == DTSS_ATTEMPT_ENDED || f->stranger == j->reign.count)
			continue;
		f->stranger = j->reign.count;
		j->strangers++;
	}
}

/* S22: of what is to be stopped, and was not told so yet by what its worker says, it is told again: that was lost. */
static void owed_stops(struct sim *s, const struct judge_worker *w, const struct dtss_heartbeat *hb)
{
	size_t i;

	for (i = 0; i < hb->held_count; i++) {
		struct judge_fence *f = judge_fence(s, hb->held[i].fence);

		if (!f || !f->live || &s->judge.workers[f->worker] != w || f->incarnation != hb->incarnation)
			continue;
		if (judge_task(s, f->task)->live != DTSS_ATTEMPT_STOPPING || hb->held[i].state >= DTSS_ATTEMPT_STOPPING)
			continue;
		if (f->stop_told)
			SOMETIMES(s, SIM_PROBE_STOP_UNHEARD);
		f->stop_owed = s->judge.reign.count;
	}
}

/* L4: what was given out, and is not in the list of a worker that has not seen so high a fence, is given out again. */
static void owed_assignments(struct sim *s, const struct judge_worker *w, const struct dtss_heartbeat *hb)
{
	uint32_t i;

	for (i = 0; i < s->judge.list_count[JUDGE_LIVE]; i++) {
		const struct judge_task *t = &s->judge.tasks[s->judge.live[i]];
		struct judge_fence *f = judge_fence(s, t->fence);

		if (f && f->told_ns && t->live == DTSS_ATTEMPT_LEASED && &s->judge.workers[f->worker] == w &&
		    f->incarnation == hb->incarnation && f->fence > hb->fence_seen)
			f->assign_owed = s->judge.reign.count;
	}
}

/* It took that heartbeat. */
void judge_owes(struct sim *s, const struct judge_worker *w, const struct dtss_heartbeat *hb)
{
	owed_strangers(s, hb);
	owed_stops(s, w, hb);
	owed_assignments(s, w, hb);
}

static void owed_stop_told(struct sim *s, const struct dtss_message_stop *m)
{
	struct judge_fence *f = judge_fence(s, m->fence);

	if (!f)
		return;
	f->stop_told = 1;
	f->stop_owed = 0;
	if (f->stranger && f->stranger == s->judge.reign.count)
		s->judge.strangers--;
	f->stranger = 0;
}

void judge_owes_no_more(struct sim *s, const struct dtss_message *m)
{
	struct judge_fence *f = m->type == DTSS_MESSAGE_ASSIGN ? judge_fence(s, m->u.assign.fence) : NULL;

	if (f)
		f->assign_owed = 0;
	if (m->type == DTSS_MESSAGE_STOP)
		owed_stop_told(s, &m->u.stop);
}
