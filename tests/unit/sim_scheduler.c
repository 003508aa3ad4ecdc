/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "sim/sim.h"

/* When a scheduler has its turns. */
Suite *suite_unit_sim_scheduler(void);

static struct sim *s;
static struct sim_scheduler *sc;

static void init(void)
{
	static const struct dtss_sim_config cfg = { .size = sizeof cfg, .seed = 1 };

	s = sim_new(&cfg, dtss_mem_libc());
	ck_assert_ptr_nonnull(s);
	s->true_ns = s->begin_ns = SIM_S;
	draw_all(s);
	net_init(s);
	disk_init(s);
	judge_init(s);
	scheduler_init(s, 0);
	sc = &s->schedulers[0];
	s->true_ns += SIM_S;
	scheduler_turn(s, 0);
	ck_assert_ptr_nonnull(sc->node);
}

static void fini(void)
{
	sim_free(s);
}

/* A message of a worker, or a call of a client. */
static uint64_t wakes_when_it_arrives(int call)
{
	struct sim_item *item =
		agenda_item(s, call ? SIM_ITEM_CALL : SIM_ITEM_MESSAGE, SIM_PLACE_WORKERS, SIM_PLACE_SCHEDULERS);

	s->net.under_way[SIM_PLACE_SCHEDULERS]++;
	if (call)
		scheduler_call(s, item);
	else
		scheduler_message(s, item);
	return s->wake_ns[SIM_PLACE_SCHEDULERS];
}

/* Or a heartbeat that comes when its lease was just taken for lost has the same time, and passes for one that came before. */
START_TEST(what_arrives_at_the_time_of_a_turn_is_heard_at_a_later_time)
{
	ck_assert_uint_gt(wakes_when_it_arrives(_i), s->true_ns);
	ck_assert_uint_lt(s->wake_ns[SIM_PLACE_SCHEDULERS], s->true_ns + SIM_MS);
	scheduler_wake(s, 0);
	ck_assert_uint_gt(s->wake_ns[SIM_PLACE_SCHEDULERS], s->true_ns);
}
END_TEST

START_TEST(what_arrives_between_turns_is_heard_at_once)
{
	s->true_ns++;
	ck_assert_uint_eq(wakes_when_it_arrives(_i), s->true_ns);
}
END_TEST

START_TEST(what_arrives_while_it_stands_still_is_heard_afterwards)
{
	scheduler_pause(s, 0, SIM_S);
	ck_assert_uint_eq(wakes_when_it_arrives(_i), s->true_ns + SIM_S);
}
END_TEST

Suite *suite_unit_sim_scheduler(void)
{
	Suite *suite = suite_create("unit_sim_scheduler");
	TCase *c = tcase_create("turns");

	tcase_add_checked_fixture(c, init, fini);
	tcase_add_loop_test(c, what_arrives_at_the_time_of_a_turn_is_heard_at_a_later_time, 0, 2);
	tcase_add_loop_test(c, what_arrives_between_turns_is_heard_at_once, 0, 2);
	tcase_add_loop_test(c, what_arrives_while_it_stands_still_is_heard_afterwards, 0, 2);
	suite_add_tcase(suite, c);
	return suite;
}
