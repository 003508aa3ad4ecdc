/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "sim/sim.h"

/* The specification of a job, made anew wherever it is needed, always the same. */
#define SPEC_BYTES_MAX 2048

uint64_t client_spec_hash(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a (Fowler, Noll, Vo) */
	size_t i;

	for (i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

struct sim_job *client_job(struct sim *s, uint32_t number)
{
	uint32_t i;

	for (i = 0; i < s->client_count; i++) {
		struct sim_client *c = &s->clients[i];

		if (number > c->jobs_begin && number <= c->jobs_begin + c->job_count)
			return &c->jobs[number - c->jobs_begin - 1];
	}
	return NULL;
}

int client_submitted(struct sim *s, uint32_t number, uint64_t hash)
{
	const struct sim_job *job = client_job(s, number);

	return job && hash && (job->hash[0] == hash || job->hash[1] == hash || job->hash[2] == hash);
}

static void spec_retry(const struct sim_job *job, struct client_spec *m)
{
	struct dtss_retry *r = &m->spec.retry;

	r->attempts_max = job->attempts_max;
	r->lost_max = job->lost_max;
	r->backoff_ms_min = job->backoff_min_ms;
	r->backoff_ms_max = job->backoff_max_ms;
	r->multiplier_milli = job->multiplier;
	r->jitter = job->jitter;
	if (!job->rules)
		return;
	m->rules[0].action = job->rules & 3; /* FAIL, IGNORE, or RETRY: for exit codes 1 to 3, and then all */
	m->rules[0].action = m->rules[0].action ? m->rules[0].action : DTSS_RETRY_QUARANTINE;
	m->rules[0].causes = job->rules & 4 ? 1u << DTSS_CAUSE_EXIT : 0;
	m->rules[0].exit_min = job->rules & 8 ? 1 : 0;
	m->rules[0].exit_max = job->rules & 8 ? 3 : 0;
	m->rules[1].causes = 1u << DTSS_CAUSE_SIGNAL | 1u << DTSS_CAUSE_START_FAILED;
	m->rules[1].action = job->rules & 16 ? DTSS_RETRY_FAIL : DTSS_RETRY_RETRY;
	r->rules = m->rules;
	r->rule_count = 2;
}

static void spec_needs(const struct sim_job *job, struct client_spec *m)
{
	struct dtss_task_spec *spec = &m->spec;
	uint32_t i;

	if (job->tags & 1)
		m->tags[spec->tag_count++] = "one";
	if (job->tags & 2)
		m->tags[spec->tag_count++] = "two";
	spec->tags = m->tags;
	m->gpus.name = "gpu";
	m->gpus.amount = job->gpus;
	spec->resources = &m->gpus;
	spec->resource_count = job->gpus ? 1 : 0;
	for (i = 0; i < job->parent_count; i++)
		m->after[i].task.v = job->parent_ids[i];
	spec->after = m->after;
	spec->after_count = job->parent_count;
}

static void spec_labels(const struct sim_job *job, enum client_variant variant, struct client_spec *m)
{
	snprintf(m->set, sizeof m->set, "%u", (unsigned)job->set);
	snprintf(m->variant, sizeof m->variant, "%d", variant == CLIENT_OTHER);
	m->labels[0].name = "set";
	m->labels[0].value = m->set;
	m->labels[1].name = "variant";
	m->labels[1].value = m->variant;
	m->spec.labels = m->labels;
	m->spec.label_count = 2;
}

void client_spec(const struct sim_job *job, enum client_variant variant, struct client_spec *m)
{
	static const char work[512];
	struct dtss_task_spec *spec = &m->spec;

	memset(m, 0, sizeof *m);
	snprintf(m->name, sizeof m->name, "j%u", (unsigned)job->number);
	snprintf(m->key, sizeof m->key, "k%u", (unsigned)job->number);
	snprintf(m->queue, sizeof m->queue, "q%u", (unsigned)job->queue);
	spec->size = sizeof *spec;
	spec->name = m->name;
	spec->key = job->keyed && variant != CLIENT_KEYLESS ? m->key : NULL;
	spec->queue = m->queue;
	spec->payload = work; /* its length is how long it runs */
	spec->payload_len = job->work;
	spec->priority = job->priority;
	spec->timeout_ms = job->timeout_ms;
	spec->start_deadline_ms = job->deadline_ms;
	spec->not_before_ns = job->not_before_ns;
	spec->flags = job->held ? DTSS_SPEC_HELD : 0;
	spec_retry(job, m);
	spec_needs(job, m);
	spec_labels(job, variant, m);
}

void client_spec_note(struct sim *s, struct sim_job *job, enum client_variant variant, const struct client_spec *made)
{
	uint8_t bytes[SPEC_BYTES_MAX];
	size_t len;

	(void)s;
	if (job->hash[variant])
		return;
	len = dtss_spec_encode(&made->spec, bytes, sizeof bytes);
	DTSS_ASSERT(len <= sizeof bytes);
	job->hash[variant] = client_spec_hash(bytes, len);
}
