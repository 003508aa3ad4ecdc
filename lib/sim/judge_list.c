/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "sim/judge_impl.h"

/* Tasks by what they do, names as small numbers, and who could take what. */

static uint16_t *list_of(struct sim_judge *j, uint32_t list)
{
	return list == JUDGE_READY ? j->ready : list == JUDGE_LIVE ? j->live : j->waits;
}

void judge_list_put(struct sim *s, uint64_t id, enum judge_list list)
{
	struct sim_judge *j = &s->judge;
	uint32_t from = j->list[id];
	uint16_t *at;

	if (from == (uint32_t)list)
		return;
	if (from) {
		at = list_of(j, from);
		at[j->place[id]] = at[--j->list_count[from]];
		j->place[at[j->place[id]]] = j->place[id];
	}
	j->list[id] = (uint8_t)list;
	if (!list)
		return;
	at = list_of(j, list);
	j->place[id] = (uint16_t)j->list_count[list];
	at[j->list_count[list]++] = (uint16_t)id;
}

static uint32_t name_number(char names[][24], uint32_t *count, uint32_t max, const char *name)
{
	uint32_t i;

	for (i = 0; i < *count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	if (i == max)
		return max;
	snprintf(names[i], sizeof names[i], "%s", name);
	return (*count)++;
}

uint32_t judge_tag_bit(struct sim *s, const char *tag)
{
	uint32_t number = name_number(s->judge.tags, &s->judge.tag_count, JUDGE_TAGS_MAX, tag);

	DTSS_ASSERT(number < JUDGE_TAGS_MAX);
	return 1u << number;
}

uint32_t judge_resource(struct sim *s, const char *name)
{
	uint32_t number = name_number(s->judge.resources, &s->judge.resource_count, JUDGE_RESOURCES_MAX, name);

	DTSS_ASSERT(number < JUDGE_RESOURCES_MAX);
	return number;
}

uint32_t judge_need_intern(struct sim *s, const struct dtss_task_spec *spec)
{
	struct sim_judge *j = &s->judge;
	struct judge_need n;
	uint32_t i;

	memset(&n, 0, sizeof n);
	for (i = 0; i < spec->tag_count; i++)
		n.tags |= judge_tag_bit(s, spec->tags[i]);
	for (i = 0; i < spec->resource_count; i++)
		n.amounts[judge_resource(s, spec->resources[i].name)] = spec->resources[i].amount;
	for (i = 0; i < j->need_count; i++)
		if (j->needs[i].tags == n.tags && memcmp(j->needs[i].amounts, n.amounts, sizeof n.amounts) == 0)
			return i;
	DTSS_ASSERT(j->need_count < JUDGE_NEEDS_MAX);
	j->needs[j->need_count] = n;
	return j->need_count++;
}

int judge_fits(const struct judge_worker *w, const struct judge_need *n)
{
	uint32_t i;

	if (!w->now.number || w->now.kind != DTSS_WORKER_AGENT || (w->now.tags & n->tags) != n->tags ||
	    w->leased >= w->now.max_tasks)
		return 0;
	for (i = 0; i < JUDGE_RESOURCES_MAX; i++)
		if (n->amounts[i] && w->taken[i] + n->amounts[i] > w->now.amounts[i])
			return 0;
	return 1;
}

int judge_open(const struct sim *s, const struct judge_worker *w, uint64_t at_ns, uint64_t at_true_ns)
{
	const struct judge_heard *h = &w->heard[s->judge.reign.scheduler];
	const struct judge_reign *r = &s->judge.reign;

	if (!w->now.number || w->now.draining || w->now.cordoned || w->changes > 1 ||
	    w->now.status != DTSS_WORKER_ONLINE)
		return 0;
	if (!at_ns || !r->lead_ns || h->last_ns <= r->lead_ns || h->any_true_ns > at_true_ns)
		return 0;
	if (w->unheard || h->stopping || h->fuzzy || h->incarnation != w->now.incarnation ||
	    (s->judge.places && w->now.address))
		return 0;
	return at_ns < h->last_ns + s->judge.cfg.suspicious_ms * JUDGE_MS;
}
