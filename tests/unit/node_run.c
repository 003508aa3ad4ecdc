/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <dtss.h>
#include "support/rig.h"

Suite *suite_unit_node_run(void);

/* The real clock. */

START_TEST(now_is_now_and_never_goes_back)
{
	struct dtss_time a = dtss_now(), b;
	int i;

	ck_assert_int_gt(a.wall_ns, INT64_C(1600000000000000000));
	ck_assert_uint_gt(a.mono_ns, 0);
	for (i = 0; i < 1000; i++) {
		b = dtss_now();
		ck_assert_uint_ge(b.mono_ns, a.mono_ns);
		a = b;
	}
}
END_TEST

START_TEST(run_returns_with_the_answer_or_after_its_time)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_GET);
	struct dtss_answer answer;
	struct dtss_node *node;
	uint64_t begin;
	struct dtss_event event;

	ck_assert_int_eq(dtss_node_open(&node, NULL, dtss_now()), 0);
	ck_assert_int_eq(dtss_node_fd(node), -1);
	ck_assert_int_eq(dtss_node_run(node, 1000), 1); /* the event that it leads */
	ck_assert_int_eq(dtss_node_event(node, &event), 1);
	ck_assert_uint_eq(event.type, DTSS_EVENT_LEAD);
	begin = dtss_now().mono_ns;
	ck_assert_int_eq(dtss_node_run(node, 50), 0);
	ck_assert_uint_ge(dtss_now().mono_ns - begin, 50 * UINT64_C(1000000));
	ck_assert_int_eq(dtss_node_run(node, 0), 0);
	request.u.task.v = 5;
	ck_assert_int_eq(dtss_node_request(node, dtss_now(), &request), 0);
	ck_assert_int_eq(dtss_node_run(node, -1), 1);
	ck_assert_int_eq(dtss_node_answer(node, &answer), 1);
	ck_assert_int_eq(answer.result, DTSS_E_NOT_FOUND);
	dtss_node_close(node);
}
END_TEST

/* A transport whose descriptor is a timer that fires by itself: run must wake up for it, long before its own time. */
struct alarm_transport {
	struct dtss_transport base;
	int fd;
	int polls;
};

static int alarm_send(struct dtss_transport *transport, const char *peer, const struct dtss_message *message)
{
	(void)transport;
	(void)peer;
	(void)message;
	return DTSS_E_NOT_FOUND;
}

static int alarm_poll(struct dtss_transport *transport, const struct dtss_message **ret_message, const char **ret_peer)
{
	static struct dtss_message beat;
	struct alarm_transport *a = (struct alarm_transport *)transport;
	uint64_t count;

	a->polls++;
	if (read(a->fd, &count, sizeof count) != sizeof count)
		return 0;
	memset(&beat, 0, sizeof beat);
	beat.size = sizeof beat;
	beat.type = DTSS_MESSAGE_HEARTBEAT;
	beat.u.heartbeat.heartbeat.size = sizeof beat.u.heartbeat.heartbeat;
	beat.u.heartbeat.heartbeat.name = "w";
	beat.u.heartbeat.heartbeat.kind = DTSS_WORKER_AGENT;
	beat.u.heartbeat.heartbeat.incarnation = 1;
	*ret_message = &beat;
	*ret_peer = "w";
	return 1;
}

static int alarm_fd(struct dtss_transport *transport)
{
	return ((struct alarm_transport *)transport)->fd;
}

static void alarm_close(struct dtss_transport *transport)
{
	ck_assert_int_eq(close(((struct alarm_transport *)transport)->fd), 0);
}

static const struct dtss_transport_ops alarm_ops = {
	sizeof(struct dtss_transport_ops), "alarm", alarm_send, alarm_poll, alarm_fd, alarm_close
};

START_TEST(run_wakes_up_for_a_descriptor)
{
	struct itimerspec when = { .it_value = { 0, 30000000 } };
	struct alarm_transport a = { { &alarm_ops }, -1, 0 };
	struct dtss_node_config cfg = { .size = sizeof cfg };
	struct dtss_event event;
	struct dtss_node *node;

	a.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	ck_assert_int_ge(a.fd, 0);
	cfg.transport = &a.base;
	ck_assert_int_eq(dtss_node_open(&node, &cfg, dtss_now()), 0);
	ck_assert_int_eq(dtss_node_fd(node), a.fd);
	ck_assert_int_eq(dtss_node_run(node, 0), 1);
	ck_assert_int_eq(dtss_node_event(node, &event), 1);
	ck_assert_int_eq(timerfd_settime(a.fd, 0, &when, NULL), 0);
	ck_assert_int_eq(dtss_node_run(node, 50000), 1);
	ck_assert_int_eq(dtss_node_event(node, &event), 1);
	ck_assert_uint_eq(event.type, DTSS_EVENT_WORKER);
	ck_assert_int_lt(a.polls, 100); /* it slept */
	dtss_node_close(node);
}
END_TEST

START_TEST(run_says_that_the_node_has_failed)
{
	struct dtss_node_config cfg = { .size = sizeof cfg };
	struct gate_store *gate = gate_store_open();
	struct dtss_node *node;

	gate->commit = DTSS_E_IO;
	cfg.store = &gate->base;
	ck_assert_int_eq(dtss_node_open(&node, &cfg, dtss_now()), 0);
	ck_assert_int_eq(dtss_node_run(node, 1000), DTSS_E_IO);
	dtss_node_close(node);
}
END_TEST

Suite *suite_unit_node_run(void)
{
	Suite *s = suite_create("unit_node_run");
	TCase *t = tcase_create("run");

	tcase_add_test(t, now_is_now_and_never_goes_back);
	tcase_add_test(t, run_returns_with_the_answer_or_after_its_time);
	tcase_add_test(t, run_wakes_up_for_a_descriptor);
	tcase_add_test(t, run_says_that_the_node_has_failed);
	suite_add_tcase(s, t);
	return s;
}
