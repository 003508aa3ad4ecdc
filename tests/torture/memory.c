/* SPDX-License-Identifier: MIT */
/*
 * P12, S23, S25: in every scenario each allocation fails in turn, once and for good. Nothing crashes, nothing leaks, what
 * was refused left no trace, and it works when there is memory again. Blocks move at every realloc and are full of rubbish.
 * DTSS_MEMORY=1 prints how many failures that were, and tries them all over SQLite too.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <dtss.h>
#include "support/memory_case.h"

Suite *suite_torture_memory(void);

#define TRIES_MAX 200 /* until a verb that has memory again works */

static size_t injected;

static int thorough(void)
{
	return getenv("DTSS_MEMORY") != NULL;
}

/* 0: the scenario has fewer allocations. */
static int fail_one(const struct memory_case *c, size_t n, int on)
{
	struct fail_mem *mem = c->open(c);
	uint64_t trace = c->trace ? c->trace() : 0;
	size_t start = mem->count;
	int result, tries, reached;

	mem->fail_at = start + n;
	mem->fail_on = on;
	result = c->verb(c);
	reached = mem->count >= mem->fail_at;
	mem->fail_at = 0;
	if (result == DTSS_E_NOMEM && c->trace)
		ck_assert_msg(c->trace() == trace, "S25: %s: allocation %zu failed, and it left a trace", c->name, n);
	for (tries = 0; result == DTSS_E_NOMEM && tries < TRIES_MAX; tries++)
		result = c->verb(c);
	ck_assert_msg(c->expected ? result == c->expected : result >= 0, "%s: allocation %zu failed: in the end %s",
		      c->name, n, dtss_errname(result));
	c->close();
	ck_assert_msg(mem->blocks == 0 && mem->bytes == 0, "S23: %s: allocation %zu failed: %zu blocks leaked", c->name,
		      n, mem->blocks);
	return reached;
}

static void fail_all(const struct memory_case *c, size_t step)
{
	size_t n;
	int on;

	for (on = 0; on <= 1; on++)
		for (n = 1; fail_one(c, n, on); n += step)
			injected++;
	if (thorough())
		printf("memory: %s: %zu failures\n", c->name, injected);
}

START_TEST(engine_from_a_store)
{
	fail_all(&memory_load[_i], 1);
}
END_TEST

START_TEST(engine)
{
	fail_all(&memory_core[_i], 1);
}
END_TEST

START_TEST(codec)
{
	fail_all(&memory_codec[_i], 1);
}
END_TEST

START_TEST(agent_and_loop)
{
	fail_all(&memory_agent[_i], 1);
}
END_TEST

START_TEST(node_in_memory)
{
	fail_all(&memory_node[_i], 1);
}
END_TEST

START_TEST(node_over_sqlite)
{
	fail_all(&memory_sqlite[_i], thorough() ? 1 : 7);
}
END_TEST

Suite *suite_torture_memory(void)
{
	Suite *s = suite_create("torture/memory");
	TCase *tc = tcase_create("memory");

	tcase_set_timeout(tc, 600);
	tcase_add_loop_test(tc, engine_from_a_store, 0, (int)memory_load_count);
	tcase_add_loop_test(tc, engine, 0, (int)memory_core_count);
	tcase_add_loop_test(tc, codec, 0, (int)memory_codec_count);
	tcase_add_loop_test(tc, agent_and_loop, 0, (int)memory_agent_count);
	tcase_add_loop_test(tc, node_in_memory, 0, (int)memory_node_count);
	tcase_add_loop_test(tc, node_over_sqlite, 0, (int)memory_sqlite_count);
	suite_add_tcase(s, tc);
	return s;
}
