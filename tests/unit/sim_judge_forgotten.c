/* SPDX-License-Identifier: MIT */
#include <check.h>
#include "sim/judge_impl.h"

/* What the judge knows of a worker that the leader has forgotten, and that came back. */
Suite *suite_unit_sim_judge_forgotten(void);

#define HEARD_NS (10 * SIM_S)
#define FORGOTTEN_NS (11 * SIM_S)
#define BACK_NS (12 * SIM_S)

static struct sim *s;
static struct sim_judge *j;
static struct judge_worker *w;

static void at(uint64_t ns)
{
	s->true_ns = s->clocks[SIM_PLACE_SCHEDULERS].true_ns = s->clocks[SIM_PLACE_SCHEDULERS].mono_ns = ns;
	j->event_ns = j->event_true = ns;
}

static void changes(uint64_t number, uint32_t from, uint32_t to)
{
	struct dtss_event e = { .type = DTSS_EVENT_WORKER, .worker = number, .from = from, .to = to };
	struct dtss_worker_view v = { .number = number, .name = "a", .kind = DTSS_WORKER_AGENT, .incarnation = 7 };

	v.status = to;
	v.max_tasks = 4;
	judge_worker_record(s, &v, to ? 0 : DTSS_RECORD_DELETE);
	judge_worker_event(s, &e);
	judge_worker_settle(s);
}

/* The leader took a heartbeat, which is newer than all before. */
static void taken(int stopping)
{
	struct judge_heard *h = &w->heard[0];

	h->incarnation = 7;
	h->number += 10;
	h->last_ns = h->any_ns = h->ring[h->ring_count++ % JUDGE_HEARD_MAX] = s->true_ns;
	h->last_true_ns = h->any_true_ns = s->true_ns;
	h->stopping = (uint8_t)stopping;
	h->fuzzy = 0;
}

/* One comes that was sent before the last, and was under way for long. */
static void late(void)
{
	struct dtss_message m = { .type = DTSS_MESSAGE_HEARTBEAT };

	m.u.heartbeat.heartbeat.name = "a";
	m.u.heartbeat.heartbeat.kind = DTSS_WORKER_AGENT;
	m.u.heartbeat.heartbeat.incarnation = 7;
	m.u.heartbeat.heartbeat.number = 1;
	judge_heard(s, 0, &m);
}

static void forgotten(uint64_t ns)
{
	changes(1, DTSS_WORKER_ONLINE, DTSS_WORKER_OFFLINE);
	j->event_ns = j->event_true = ns;
	changes(1, DTSS_WORKER_OFFLINE, 0);
}

static void granted(void)
{
	struct dtss_attempt_record r = { 0 };
	struct dtss_event e = { .type = DTSS_EVENT_ATTEMPT, .seq = 9, .fence = 1, .attempt = 1, .incarnation = 7 };

	e.worker = w->now.number;
	r.id = 1;
	r.view.fence = r.view.attempt = 1;
	r.view.incarnation = 7;
	r.view.state = DTSS_ATTEMPT_LEASED;
	judge_attempt_record(s, &r);
	judge_grant(s, 1, &e);
}

/* In one batch: the worker goes offline, or is only said to change, is forgotten, and comes back as another. */
static void replaced(uint32_t from)
{
	struct dtss_worker_view v = { .number = 2, .name = "a", .kind = DTSS_WORKER_AGENT, .incarnation = 5 };
	struct dtss_event e[3] = { { .worker = 1, .from = from, .to = DTSS_WORKER_OFFLINE },
				   { .worker = 1, .from = DTSS_WORKER_OFFLINE },
				   { .worker = 2, .to = DTSS_WORKER_ONLINE } };
	struct dtss_batch b = { .events = e, .event_count = 3 };

	v.status = DTSS_WORKER_ONLINE;
	v.max_tasks = 4;
	judge_worker_record(s, &v, 0);
	for (int i = 0; i < 3; i++)
		e[i].type = DTSS_EVENT_WORKER;
	judge_worker_prepare(s, &b);
	for (int i = 0; i < 3; i++)
		judge_worker_event(s, &e[i]);
	judge_worker_settle(s);
}

static void judged(const char *id)
{
	ck_assert_str_eq(s->violation.id ? s->violation.id : "", id);
}

static void init(void)
{
	static const struct dtss_sim_config cfg = { .size = sizeof cfg, .seed = 1 };

	s = sim_new(&cfg, dtss_mem_libc());
	ck_assert_ptr_nonnull(s);
	j = &s->judge;
	s->clocks[SIM_PLACE_SCHEDULERS].rate = 1000000;
	j->cfg.suspicious_ms = 3000;
	j->reign.count = 1;
	j->reign.lead_ns = j->reign.event_true = SIM_S;
	j->need_count = j->task_count = 1;
	at(HEARD_NS);
	changes(1, DTSS_WORKER_OFFLINE, DTSS_WORKER_ONLINE);
	w = judge_worker_named(s, "a");
}

static void fini(void)
{
	sim_free(s);
}

/* It said that it shuts down, and was forgotten; then came what it had said before. */
START_TEST(who_was_forgotten_is_not_known_to_be_shutting_down)
{
	taken(1);
	if (_i) {
		at(FORGOTTEN_NS);
		forgotten(FORGOTTEN_NS);
	}
	at(BACK_NS);
	late();
	if (_i)
		changes(2, DTSS_WORKER_OFFLINE, DTSS_WORKER_ONLINE);
	granted();
	judged(_i ? "" : "S13");
}
END_TEST

START_TEST(who_shuts_down_after_it_was_forgotten_is_known_to)
{
	taken(!_i);
	at(FORGOTTEN_NS);
	forgotten(FORGOTTEN_NS);
	at(BACK_NS);
	changes(2, DTSS_WORKER_OFFLINE, DTSS_WORKER_ONLINE);
	taken(_i);
	granted();
	judged(_i ? "S13" : "");
}
END_TEST

/* Its forgetting was decided before the heartbeat came, and is stored after it. */
START_TEST(what_is_heard_before_a_forgetting_is_stored_is_known)
{
	at(BACK_NS);
	taken(1);
	forgotten(_i ? FORGOTTEN_NS : 0);
	at(BACK_NS);
	changes(2, DTSS_WORKER_OFFLINE, DTSS_WORKER_ONLINE);
	granted();
	judged(_i ? "S13" : "");
}
END_TEST

START_TEST(who_was_forgotten_is_open_when_it_is_heard_anew)
{
	taken(0);
	ck_assert(judge_open(s, w, HEARD_NS, HEARD_NS));
	at(FORGOTTEN_NS);
	forgotten(FORGOTTEN_NS);
	at(BACK_NS);
	changes(2, DTSS_WORKER_OFFLINE, DTSS_WORKER_ONLINE);
	ck_assert(!judge_open(s, w, BACK_NS, BACK_NS));
	taken(0);
	ck_assert(judge_open(s, w, BACK_NS, BACK_NS));
}
END_TEST

/* The record that bears its name is the next one's; an older incarnation is no fault of one that is new. */
START_TEST(who_is_forgotten_and_comes_back_in_one_batch_is_judged_by_its_events)
{
	j->cfg.offline_ms = 1000;
	at(FORGOTTEN_NS);
	replaced(DTSS_WORKER_ONLINE);
	judged("");
	ck_assert_uint_eq(w->now.number, 2);
	ck_assert_uint_eq(w->now.incarnation, 5);
	ck_assert_uint_eq(j->last_number, 2);
}
END_TEST

START_TEST(who_is_forgotten_in_one_batch_with_work_is_missed)
{
	at(FORGOTTEN_NS);
	w->leased = 1;
	replaced(DTSS_WORKER_OFFLINE);
	judged("S23");
}
END_TEST

Suite *suite_unit_sim_judge_forgotten(void)
{
	Suite *suite = suite_create("unit_sim_judge_forgotten");
	TCase *c = tcase_create("forgotten");

	tcase_add_checked_fixture(c, init, fini);
	tcase_add_loop_test(c, who_was_forgotten_is_not_known_to_be_shutting_down, 0, 2);
	tcase_add_loop_test(c, who_shuts_down_after_it_was_forgotten_is_known_to, 0, 2);
	tcase_add_loop_test(c, what_is_heard_before_a_forgetting_is_stored_is_known, 0, 2);
	tcase_add_test(c, who_was_forgotten_is_open_when_it_is_heard_anew);
	tcase_add_test(c, who_is_forgotten_and_comes_back_in_one_batch_is_judged_by_its_events);
	tcase_add_test(c, who_is_forgotten_in_one_batch_with_work_is_missed);
	suite_add_tcase(suite, c);
	return suite;
}
