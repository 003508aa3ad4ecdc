/* SPDX-License-Identifier: MIT */
#include "sim/judge_impl.h"

/* What the workers said and heard, and what they ran: S5, S11, S13, X2, X3, X6. */

/* Does the end that is reported belong to its process? */
static void heard_report(struct sim *s, const struct dtss_report *r)
{
	struct judge_fence *f = judge_fence(s, r->fence);

	if (!f)
		return;
	if (r->kind == DTSS_REPORT_STARTED) {
		f->started_reported = 1;
		return;
	}
	f->started_reported |= r->outcome.cause == DTSS_CAUSE_EXIT;
	if (f->ran && r->outcome.cause == DTSS_CAUSE_EXIT && (r->outcome.exit_code != f->exit_code || f->signal))
		sim_violate(s, "X3", "an exit code was reported that the process did not have", r->task.v,
			    (uint64_t)r->outcome.exit_code);
	if (!f->live)
		SOMETIMES(s, r->outcome.cause == DTSS_CAUSE_EXIT && r->outcome.exit_code == 0 &&
					     judge_task(s, f->task)->fence != f->fence ?
				     SIM_PROBE_STALE_SUCCESS :
				     SIM_PROBE_STALE_REPORT);
	if (f->reported_count)
		SOMETIMES(s, SIM_PROBE_REPORTED_TWICE);
	if (f->reported_count < JUDGE_ENDS_MAX) {
		f->reported[f->reported_count] = r->outcome;
		f->reported[f->reported_count++].detail = NULL;
	}
}

static void heard_leases(struct sim *s, uint32_t scheduler, const struct judge_worker *w,
			 const struct dtss_heartbeat *hb, int taken)
{
	uint64_t now = judge_now(s, scheduler).mono_ns;
	size_t i;

	for (i = 0; scheduler == s->judge.reign.scheduler && i < hb->held_count; i++) {
		struct judge_fence *f = judge_fence(s, hb->held[i].fence);

		if (!f || !f->live || &s->judge.workers[f->worker] != w)
			continue;
		f->renewed_max_ns = now;
		if (!taken || f->incarnation != hb->incarnation)
			continue;
		f->renewed_ns = now;
		f->renewed_true_ns = s->true_ns;
	}
}

/* What runs there by our books, and is not in its list though it had heard of it, may be taken back; by a leader that takes
 * the list it must be. */
static void heard_unlisted(struct sim *s, const struct judge_worker *w, const struct dtss_heartbeat *hb, int leads)
{
	uint32_t i;
	size_t n;

	for (i = 0; i < s->judge.list_count[JUDGE_LIVE]; i++) {
		const struct judge_task *t = &s->judge.tasks[s->judge.live[i]];
		struct judge_fence *f = judge_fence(s, t->fence);

		if (!f || &s->judge.workers[f->worker] != w || f->fence > hb->fence_seen)
			continue;
		for (n = 0; n < hb->held_count && hb->held[n].fence != f->fence; n++)
			;
		if (n < hb->held_count)
			continue;
		f->unlisted = 1;
		f->forgotten |= leads && f->told_ns && f->incarnation == hb->incarnation;
	}
}

/* 1: its slots hold something that is not in our books, or its load is not what they say. */
static uint8_t heard_fuzzy(struct sim *s, const struct dtss_heartbeat *hb)
{
	uint8_t fuzzy = hb->used > hb->held_count;
	size_t i;

	for (i = 0; i < hb->held_count; i++) {
		const struct judge_fence *f = judge_fence(s, hb->held[i].fence);

		fuzzy |= hb->held[i].state != DTSS_ATTEMPT_ENDED && (!f || !f->live);
	}
	return fuzzy;
}

static int heard_taken(struct sim *s, uint32_t scheduler, const struct judge_worker *w, const struct dtss_heartbeat *hb)
{
	const struct judge_heard *h = &w->heard[scheduler];
	struct dtss_node *node = s->schedulers[scheduler].node;
	struct dtss_node_info info;

	if (!node || !dtss_node_sched(node) || hb->incarnation < w->now.incarnation)
		return 0;
	memset(&info, 0, sizeof info);
	info.size = sizeof info;
	dtss_node_info(node, &info);
	if (hb->epoch > info.epoch)
		return 0;
	return hb->incarnation > h->incarnation || (hb->incarnation == h->incarnation && hb->number > h->number);
}

void judge_heard(struct sim *s, uint32_t scheduler, const struct dtss_message *m)
{
	const struct dtss_message_heartbeat *hm = &m->u.heartbeat;
	const struct dtss_heartbeat *hb = &hm->heartbeat;
	struct judge_worker *w;
	struct judge_heard *h;
	size_t i;
	int taken;

	if (m->type != DTSS_MESSAGE_HEARTBEAT || hb->kind != DTSS_WORKER_AGENT)
		return;
	w = judge_worker_named(s, hb->name);
	h = &w->heard[scheduler];
	taken = heard_taken(s, scheduler, w, hb);
	for (i = 0; i < hm->report_count; i++)
		heard_report(s, &hm->reports[i]);
	h->any_ns = judge_now(s, scheduler).mono_ns;
	h->any_true_ns = s->true_ns;
	h->ring[h->ring_count++ % JUDGE_HEARD_MAX] = h->any_ns;
	if (hb->epoch > h->epoch) {
		h->epoch = hb->epoch;
		h->epoch_number = hb->number;
		h->epoch_incarnation = hb->incarnation;
	}
	heard_leases(s, scheduler, w, hb, taken);
	heard_unlisted(s, w, hb, taken && scheduler == s->judge.reign.scheduler);
	h->fuzzy = 1;
	SOMETIMES(s, taken ? SIM_PROBE_HEARTBEAT_TAKEN : SIM_PROBE_HEARTBEAT_OLD);
	if (hb->incarnation < w->now.incarnation)
		SOMETIMES(s, SIM_PROBE_HEARTBEAT_STALE);
	if (!taken)
		return;
	if (scheduler == s->judge.reign.scheduler && (hb->fence_seen >= w->unheard || hb->incarnation > h->incarnation))
		w->unheard = 0;
	if (scheduler == s->judge.reign.scheduler)
		judge_owes(s, w, hb);
	h->fuzzy = heard_fuzzy(s, hb);
	h->last_ns = h->any_ns;
	h->last_true_ns = h->any_true_ns;
	h->incarnation = hb->incarnation;
	h->number = hb->number;
	h->fence_seen = hb->fence_seen;
	h->stopping = (hb->flags & DTSS_HEARTBEAT_STOPPING) != 0;
	s->judge.dirty = 1;
	if (h->fuzzy)
		SOMETIMES(s, SIM_PROBE_FOREIGN_WORK);
	if (h->stopping)
		SOMETIMES(s, SIM_PROBE_AGENT_STOPPING);
}

static void told_assign(struct sim *s, uint32_t scheduler, const struct dtss_message_assign *a)
{
	struct judge_fence *f = judge_fence(s, a->fence);

	if (a->fence > s->judge.last_fence || (f && f->task != a->task.v)) {
		sim_violate(s, "S11", "a task was given out before that was stored", a->task.v, a->fence);
		return;
	}
	if (!f)
		return;
	SOMETIMES(s, f->told_ns ? SIM_PROBE_ASSIGNED_AGAIN : SIM_PROBE_ASSIGNED);
	if (f->told_ns || scheduler != s->judge.reign.scheduler)
		return;
	f->told_ns = judge_now(s, scheduler).mono_ns;
	if (f->renewed_max_ns < f->told_ns)
		f->renewed_max_ns = f->told_ns;
}

/* S1, S5: what a worker is told of its reports is stored, or it would forget what the next leader has to know. */
static void told_acks(struct sim *s, uint32_t scheduler, const struct dtss_message_answer *a)
{
	const struct judge_reign *r = &s->judge.reign;
	size_t i;

	for (i = 0; i < a->ack_count; i++) {
		const struct dtss_ack *ack = &a->acks[i];
		const struct judge_fence *f = judge_fence(s, ack->fence);

		if (!f || !f->live)
			continue;
		if (ack->result == 0 && ack->kind == DTSS_REPORT_ENDED)
			sim_violate(s, "S1", "an end was acknowledged before it was stored", ack->task.v, ack->fence);
		if (ack->result == 0 && judge_task(s, f->task)->live == DTSS_ATTEMPT_LEASED)
			sim_violate(s, "S1", "a start was acknowledged before it was stored", ack->task.v, ack->fence);
		if (ack->result == DTSS_E_FENCED && scheduler == r->scheduler && a->epoch == r->epoch)
			sim_violate(s, "S5", "a report of a live attempt was refused", ack->task.v, ack->fence);
	}
}

/* S7: who has been deposed, and hears so from a worker, must not renew its leases. */
static void told_answer(struct sim *s, uint32_t scheduler, const char *worker, const struct dtss_message_answer *a)
{
	const struct judge_heard *h = &judge_worker_named(s, worker)->heard[scheduler];

	if (a->result == DTSS_E_STALE)
		SOMETIMES(s, SIM_PROBE_ANSWERED_STALE);
	if (a->result == DTSS_E_EPOCH)
		SOMETIMES(s, SIM_PROBE_ANSWERED_EPOCH);
	if (a->result == 0 && a->epoch < h->epoch && a->incarnation == h->epoch_incarnation &&
	    a->number >= h->epoch_number)
		sim_violate(s, "S7", "a deposed leader took a heartbeat that knows of a newer epoch", a->epoch,
			    h->epoch);
	told_acks(s, scheduler, a);
}

void judge_told(struct sim *s, uint32_t scheduler, const char *worker, const struct dtss_message *m)
{
	judge_owes_no_more(s, m);
	if (m->type == DTSS_MESSAGE_ASSIGN)
		told_assign(s, scheduler, &m->u.assign);
	if (m->type == DTSS_MESSAGE_STOP)
		SOMETIMES(s, m->u.stop.cause == DTSS_CAUSE_CANCEL  ? SIM_PROBE_STOP_CANCEL :
			     m->u.stop.cause == DTSS_CAUSE_TIMEOUT ? SIM_PROBE_STOP_TIMEOUT :
								     SIM_PROBE_STOP_SUPERSEDED);
	if (m->type == DTSS_MESSAGE_ANSWER)
		told_answer(s, scheduler, worker, &m->u.answer);
}

void judge_sent(struct sim *s, uint32_t worker, const struct dtss_message *m)
{
	const struct dtss_heartbeat *hb = &m->u.heartbeat.heartbeat;
	struct judge_worker *w = judge_worker_named(s, s->workers[worker].name);
	struct judge_sent *sent = &w->sent[hb->number % JUDGE_SENT_MAX];
	size_t i;

	sent->number = hb->number;
	sent->incarnation = hb->incarnation;
	sent->true_ns = s->true_ns;
	sent->count = 0;
	for (i = 0; i < hb->held_count && sent->count < JUDGE_HELD_MAX; i++)
		sent->fences[sent->count++] = hb->held[i].fence;
	for (i = 0; i < m->u.heartbeat.report_count; i++)
		judge_reported(s, &m->u.heartbeat.reports[i]);
}

void judge_answered(struct sim *s, uint32_t worker, const struct dtss_message *m)
{
	const struct dtss_message_answer *a = &m->u.answer;
	struct judge_worker *w = judge_worker_named(s, s->workers[worker].name);
	const struct judge_sent *sent;
	uint32_t i;

	if (m->type != DTSS_MESSAGE_ANSWER || a->result != 0)
		return;
	sent = &w->sent[a->number % JUDGE_SENT_MAX];
	if (sent->number != a->number || sent->incarnation != a->incarnation)
		return;
	for (i = 0; i < sent->count; i++) {
		struct judge_fence *f = judge_fence(s, sent->fences[i]);

		if (f && f->acked_true_ns < sent->true_ns)
			f->acked_true_ns = sent->true_ns;
	}
	for (i = 0; i < a->ack_count; i++)
		if (a->acks[i].result == DTSS_E_FENCED)
			SOMETIMES(s, SIM_PROBE_REPORT_FENCED);
}

/* X6 is about attempts that were lost; one that is not told to have started, or hangs, is only told to stop. Until its worker
 * hears that, it may run beside a newer one; it may even begin after that one, when its assignment was under way so long. */
static int started_given_up(struct sim *s, uint64_t fence, uint64_t other)
{
	const struct judge_fence *older = judge_fence(s, fence < other ? fence : other);

	return older && older->given_up;
}

/* X6: a lost attempt is dead before the next one starts, wherever that is; S13: what runs fits the machine. */
void judge_started(struct sim *s, uint32_t worker, const struct dtss_agent_start *start)
{
	const struct sim_worker *at = &s->workers[worker];
	const struct judge_fence *f = judge_fence(s, start->fence);
	uint32_t i, slots = 1;
	size_t n;

	if (start->fence > s->judge.last_fence)
		sim_violate(s, "S11", "a process starts whose grant is not stored", start->task.v, start->fence);
	if (f && !f->live)
		SOMETIMES(s, SIM_PROBE_STARTED_TOO_LATE);
	judge_beside(s, worker, start);
	for (i = 0; i < s->worker_count; i++)
		for (n = 0; n < SIM_PROCS_MAX; n++) {
			const struct sim_proc *p = &s->workers[i].procs[n];

			if (!p->end_ns)
				continue;
			slots += i == worker && !p->signal;
			if (p->task == start->task.v && !p->excused && !s->wild &&
			    !started_given_up(s, p->fence, start->fence))
				sim_violate(s, "X6", "two attempts of a task run at once", p->task, p->fence);
		}
	if (slots > at->slots && !s->wild)
		sim_violate(s, "S13", "more processes than the machine has slots", slots, at->slots);
}

/* Its agent had the time to stop it: it may not run on when its grace is over. */
void judge_ended(struct sim *s, const struct sim_proc *p, const struct dtss_outcome *o)
{
	uint64_t grace = WORKER_KILL_GRACE_MS * SIM_MS;

	if (!p->excused && !s->wild && p->term_ns && s->true_ns > p->term_ns + grace + grace / 50 + JUDGE_SLACK_NS)
		sim_violate(s, "X2", "a process that ignores its end was not killed after its grace", p->task,
			    p->fence);
	judge_exited(s, p, o);
}
