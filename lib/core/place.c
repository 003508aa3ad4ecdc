/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/*
 * Placements without a task (/api/v1). They count at once; the worker's next heartbeat replaces the count, except for
 * those younger than the grace: it may have been under way already. Young ones are counted in buckets of a sixteenth of
 * the grace, so that any number of them needs no memory:
 *
 *      young[]   | 3 | 0 | 1 | … |      a bucket that is older than the grace moves to old_total (placement workers,
 *                  ▲ bucket % 16        until the heartbeat) or expires (agents, whose heartbeats count no placements)
 */
static uint64_t young_bucket(const struct dtss_sched *s, struct dtss_time now)
{
	return now.mono_ns / (s->cfg.placement_grace_ms * NS_PER_MS / (YOUNG_BUCKETS - 1) + 1);
}

static uint64_t young_bucket_ns(const struct dtss_sched *s, uint64_t bucket)
{
	return bucket * (s->cfg.placement_grace_ms * NS_PER_MS / (YOUNG_BUCKETS - 1) + 1);
}

uint64_t young_from_ns(const struct dtss_sched *s, const struct worker *w)
{
	uint64_t each = young_bucket_ns(s, 1);

	return w->young_from <= (DTSS_NEVER - 1) / each ? w->young_from * each : DTSS_NEVER;
}

/* Buckets from young_from to young_from + 15 are kept; older ones are emptied. */
static void young_drop(struct worker *w, uint64_t bucket)
{
	DTSS_ASSERT(w->young_total == 0 || w->young_from <= bucket);
	DTSS_ASSERT(w->young_total <= UINT16_MAX * YOUNG_BUCKETS);
	for (; w->young_total && w->young_from + YOUNG_BUCKETS <= bucket; w->young_from++) {
		uint16_t *young = &w->young[w->young_from % YOUNG_BUCKETS];

		w->young_total -= *young;
		if (w->kind == DTSS_WORKER_PLACEMENT)
			w->old_total += *young;
		*young = 0;
	}
	if (!w->young_total)
		w->young_from = bucket;
}

/* Its timer, and what follows for the choice. Most placements leave the timer as it is. */
static void young_settle(struct dtss_sched *s, struct worker *w)
{
	uint64_t due_ns = w->young_total ? young_bucket_ns(s, w->young_from + YOUNG_BUCKETS) : DTSS_NEVER;

	DTSS_ASSERT(w->young_timer.link == NULL || s->wheel.count > 0);
	if (w->young_timer.link == NULL || w->young_timer.due_ns != due_ns)
		wheel_set(&s->wheel, &w->young_timer, due_ns);
	worker_refresh(s, w);
	DTSS_ASSERT(w->young_total == 0 || w->young_timer.link != NULL);
}

void young_expire(struct dtss_sched *s, struct dtss_time now, struct worker *w)
{
	young_drop(w, young_bucket(s, now));
	young_settle(s, w);
}

static int place_check(struct dtss_sched *s, const char *const *tags, size_t tag_count)
{
	size_t i;

	if (tag_count > DTSS_TASK_TAGS_MAX)
		return sched_problem(s, DTSS_E_TOO_BIG, "required_tags", "at most 64 tags", tag_count);
	for (i = 0; i < tag_count; i++) {
		if (!tags[i] || !*tags[i])
			return sched_problem(s, DTSS_E_INVALID, "required_tags", "tags that are not empty", i);
		if (strlen(tags[i]) > DTSS_TAG_LEN_MAX)
			return sched_problem(s, DTSS_E_TOO_BIG, "required_tags", "tags of at most 64 bytes", i);
	}
	return 0;
}

/* The numbers of the tags, sorted; 0 when one of them is known to no worker. */
static int place_numbers(const struct dtss_sched *s, const char *const *tags, size_t tag_count, uint32_t *numbers,
			 uint16_t *ret_count)
{
	uint16_t n = 0, j;
	size_t i;

	DTSS_ASSERT(tag_count <= DTSS_TASK_TAGS_MAX);
	for (i = 0; i < tag_count; i++) {
		const struct intern *tag = intern_find(&s->tags, tags[i]);

		if (!tag)
			return 0;
		for (j = n; j && numbers[j - 1] > tag->number; j--)
			;
		if (j && numbers[j - 1] == tag->number)
			continue;
		memmove(numbers + j + 1, numbers + j, (size_t)(n - j) * sizeof *numbers);
		numbers[j] = tag->number;
		n++;
	}
	*ret_count = n;
	return 1;
}

static void place_count(struct dtss_sched *s, struct dtss_time now, struct worker *w)
{
	uint64_t bucket = young_bucket(s, now);

	DTSS_ASSERT(w->entry.for_place);
	DTSS_ASSERT(s->stamp < UINT32_MAX);
	young_drop(w, bucket);
	w->young[bucket % YOUNG_BUCKETS]++;
	w->young_total++;
	w->entry.stamp = ++s->stamp;
	young_settle(s, w);
	s->stats.placements++;
	DTSS_ASSERT(w->young_total > 0 && w->entry.stamp == s->stamp);
}

int dtss_sched_place(struct dtss_sched *s, struct dtss_time now, const char *const *tags, size_t tag_count,
		     struct dtss_placement *ret_placement)
{
	uint32_t numbers[DTSS_TASK_TAGS_MAX];
	struct pool_need need;
	struct pool_entry *e = NULL;
	struct worker *w;
	int error;

	DTSS_ASSERT(tag_count == 0 || tags != NULL);
	DTSS_ASSERT(s->worker_count == s->workers.count);
	if (!s->epoch)
		return DTSS_E_NOT_LEADER;
	s->answer_seq = 0; /* a reservation rests on nothing durable */
	error = place_check(s, tags, tag_count);
	if (error)
		return error;
	memset(&need, 0, sizeof need);
	need.tags = numbers;
	need.mode = POOL_PLACE;
	dispatch_renumber(s);
	if (place_numbers(s, tags, tag_count, numbers, &need.tag_count))
		e = pool_best(s->pool, &need);
	pool_need_fini(s->pool, &need);
	if (!e)
		return DTSS_E_NO_WORKER;
	w = (struct worker *)e;
	place_count(s, now, w);
	ret_placement->worker = w->name->text;
	ret_placement->address = w->shape.address ? w->shape.address : "";
	return 0;
}
