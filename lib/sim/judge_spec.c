/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include "sim/judge_impl.h"

/* What was asked for, as it was stored: S1, S3. */

static void spec_policy(struct judge_policy *p, const struct dtss_retry *r)
{
	uint32_t i;

	p->attempts_max = r->attempts_max ? r->attempts_max : 1;
	p->lost_max = r->lost_max ? r->lost_max : DTSS_LOST_MAX_DEFAULT;
	p->min_ms = r->backoff_ms_min ? r->backoff_ms_min : DTSS_BACKOFF_MS_MIN_DEFAULT;
	p->max_ms = r->backoff_ms_max ? r->backoff_ms_max : DTSS_BACKOFF_MS_MAX_DEFAULT;
	p->multiplier_milli = r->multiplier_milli ? r->multiplier_milli : DTSS_MULTIPLIER_MILLI_DEFAULT;
	p->jitter = r->jitter != DTSS_JITTER_OFF;
	DTSS_ASSERT(r->rule_count <= JUDGE_RULES_MAX);
	p->rule_count = (uint32_t)r->rule_count;
	for (i = 0; i < p->rule_count; i++)
		p->rules[i] = r->rules[i];
}

static void spec_after(struct sim *s, uint64_t id, struct judge_task *t, const struct dtss_task_spec *spec)
{
	size_t i;

	DTSS_ASSERT(spec->after_count <= JUDGE_AFTER_MAX);
	t->after_count = (uint32_t)spec->after_count;
	for (i = 0; i < spec->after_count; i++) {
		t->after[i] = spec->after[i].task.v;
		if (!t->after[i] || t->after[i] >= id)
			sim_violate(s, "S15", "a task waits for one that came after it", id, t->after[i]);
		else
			judge_task(s, t->after[i])->parent = 1;
	}
}

static void spec_text(char *to, size_t cap, const char *text)
{
	DTSS_ASSERT(strlen(text) < cap);
	memcpy(to, text, strlen(text) + 1);
}

void judge_spec(struct sim *s, uint64_t id, const void *data, size_t len)
{
	struct judge_task *t = judge_task(s, id);
	struct dtss_task_spec *spec;

	if (t->spec_seen)
		sim_violate(s, "S10", "a specification was written twice", id, 0);
	if (dtss_spec_decode(data, len, &s->arena.mem, &spec) != 0) {
		sim_violate(s, "S1", "a stored specification cannot be decoded", id, 0);
		return;
	}
	t->spec_seen = 1;
	t->job = strtoul(spec->name[0] == 'j' ? spec->name + 1 : "0", NULL, 10) & 0xffff;
	t->spec_hash = client_spec_hash(data, len);
	if (!client_submitted(s, t->job, t->spec_hash))
		sim_violate(s, "S3", "a task that nobody submitted", id, t->job);
	t->need = judge_need_intern(s, spec);
	t->priority = spec->priority;
	t->held_asked = (spec->flags & DTSS_SPEC_HELD) != 0;
	t->timeout_ms = spec->timeout_ms;
	t->deadline_ms = spec->start_deadline_ms;
	t->not_before_ns = spec->not_before_ns;
	t->deadline_ns = DTSS_NEVER;
	spec_policy(&t->policy, &spec->retry);
	spec_after(s, id, t, spec);
	spec_text(t->queue, sizeof t->queue, spec->queue ? spec->queue : "default");
	spec_text(t->key, sizeof t->key, spec->key ? spec->key : "");
	dtss_spec_free(spec, &s->arena.mem);
}
