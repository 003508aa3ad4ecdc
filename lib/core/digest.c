/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/*
 * The sum of the hashes of all records, so it depends on no order: equal for an engine and for one that was loaded from
 * what it stored (S20). digest_all adds what is volatile.
 */
static uint64_t digest_record(const void *data, size_t len)
{
	return hash_bytes(0x64696765u, 0x7374u, data, len);
}

static uint64_t digest_words(const uint64_t *words, size_t count)
{
	uint64_t hash = 0x766f6cu;
	size_t i;

	for (i = 0; i < count; i++)
		hash = hash_word(hash ^ words[i]);
	return hash;
}

static uint64_t digest_task(const struct task *t)
{
	uint8_t buf[RECORD_SMALL_MAX];
	uint64_t sum = digest_record(t->record, t->record_len);
	uint32_t i;

	sum += digest_record(buf, encode_task(t, buf, sizeof buf));
	for (i = 0; i < t->attempt_count; i++)
		sum += digest_record(buf, encode_attempt(t, i, buf, sizeof buf));
	return sum;
}

/* A worker's record has no small bound, so its parts are hashed one by one. */
static uint64_t digest_worker(const struct worker *w)
{
	const uint64_t words[] = { w->number,   w->incarnation, w->kind,     w->status == DTSS_WORKER_OFFLINE,
				   w->draining, w->cordoned,    w->max_tasks };
	uint64_t sum = digest_words(words, sizeof words / sizeof *words);
	uint32_t i;

	sum = hash_word(sum ^ digest_record(w->name->text, w->name->len));
	if (w->shape.address)
		sum = hash_word(sum ^ digest_record(w->shape.address, strlen(w->shape.address)));
	for (i = 0; i < w->shape.tag_count; i++)
		sum = hash_word(sum ^ digest_record(w->shape.tags[i], strlen(w->shape.tags[i])));
	for (i = 0; i < w->shape.resource_count; i++)
		sum = hash_word(sum ^ digest_record(w->shape.resources[i].name, strlen(w->shape.resources[i].name)) ^
				w->shape.resources[i].amount);
	return sum;
}

uint64_t dtss_sched_digest(const struct dtss_sched *s)
{
	uint8_t buf[RECORD_SMALL_MAX];
	const struct task *t;
	const struct key *k;
	uint64_t sum = digest_record(buf, encode_meta(s, buf, sizeof buf));
	const struct worker *w;

	for (t = ids_next(&s->tasks, 0); t; t = ids_next(&s->tasks, t->ready.id))
		if (!t->done)
			sum += digest_task(t);
	for (k = s->key_head; k; k = k->next)
		sum += digest_record(buf, encode_key(k, buf, sizeof buf));
	for (w = s->first_worker; w; w = w->next)
		sum += digest_worker(w);
	return sum;
}

uint64_t dtss_sched_digest_all(const struct dtss_sched *s)
{
	uint64_t sum = dtss_sched_digest(s);
	const struct task *t;
	const struct worker *w;

	if (!s->epoch)
		return sum; /* it decides nothing yet, so there is nothing volatile */
	for (t = ids_next(&s->tasks, 0); t; t = ids_next(&s->tasks, t->ready.id)) {
		const struct attempt *a = task_live(t);
		const struct tries *r = task_tries(t);
		const uint64_t words[] = { t->ready.id,      r->renewed_ns,   r->phase_ns,         r->due_ns,
					   t->deadline_ns,   t->timer.due_ns, t->waiting,          t->ready.queued != 0,
					   a ? a->sent : 2u, t->done,         a ? a->rejected : 2u };

		sum += digest_words(words, sizeof words / sizeof *words);
	}
	for (w = s->first_worker; w; w = w->next) {
		const uint64_t words[] = { w->number,          w->status,     w->stopping,    w->heartbeat,
					   w->last_seen_ns,    w->leased,     w->foreign,     w->young_total,
					   w->old_total,       w->entry.used, w->entry.stamp, w->entry.for_task,
					   w->entry.for_place, w->entry.slot, w->fence_seen,  w->deaf_fence };

		sum += digest_words(words, sizeof words / sizeof *words);
	}
	{
		/* which needs are parked is a cache */
		const uint64_t words[] = { s->epoch,      s->stamp,         s->stored_seq,   s->closed_seq,
					   s->ring.count, s->ring.released, s->stats.fenced, s->stats.placements };

		sum += digest_words(words, sizeof words / sizeof *words);
	}
	return sum;
}
