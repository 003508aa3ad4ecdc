/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include "sim/judge_impl.h"

/* When an attempt is to be told to end, by the judge and by the agent: they share no code. */
Suite *suite_unit_sim_judge_lease(void);

#define SENT_NS (10 * SIM_S) /* the heartbeat that the assignment answers */
#define INCARNATION 7
#define LEASE_MS_MAX 9000

static struct sim *s;
static uint8_t spec[4096];
static size_t spec_len;

static void init(void)
{
	static const struct dtss_sim_config cfg = { .size = sizeof cfg, .seed = 1 };
	struct dtss_task_spec of = { .size = sizeof of };

	s = sim_new(&cfg, dtss_mem_libc());
	ck_assert_ptr_nonnull(s);
	s->wild = 0;
	s->sched_cfg.lease_ms = 5000;
	snprintf(s->workers[0].name, sizeof s->workers[0].name, "a");
	s->workers[0].incarnation = INCARNATION;
	judge_worker_named(s, "a")->sent[1] =
		(struct judge_sent){ .number = 1, .incarnation = INCARNATION, .true_ns = SENT_NS };
	s->judge.fences[1].fence = 1;
	spec_len = dtss_spec_encode(&of, spec, sizeof spec);
	ck_assert_uint_le(spec_len, sizeof spec);
}

static void fini(void)
{
	sim_free(s);
}

static struct dtss_message assignment(uint64_t lease_ms)
{
	struct dtss_message m = { .size = sizeof m, .type = DTSS_MESSAGE_ASSIGN };

	m.u.assign.task.v = m.u.assign.fence = m.u.assign.epoch = m.u.assign.attempt = 1;
	m.u.assign.incarnation = INCARNATION;
	m.u.assign.lease_ms = lease_ms;
	m.u.assign.heartbeat = 1;
	m.u.assign.spec = spec;
	m.u.assign.spec_len = spec_len;
	return m;
}

static uint64_t judge_says_ns(uint64_t lease_ms)
{
	struct dtss_message m = assignment(lease_ms);

	judge_fence(s, 1)->term_ns = 0;
	judge_delivered(s, 0, &m);
	return judge_fence(s, 1)->term_ns - SENT_NS;
}

/* What it wants at that time of its own: 1: that something is stopped. */
static int stops(struct dtss_agent *a, uint64_t ns)
{
	struct dtss_agent_action action;
	int stopped = 0;

	ck_assert_int_eq(dtss_agent_tick(a, (struct dtss_time){ .mono_ns = SENT_NS + ns }), 0);
	while (dtss_agent_next_action(a, &action))
		stopped |= action.type == DTSS_AGENT_STOP;
	return stopped;
}

START_TEST(the_judge_and_an_agent_agree_when_a_lease_is_nearly_over)
{
	struct dtss_agent_config cfg = { .size = sizeof cfg, .name = "a", .incarnation = INCARNATION, .max_tasks = 1 };
	uint64_t lease_ms;

	cfg.kill_grace_ms = WORKER_KILL_GRACE_MS;
	for (lease_ms = 2; lease_ms <= LEASE_MS_MAX; lease_ms++) {
		struct dtss_message m = assignment(lease_ms);
		uint64_t term_ns = judge_says_ns(lease_ms);
		struct dtss_agent *a;

		ck_assert_int_eq(dtss_agent_create(&a, &cfg, dtss_mem_libc()), 0);
		ck_assert(!stops(a, 0)); /* and the heartbeat is sent */
		ck_assert_int_eq(dtss_agent_message(a, (struct dtss_time){ .mono_ns = SENT_NS }, &m), 0);
		ck_assert(!stops(a, 0)); /* and it is started */
		ck_assert_msg(!stops(a, term_ns - 1), "a lease of %d ms: earlier than that", (int)lease_ms);
		ck_assert_msg(stops(a, term_ns), "a lease of %d ms: later than that", (int)lease_ms);
		dtss_agent_destroy(a);
	}
}
END_TEST

/* Nine tenths of it are the grace and less than a millisecond: then it has half of it. With a millisecond it has that. */
START_TEST(a_lease_of_just_more_than_the_grace_ends_when_the_agent_says)
{
	static const struct {
		uint64_t lease_ms, at_ms;
		const char *id;
	} of[] = { { 2223, 1111, "" }, { 2223, 1300, "X6" }, { 2224, 1, "" }, { 2224, 200, "X6" } };
	struct sim_proc p = { .task = 1, .fence = 1 };

	(void)judge_says_ns(of[_i].lease_ms);
	s->true_ns = SENT_NS + of[_i].at_ms * SIM_MS;
	judge_outlived(s, 0, &p);
	ck_assert_str_eq(s->violation.id ? s->violation.id : "", of[_i].id);
}
END_TEST

Suite *suite_unit_sim_judge_lease(void)
{
	Suite *suite = suite_create("unit_sim_judge_lease");
	TCase *c = tcase_create("lease");

	tcase_add_checked_fixture(c, init, fini);
	tcase_add_test(c, the_judge_and_an_agent_agree_when_a_lease_is_nearly_over);
	tcase_add_loop_test(c, a_lease_of_just_more_than_the_grace_ends_when_the_agent_says, 0, 4);
	suite_add_tcase(suite, c);
	return suite;
}
