/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "fuzz/support/liar.h"

/*
 * A node over a store that lies (liar.h). Every request gets one answer; what is acknowledged was written; a page goes
 * forward, a log has what was asked for, and a task is the one that was asked for, or it is an error.
 */
#define REQUESTS_MAX 200
#define ROUNDS_MAX 400

static struct dtss_node *node;
static struct dtss_time now;
static struct liar_truth truth;
static struct asked {
	uint32_t type;
	uint64_t id, after, offset, limit;
	int answered;
} asked[REQUESTS_MAX];
static size_t asked_count;
static uint64_t last_id; /* of those that were answered */

static int was(uint64_t id, uint32_t state)
{
	return id < LIAR_TASKS && (truth.states[id] >> state & 1) == 1;
}

static int exists(uint64_t id)
{
	return id < LIAR_TASKS && truth.states[id] != 0;
}

static void look_at_page(const struct asked *q, const struct dtss_answer *a)
{
	uint64_t last = q->after;
	size_t i;

	ck_assert_uint_le(a->u.list.count, q->limit);
	for (i = 0; i < a->u.list.count; i++) {
		ck_assert_uint_gt(a->u.list.tasks[i]->id.v, last);
		last = a->u.list.tasks[i]->id.v;
	}
	ck_assert(a->u.list.next == 0 || a->u.list.next > q->after);
	ck_assert(a->u.list.next == 0 || a->u.list.next >= last);
}

static void look_at_log(const struct asked *q, const struct dtss_answer *a)
{
	ck_assert_uint_le(a->u.log.len, q->limit);
	ck_assert(a->u.log.len == 0 || a->u.log.data != NULL);
	ck_assert_uint_eq(a->u.log.offset, q->offset);
}

static void look(const struct asked *q, const struct dtss_answer *a)
{
	switch (a->result == 0 ? q->type : 0) {
	case DTSS_REQUEST_SUBMIT:
		last_id = a->u.submit.ids[0].v;
		ck_assert_msg(exists(last_id), "S1: task %llu was never written", (unsigned long long)last_id);
		break;
	case DTSS_REQUEST_RETRY:
		ck_assert(exists(a->u.retry.v));
		break;
	case DTSS_REQUEST_CANCEL:
		ck_assert(was(q->id, DTSS_TASK_CANCELLED)); /* S22 */
		break;
	case DTSS_REQUEST_HOLD:
		ck_assert(was(q->id, DTSS_TASK_HELD));
		break;
	case DTSS_REQUEST_GET:
		ck_assert_uint_eq(a->u.task->id.v, q->id);
		ck_assert(exists(q->id)); /* S3 */
		break;
	case DTSS_REQUEST_LIST:
		look_at_page(q, a);
		break;
	case DTSS_REQUEST_LOG_READ:
		look_at_log(q, a);
		break;
	default:
		ck_assert(a->result <= 0);
	}
}

static void take_answers(void)
{
	struct dtss_answer answer = { .size = sizeof answer };

	while (dtss_node_answer(node, &answer) == 1) {
		struct asked *q = &asked[answer.token];

		ck_assert_uint_lt(answer.token, asked_count);
		ck_assert_uint_eq(answer.type, q->type);
		ck_assert_int_eq(q->answered, 0);
		q->answered = 1;
		look(q, &answer);
	}
}

static void step(uint64_t ms)
{
	struct dtss_sched *sched;
	struct dtss_violation v = { 0 };

	now.mono_ns += ms * 1000000;
	now.wall_ns += (int64_t)ms * 1000000;
	(void)dtss_node_step(node, now); /* a node that has failed says so in its answers */
	take_answers();
	sched = dtss_node_sched(node);
	ck_assert_msg(!sched || dtss_sched_check(sched, &v, 1) == 0, "%s %s", v.id, v.text);
}

static void put_submit(struct dtss_request *request, struct fuzz_in *in)
{
	static struct dtss_task_spec spec;
	static struct dtss_after after;
	uint64_t how = fuzz_below(in, 8);

	spec = (struct dtss_task_spec){ .size = sizeof spec, .name = "job" };
	after = (struct dtss_after){ { last_id }, 0, 0 };
	spec.key = how == 1 ? "k" : NULL;
	spec.flags = how == 2 ? DTSS_SPEC_HELD : 0;
	spec.after = how == 3 && last_id ? &after : NULL;
	spec.after_count = spec.after != NULL;
	request->u.submit.specs = &spec;
	request->u.submit.count = 1;
}

static void put_chunk(struct dtss_log_chunk *chunk, struct asked *q, struct fuzz_in *in)
{
	chunk->stream = 1;
	q->offset = chunk->offset = fuzz_below(in, 8);
	q->limit = chunk->len = fuzz_below(in, 64);
}

static void put(struct dtss_request *request, struct asked *q, struct fuzz_in *in)
{
	static char bytes[64] = "output";

	switch (q->type) {
	case DTSS_REQUEST_SUBMIT:
		put_submit(request, in);
		break;
	case DTSS_REQUEST_LIST:
		q->after = request->u.list.after = fuzz_below(in, 4);
		q->limit = request->u.list.limit = 1 + (uint32_t)fuzz_below(in, 4);
		request->u.list.name = fuzz_below(in, 4) ? NULL : "job";
		break;
	case DTSS_REQUEST_LOG_APPEND:
		request->u.log_append.task.v = q->id;
		put_chunk(&request->u.log_append.chunk, q, in);
		request->u.log_append.chunk.fence = fuzz_below(in, 8);
		request->u.log_append.chunk.data = bytes;
		break;
	case DTSS_REQUEST_LOG_READ:
		request->u.log_read.task.v = q->id;
		put_chunk(&request->u.log_read.chunk, q, in);
		break;
	default:
		request->u.task.v = q->id;
	}
}

static void ask(struct fuzz_in *in)
{
	static const uint32_t types[] = { DTSS_REQUEST_SUBMIT, DTSS_REQUEST_GET,      DTSS_REQUEST_LIST,
					  DTSS_REQUEST_CANCEL, DTSS_REQUEST_LOG_READ, DTSS_REQUEST_LOG_APPEND,
					  DTSS_REQUEST_RETRY,  DTSS_REQUEST_HOLD,     DTSS_REQUEST_RELEASE,
					  DTSS_REQUEST_EXPLAIN };
	struct dtss_request request = { .size = sizeof request, .token = asked_count };
	struct asked *q = &asked[asked_count];

	if (asked_count == REQUESTS_MAX)
		return;
	memset(q, 0, sizeof *q);
	q->type = request.type = types[fuzz_below(in, 10)];
	q->id = 1 + fuzz_below(in, 8);
	put(&request, q, in);
	asked_count++;
	if (dtss_node_request(node, now, &request) < 0)
		q->answered = 1;
}

/* The worker in this process: these calls pump the node themselves. */
static void work(struct fuzz_in *in)
{
	static struct dtss_outcome failed = { .cause = DTSS_CAUSE_EXIT, .exit_code = 1 };
	struct dtss_work job = { 0 };
	int good = fuzz_below(in, 3) != 0;

	if (dtss_node_take(node, now, &job) != 1)
		return;
	ck_assert(exists(job.task.v));
	ck_assert(job.stop || was(job.task.v, DTSS_TASK_LEASED)); /* S11: durable before it is sent */
	if (fuzz_below(in, 4) && dtss_node_finish(node, now, job.fence, good ? NULL : &failed) == 0 && !job.stop)
		ck_assert(was(job.task.v, good ? DTSS_TASK_SUCCEEDED : DTSS_TASK_FAILED) ||
			  was(job.task.v, DTSS_TASK_CANCELLED));
}

/* The input is used up, so the store is honest from here on. */
static void finish(void)
{
	size_t i, left = 1;
	int rounds;

	for (rounds = 0; left > 0; rounds++) {
		ck_assert_int_lt(rounds, ROUNDS_MAX); /* L5 */
		step(1000);
		for (i = left = 0; i < asked_count; i++)
			left += !asked[i].answered;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	struct dtss_node_config cfg = { .size = sizeof cfg };
	struct fail_mem memory;
	int error, refused;

	now = (struct dtss_time){ UINT64_C(1000000000), INT64_C(1700000000000000000) };
	asked_count = 0;
	last_id = 0;
	fuzz_mem_init(&memory, &refused);
	cfg.mem = &memory.mem;
	cfg.store = liar_open(&in, &truth);
	error = dtss_node_open(&node, &cfg, now);
	ck_assert(error <= 0);
	while (error == 0 && in.left > 0) {
		uint64_t what = fuzz_below(&in, 4);

		if (what < 2)
			ask(&in);
		else if (what == 2)
			work(&in);
		step(fuzz_below(&in, 4) ? fuzz_below(&in, 20) : fuzz_below(&in, 256) * 100);
	}
	if (error == 0) {
		finish();
		dtss_node_close(node);
	}
	ck_assert_uint_eq(memory.blocks, 0);
	return 0;
}
