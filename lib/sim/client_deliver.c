/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "sim/sim.h"

/* A call, where it arrives: made into a request; and its answer, made into what goes back. */
#define INVALID_KINDS 6

/* The bytes of an attempt's log: so a reader knows whether they are that attempt's. */
static void deliver_log_bytes(uint8_t *bytes, size_t len, uint64_t fence, uint64_t offset)
{
	size_t i;

	for (i = 0; i < len; i++)
		bytes[i] = (uint8_t)(fence * 31 + offset + i);
}

static int deliver(struct sim *s, uint32_t scheduler, struct dtss_request *r)
{
	return dtss_node_request(s->schedulers[scheduler].node, clock_now(s, SIM_PLACE_SCHEDULERS + scheduler), r);
}

static int deliver_submit(struct sim *s, uint32_t scheduler, struct sim_job *job, uint32_t count,
			  enum client_variant variant, struct dtss_request *r)
{
	struct client_spec made[SIM_GROUP_MAX];
	struct dtss_task_spec specs[SIM_GROUP_MAX];
	uint32_t i;

	DTSS_ASSERT(count >= 1 && count <= SIM_GROUP_MAX);
	for (i = 0; i < count; i++) {
		client_spec(&job[i], variant, &made[i]);
		client_spec_note(s, &job[i], variant, &made[i]);
		specs[i] = made[i].spec;
	}
	r->type = DTSS_REQUEST_SUBMIT;
	r->u.submit.specs = specs;
	r->u.submit.count = count;
	return deliver(s, scheduler, r);
}

/* S24, S25: what cannot be right is refused, and leaves no trace. */
static int deliver_invalid(struct sim *s, uint32_t scheduler, const struct sim_job *job, uint32_t kind,
			   struct dtss_request *r)
{
	struct dtss_sched *sched = dtss_node_sched(s->schedulers[scheduler].node);
	uint64_t before = sched ? dtss_sched_digest_all(sched) : 0;
	struct client_spec made;
	int error;

	client_spec(job, CLIENT_PLAIN, &made);
	made.spec.key = NULL;
	if (kind == 0)
		made.spec.retry.attempts_max = DTSS_ATTEMPTS_MAX + 1;
	if (kind == 1)
		made.spec.tag_count = DTSS_TASK_TAGS_MAX + 1;
	if (kind == 2)
		made.spec.retry.multiplier_milli = 1;
	if (kind == 3)
		made.spec.timeout_ms = DTSS_DURATION_MS_MAX + 1;
	if (kind >= 4) {
		made.after[0].task.v = kind == 4 ? DTSS_TASK_ID_MAX : 0;
		made.spec.after_count = 1;
	}
	r->type = DTSS_REQUEST_SUBMIT;
	r->u.submit.specs = &made.spec;
	r->u.submit.count = 1;
	error = deliver(s, scheduler, r);
	/* it may find just then that it no longer leads */
	if (sched && dtss_node_sched(s->schedulers[scheduler].node) == sched && dtss_sched_digest_all(sched) != before)
		sim_violate(s, "S25", "a request that was refused left a trace", kind, job->number);
	return error;
}

static int deliver_log(struct sim *s, uint32_t scheduler, const struct sim_call *call, const struct sim_job *job,
		       struct dtss_request *r)
{
	uint8_t bytes[256];

	r->type = call->ask == ASK_LOG_APPEND ? DTSS_REQUEST_LOG_APPEND : DTSS_REQUEST_LOG_READ;
	if (call->ask == ASK_LOG_READ) {
		r->u.log_read.task.v = job->id;
		r->u.log_read.chunk.stream = 1;
		r->u.log_read.chunk.len = sizeof bytes;
		return deliver(s, scheduler, r);
	}
	deliver_log_bytes(bytes, call->kind, call->arg, call->more);
	r->u.log_append.task.v = job->id;
	r->u.log_append.chunk.fence = call->arg;
	r->u.log_append.chunk.stream = 1;
	r->u.log_append.chunk.offset = call->more;
	r->u.log_append.chunk.data = bytes;
	r->u.log_append.chunk.len = call->kind;
	return deliver(s, scheduler, r);
}

static int deliver_task(struct sim *s, uint32_t scheduler, const struct sim_call *call, struct sim_job *job,
			struct dtss_request *r)
{
	static const uint32_t types[SIM_ASKS] = {
		[ASK_GET] = DTSS_REQUEST_GET,     [ASK_CANCEL] = DTSS_REQUEST_CANCEL,
		[ASK_HOLD] = DTSS_REQUEST_HOLD,   [ASK_RELEASE] = DTSS_REQUEST_RELEASE,
		[ASK_RETRY] = DTSS_REQUEST_RETRY, [ASK_EXPLAIN] = DTSS_REQUEST_EXPLAIN
	};
	struct client_spec made;

	if (call->ask == ASK_RETRY) {
		enum client_variant v;

		for (v = CLIENT_PLAIN; v <= CLIENT_OTHER && job->keyed; v++) {
			struct sim_job probe = *job;

			probe.keyed = 0;
			probe.hash[0] = 0;
			client_spec(&probe, v, &made);
			client_spec_note(s, &probe, CLIENT_PLAIN, &made);
			if (s->judge.tasks[job->id].spec_hash == job->hash[v])
				job->hash[CLIENT_KEYLESS] = probe.hash[0];
		}
	}
	r->type = types[call->ask];
	r->u.task.v = job->id;
	return deliver(s, scheduler, r);
}

static int deliver_placement(struct sim *s, uint32_t scheduler, const struct sim_call *call, struct dtss_request *r)
{
	static const char *const tags[] = { "one", "two" };
	struct dtss_heartbeat hb;
	char name[8];

	if (call->ask == ASK_PLACE) {
		r->type = DTSS_REQUEST_PLACE;
		r->u.place.tags = call->kind & 1 ? tags : tags + 1;
		r->u.place.tag_count = call->kind >= 2 ? 1 + (call->kind & 1) : 0;
		return deliver(s, scheduler, r);
	}
	memset(&hb, 0, sizeof hb);
	snprintf(name, sizeof name, "p%u", (unsigned)call->index);
	hb.size = sizeof hb;
	hb.name = name;
	hb.kind = DTSS_WORKER_PLACEMENT;
	hb.max_tasks = call->more;
	hb.address = "host:1";
	hb.tags = tags;
	hb.tag_count = call->kind % 3;
	r->type = DTSS_REQUEST_HEARTBEAT;
	r->u.heartbeat = &hb;
	return deliver(s, scheduler, r);
}

static int deliver_other(struct sim *s, uint32_t scheduler, const struct sim_call *call, struct dtss_request *r)
{
	char queue[4];

	switch (call->ask) {
	case ASK_DRAIN:
	case ASK_CORDON:
	case ASK_UNCORDON:
		r->type = call->ask == ASK_DRAIN  ? DTSS_REQUEST_DRAIN :
			  call->ask == ASK_CORDON ? DTSS_REQUEST_CORDON :
						    DTSS_REQUEST_UNCORDON;
		r->u.worker = s->workers[call->index].name;
		break;
	case ASK_FREE:
		r->type = DTSS_REQUEST_RELEASE;
		r->u.task.v = call->arg;
		break;
	case ASK_LIST:
		snprintf(queue, sizeof queue, "q%u", (unsigned)call->kind);
		r->type = DTSS_REQUEST_LIST;
		r->u.list.after = call->arg;
		r->u.list.limit = call->more;
		r->u.list.queue = call->kind < SIM_QUEUES ? queue : NULL;
		break;
	case ASK_WORKERS:
		r->type = DTSS_REQUEST_WORKERS;
		break;
	case ASK_STATS:
		r->type = DTSS_REQUEST_STATS;
		break;
	default:
		return deliver_placement(s, scheduler, call, r);
	}
	return deliver(s, scheduler, r);
}

int client_deliver(struct sim *s, uint32_t scheduler, const struct sim_call *call, uint64_t token)
{
	struct sim_job *job = &s->clients[call->client].jobs[call->ask < ASK_DRAIN ? call->index : 0];
	struct dtss_request r;

	memset(&r, 0, sizeof r);
	r.size = sizeof r;
	r.token = token;
	judge_asked(s, scheduler, call, token);
	switch (call->ask) {
	case ASK_SUBMIT:
		return deliver_submit(s, scheduler, job, job->group, CLIENT_PLAIN, &r);
	case ASK_AGAIN:
		return deliver_submit(s, scheduler, job, 1, CLIENT_PLAIN, &r);
	case ASK_CONFLICT:
		return deliver_submit(s, scheduler, job, 1, CLIENT_OTHER, &r);
	case ASK_INVALID:
		return deliver_invalid(s, scheduler, job, call->kind % INVALID_KINDS, &r);
	case ASK_LOG_APPEND:
	case ASK_LOG_READ:
		return deliver_log(s, scheduler, call, job, &r);
	default:
		return call->ask < ASK_DRAIN ? deliver_task(s, scheduler, call, job, &r) :
					       deliver_other(s, scheduler, call, &r);
	}
}

static void pack_page(const struct dtss_answer *a, struct sim_reply *ret)
{
	for (ret->count = 0; ret->count < a->u.list.count && ret->count < SIM_PAGE_MAX; ret->count++)
		ret->ids[ret->count] = (uint32_t)a->u.list.tasks[ret->count]->id.v;
	ret->next = a->u.list.next;
}

static void pack_submit(const struct dtss_answer *a, struct sim_reply *ret)
{
	for (ret->count = 0; ret->count < a->u.submit.count; ret->count++) {
		ret->ids[ret->count] = (uint32_t)a->u.submit.ids[ret->count].v;
		ret->known |= (uint32_t)(a->u.submit.known[ret->count] != 0) << ret->count;
	}
}

void client_pack(struct sim *s, uint32_t scheduler, const struct sim_call *call, const struct dtss_answer *a,
		 struct sim_reply *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->result = a->result;
	judge_replied(s, scheduler, call, a);
	if (a->type == DTSS_REQUEST_SUBMIT && a->result == DTSS_E_CONFLICT)
		ret->ids[0] = (uint32_t)a->u.submit.conflict.v;
	if (a->result != 0)
		return;
	if (a->type == DTSS_REQUEST_SUBMIT)
		pack_submit(a, ret);
	if (a->type == DTSS_REQUEST_LIST)
		pack_page(a, ret);
	if (a->type == DTSS_REQUEST_LOG_APPEND)
		ret->next = a->u.log.offset;
	if (a->type != DTSS_REQUEST_GET)
		return;
	ret->state = a->u.task->state;
	if (a->u.task->attempt_count)
		ret->next = a->u.task->attempts[a->u.task->attempt_count - 1].fence;
}
