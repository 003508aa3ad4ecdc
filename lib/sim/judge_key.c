/* SPDX-License-Identifier: MIT */
#include "sim/judge_impl.h"

/* S2: a key is one task, while it lives and for key_ttl after, or until there are more than keys_max; the oldest goes
 * first. */

static struct judge_key *key_find(struct sim *s, const char *queue, const char *key, uint64_t task)
{
	struct sim_judge *j = &s->judge;
	uint32_t i;

	for (i = 0; i < j->key_count; i++) {
		struct judge_key *k = &j->keys[i];

		if (k->task && (!task || k->task == task) &&
		    (!key || (strcmp(k->key, key) == 0 && strcmp(k->queue, queue) == 0)))
			return k;
	}
	return NULL;
}

void judge_key_begin(struct sim *s, uint64_t id)
{
	const struct judge_task *t = judge_task(s, id);
	struct sim_judge *j = &s->judge;
	struct judge_key *k = t->key[0] ? key_find(s, t->queue, t->key, 0) : NULL;
	uint64_t n;
	uint32_t i;

	if (!t->key[0])
		return;
	if (k) {
		sim_violate(s, "S2", "one key, two tasks", k->task, id);
		return;
	}
	for (i = 0; i < j->key_count && j->keys[i].task; i++)
		;
	DTSS_ASSERT(i < JUDGE_KEYS_MAX);
	if (i == j->key_count)
		j->key_count++;
	k = &j->keys[i];
	for (n = 1; n < id; n++)
		if (j->tasks[n].key_gone && strcmp(j->tasks[n].key, t->key) == 0)
			SOMETIMES(s, SIM_PROBE_KEY_USED_AGAIN);
	memset(k, 0, sizeof *k);
	memcpy(k->queue, t->queue, sizeof k->queue);
	memcpy(k->key, t->key, sizeof k->key);
	k->task = id;
}

void judge_key_ended(struct sim *s, uint64_t id, const struct dtss_event *e)
{
	struct sim_judge *j = &s->judge;
	struct judge_key *k = judge_task(s, id)->key[0] ? key_find(s, NULL, NULL, id) : NULL;

	if (!k)
		return;
	k->finished_order = ++j->key_order;
	k->finished_wall = e->wall_ns;
	k->expires_ns = j->event_ns ? j->event_ns + s->judge.cfg.key_ttl_ms * JUDGE_MS : 0;
	j->finished_keys++;
}

void judge_key_event(struct sim *s, const struct dtss_event *e)
{
	struct sim_judge *j = &s->judge;
	struct judge_key *k = key_find(s, NULL, NULL, e->task);
	int many = j->finished_keys > s->judge.cfg.keys_max;
	uint32_t i;

	if (!k || !k->finished_order) {
		sim_violate(s, "S2", "a key was forgotten whose task has not ended", e->task, 0);
		return;
	}
	for (i = 0; i < j->key_count; i++)
		if (j->keys[i].task && j->keys[i].finished_order && j->keys[i].finished_order < k->finished_order)
			sim_violate(s, "S2", "a key was forgotten before an older one", e->task, j->keys[i].task);
	if (!many && j->event_ns && k->expires_ns && j->event_ns < k->expires_ns)
		sim_violate(s, "S2", "a key was forgotten too early", e->task,
			    (k->expires_ns - j->event_ns) / JUDGE_MS);
	SOMETIMES(s, many ? SIM_PROBE_KEY_PUSHED_OUT : SIM_PROBE_KEY_EXPIRED);
	judge_task(s, e->task)->key_gone = 1;
	k->task = 0;
	j->finished_keys--;
}

/* From here on in the order of (finish time, id), and with what is left of the time. */
void judge_key_lead(struct sim *s)
{
	struct sim_judge *j = &s->judge;
	uint64_t ttl = s->judge.cfg.key_ttl_ms * JUDGE_MS;
	uint32_t i, n;

	for (i = 0; i < j->key_count; i++) {
		struct judge_key *k = &j->keys[i];

		if (!k->task || !k->finished_order)
			continue;
		k->finished_order = 1;
		for (n = 0; n < j->key_count; n++) {
			const struct judge_key *o = &j->keys[n];

			k->finished_order += o->task && o->finished_order &&
					     (o->finished_wall < k->finished_wall ||
					      (o->finished_wall == k->finished_wall && o->task < k->task));
		}
		k->expires_ns = judge_continued(s, k->finished_wall, ttl);
	}
	j->key_order = JUDGE_KEYS_MAX + 1;
}

void judge_key_record(struct sim *s, const struct dtss_key_record *r, uint32_t flags)
{
	struct judge_key *k = key_find(s, r->queue, r->key, 0);

	if (flags & DTSS_RECORD_DELETE) {
		s->judge.keys_dropped += k && k->finished_order && !k->dropped;
		if (k && k->finished_order)
			k->dropped = 1;
	} else if (!k || k->task != r->id || !k->finished_order || k->finished_wall != r->finished_ns) {
		sim_violate(s, "S20", "the record of a key is not the fold of its events", r->id, 0);
	} else {
		s->judge.keys_dropped -= k->dropped;
		k->dropped = 0;
	}
}

/* A key may be forgotten and end again as that of another task in one batch: its record goes first, and then it is there
 * again. So only what is still missing when the batch is over was dropped. */
void judge_key_settle(struct sim *s)
{
	if (s->judge.keys_dropped)
		sim_violate(s, "S2", "the record of a key was dropped, and no event says so", s->judge.keys_dropped,
			    s->judge.last_seq);
}

void judge_key_rest(struct sim *s, uint64_t now_ns)
{
	const struct sim_judge *j = &s->judge;
	uint32_t i;

	if (j->finished_keys > s->judge.cfg.keys_max)
		sim_violate(s, "S24", "more keys are remembered than keys_max", j->finished_keys, 0);
	for (i = 0; i < j->key_count; i++)
		if (j->keys[i].task && j->keys[i].finished_order && j->keys[i].expires_ns &&
		    now_ns > j->keys[i].expires_ns)
			sim_violate(s, "S2", "a key is remembered for too long", j->keys[i].task, 0);
}
