/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz/support/image.h"

/*
 * A store file that is damaged, under a node: it is refused with a sentence, or the node says later that it has failed,
 * or it works, with every invariant in place. What it acknowledges is there after it is opened again, or the damage is
 * said.
 */
#define ANSWER_ROUNDS 200
#define PAGES_MAX 100

static struct dtss_time now;
static struct fail_mem memory;
static int refused; /* 1: a huge block was asked for */

static int is_damage(int error)
{
	return error == DTSS_E_CORRUPT || error == DTSS_E_VERSION || error == DTSS_E_NOT_OURS || error == DTSS_E_IO;
}

/* The node, or NULL: refused. */
static struct dtss_node *open_node(const struct image *image)
{
	struct dtss_node_config cfg = { .size = sizeof cfg, .mem = &memory.mem };
	struct dtss_node *node;
	char message[256] = "";
	int error = dtss_sqlite_open(&cfg.store, image->path, message, sizeof message);

	if (error < 0) {
		ck_assert_msg(is_damage(error), "%s: %s", dtss_errname(error), message);
		ck_assert_uint_gt(strlen(message), 0);
		return NULL;
	}
	error = dtss_node_open(&node, &cfg, now);
	ck_assert_msg(error == 0 || is_damage(error) || (error == DTSS_E_NOMEM && refused), "%s", dtss_errname(error));
	return error == 0 ? node : NULL;
}

/* Whether it still leads. */
static int is_sound(struct dtss_node *node)
{
	struct dtss_sched *s = dtss_node_sched(node);
	struct dtss_violation v = { 0 };

	if (s)
		ck_assert_msg(dtss_sched_check(s, &v, 1) == 0, "%s %s", v.id, v.text);
	return s != NULL;
}

/* The result; the answer is valid until the next call. */
static int ask(struct dtss_node *node, struct dtss_request *request, struct dtss_answer *ret_answer)
{
	int i, error;

	request->size = sizeof *request;
	error = dtss_node_request(node, now, request);
	if (error < 0)
		return error;
	for (i = 0; dtss_node_answer(node, ret_answer) != 1; i++) {
		ck_assert_int_lt(i, ANSWER_ROUNDS); /* L5 */
		now.mono_ns += 10000000;
		now.wall_ns += 10000000;
		dtss_node_step(node, now);
	}
	return ret_answer->result;
}

static void list_all(struct dtss_node *node)
{
	struct dtss_request request = { .type = DTSS_REQUEST_LIST, .u.list = { .limit = 2 } };
	struct dtss_answer answer = { .size = sizeof answer };
	uint64_t last = 0;
	int pages;
	size_t i;

	for (pages = 0; pages < PAGES_MAX && ask(node, &request, &answer) == 0; pages++) {
		for (i = 0; i < answer.u.list.count; i++) {
			ck_assert_uint_gt(answer.u.list.tasks[i]->id.v, last); /* S26 */
			last = answer.u.list.tasks[i]->id.v;
		}
		if (!answer.u.list.next)
			return;
		ck_assert_uint_gt(answer.u.list.next, request.u.list.after);
		request.u.list.after = answer.u.list.next;
	}
	ck_assert_int_lt(pages, PAGES_MAX);
}

static void look_around(struct dtss_node *node)
{
	struct dtss_request request = { .type = DTSS_REQUEST_LOG_READ };
	struct dtss_answer answer = { .size = sizeof answer };
	uint64_t id;

	list_all(node);
	for (id = 1; id <= 6; id++) {
		request.type = DTSS_REQUEST_GET;
		request.u.task.v = id;
		if (ask(node, &request, &answer) == 0)
			ck_assert_uint_eq(answer.u.task->id.v, id);
		request.type = DTSS_REQUEST_LOG_READ;
		memset(&request.u, 0, sizeof request.u);
		request.u.log_read.task.v = id;
		request.u.log_read.chunk.stream = 1;
		request.u.log_read.chunk.len = 64;
		if (ask(node, &request, &answer) == 0)
			ck_assert_uint_le(answer.u.log.len, 64);
		(void)is_sound(node);
	}
}

/* The id of a task that was acknowledged, or 0. */
static uint64_t submit(struct dtss_node *node)
{
	struct dtss_task_spec spec = { .size = sizeof spec, .name = "acknowledged" };
	struct dtss_request request = { .type = DTSS_REQUEST_SUBMIT, .u.submit = { &spec, 1 } };
	struct dtss_answer answer = { .size = sizeof answer };

	return ask(node, &request, &answer) == 0 ? answer.u.submit.ids[0].v : 0;
}

static void is_there(struct dtss_node *node, uint64_t id)
{
	struct dtss_request request = { .type = DTSS_REQUEST_GET, .u.task = { id } };
	struct dtss_answer answer = { .size = sizeof answer };
	int error = ask(node, &request, &answer);

	if (error == 0)
		ck_assert_str_eq(answer.u.task->spec->name, "acknowledged"); /* S1 */
	else
		ck_assert_msg(is_damage(error) || error == DTSS_E_NOT_LEADER, "%s", dtss_errname(error));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct image *image = image_get();
	struct fuzz_in in = { data, size };
	struct dtss_node *node;
	uint64_t id = 0;

	now = (struct dtss_time){ UINT64_C(5000000000), INT64_C(1700000100000000000) };
	fuzz_mem_init(&memory, &refused);
	image_write(image, &in);
	node = open_node(image);
	if (node && is_sound(node)) {
		look_around(node);
		id = submit(node);
		(void)is_sound(node);
	}
	dtss_node_close(node);
	node = id ? open_node(image) : NULL;
	if (node)
		is_there(node, id);
	dtss_node_close(node);
	ck_assert_uint_eq(memory.blocks, 0);
	return 0;
}
