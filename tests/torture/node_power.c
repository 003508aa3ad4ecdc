/* SPDX-License-Identifier: MIT */
/*
 * A node over SQLite, with clients that submit, cancel and hold, several at a time, and the worker in the process that
 * finishes. The power is cut after every operation of the disk; what a client was told must still be so: P1, P2, S1, S2, S10.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "support/desk.h"
#include "support/fault_vfs.h"
#include "support/power.h"

Suite *suite_torture_node_power(void);

#define TASKS 60

/* What a client knows of its task: when it was told. */
struct told {
	uint64_t id;
	size_t submitted, finished, cancelled;
	size_t asked;        /* to submit it */
	size_t finish_asked; /* to finish it */
	size_t cancel_asked;
};

static struct told told[TASKS];
static size_t told_count;
static struct desk d; /* for its directory */
static struct dtss_node *node;
static uint64_t ms;

static struct dtss_time now(void)
{
	return (struct dtss_time){ 1000000000 + ms * 1000000, 1700000000000000000 + (int64_t)ms * 1000000 };
}

static void open_node(void)
{
	struct dtss_node_config cfg = { .size = sizeof cfg };

	ck_assert_int_eq(dtss_sqlite_open(&cfg.store, d.path, NULL, 0), 0);
	cfg.slots = 4;
	ck_assert_int_eq(dtss_node_open(&node, &cfg, now()), 0);
}

static void spec_of(struct dtss_task_spec *spec, char *key, size_t n)
{
	memset(spec, 0, sizeof *spec);
	spec->size = sizeof *spec;
	snprintf(key, 16, "key-%u", (unsigned)n);
	spec->name = spec->key = key;
	spec->payload = "work";
	spec->payload_len = 4;
}

/* Several clients at once: their tasks share a batch. */
static void clients_submit(size_t count)
{
	struct dtss_request request = { .size = sizeof request, .type = DTSS_REQUEST_SUBMIT };
	struct dtss_answer answer = { .size = sizeof answer };
	struct dtss_task_spec spec;
	char key[16];
	size_t i, answered = 0;

	for (i = 0; i < count; i++) {
		spec_of(&spec, key, told_count);
		request.token = told_count;
		request.u.submit.specs = &spec;
		request.u.submit.count = 1;
		memset(&told[told_count], 0xff, sizeof told[0]);
		told[told_count++].asked = power_count();
		ck_assert_int_eq(dtss_node_request(node, now(), &request), 0);
	}
	while (answered < count) {
		ck_assert_int_eq(dtss_node_step(node, now()), 0);
		while (dtss_node_answer(node, &answer) == 1) {
			ck_assert_int_eq(answer.result, 0);
			told[answer.token].submitted = power_count();
			told[answer.token].id = answer.u.submit.ids[0].v;
			answered++;
		}
	}
}

static struct told *told_of(uint64_t id)
{
	size_t i;

	for (i = 0; i < told_count; i++)
		if (told[i].id == id)
			return &told[i];
	ck_abort_msg("a task that nobody submitted");
	return NULL;
}

static int take_and_finish(void)
{
	struct dtss_work work;
	struct told *t;

	ms += 500;
	if (dtss_node_take(node, now(), &work) != 1)
		return 0;
	t = told_of(work.task.v);
	t->finish_asked = power_count();
	ck_assert_int_eq(dtss_node_finish(node, now(), work.fence, NULL), 0);
	t->finished = power_count();
	return 1;
}

static void client_cancels(struct told *t)
{
	struct dtss_request request = { .size = sizeof request, .type = DTSS_REQUEST_CANCEL };
	struct dtss_answer answer = { .size = sizeof answer };

	request.u.task.v = t->id;
	t->cancel_asked = power_count();
	ck_assert_int_eq(dtss_node_request(node, now(), &request), 0);
	while (dtss_node_answer(node, &answer) != 1)
		ck_assert_int_eq(dtss_node_step(node, now()), 0);
	ck_assert_int_eq(answer.result, 0);
	t->cancelled = power_count();
}

static void work_day(void)
{
	int i;

	open_node();
	for (i = 0; i < 4; i++) {
		clients_submit(5);
		ck_assert_int_eq(take_and_finish(), 1);
		client_cancels(&told[told_count - 1]);
		ck_assert_int_eq(take_and_finish(), 1);
	}
	dtss_node_close(node);
}

static uint32_t state_of(uint64_t id)
{
	struct dtss_request request = { .size = sizeof request, .type = DTSS_REQUEST_GET };
	struct dtss_answer answer = { .size = sizeof answer };

	request.u.task.v = id;
	ck_assert_int_eq(dtss_node_request(node, now(), &request), 0);
	while (dtss_node_answer(node, &answer) != 1)
		ck_assert_int_eq(dtss_node_step(node, now()), 0);
	return answer.result == 0 ? answer.u.task->state : DTSS_TASK_NEW;
}

static void judge(const struct told *t, size_t n, size_t after)
{
	uint32_t state = state_of(t->id);
	struct dtss_task_spec spec;
	dtss_task_id again;
	char key[16];
	int known;

	ck_assert_msg(t->submitted > after || state != DTSS_TASK_NEW, "cut after %zu: task %zu is lost", after, n);
	ck_assert_msg(t->asked <= after || state == DTSS_TASK_NEW, "cut after %zu: task %zu was never asked for", after,
		      n);
	ck_assert_msg(t->finished > after || state == DTSS_TASK_SUCCEEDED, "cut after %zu: the end of %zu is lost",
		      after, n);
	ck_assert_msg(t->cancelled > after || state == DTSS_TASK_CANCELLED, "cut after %zu: %zu goes on", after, n);
	ck_assert_msg(t->finish_asked <= after || state != DTSS_TASK_SUCCEEDED, "cut after %zu: %zu never ended", after,
		      n);
	ck_assert_msg(t->cancel_asked <= after || state != DTSS_TASK_CANCELLED, "cut after %zu: %zu was not cancelled",
		      after, n);
	if (state == DTSS_TASK_NEW)
		return;
	spec_of(&spec, key, n);
	known = dtss_node_submit(node, now(), &spec, &again); /* a client that was not answered asks again */
	ck_assert_int_eq(known, 1);
	ck_assert_uint_eq(again.v, t->id);
}

static void judge_all(size_t after)
{
	struct dtss_violation violation;
	size_t i;

	ms = 100000;
	open_node();
	ck_assert_uint_eq(dtss_sched_check(dtss_node_sched(node), &violation, 1), 0);
	for (i = 0; i < told_count; i++)
		judge(&told[i], i, after);
	for (i = 0; i < told_count; i++)
		told[i].finish_asked = 0; /* for take_and_finish() */
	for (i = 0; i < 200; i++)
		(void)take_and_finish();
	for (i = 0; i < told_count; i++) {
		uint32_t state = state_of(told[i].id);

		ck_assert(state == DTSS_TASK_NEW || state == DTSS_TASK_SUCCEEDED || state == DTSS_TASK_CANCELLED);
	}
	dtss_node_close(node);
}

START_TEST(what_clients_were_told_stays_true)
{
	static const struct fault_vfs_plan no_fault;
	static struct told first[TASKS];
	int thorough = getenv("DTSS_POWER") != NULL, keep;
	size_t after, images = 0;

	fault_vfs_plan(&no_fault);
	desk_init(&d);
	power_begin(d.dir);
	work_day();
	power_end();
	memcpy(first, told, sizeof told);
	for (after = 0; after <= power_count(); after += thorough ? 1 : 23) {
		for (keep = 0; keep < POWER_KEEPS; keep++) {
			power_cut(after, (enum power_keep)keep, after * 7919);
			memcpy(told, first, sizeof told);
			judge_all(after);
			images++;
		}
	}
	if (thorough)
		printf("disk: power cut, a node and its clients: %zu points, %zu images\n", power_count() + 1, images);
	power_forget();
	desk_fini(&d);
}
END_TEST

Suite *suite_torture_node_power(void)
{
	Suite *s = suite_create("torture/node_power");
	TCase *tc = tcase_create("power");

	tcase_set_timeout(tc, 1200);
	tcase_add_test(tc, what_clients_were_told_stays_true);
	suite_add_tcase(s, tc);
	return s;
}
