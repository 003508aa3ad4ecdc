/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "sim/sim.h"

/* When a scheduler has its turns, and how clocks that run apart let it lead. */
Suite *suite_unit_sim_scheduler(void);

static struct sim *s;
static struct sim_scheduler *sc;

static void create(void)
{
	static const struct dtss_sim_config cfg = { .size = sizeof cfg, .seed = 1 };

	s = sim_new(&cfg, dtss_mem_libc());
	ck_assert_ptr_nonnull(s);
	s->true_ns = s->begin_ns = SIM_S;
	draw_all(s);
	net_init(s);
	disk_init(s);
	judge_init(s);
	sc = &s->schedulers[0];
}

static void init(void)
{
	create();
	scheduler_init(s, 0);
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

/* Two schedulers at half the speed, and the store at twice: as far apart as clocks that run may be. */
static void begin_apart(uint64_t lease_ms)
{
	uint32_t i;

	s->sched_cfg.lease_ms = lease_ms;
	s->scheduler_count = 2;
	clock_set_rate(s, SIM_PLACE_STORE, 2000000);
	for (i = 0; i < s->scheduler_count; i++) {
		clock_set_rate(s, SIM_PLACE_SCHEDULERS + i, 500000);
		scheduler_init(s, i);
	}
}

static void run_for(uint64_t ns)
{
	uint64_t until = s->true_ns + ns;

	for (;;) {
		uint32_t next = s->wake_ns[SIM_PLACE_SCHEDULERS] > s->wake_ns[SIM_PLACE_SCHEDULERS + 1];

		if (s->wake_ns[SIM_PLACE_SCHEDULERS + next] > until)
			break;
		if (s->true_ns < s->wake_ns[SIM_PLACE_SCHEDULERS + next])
			s->true_ns = s->wake_ns[SIM_PLACE_SCHEDULERS + next];
		scheduler_turn(s, next);
	}
	s->true_ns = until;
}

/*
 * Or each takes over from the other, and starts all leases anew: that of a dead worker never runs out, and its task never
 * ends.
 */
START_TEST(a_leader_at_a_quarter_of_the_speed_of_the_store_keeps_its_lead)
{
	static const uint64_t leases_ms[] = { DTSS_LEASE_MS_DEFAULT, 10000, 5000, 2000 };
	uint64_t epoch;

	begin_apart(leases_ms[_i]);
	run_for(10 * SIM_S);
	ck_assert_int_eq(scheduler_leads(s, 0) + scheduler_leads(s, 1), 1);
	epoch = s->disk.epoch;
	run_for(40 * leases_ms[_i] * SIM_MS);
	ck_assert_int_eq(scheduler_leads(s, 0) + scheduler_leads(s, 1), 1);
	ck_assert_uint_eq(s->disk.epoch, epoch);
	ck_assert_ptr_null(s->violation.id);
}
END_TEST

Suite *suite_unit_sim_scheduler(void)
{
	Suite *suite = suite_create("unit_sim_scheduler");
	TCase *c = tcase_create("turns"), *apart = tcase_create("apart");

	tcase_add_checked_fixture(c, init, fini);
	tcase_add_loop_test(c, what_arrives_at_the_time_of_a_turn_is_heard_at_a_later_time, 0, 2);
	tcase_add_loop_test(c, what_arrives_between_turns_is_heard_at_once, 0, 2);
	tcase_add_loop_test(c, what_arrives_while_it_stands_still_is_heard_afterwards, 0, 2);
	suite_add_tcase(suite, c);
	tcase_add_checked_fixture(apart, create, fini);
	tcase_add_loop_test(apart, a_leader_at_a_quarter_of_the_speed_of_the_store_keeps_its_lead, 0, 4);
	suite_add_tcase(suite, apart);
	return suite;
}
