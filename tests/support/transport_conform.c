/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include "conform/transport.h"
#include "support/transport_samples.h"

#define FACTORIES_MAX 8
#define PUMPS_MAX 500

static const struct transport_factory *factories[FACTORIES_MAX];
static int factory_count;

/* Check hands a loop test nothing but its index. */
static void pair_open(struct transport_pair *p, int index)
{
	memset(p, 0, sizeof *p);
	factories[index]->open(p);
	ck_assert_ptr_nonnull(p->scheduler);
	ck_assert_ptr_nonnull(p->worker);
}

static void pair_pump(struct transport_pair *p, int index)
{
	if (factories[index]->pump != NULL)
		factories[index]->pump(p);
}

static void pair_close(struct transport_pair *p, int index)
{
	factories[index]->close(p);
}

/* The next message at one end; it must come, since nothing disturbs the way. */
static const struct dtss_message *await(struct transport_pair *p, int index, struct dtss_transport *end)
{
	const struct dtss_message *message = NULL;
	const char *peer = "";
	int i, rc;

	for (i = 0; i < PUMPS_MAX; i++) {
		rc = end->ops->poll(end, &message, &peer);
		ck_assert_int_ge(rc, 0);
		if (rc == 1) {
			if (end == p->scheduler)
				ck_assert_str_eq(peer, TRANSPORT_WORKER);
			else
				ck_assert_ptr_null(peer);
			return message;
		}
		pair_pump(p, index);
	}
	ck_abort_msg("the message does not arrive");
	return NULL;
}

/* Equal in every field: their canonical bytes are. But the lease of an assignment may have run on the way. */
static void assert_same(const struct dtss_message *a, const struct dtss_message *sent)
{
	size_t len = dtss_message_encode(a, NULL, 0);
	unsigned char *x = malloc(len), *y = malloc(len);
	struct dtss_message run = *sent, *b = &run;

	ck_assert(x != NULL && y != NULL);
	if (a->type == DTSS_MESSAGE_ASSIGN && sent->type == DTSS_MESSAGE_ASSIGN) {
		ck_assert_uint_le(a->u.assign.lease_ms, sent->u.assign.lease_ms);
		run.u.assign.lease_ms = a->u.assign.lease_ms;
	}
	ck_assert_uint_eq(a->type, b->type);
	ck_assert_uint_eq(dtss_message_encode(b, NULL, 0), len);
	ck_assert_uint_eq(dtss_message_encode(a, x, len), len);
	ck_assert_uint_eq(dtss_message_encode(b, y, len), len);
	ck_assert_mem_eq(x, y, len);
	free(x);
	free(y);
}

static void send_ok(struct dtss_transport *end, const char *peer, const struct dtss_message *m)
{
	ck_assert_int_eq(end->ops->send(end, peer, m), 0);
}

START_TEST(the_table_is_complete)
{
	struct transport_pair p;
	struct dtss_transport *ends[2];
	int i;

	pair_open(&p, _i);
	ends[0] = p.scheduler;
	ends[1] = p.worker;
	for (i = 0; i < 2; i++) {
		ck_assert_uint_eq(ends[i]->ops->size, sizeof(struct dtss_transport_ops));
		ck_assert_uint_gt(strlen(ends[i]->ops->name), 0);
		ck_assert(ends[i]->ops->send && ends[i]->ops->poll && ends[i]->ops->fd && ends[i]->ops->close);
	}
	pair_close(&p, _i);
}
END_TEST

START_TEST(at_first_there_is_nothing)
{
	const struct dtss_message *message;
	const char *peer;
	struct transport_pair p;

	pair_open(&p, _i);
	ck_assert_int_eq(p.scheduler->ops->poll(p.scheduler, &message, &peer), 0);
	ck_assert_int_eq(p.worker->ops->poll(p.worker, &message, &peer), 0);
	pair_pump(&p, _i);
	ck_assert_int_eq(p.scheduler->ops->poll(p.scheduler, &message, &peer), 0);
	ck_assert_int_eq(p.worker->ops->poll(p.worker, &message, &peer), 0);
	pair_close(&p, _i);
}
END_TEST

START_TEST(every_message_arrives_whole)
{
	struct dtss_message m;
	struct transport_pair p;
	unsigned char *spec;
	size_t spec_len = make_spec(&spec, "hi");

	pair_open(&p, _i);
	fill_heartbeat(&m, 1);
	send_ok(p.worker, NULL, &m);
	assert_same(await(&p, _i, p.scheduler), &m);
	fill_answer(&m, 1);
	send_ok(p.scheduler, TRANSPORT_WORKER, &m);
	assert_same(await(&p, _i, p.worker), &m);

	fill_heartbeat(&m, 2);
	send_ok(p.worker, NULL, &m);
	(void)await(&p, _i, p.scheduler);
	fill_assign(&m, spec, spec_len);
	send_ok(p.scheduler, TRANSPORT_WORKER, &m);
	assert_same(await(&p, _i, p.worker), &m);

	fill_heartbeat(&m, 3);
	send_ok(p.worker, NULL, &m);
	(void)await(&p, _i, p.scheduler);
	fill_stop(&m, 70);
	send_ok(p.scheduler, TRANSPORT_WORKER, &m);
	assert_same(await(&p, _i, p.worker), &m);
	free(spec);
	pair_close(&p, _i);
}
END_TEST

START_TEST(what_is_sent_is_borrowed_for_the_call)
{
	struct dtss_message m, expected;
	struct transport_pair p;
	unsigned char *spec, *other;
	size_t spec_len = make_spec(&spec, "hi");

	ck_assert_uint_eq(make_spec(&other, "hi"), spec_len);
	pair_open(&p, _i);
	fill_heartbeat(&m, 1);
	send_ok(p.worker, NULL, &m);
	memset(&m, 0xff, sizeof m);
	fill_heartbeat(&expected, 1);
	assert_same(await(&p, _i, p.scheduler), &expected);
	fill_assign(&m, spec, spec_len);
	send_ok(p.scheduler, TRANSPORT_WORKER, &m);
	memset(spec, 0xff, spec_len);
	fill_assign(&expected, other, spec_len);
	assert_same(await(&p, _i, p.worker), &expected);
	free(spec);
	free(other);
	pair_close(&p, _i);
}
END_TEST

START_TEST(the_biggest_specification_gets_through)
{
	struct dtss_message m;
	struct transport_pair p;
	unsigned char *spec;
	char *argument = malloc(DTSS_SPEC_BYTES_MAX);
	size_t spec_len;

	ck_assert_ptr_nonnull(argument);
	memset(argument, 'x', DTSS_SPEC_BYTES_MAX);
	argument[DTSS_SPEC_BYTES_MAX - 1000] = '\0';
	spec_len = make_spec(&spec, argument);
	ck_assert_uint_le(spec_len, DTSS_SPEC_BYTES_MAX);
	pair_open(&p, _i);
	fill_heartbeat(&m, 1);
	send_ok(p.worker, NULL, &m);
	(void)await(&p, _i, p.scheduler);
	fill_assign(&m, spec, spec_len);
	send_ok(p.scheduler, TRANSPORT_WORKER, &m);
	assert_same(await(&p, _i, p.worker), &m);
	free(spec);
	free(argument);
	pair_close(&p, _i);
}
END_TEST

/* An agent gets its answer, assignments and stops at one go, in whatever order. */
START_TEST(several_messages_at_once_all_arrive)
{
	struct dtss_message m;
	struct transport_pair p;
	int i, stops = 0, answers = 0;

	pair_open(&p, _i);
	fill_heartbeat(&m, 1);
	send_ok(p.worker, NULL, &m);
	(void)await(&p, _i, p.scheduler);
	for (i = 0; i < 20; i++) {
		fill_stop(&m, 100 + (uint64_t)i);
		send_ok(p.scheduler, TRANSPORT_WORKER, &m);
	}
	fill_answer(&m, 1);
	send_ok(p.scheduler, TRANSPORT_WORKER, &m);
	for (i = 0; i < 200 && (stops < 20 || answers < 1); i++) {
		const struct dtss_message *got = await(&p, _i, p.worker);

		stops += got->type == DTSS_MESSAGE_STOP;
		answers += got->type == DTSS_MESSAGE_ANSWER;
		if (stops == 20 || answers == 1)
			continue;
		fill_heartbeat(&m, (uint64_t)i + 2); /* what carries them may be the next heartbeat's way back */
		send_ok(p.worker, NULL, &m);
	}
	ck_assert_int_eq(stops, 20);
	ck_assert_int_eq(answers, 1);
	pair_close(&p, _i);
}
END_TEST

START_TEST(a_message_for_nobody_reaches_nobody)
{
	const struct dtss_message *message;
	const char *peer;
	struct dtss_message m;
	struct transport_pair p;
	int i, rc;

	pair_open(&p, _i);
	fill_heartbeat(&m, 1);
	send_ok(p.worker, NULL, &m);
	(void)await(&p, _i, p.scheduler);
	fill_stop(&m, 1);
	rc = p.scheduler->ops->send(p.scheduler, "somebody else", &m);
	ck_assert(rc == 0 || rc == DTSS_E_NOT_FOUND);
	for (i = 0; i < 5; i++) {
		ck_assert_int_eq(p.worker->ops->poll(p.worker, &message, &peer), 0);
		pair_pump(&p, _i);
	}
	pair_close(&p, _i);
}
END_TEST

START_TEST(a_descriptor_becomes_readable)
{
	struct dtss_message m;
	struct transport_pair p;
	struct pollfd pfd;
	int i, rc = 0;

	pair_open(&p, _i);
	fill_heartbeat(&m, 1);
	pfd.fd = p.scheduler->ops->fd(p.scheduler);
	pfd.events = POLLIN;
	send_ok(p.worker, NULL, &m);
	for (i = 0; i < PUMPS_MAX && pfd.fd >= 0 && rc == 0; i++) {
		pair_pump(&p, _i);
		rc = poll(&pfd, 1, 0);
	}
	ck_assert(pfd.fd < 0 || rc == 1);
	assert_same(await(&p, _i, p.scheduler), &m);
	pair_close(&p, _i);
}
END_TEST

START_TEST(either_end_may_go_first_and_with_messages_on_the_way)
{
	struct dtss_message m;
	struct transport_pair p;
	int worker_first;

	for (worker_first = 0; worker_first < 2; worker_first++) {
		struct dtss_transport **end = worker_first ? &p.worker : &p.scheduler;

		pair_open(&p, _i);
		fill_heartbeat(&m, 1);
		send_ok(p.worker, NULL, &m);
		(void)await(&p, _i, p.scheduler);
		fill_stop(&m, 1);
		send_ok(p.scheduler, TRANSPORT_WORKER, &m);
		(*end)->ops->close(*end);
		*end = NULL;
		if (worker_first)
			(void)p.scheduler->ops->send(p.scheduler, TRANSPORT_WORKER, &m);
		fill_heartbeat(&m, 2);
		if (!worker_first)
			(void)p.worker->ops->send(p.worker, NULL, &m);
		pair_pump(&p, _i);
		pair_close(&p, _i);
	}
}
END_TEST

Suite *transport_conform(const char *name, const struct transport_factory *factory)
{
	const TTest *tests[] = { the_table_is_complete,
				 at_first_there_is_nothing,
				 every_message_arrives_whole,
				 what_is_sent_is_borrowed_for_the_call,
				 the_biggest_specification_gets_through,
				 several_messages_at_once_all_arrive,
				 a_message_for_nobody_reaches_nobody,
				 a_descriptor_becomes_readable,
				 either_end_may_go_first_and_with_messages_on_the_way };
	Suite *s = suite_create(name);
	TCase *t = tcase_create("transport");
	int index = factory_count++;
	size_t i;

	if (index >= FACTORIES_MAX)
		abort();
	factories[index] = factory;
	for (i = 0; i < sizeof tests / sizeof *tests; i++)
		tcase_add_loop_test(t, tests[i], index, index + 1);
	suite_add_tcase(s, t);
	return s;
}
