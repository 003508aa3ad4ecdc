/* SPDX-License-Identifier: MIT */
#include "sim/judge_impl.h"

/* The judge's doors: what the simulator calls, and the chain of batches. */
#define CHECK_EVERY 64 /* rests: the engine's own view of itself is slow */

struct dtss_time judge_now(const struct sim *s, uint32_t scheduler)
{
	return clock_now(s, SIM_PLACE_SCHEDULERS + scheduler);
}

struct judge_task *judge_task(struct sim *s, uint64_t id)
{
	DTSS_ASSERT(id > 0 && id < JUDGE_TASKS_MAX); /* the clients submit fewer */
	return &s->judge.tasks[id];
}

struct judge_fence *judge_fence(struct sim *s, uint64_t fence)
{
	struct judge_fence *f = &s->judge.fences[fence & (JUDGE_FENCES_MAX - 1)];

	return fence && f->fence == fence ? f : NULL;
}

static uint64_t judge_or(uint64_t value, uint64_t otherwise)
{
	return value ? value : otherwise;
}

/* What the engines make of their configuration: zero is the default of <dtss/limits.h>. */
static void judge_config(struct sim *s)
{
	struct dtss_config *c = &s->judge.cfg;

	*c = s->sched_cfg;
	c->keys_max = c->keys_max ? c->keys_max : DTSS_KEYS_MAX_DEFAULT;
	c->lease_ms = judge_or(c->lease_ms, DTSS_LEASE_MS_DEFAULT);
	c->suspicious_ms = judge_or(c->suspicious_ms, DTSS_SUSPICIOUS_MS_DEFAULT);
	c->offline_ms = judge_or(c->offline_ms, DTSS_OFFLINE_MS_DEFAULT);
	c->start_confirm_ms = judge_or(c->start_confirm_ms, DTSS_START_CONFIRM_MS_DEFAULT);
	c->kill_grace_ms = judge_or(c->kill_grace_ms, DTSS_KILL_GRACE_MS_DEFAULT);
	c->key_ttl_ms = judge_or(c->key_ttl_ms, DTSS_KEY_TTL_MS_DEFAULT);
}

void judge_init(struct sim *s)
{
	uint32_t i;

	judge_config(s);
	for (i = 0; i < s->scheduler_count; i++)
		judge_wall(s, i);
	/* a run in four folds with a standby too: it costs as much as all the rest */
	if (sim_choose(s, 4) == 0)
		DTSS_ASSERT(dtss_sched_create(&s->judge.shadow, &s->sched_cfg, &s->arena.mem) == 0);
}

void judge_fini(struct sim *s)
{
	dtss_sched_destroy(s->judge.shadow);
	s->judge.shadow = NULL;
}

/* ---- the time of an event: its scheduler's wall clock, undone ---- */

void judge_wall(struct sim *s, uint32_t scheduler)
{
	struct judge_clock *c = &s->judge.clocks[scheduler];
	uint32_t at = c->count++ % JUDGE_WALLS_MAX;

	c->walls[at].offset = judge_now(s, scheduler).wall_ns - (int64_t)s->true_ns;
	c->walls[at].since_ns = s->true_ns;
	if (c->count > 1 && s->judge.reign.count && scheduler == s->judge.reign.scheduler)
		SOMETIMES(s, SIM_PROBE_WALL_JUMPED);
}

/* The true time at which the wall clock showed that; 0: it may have been at two, or longer ago than is remembered. */
static uint64_t judge_true(const struct sim *s, uint32_t scheduler, int64_t wall_ns)
{
	const struct judge_clock *c = &s->judge.clocks[scheduler];
	uint64_t low = s->judge.reign.scheduler == scheduler ? s->judge.reign.event_true : 1;
	uint64_t until = s->true_ns, found = 0;
	uint32_t i;

	for (i = 1; i <= c->count && i <= JUDGE_WALLS_MAX; i++) {
		uint64_t since = c->walls[(c->count - i) % JUDGE_WALLS_MAX].since_ns;
		int64_t at = wall_ns - c->walls[(c->count - i) % JUDGE_WALLS_MAX].offset;

		if (at >= (int64_t)(since > low ? since : low) && at <= (int64_t)until && (uint64_t)at != found) {
			if (found)
				return 0;
			found = (uint64_t)at;
		}
		if (since <= low)
			return found;
		until = since;
	}
	return c->count <= JUDGE_WALLS_MAX ? found : 0;
}

static void judge_event_time(struct sim *s, uint32_t scheduler, const struct dtss_event *e)
{
	const struct sim_clock *c = &s->clocks[SIM_PLACE_SCHEDULERS + scheduler];
	struct sim_judge *j = &s->judge;
	uint64_t since;

	j->event_ns = 0;
	j->event_true = judge_true(s, scheduler, e->wall_ns);
	if (j->event_true && j->reign.scheduler == scheduler)
		j->reign.event_true = j->event_true;
	if (j->event_true < c->true_ns)
		return; /* its clock has changed its speed since, or it is not known */
	since = j->event_true - c->true_ns;
	j->event_ns = c->mono_ns + since / 1000000 * c->rate + since % 1000000 * c->rate / 1000000;
}

/* ---- C: batches ---- */

void judge_lead(struct sim *s, uint32_t scheduler, uint64_t epoch)
{
	struct sim_judge *j = &s->judge;
	uint8_t *owner = &j->epoch_of[epoch % JUDGE_EPOCHS_MAX];
	uint32_t i;

	if (epoch >= JUDGE_EPOCHS_MAX)
		return;
	for (i = 0; i < s->scheduler_count; i++)
		if (i != scheduler && s->schedulers[i].disk.head &&
		    s->schedulers[i].disk.head->type == DTSS_STORE_COMMIT)
			SOMETIMES(s, SIM_PROBE_LEAD_OVER_COMMIT);
	if (*owner)
		sim_violate(s, "S8", "an epoch was given twice", epoch, scheduler);
	*owner = (uint8_t)(scheduler + 1);
	SOMETIMES(s, SIM_PROBE_LEAD_GIVEN);
}

static void judge_chain(struct sim *s, uint32_t scheduler, const struct dtss_batch *b)
{
	struct sim_judge *j = &s->judge;

	if (b->first_seq != j->last_seq + 1 || b->prev_hash != j->last_hash || b->last_seq < b->first_seq ||
	    b->event_count != b->last_seq - b->first_seq + 1)
		sim_violate(s, "S19", "a batch does not follow the one before", b->first_seq, j->last_seq);
	if (b->epoch < j->last_epoch)
		sim_violate(s, "S7", "an older epoch was accepted", b->epoch, j->last_epoch);
	if (b->epoch < JUDGE_EPOCHS_MAX && j->epoch_of[b->epoch] && j->epoch_of[b->epoch] != scheduler + 1)
		sim_violate(s, "S8", "two schedulers commit in one epoch", b->epoch, scheduler);
	if (!s->schedulers[scheduler].node)
		SOMETIMES(s, SIM_PROBE_BATCH_OF_DEAD);
	else if (s->schedulers[scheduler].paused_ns > s->true_ns)
		SOMETIMES(s, SIM_PROBE_BATCH_OF_PAUSED);
	if (b->event_count > 32)
		SOMETIMES(s, SIM_PROBE_BIG_BATCH);
	j->last_seq = b->last_seq;
	j->last_hash = b->hash;
	j->last_epoch = b->epoch;
	j->batches++;
	j->events += b->event_count;
	s->counts.batches++;
	s->counts.events += b->event_count;
}

static void judge_event(struct sim *s, uint32_t scheduler, const struct dtss_batch *b, size_t i)
{
	const struct dtss_event *e = &b->events[i];

	if (e->seq != b->first_seq + i)
		sim_violate(s, "S19", "events have gaps", e->seq, b->first_seq + i);
	judge_event_time(s, scheduler, e);
	switch (e->type) {
	case DTSS_EVENT_TASK:
		judge_task_event(s, e);
		break;
	case DTSS_EVENT_ATTEMPT:
		judge_attempt_event(s, e);
		break;
	case DTSS_EVENT_RETIRED:
		judge_retired_event(s, e);
		break;
	case DTSS_EVENT_WORKER:
		judge_worker_event(s, e);
		break;
	case DTSS_EVENT_KEY:
		judge_key_event(s, e);
		break;
	case DTSS_EVENT_LEAD:
		judge_reign(s, scheduler, b->epoch, e);
		break;
	default:
		sim_violate(s, "S19", "an event of no known type", e->seq, e->type);
	}
}

/* What later events of the batch need to know comes first; what is compared with their outcome comes last. */
static void judge_record(struct sim *s, const struct dtss_record *r, int first)
{
	struct dtss_record_body *body;

	if ((r->kind == DTSS_RECORD_META || r->kind == DTSS_RECORD_TASK || r->kind == DTSS_RECORD_KEY) == first)
		return;
	if (dtss_record_decode(r->data, r->len, &s->arena.mem, &body) != 0) {
		sim_violate(s, "S20", "a stored record cannot be decoded", r->kind, r->id);
		return;
	}
	if (body->kind == DTSS_RECORD_META)
		judge_meta_record(s, &body->u.meta);
	else if (body->kind == DTSS_RECORD_TASK)
		judge_task_record(s, &body->u.task, r->flags);
	else if (body->kind == DTSS_RECORD_SPEC)
		judge_spec(s, body->u.spec.id, body->u.spec.data, body->u.spec.len);
	else if (body->kind == DTSS_RECORD_ATTEMPT)
		judge_attempt_record(s, &body->u.attempt);
	else if (body->kind == DTSS_RECORD_KEY)
		judge_key_record(s, &body->u.key, r->flags);
	else
		judge_worker_record(s, &body->u.worker.view, r->flags);
	dtss_record_free(body, &s->arena.mem);
}

void judge_batch(struct sim *s, uint32_t scheduler, const struct dtss_batch *b)
{
	size_t i;

	if (s->violation.id)
		return;
	judge_chain(s, scheduler, b);
	for (i = 0; i < b->record_count && !s->violation.id; i++)
		judge_record(s, &b->records[i], 1);
	judge_worker_prepare(s, b);
	for (i = 0; i < b->event_count && !s->violation.id; i++)
		judge_event(s, scheduler, b, i);
	for (i = 0; i < b->record_count && !s->violation.id; i++)
		judge_record(s, &b->records[i], 0);
	judge_worker_settle(s);
	judge_key_settle(s);
	judge_fold_apply(s, b);
	s->judge.dirty = 1;
}

/* ---- R and E ---- */

void judge_power(struct sim *s)
{
	SOMETIMES(s, SIM_PROBE_POWER_BACK);
	judge_fold_store(s);
}

void judge_recovery(struct sim *s, uint32_t scheduler)
{
	(void)scheduler;
	if (s->judge.batches)
		SOMETIMES(s, SIM_PROBE_OPENED_AGAIN);
	judge_fold_store(s);
}

static int judge_at_rest(struct sim *s, struct dtss_node *node, struct dtss_sched *sched, struct dtss_time now)
{
	struct dtss_node_info info;
	struct dtss_stats stats;

	memset(&info, 0, sizeof info);
	memset(&stats, 0, sizeof stats);
	info.size = sizeof info;
	stats.size = sizeof stats;
	dtss_node_info(node, &info);
	if (info.state != DTSS_NODE_LEADING || info.epoch != s->judge.reign.epoch)
		return 0;
	if (dtss_sched_next_ns(sched) <= now.mono_ns)
		return 0;
	dtss_sched_stats(sched, &stats);
	return stats.seq == s->judge.last_seq;
}

void judge_step(struct sim *s, uint32_t scheduler)
{
	struct dtss_node *node = s->schedulers[scheduler].node;
	struct dtss_sched *sched = node ? dtss_node_sched(node) : NULL;
	struct dtss_time now = judge_now(s, scheduler);
	struct dtss_violation v[4];

	if (!sched || s->judge.reign.scheduler != scheduler || !judge_at_rest(s, node, sched, now))
		return;
	s->judge.rests++;
	s->judge.quiet = !s->schedulers[scheduler].disk.head;
	if (s->judge.dirty || s->judge.rests % 8 == 0)
		judge_rest(s, now);
	s->judge.dirty = 0;
	if (s->judge.rests % CHECK_EVERY)
		return;
	judge_fold_compare(s, sched);
	memset(v, 0, sizeof v);
	if (dtss_sched_check(sched, v, 4))
		sim_violate(s, v[0].id, v[0].text, v[0].task, v[0].worker);
}
