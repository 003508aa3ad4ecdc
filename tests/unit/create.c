/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include <dtss.h>
#include "support/fail_mem.h"

Suite *suite_unit_create(void);

static int create(const struct dtss_config *cfg)
{
	struct dtss_sched *s = NULL;
	struct fail_mem mem;
	int error;

	fail_mem_init(&mem, 0);
	error = dtss_sched_create(&s, cfg, &mem.mem);
	ck_assert_int_eq(s != NULL, error == 0);
	dtss_sched_destroy(s);
	ck_assert_uint_eq(mem.blocks, 0);
	return error;
}

START_TEST(all_defaults_will_do)
{
	struct dtss_config cfg = { .size = sizeof cfg };

	ck_assert_int_eq(create(NULL), 0);
	ck_assert_int_eq(create(&cfg), 0);
	dtss_sched_destroy(NULL);
}
END_TEST

START_TEST(what_cannot_work_is_refused)
{
	struct dtss_config cfg = { .size = sizeof cfg };

	cfg.placement = DTSS_PLACE_PACK + 1;
	ck_assert_int_eq(create(&cfg), DTSS_E_INVALID);
	cfg.placement = DTSS_PLACE_PACK;
	ck_assert_int_eq(create(&cfg), 0);
	cfg.lease_ms = 2000; /* asks for more heartbeats by itself */
	ck_assert_int_eq(create(&cfg), 0);
	cfg.heartbeat_ms = 401; /* healthy work would be fenced */
	ck_assert_int_eq(create(&cfg), DTSS_E_INVALID);
	cfg.heartbeat_ms = 400;
	ck_assert_int_eq(create(&cfg), 0);
	cfg.suspicious_ms = DTSS_OFFLINE_MS_DEFAULT + 1; /* offline before it is suspicious */
	ck_assert_int_eq(create(&cfg), DTSS_E_INVALID);
	cfg.offline_ms = cfg.suspicious_ms;
	ck_assert_int_eq(create(&cfg), 0);
	cfg.key_ttl_ms = UINT64_C(1) + DTSS_DURATION_MS_MAX;
	ck_assert_int_eq(create(&cfg), DTSS_E_INVALID);
	cfg.key_ttl_ms = DTSS_DURATION_MS_MAX;
	ck_assert_int_eq(create(&cfg), 0);
	cfg.size = 0;
	ck_assert_int_eq(create(&cfg), DTSS_E_INVALID);
}
END_TEST

/* S25 */
START_TEST(without_memory_nothing_is_left)
{
	struct dtss_sched *s;
	struct fail_mem mem;
	size_t n = 0;
	int error;

	do {
		s = NULL;
		fail_mem_init(&mem, ++n);
		error = dtss_sched_create(&s, NULL, &mem.mem);
		ck_assert_int_eq(error, mem.count < n ? 0 : DTSS_E_NOMEM);
		dtss_sched_destroy(s);
		ck_assert_uint_eq(mem.blocks, 0);
	} while (error);
	ck_assert_uint_gt(n, 1);
}
END_TEST

Suite *suite_unit_create(void)
{
	Suite *s = suite_create("unit_create");
	TCase *c = tcase_create("create");

	tcase_add_test(c, all_defaults_will_do);
	tcase_add_test(c, what_cannot_work_is_refused);
	tcase_add_test(c, without_memory_nothing_is_left);
	suite_add_tcase(s, c);
	return s;
}
