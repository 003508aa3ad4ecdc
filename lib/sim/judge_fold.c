/* SPDX-License-Identifier: MIT */
#include "sim/judge_impl.h"

/* S1, S20: the state is the fold of the batches: by the rules of the judge for each record and count, and on some runs by
 * a standby that applies every batch. */

void judge_fold_apply(struct sim *s, const struct dtss_batch *b)
{
	int error = s->judge.shadow ? dtss_sched_apply(s->judge.shadow, b) : 0;

	if (error)
		sim_violate(s, "S20", "a standby cannot apply the batch", b->last_seq, (uint64_t)-error);
}

void judge_fold_compare(struct sim *s, const struct dtss_sched *sched)
{
	struct sim_judge *j = &s->judge;

	if (!j->shadow || j->compared_seq == j->last_seq)
		return;
	j->compared_seq = j->last_seq;
	if (dtss_sched_digest(sched) != dtss_sched_digest(j->shadow))
		sim_violate(s, "S20", "leader and standby differ", j->last_seq, 0);
}

void judge_meta_record(struct sim *s, const struct dtss_meta_record *r)
{
	const struct sim_judge *j = &s->judge;
	uint32_t i;

	if (r->seq != j->last_seq || r->hash != j->last_hash)
		sim_violate(s, "S20", "seq or hash is not that of the last batch", r->seq, j->last_seq);
	if (r->fence != j->last_fence)
		sim_violate(s, "S6", "the stored fence is not the last that was granted", r->fence, j->last_fence);
	if (r->next_task != j->task_count + 1)
		sim_violate(s, "S3", "the next id does not follow the last", r->next_task, j->task_count);
	if (r->next_worker <= j->last_number)
		sim_violate(s, "S3", "the number of a worker would be used again", r->next_worker, j->last_number);
	if (r->grants != j->grants || r->retries != j->retries || r->losses != j->losses)
		sim_violate(s, "S23", "a total is not the fold of the events", r->grants, j->grants);
	for (i = 0; i < DTSS_TASK_STATES; i++)
		if (r->totals[i] != j->totals[i])
			sim_violate(s, "S23", "a total by state is not the fold of the events", i, r->totals[i]);
}

/* S12: since when and how long, once the record tells. */
static void fold_wait(struct sim *s, struct judge_task *t, const struct dtss_task_record *r)
{
	if (t->state != DTSS_TASK_DELAYED && t->state != DTSS_TASK_HELD)
		return;
	if (r->due_wait_ns < t->wait_low_ns || r->due_wait_ns > t->wait_high_ns || r->due_since_ns != t->since_wall)
		sim_violate(s, "S12", "a backoff is out of its bounds", r->id, r->due_wait_ns / JUDGE_MS);
	if (t->wait_fresh && t->due_ns)
		t->due_ns += r->due_wait_ns - t->wait_ns;
	t->wait_ns = r->due_wait_ns;
	t->wait_fresh = 0;
}

void judge_task_record(struct sim *s, const struct dtss_task_record *r, uint32_t flags)
{
	struct judge_task *t = judge_task(s, r->id);

	if (r->state != t->state || r->cause != t->cause)
		sim_violate(s, t->state >= DTSS_TASK_SUCCEEDED ? "S10" : "S20",
			    "the record of a task is not the fold of its events", r->id, r->state);
	if (r->attempt_count != t->attempts || r->lost_count != t->lost)
		sim_violate(s, "S11", "attempts or losses are counted wrong", r->id, r->lost_count);
	if (r->failed_count != t->failed || r->free_count != t->free)
		sim_violate(s, "S11", "failures are counted wrong", r->id, (uint64_t)r->failed_count << 16 | t->failed);
	if (((flags & DTSS_RECORD_DONE) != 0) != t->retired)
		sim_violate(s, "S20", "a task leaves without its event, or stays with it", r->id, flags);
	if (!t->started_wall && r->started_ns == t->perhaps_wall)
		t->started_wall = t->perhaps_wall;
	if (r->created_ns != t->created_wall || (!r->started_ns) != (!t->started_wall) ||
	    (t->started_wall && r->started_ns != t->started_wall))
		sim_violate(s, "S20", "a time of a task is not that of its event", r->id, 0);
	if (t->state >= DTSS_TASK_SUCCEEDED && r->finished_ns != t->finished_wall)
		sim_violate(s, "S10", "the time of the end is not that of its event", r->id, 0);
	if (r->retry_of && (r->retry_of > s->judge.task_count || !judge_task(s, r->retry_of)->retry_asked))
		sim_violate(s, "S3", "a task was retried that nobody retried", r->id, r->retry_of);
	t->retry_of = r->retry_of;
	if (t->wait_ns)
		fold_wait(s, t, r);
}

struct fold_store {
	uint64_t tasks, specs, keys, seq;
};

static void fold_stored(struct sim *s, struct fold_store *f, const void *data, size_t len)
{
	struct dtss_record_body *body;

	if (dtss_record_decode(data, len, &s->arena.mem, &body) != 0) {
		sim_violate(s, "S20", "a stored record cannot be decoded", len, 0);
		return;
	}
	if (body->kind == DTSS_RECORD_META) {
		f->seq = body->u.meta.seq;
		judge_meta_record(s, &body->u.meta);
	} else if (body->kind == DTSS_RECORD_TASK) {
		f->tasks++;
		judge_task_record(s, &body->u.task, body->flags);
	} else if (body->kind == DTSS_RECORD_SPEC) {
		f->specs++;
		if (client_spec_hash(body->u.spec.data, body->u.spec.len) != judge_task(s, body->u.spec.id)->spec_hash)
			sim_violate(s, "S1", "a stored specification changed", body->u.spec.id, 0);
	} else if (body->kind == DTSS_RECORD_KEY) {
		f->keys++;
		judge_key_record(s, &body->u.key, 0);
	}
	dtss_record_free(body, &s->arena.mem);
}

/* All that was acknowledged is there, and nothing else. */
void judge_fold_store(struct sim *s)
{
	const struct sim_judge *j = &s->judge;
	struct dtss_store *store = s->disk.inner;
	struct fold_store f = { 0, 0, 0, 0 };
	struct dtss_sched *fresh = NULL;
	uint64_t id, live = 0;
	const void *data;
	size_t len;
	int more;

	if (s->violation.id)
		return;
	if (j->shadow)
		DTSS_ASSERT(dtss_sched_create(&fresh, &s->sched_cfg, &s->arena.mem) == 0);
	while ((more = store->ops->load(store, &data, &len)) == 1) {
		fold_stored(s, &f, data, len);
		if (fresh && dtss_sched_load(fresh, data, len) != 0)
			sim_violate(s, "S20", "a stored record cannot be loaded", j->last_seq, 0);
	}
	for (id = 1; id <= j->task_count; id++)
		live += !j->tasks[id].retired;
	if (more < 0 || f.seq != j->last_seq)
		sim_violate(s, "S1", "what was stored last is not there", f.seq, j->last_seq);
	if (f.tasks != live || f.specs != live)
		sim_violate(s, "S1", "an acknowledged task is gone, or one that ended is back", f.tasks, live);
	if (f.keys != j->finished_keys)
		sim_violate(s, "S2", "a stored key is gone, or one that was forgotten is back", f.keys,
			    j->finished_keys);
	if (fresh && dtss_sched_digest(fresh) != dtss_sched_digest(j->shadow))
		sim_violate(s, "S20", "the stored state is not the fold of the batches", j->last_seq, 0);
	dtss_sched_destroy(fresh);
}
