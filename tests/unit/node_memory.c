/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/fail_mem.h"
#include "support/rig.h"

Suite *suite_unit_node_memory(void);

/*
 * P12: every allocation fails once, in turn. Whatever is refused for it changes nothing and can be repeated; nothing leaks;
 * and in the end the work is done.
 */
#define PATIENCE 50

/* Each part counts from its own beginning; time goes on all the same. */
static struct dtss_time at(uint64_t ms)
{
	static uint64_t base_ms, last_ms;

	if (base_ms + ms < last_ms)
		base_ms = last_ms - ms;
	last_ms = base_ms + ms;
	return (struct dtss_time){ last_ms * 1000000, 1700000000000000000 + (int64_t)last_ms * 1000000 };
}

static dtss_task_id must_submit(struct dtss_node *node, const char *key, const struct dtss_after *after)
{
	struct dtss_task_spec spec = rig_spec("a");
	dtss_task_id id = { 0 };
	int i, rc;

	spec.key = key;
	spec.after = after;
	spec.after_count = after != NULL;
	for (i = 0; i < PATIENCE; i++) {
		rc = dtss_node_submit(node, at(1000 + (uint64_t)i * 100), &spec, &id);
		if (rc >= 0)
			return id;
		ck_assert(rc == DTSS_E_NOMEM || rc == DTSS_E_UNKNOWN || rc == DTSS_E_NOT_LEADER);
		(void)dtss_node_step(node, at(1050 + (uint64_t)i * 100));
	}
	ck_abort_msg("it was never accepted");
	return id;
}

static void must_work(struct dtss_node *node, dtss_task_id id)
{
	struct dtss_work work;
	int i, rc = 0;

	for (i = 0; i < PATIENCE && rc != 1; i++) {
		rc = dtss_node_take(node, at(10000 + (uint64_t)i * 500), &work);
		ck_assert(rc >= 0 || rc == DTSS_E_NOMEM);
		(void)dtss_node_step(node, at(10250 + (uint64_t)i * 500));
	}
	ck_assert_int_eq(rc, 1);
	ck_assert_uint_eq(work.task.v, id.v);
	for (i = 0; i < PATIENCE; i++) {
		rc = dtss_node_finish(node, at(40000 + (uint64_t)i * 500), work.fence, NULL);
		if (rc == 0)
			break;
		ck_assert(rc == DTSS_E_NOMEM || rc == DTSS_E_UNKNOWN);
		(void)dtss_node_step(node, at(40250 + (uint64_t)i * 500));
	}
	ck_assert_int_eq(rc, 0);
}

static int ask(struct dtss_node *node, struct dtss_request *request, struct dtss_answer *ret_answer)
{
	int i, rc = dtss_node_request(node, at(70000), request);

	if (rc < 0)
		return rc;
	for (i = 0; i < PATIENCE; i++) {
		if (dtss_node_answer(node, ret_answer) == 1)
			return ret_answer->result;
		(void)dtss_node_step(node, at(70000));
	}
	ck_abort_msg("no answer");
	return 0;
}

static void must_ask(struct dtss_node *node, struct dtss_request *request, struct dtss_answer *ret_answer)
{
	int i, rc;

	for (i = 0; i < PATIENCE; i++) {
		rc = ask(node, request, ret_answer);
		if (rc == 0)
			return;
		ck_assert(rc == DTSS_E_NOMEM || rc == DTSS_E_UNKNOWN || rc == DTSS_E_NOT_LEADER);
		(void)dtss_node_step(node, at(70000 + (uint64_t)i * 200));
	}
	ck_abort_msg("it was never answered");
}

static void must_know(struct dtss_node *node, dtss_task_id id)
{
	static const uint32_t of_task[] = { DTSS_REQUEST_GET, DTSS_REQUEST_EXPLAIN, DTSS_REQUEST_RETRY };
	struct dtss_request request;
	struct dtss_answer answer;
	size_t i;

	for (i = 0; i < sizeof of_task / sizeof *of_task; i++) {
		request = rig_request(of_task[i]);
		request.u.task = id;
		must_ask(node, &request, &answer);
		if (of_task[i] == DTSS_REQUEST_GET)
			ck_assert_uint_eq(answer.u.task->state, DTSS_TASK_SUCCEEDED);
	}
	request = rig_request(DTSS_REQUEST_LIST);
	request.u.list.limit = 10;
	must_ask(node, &request, &answer);
	ck_assert_uint_ge(answer.u.list.count, 2);
	request = rig_request(DTSS_REQUEST_WORKERS);
	must_ask(node, &request, &answer);
	ck_assert_uint_eq(answer.u.workers.count, 1);
	request = rig_request(DTSS_REQUEST_STATS);
	must_ask(node, &request, &answer);
	ck_assert_uint_ge(answer.u.stats->totals[DTSS_TASK_SUCCEEDED], 1);
}

static void scenario(struct dtss_node *node)
{
	struct dtss_after after = { { 0 }, 0, 0 };
	dtss_task_id id = must_submit(node, "first", NULL);
	struct dtss_violation violation;

	must_work(node, id);
	after.task = id;
	(void)must_submit(node, "second", &after);
	must_know(node, id);
	if (dtss_node_sched(node) != NULL)
		ck_assert_uint_eq(dtss_sched_check(dtss_node_sched(node), &violation, 1), 0);
}

START_TEST(every_allocation_may_fail_once)
{
	struct dtss_node_config cfg = { .size = sizeof cfg };
	struct dtss_node *node;
	struct mirror_trace *mirror;
	struct fail_mem f, store_mem;
	size_t n, before;

	for (n = 1;; n++) {
		fail_mem_init(&f, 0);
		fail_mem_init(&store_mem, 0);
		cfg.mem = &f.mem;
		ck_assert_int_eq(dtss_memory_open(&cfg.store, &store_mem.mem), 0);
		mirror = mirror_trace_open();
		cfg.trace = &mirror->base;
		ck_assert_int_eq(dtss_node_open(&node, &cfg, at(0)), 0);
		before = f.count;
		f.fail_at = before + n;
		scenario(node);
		mirror_same(mirror, node);
		dtss_node_close(node);
		ck_assert_uint_eq(f.blocks, 0);
		if (f.count < before + n)
			break;
	}
	ck_assert_uint_gt(n, 90);
}
END_TEST

START_TEST(every_allocation_of_the_store_may_fail_once)
{
	struct dtss_node_config cfg = { .size = sizeof cfg };
	struct dtss_node *node;
	struct fail_mem f;
	size_t n, before;

	for (n = 1;; n++) {
		fail_mem_init(&f, 0);
		ck_assert_int_eq(dtss_memory_open(&cfg.store, &f.mem), 0);
		ck_assert_int_eq(dtss_node_open(&node, &cfg, at(0)), 0);
		before = f.count;
		f.fail_at = before + n;
		scenario(node);
		dtss_node_close(node);
		ck_assert_uint_eq(f.blocks, 0);
		if (f.count < before + n)
			break;
	}
	ck_assert_uint_gt(n, 10);
}
END_TEST

Suite *suite_unit_node_memory(void)
{
	Suite *s = suite_create("unit_node_memory");
	TCase *t = tcase_create("memory");

	tcase_add_test(t, every_allocation_may_fail_once);
	tcase_add_test(t, every_allocation_of_the_store_may_fail_once);
	suite_add_tcase(s, t);
	return s;
}
