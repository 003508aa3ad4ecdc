/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "sim/judge_impl.h"

/* Workers as they are stored, event by event: S13, S18. */

struct judge_worker *judge_worker_named(struct sim *s, const char *name)
{
	struct sim_judge *j = &s->judge;
	uint32_t i;

	for (i = 0; i < j->worker_count; i++)
		if (strcmp(j->workers[i].name, name) == 0)
			return &j->workers[i];
	DTSS_ASSERT(j->worker_count < JUDGE_WORKERS_MAX);
	snprintf(j->workers[i].name, sizeof j->workers[i].name, "%s", name);
	j->worker_count++;
	return &j->workers[i];
}

struct judge_worker *judge_worker_number(struct sim *s, uint64_t number)
{
	struct sim_judge *j = &s->judge;
	uint32_t i;

	for (i = 0; number && i < j->worker_count; i++)
		if (j->workers[i].now.number == number || j->workers[i].next.number == number)
			return &j->workers[i];
	return NULL;
}

void judge_worker_record(struct sim *s, const struct dtss_worker_view *v, uint32_t flags)
{
	struct judge_worker *w = judge_worker_named(s, v->name);
	struct judge_shape *next = &w->next;
	size_t i;

	memset(next, 0, sizeof *next);
	next->number = v->number;
	next->incarnation = v->incarnation;
	next->kind = v->kind;
	next->status = flags & DTSS_RECORD_DELETE ? 0 : v->status;
	next->max_tasks = v->max_tasks;
	next->draining = v->draining != 0;
	next->cordoned = v->cordoned != 0;
	next->address = v->address != NULL && *v->address;
	for (i = 0; i < v->tag_count; i++)
		next->tags |= judge_tag_bit(s, v->tags[i]);
	for (i = 0; i < v->resource_count; i++)
		next->amounts[judge_resource(s, v->resources[i].name)] = v->resources[i].amount;
}

void judge_worker_prepare(struct sim *s, const struct dtss_batch *b)
{
	size_t i;

	for (i = 0; i < b->event_count; i++)
		if (b->events[i].type == DTSS_EVENT_WORKER) {
			struct judge_worker *w = judge_worker_number(s, b->events[i].worker);

			if (w)
				w->changes++;
		}
}

void judge_worker_settle(struct sim *s)
{
	uint32_t i;

	for (i = 0; i < s->judge.worker_count; i++) {
		s->judge.workers[i].changes = 0;
		s->judge.workers[i].next.number = 0;
	}
}

/* An offline worker was silent for long enough. */
static void worker_offline(struct sim *s, const struct judge_worker *w)
{
	const struct judge_reign *r = &s->judge.reign;
	const struct judge_heard *h = &w->heard[r->scheduler];
	uint64_t now = s->judge.event_ns, from = h->last_ns > r->lead_ns ? h->last_ns : r->lead_ns;

	SOMETIMES(s, w->leased ? SIM_PROBE_OFFLINE_WITH_WORK : SIM_PROBE_OFFLINE);
	if (now && r->lead_ns && h->last_true_ns <= s->judge.event_true &&
	    now < from + s->judge.cfg.offline_ms * JUDGE_MS)
		sim_violate(s, "S18", "a worker was called offline too early", w->now.number, (now - from) / JUDGE_MS);
}

/* What the leader had heard from it is gone too: an older heartbeat that comes late is taken for news of a new worker. Only
 * with one that is newer than all before is it known again what the leader takes it for. After an earlier change in the
 * same batch its record is already the last one, which is gone: the event knows better. */
static void worker_forgotten(struct sim *s, struct judge_worker *w, const struct dtss_event *e)
{
	struct judge_heard *h = &w->heard[s->judge.reign.scheduler];
	uint32_t status = w->changes > 1 ? e->from : w->now.status;

	if (w->leased || status != DTSS_WORKER_OFFLINE || w->now.draining || w->now.cordoned)
		sim_violate(s, "S23", "a worker was forgotten that is still needed", w->now.number, w->leased);
	SOMETIMES(s, SIM_PROBE_WORKER_FORGOTTEN);
	memset(&w->now, 0, sizeof w->now);
	w->given = 0; /* when it comes back it is new: nobody there remembers its turns */
	if (!s->judge.event_true || h->last_true_ns <= s->judge.event_true)
		h->last_ns = 0;
}

static void worker_probe(struct sim *s, const struct judge_worker *w)
{
	const struct judge_shape *now = &w->now, *next = &w->next;

	if (now->status == DTSS_WORKER_OFFLINE && next->status == DTSS_WORKER_ONLINE)
		SOMETIMES(s, SIM_PROBE_WORKER_BACK);
	if (now->number && next->incarnation > now->incarnation)
		SOMETIMES(s, now->draining ? SIM_PROBE_DRAINED_NEW_INCARNATION :
			     w->leased     ? SIM_PROBE_NEW_INCARNATION_BUSY :
					     SIM_PROBE_NEW_INCARNATION);
	if (now->number && next->max_tasks < now->max_tasks)
		SOMETIMES(s, SIM_PROBE_WORKER_SHRANK);
	if (next->draining && !now->draining)
		SOMETIMES(s, w->leased ? SIM_PROBE_DRAINED_BUSY : SIM_PROBE_DRAINED);
	if (next->cordoned && !now->cordoned)
		SOMETIMES(s, SIM_PROBE_CORDONED);
	if ((now->draining && !next->draining) || (now->cordoned && !next->cordoned))
		SOMETIMES(s, SIM_PROBE_UNCORDONED);
}

/* It was forgotten later in the same batch, and the record that bears its name is of who came after it: of itself there is
 * nothing but what the event says. */
static void worker_succeeded(struct sim *s, struct judge_worker *w, const struct dtss_event *e)
{
	if (!e->to) {
		worker_forgotten(s, w, e);
		return;
	}
	if (e->to == DTSS_WORKER_OFFLINE && e->from != DTSS_WORKER_OFFLINE)
		worker_offline(s, w);
	w->now.status = e->to;
}

void judge_worker_event(struct sim *s, const struct dtss_event *e)
{
	struct judge_worker *w = judge_worker_number(s, e->worker);
	int fresh;

	if (!w || !w->next.number) {
		sim_violate(s, "S20", "a worker changed without its record", e->worker, e->seq);
		return;
	}
	if (w->next.number != e->worker) {
		worker_succeeded(s, w, e);
		return;
	}
	fresh = w->now.number != e->worker;
	if (fresh && e->worker <= s->judge.last_number)
		sim_violate(s, "S3", "the number of a worker was used again", e->worker, s->judge.last_number);
	if (!fresh && w->next.incarnation < w->now.incarnation)
		sim_violate(s, "S13", "an older incarnation took over", e->worker, w->next.incarnation);
	if ((w->next.draining && !w->drain_asked) || (w->next.cordoned && !w->cordon_asked))
		sim_violate(s, "S3", "a worker was drained that nobody drained", e->worker, 0);
	if (fresh)
		s->judge.last_number = e->worker;
	if (!e->to) {
		worker_forgotten(s, w, e);
		return;
	}
	if (e->to == DTSS_WORKER_OFFLINE && e->from != DTSS_WORKER_OFFLINE) {
		worker_offline(s, w);
		s->judge.silences++;
	}
	worker_probe(s, w);
	if (w->next.incarnation != w->now.incarnation || w->next.max_tasks > w->most_tasks)
		w->most_tasks = w->next.max_tasks;
	w->now = w->next;
	if (w->changes == 1 && (w->now.status == DTSS_WORKER_OFFLINE) != (e->to == DTSS_WORKER_OFFLINE))
		sim_violate(s, "S20", "the record of a worker is not what its event says", e->worker, e->to);
}
