/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "sim/judge_impl.h"

/* The judge alone, told of two workers and what a leader made of them: what it accepts, and what it does not. */
Suite *suite_unit_sim_judge(void);

#define NOW (10 * SIM_S) /* of every event, and of every heartbeat: the leader's clock stands still */
#define LATER (NOW + SIM_MS)

static struct sim *s;
static struct sim_judge *j;

static void record(uint64_t number, const char *name, uint32_t status, uint32_t flags)
{
	struct dtss_worker_view v = { 0 };

	v.number = number;
	v.name = name;
	v.kind = DTSS_WORKER_AGENT;
	v.incarnation = 7;
	v.status = status;
	v.max_tasks = 4;
	judge_worker_record(s, &v, flags);
}

static void event(uint64_t number, uint32_t from, uint32_t to)
{
	struct dtss_event e = { .type = DTSS_EVENT_WORKER, .worker = number, .from = from, .to = to };

	judge_worker_event(s, &e);
	judge_worker_settle(s);
}

static void registered(uint64_t number, const char *name)
{
	record(number, name, DTSS_WORKER_ONLINE, 0);
	event(number, DTSS_WORKER_OFFLINE, DTSS_WORKER_ONLINE);
}

static void heard(const char *name, uint64_t true_ns)
{
	struct judge_heard *h = &judge_worker_named(s, name)->heard[0];

	h->incarnation = 7;
	h->last_ns = h->any_ns = h->ring[0] = NOW;
	h->last_true_ns = h->any_true_ns = true_ns;
	h->ring_count = 1;
}

static void granted(const char *name)
{
	struct dtss_attempt_record r = { 0 };
	struct dtss_event e = { .type = DTSS_EVENT_ATTEMPT, .seq = 9, .fence = 1, .attempt = 1, .incarnation = 7 };

	e.worker = judge_worker_named(s, name)->now.number;
	r.id = 1;
	r.view.fence = r.view.attempt = 1;
	r.view.incarnation = 7;
	r.view.state = DTSS_ATTEMPT_LEASED;
	judge_attempt_record(s, &r);
	judge_grant(s, 1, &e);
}

static void init(void)
{
	static const struct dtss_sim_config cfg = { .size = sizeof cfg, .seed = 1 };

	s = sim_new(&cfg, dtss_mem_libc());
	ck_assert_ptr_nonnull(s);
	j = &s->judge;
	s->true_ns = LATER;
	s->clocks[SIM_PLACE_SCHEDULERS].true_ns = LATER;
	s->clocks[SIM_PLACE_SCHEDULERS].mono_ns = NOW;
	s->clocks[SIM_PLACE_SCHEDULERS].rate = 0;
	j->cfg.placement = DTSS_PLACE_LEAST_LOAD;
	j->cfg.suspicious_ms = 3000;
	j->cfg.offline_ms = 9000;
	j->cfg.lease_ms = 5000;
	j->reign.count = 1;
	j->reign.lead_ns = j->reign.event_true = SIM_S;
	j->event_ns = j->event_true = NOW;
	j->need_count = 1;
	j->task_count = 1;
	j->tasks[1].policy.lost_max = 3;
	registered(1, "a");
	registered(2, "b");
	heard("a", NOW);
	heard("b", NOW);
	ck_assert_ptr_null(s->violation.id);
}

static void fini(void)
{
	sim_free(s);
}

START_TEST(the_one_with_less_load_is_preferred)
{
	judge_worker_named(s, "a")->leased = 1;
	granted("b");
	ck_assert_ptr_null(s->violation.id);
}
END_TEST

START_TEST(the_one_with_more_load_is_not)
{
	judge_worker_named(s, "a")->leased = 1;
	granted("a");
	ck_assert_str_eq(s->violation.id, "S21");
}
END_TEST

START_TEST(what_is_heard_after_a_grant_while_the_clock_stands_still_was_not_known)
{
	judge_worker_named(s, "a")->leased = 1;
	heard("b", LATER);
	granted("a");
	ck_assert_ptr_null(s->violation.id);
}
END_TEST

START_TEST(the_stop_heard_after_a_grant_while_the_clock_stands_still_was_not_known)
{
	heard("a", _i ? LATER : NOW);
	judge_worker_named(s, "a")->heard[0].stopping = 1;
	granted("a");
	ck_assert_int_eq(s->violation.id == NULL, _i);
	ck_assert(_i || strcmp(s->violation.id, "S13") == 0);
}
END_TEST

START_TEST(who_is_heard_after_it_was_called_offline_while_the_clock_stands_still_was_silent)
{
	heard("a", _i ? LATER : NOW);
	record(1, "a", DTSS_WORKER_OFFLINE, 0);
	event(1, DTSS_WORKER_SUSPICIOUS, DTSS_WORKER_OFFLINE);
	ck_assert_int_eq(s->violation.id == NULL, _i);
	ck_assert(_i || strcmp(s->violation.id, "S18") == 0);
}
END_TEST

START_TEST(a_lease_renewed_after_its_loss_while_the_clock_stands_still_was_over)
{
	struct dtss_event e = { .type = DTSS_EVENT_ATTEMPT, .fence = 1, .attempt = 1, .cause = DTSS_CAUSE_LOST };

	e.to = DTSS_TASK_READY;
	granted("a");
	ck_assert_ptr_null(s->violation.id);
	judge_fence(s, 1)->renewed_ns = NOW;
	judge_fence(s, 1)->renewed_true_ns = _i ? LATER : NOW;
	judge_attempt_ended(s, 1, &e);
	ck_assert_int_eq(s->violation.id == NULL, _i);
	ck_assert(_i || strcmp(s->violation.id, "L2") == 0);
}
END_TEST

START_TEST(a_heartbeat_is_noted_by_the_true_clock_too)
{
	struct dtss_message m = { .type = DTSS_MESSAGE_HEARTBEAT };

	m.u.heartbeat.heartbeat.name = "a";
	m.u.heartbeat.heartbeat.kind = DTSS_WORKER_AGENT;
	m.u.heartbeat.heartbeat.incarnation = 7;
	judge_heard(s, 0, &m);
	ck_assert_uint_eq(judge_worker_named(s, "a")->heard[0].any_ns, NOW);
	ck_assert_uint_eq(judge_worker_named(s, "a")->heard[0].any_true_ns, LATER);
}
END_TEST

/* The engine knows nothing of a worker that it forgot: that one comes first among equals again. */
START_TEST(a_worker_that_was_forgotten_has_had_no_turn)
{
	judge_worker_named(s, "a")->given = 5;
	judge_worker_named(s, "b")->given = 4;
	judge_worker_named(s, "a")->now.status = DTSS_WORKER_OFFLINE;
	record(1, "a", 0, DTSS_RECORD_DELETE);
	event(1, DTSS_WORKER_OFFLINE, 0);
	registered(3, "a");
	heard("a", NOW);
	granted(_i ? "a" : "b");
	ck_assert_int_eq(s->violation.id == NULL, _i);
	ck_assert(_i || strcmp(s->violation.id, "S21") == 0);
}
END_TEST

/* The attempt that was granted is stored as that. */
static void live_as(uint32_t state)
{
	granted("a");
	ck_assert_ptr_null(s->violation.id);
	j->tasks[1].live = state;
	judge_list_put(s, 1, JUDGE_LIVE);
}

static void acknowledged(uint32_t kind, int result, uint64_t epoch)
{
	struct dtss_ack ack = { .task = { 1 }, .fence = 1, .kind = kind, .result = result };
	struct dtss_message m = { .type = DTSS_MESSAGE_ANSWER };

	m.u.answer.epoch = epoch;
	m.u.answer.acks = &ack;
	m.u.answer.ack_count = 1;
	judge_told(s, 0, "a", &m);
}

/* It says that this was broken; "": nothing was. */
static void judged(const char *id)
{
	ck_assert_str_eq(s->violation.id ? s->violation.id : "", id);
}

START_TEST(an_end_is_acknowledged_when_it_is_stored)
{
	live_as(DTSS_ATTEMPT_RUNNING);
	acknowledged(DTSS_REPORT_STARTED, 0, 0);
	ck_assert_ptr_null(s->violation.id);
	judge_fence(s, 1)->live = (uint8_t)_i;
	acknowledged(DTSS_REPORT_ENDED, 0, 0);
	judged(_i ? "S1" : "");
}
END_TEST

START_TEST(a_start_is_acknowledged_when_it_is_stored)
{
	live_as(DTSS_ATTEMPT_LEASED);
	acknowledged(DTSS_REPORT_STARTED, 0, 0);
	ck_assert_str_eq(s->violation.id, "S1");
}
END_TEST

/* Who was deposed may not know of it. */
START_TEST(a_leader_refuses_no_report_of_a_live_attempt)
{
	live_as(DTSS_ATTEMPT_RUNNING);
	j->reign.epoch = 2;
	acknowledged(DTSS_REPORT_ENDED, DTSS_E_FENCED, _i ? 2 : 1);
	judged(_i ? "S5" : "");
}
END_TEST

/* Its worker has it as that; 0: it never heard of it. */
static void listed(uint32_t state)
{
	struct dtss_held held = { .task = { 1 }, .fence = 1, .state = state };
	struct dtss_heartbeat hb = { .name = "a", .incarnation = 7, .held = &held };

	hb.held_count = hb.fence_seen = state != 0;
	judge_owes(s, judge_worker_named(s, "a"), &hb);
	j->quiet = 1;
}

static void told(uint32_t type)
{
	struct dtss_message m = { .type = type };

	if (type == DTSS_MESSAGE_STOP) {
		m.u.stop.task.v = m.u.stop.fence = 1;
		m.u.stop.cause = DTSS_CAUSE_CANCEL;
	} else {
		m.u.assign.task.v = m.u.assign.fence = 1;
	}
	judge_told(s, 0, "a", &m);
}

START_TEST(a_stop_that_got_lost_is_told_again)
{
	live_as(DTSS_ATTEMPT_STOPPING);
	told(DTSS_MESSAGE_STOP);
	listed(_i == 2 ? DTSS_ATTEMPT_STOPPING : DTSS_ATTEMPT_RUNNING);
	if (_i == 1)
		told(DTSS_MESSAGE_STOP);
	judge_rest(s, judge_now(s, 0));
	judged(_i ? "" : "S22");
}
END_TEST

START_TEST(an_assignment_that_got_lost_is_given_again)
{
	live_as(DTSS_ATTEMPT_LEASED);
	told(DTSS_MESSAGE_ASSIGN);
	listed(0);
	if (_i)
		told(DTSS_MESSAGE_ASSIGN);
	judge_rest(s, judge_now(s, 0));
	judged(_i ? "" : "L4");
}
END_TEST

START_TEST(an_assignment_with_less_than_a_millisecond_of_its_lease_is_not_given_again)
{
	live_as(DTSS_ATTEMPT_LEASED);
	j->cfg.start_confirm_ms = j->cfg.lease_ms;
	judge_fence(s, 1)->told_ns = NOW - j->cfg.lease_ms * SIM_MS + SIM_MS - (uint64_t)_i;
	judge_fence(s, 1)->assign_owed = j->reign.count;
	j->quiet = 1;
	judge_rest(s, judge_now(s, 0));
	judged(_i ? "" : "L4");
}
END_TEST

START_TEST(a_lease_is_counted_from_when_the_heartbeat_was_sent)
{
	struct sim_proc p = { .task = 1, .fence = 1 };

	live_as(DTSS_ATTEMPT_RUNNING);
	s->wild = 0;
	s->sched_cfg.lease_ms = 30000;
	judge_fence(s, 1)->acked_true_ns = NOW;
	s->true_ns = NOW + (_i ? 26 : 25) * SIM_S; /* nine tenths of it, but the grace */
	judge_outlived(s, 0, &p);
	judged(_i ? "X6" : "");
}
END_TEST

/* Two attempts of task 1, each on its own worker; the older one was given up, or was lost, and begins second. */
static void begun_after_its_successor(uint8_t older_given_up, uint8_t newer_given_up)
{
	struct dtss_agent_start start = { .task = { 1 }, .fence = 1 };

	s->wild = 0;
	s->worker_count = 2;
	s->workers[0].slots = s->workers[1].slots = 1;
	j->last_fence = 2;
	j->fences[1].fence = 1;
	j->fences[1].given_up = older_given_up;
	j->fences[2].fence = 2;
	j->fences[2].given_up = newer_given_up;
	s->workers[1].procs[0].task = 1;
	s->workers[1].procs[0].fence = 2;
	s->workers[1].procs[0].end_ns = DTSS_NEVER;
	judge_started(s, 0, &start);
}

START_TEST(an_attempt_given_up_for_its_silence_may_begin_after_its_successor)
{
	begun_after_its_successor(1, 0);
	ck_assert_ptr_null(s->violation.id);
}
END_TEST

START_TEST(a_lost_attempt_may_not_begin_after_its_successor)
{
	begun_after_its_successor(0, (uint8_t)_i);
	ck_assert_str_eq(s->violation.id, "X6");
}
END_TEST

/* It was under way for a second; and a part of its lease was over before. */
START_TEST(the_lease_of_an_assignment_is_counted_from_the_heartbeat_that_it_answers)
{
	struct sim_proc p = { .task = 1, .fence = 1 };
	struct dtss_message m = { .type = DTSS_MESSAGE_ASSIGN };

	live_as(DTSS_ATTEMPT_RUNNING);
	s->wild = 0;
	s->sched_cfg.lease_ms = 30000;
	strcpy(s->workers[0].name, "a");
	s->workers[0].incarnation = m.u.assign.incarnation = 7;
	judge_worker_named(s, "a")->sent[5] = (struct judge_sent){ .number = 5, .incarnation = 7, .true_ns = NOW };
	m.u.assign.fence = 1;
	m.u.assign.heartbeat = 5;
	m.u.assign.lease_ms = 20000;
	s->true_ns = NOW + SIM_S;
	judge_delivered(s, 0, &m);
	s->true_ns = NOW + 16 * SIM_S + _i * SIM_S * 4 / 5;
	judge_outlived(s, 0, &p);
	judged(_i ? "X6" : "");
}
END_TEST

Suite *suite_unit_sim_judge(void)
{
	Suite *suite = suite_create("unit_sim_judge");
	TCase *c = tcase_create("judge");

	tcase_add_checked_fixture(c, init, fini);
	tcase_add_test(c, the_one_with_less_load_is_preferred);
	tcase_add_test(c, the_one_with_more_load_is_not);
	tcase_add_test(c, what_is_heard_after_a_grant_while_the_clock_stands_still_was_not_known);
	tcase_add_loop_test(c, the_stop_heard_after_a_grant_while_the_clock_stands_still_was_not_known, 0, 2);
	tcase_add_loop_test(c, who_is_heard_after_it_was_called_offline_while_the_clock_stands_still_was_silent, 0, 2);
	tcase_add_loop_test(c, a_lease_renewed_after_its_loss_while_the_clock_stands_still_was_over, 0, 2);
	tcase_add_test(c, a_heartbeat_is_noted_by_the_true_clock_too);
	tcase_add_loop_test(c, a_worker_that_was_forgotten_has_had_no_turn, 0, 2);
	tcase_add_loop_test(c, an_end_is_acknowledged_when_it_is_stored, 0, 2);
	tcase_add_test(c, a_start_is_acknowledged_when_it_is_stored);
	tcase_add_loop_test(c, a_leader_refuses_no_report_of_a_live_attempt, 0, 2);
	tcase_add_loop_test(c, a_stop_that_got_lost_is_told_again, 0, 3);
	tcase_add_loop_test(c, an_assignment_that_got_lost_is_given_again, 0, 2);
	tcase_add_loop_test(c, an_assignment_with_less_than_a_millisecond_of_its_lease_is_not_given_again, 0, 2);
	tcase_add_loop_test(c, a_lease_is_counted_from_when_the_heartbeat_was_sent, 0, 2);
	tcase_add_test(c, an_attempt_given_up_for_its_silence_may_begin_after_its_successor);
	tcase_add_loop_test(c, a_lost_attempt_may_not_begin_after_its_successor, 0, 2);
	tcase_add_loop_test(c, the_lease_of_an_assignment_is_counted_from_the_heartbeat_that_it_answers, 0, 2);
	suite_add_tcase(suite, c);
	return suite;
}
