/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/fail_mem.h"
#include "support/rig.h"

Suite *suite_unit_node_open(void);

static const struct dtss_time start = { 5, 1700000000000000000 };

START_TEST(without_a_configuration_it_leads_in_memory)
{
	struct dtss_node_info info = { .size = sizeof info };
	struct dtss_node *node;

	ck_assert_int_eq(dtss_node_open(&node, NULL, start), 0);
	dtss_node_info(node, &info);
	ck_assert_uint_eq(info.state, DTSS_NODE_LEADING);
	ck_assert_uint_eq(info.durability, DTSS_DURABILITY_D0);
	ck_assert_int_eq(info.error, 0);
	ck_assert_uint_gt(info.epoch, 0);
	ck_assert_str_eq(info.store, "memory");
	ck_assert_ptr_nonnull(dtss_node_sched(node));
	dtss_node_close(node);
}
END_TEST

START_TEST(close_of_nothing_is_fine)
{
	dtss_node_close(NULL);
}
END_TEST

/* Store and transport belong to the node from the call on: under ASan a leak would show. */
START_TEST(a_bad_configuration_is_refused_and_nothing_stays_open)
{
	struct dtss_config sched = { .size = sizeof sched, .suspicious_ms = 5, .offline_ms = 4 };
	const char *tags[DTSS_WORKER_TAGS_MAX + 1];
	struct dtss_node_config cfg = { .size = sizeof cfg };
	struct dtss_transport *far;
	struct dtss_node *node = NULL;
	size_t i;

	for (i = 0; i < sizeof tags / sizeof *tags; i++)
		tags[i] = "t";
	ck_assert_int_eq(dtss_memory_open(&cfg.store, NULL), 0);
	ck_assert_int_eq(dtss_loop_open(&cfg.transport, &far, "w", NULL), 0);
	cfg.sched = &sched;
	ck_assert_int_eq(dtss_node_open(&node, &cfg, start), DTSS_E_INVALID);
	ck_assert_ptr_null(node);
	cfg.sched = NULL;
	cfg.store = NULL;
	cfg.transport = NULL;
	cfg.slots = DTSS_WORKER_TASKS_MAX + 1;
	ck_assert_int_eq(dtss_node_open(&node, &cfg, start), DTSS_E_INVALID);
	cfg.slots = 0;
	cfg.tag_count = 1;
	ck_assert_int_eq(dtss_node_open(&node, &cfg, start), DTSS_E_INVALID);
	cfg.tags = tags;
	cfg.tag_count = DTSS_WORKER_TAGS_MAX + 1;
	ck_assert_int_eq(dtss_node_open(&node, &cfg, start), DTSS_E_INVALID);
	cfg.tag_count = 0;
	cfg.size = 0;
	ck_assert_int_eq(dtss_node_open(&node, &cfg, start), DTSS_E_INVALID);
	ck_assert_ptr_null(node);
	far->ops->close(far);
}
END_TEST

START_TEST(the_load_s_error_is_open_s_error)
{
	static const int32_t errors[] = { DTSS_E_CORRUPT, DTSS_E_IO, DTSS_E_VERSION, DTSS_E_NOMEM, DTSS_E_NOSPC };
	struct dtss_node *node = NULL;
	size_t i;

	for (i = 0; i < sizeof errors / sizeof *errors; i++) {
		struct dtss_node_config cfg = { .size = sizeof cfg };
		struct gate_store *gate = gate_store_open();

		gate->load = errors[i];
		cfg.store = &gate->base;
		ck_assert_int_eq(dtss_node_open(&node, &cfg, start), errors[i]);
		ck_assert_ptr_null(node);
	}
}
END_TEST

START_TEST(a_lead_that_fails_is_open_s_error)
{
	struct dtss_node_config cfg = { .size = sizeof cfg };
	struct gate_store *gate = gate_store_open();
	struct dtss_node *node = NULL;

	gate->lead = DTSS_E_IO;
	cfg.store = &gate->base;
	ck_assert_int_eq(dtss_node_open(&node, &cfg, start), DTSS_E_IO);
	ck_assert_ptr_null(node);
}
END_TEST

START_TEST(while_somebody_else_leads_it_stands_by_and_takes_over)
{
	struct dtss_node_config cfg = { .size = sizeof cfg };
	struct dtss_request request = rig_request(DTSS_REQUEST_STATS);
	struct dtss_answer answer;
	struct dtss_work work;
	struct rig r;

	memset(&r, 0, sizeof r);
	r.gate = gate_store_open();
	r.gate->lead = DTSS_E_NOT_LEADER;
	cfg.store = &r.gate->base;
	ck_assert_int_eq(dtss_node_open(&r.node, &cfg, rig_now(&r)), 0);
	rig_step(&r);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_STANDBY);
	ck_assert_ptr_null(dtss_node_sched(r.node));
	ck_assert_int_eq(rig_ask(&r, &request, &answer), DTSS_E_NOT_LEADER);
	ck_assert_int_eq(dtss_node_take(r.node, rig_now(&r), &work), 0);
	rig_pass(&r, 3000);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_STANDBY);
	ck_assert_uint_eq(r.gate->loads, 0); /* what was loaded now would be old when it leads */
	r.gate->lead = 0;
	rig_pass(&r, 1500);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_LEADING);
	ck_assert_int_eq(rig_ask(&r, &request, &answer), 0);
	dtss_node_close(r.node);
}
END_TEST

START_TEST(a_slow_store_is_loaded_when_it_answers)
{
	struct dtss_node_config cfg = { .size = sizeof cfg };
	struct rig r;

	memset(&r, 0, sizeof r);
	r.gate = gate_store_open();
	r.gate->shut = 1;
	cfg.store = &r.gate->base;
	ck_assert_int_eq(dtss_node_open(&r.node, &cfg, rig_now(&r)), 0);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_LOADING);
	r.gate->shut = 0;
	rig_step(&r);
	ck_assert_uint_eq(rig_state(&r), DTSS_NODE_LEADING);
	dtss_node_close(r.node);
}
END_TEST

START_TEST(without_memory_it_does_not_open_and_leaks_nothing)
{
	struct dtss_node_config cfg = { .size = sizeof cfg };
	struct dtss_node *node;
	struct fail_mem f;
	size_t n;
	int rc;

	for (n = 1;; n++) {
		fail_mem_init(&f, n);
		cfg.mem = &f.mem;
		rc = dtss_node_open(&node, &cfg, start);
		if (rc == 0)
			dtss_node_close(node);
		ck_assert_uint_eq(f.blocks, 0);
		if (f.count < n)
			break;
		ck_assert(rc == DTSS_E_NOMEM || rc == 0);
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_gt(n, 5);
}
END_TEST

Suite *suite_unit_node_open(void)
{
	Suite *s = suite_create("unit_node_open");
	TCase *t = tcase_create("open");

	tcase_add_test(t, without_a_configuration_it_leads_in_memory);
	tcase_add_test(t, close_of_nothing_is_fine);
	tcase_add_test(t, a_bad_configuration_is_refused_and_nothing_stays_open);
	tcase_add_test(t, the_load_s_error_is_open_s_error);
	tcase_add_test(t, a_lead_that_fails_is_open_s_error);
	tcase_add_test(t, while_somebody_else_leads_it_stands_by_and_takes_over);
	tcase_add_test(t, a_slow_store_is_loaded_when_it_answers);
	tcase_add_test(t, without_memory_it_does_not_open_and_leaks_nothing);
	suite_add_tcase(s, t);
	return s;
}
