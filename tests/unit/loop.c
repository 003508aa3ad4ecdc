/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include <dtss.h>
#include "support/fail_mem.h"

Suite *suite_unit_loop(void);

static struct dtss_message stop_of(uint64_t fence)
{
	struct dtss_message m;

	memset(&m, 0, sizeof m);
	m.size = sizeof m;
	m.type = DTSS_MESSAGE_STOP;
	m.u.stop.fence = fence;
	return m;
}

static int send(struct dtss_transport *t, const char *peer, uint64_t fence)
{
	struct dtss_message m = stop_of(fence);

	return t->ops->send(t, peer, &m);
}

START_TEST(what_is_sent_comes_in_order)
{
	const struct dtss_message *message;
	struct dtss_transport *near, *far;
	const char *peer;
	uint64_t i;

	ck_assert_int_eq(dtss_loop_open(&near, &far, "w", NULL), 0);
	for (i = 1; i <= 100; i++)
		ck_assert_int_eq(send(near, "w", i), 0);
	for (i = 1; i <= 100; i++) {
		ck_assert_int_eq(far->ops->poll(far, &message, &peer), 1);
		ck_assert_uint_eq(message->u.stop.fence, i);
	}
	ck_assert_int_eq(far->ops->poll(far, &message, &peer), 0);
	ck_assert_int_eq(near->ops->fd(near), -1);
	near->ops->close(near);
	ck_assert_int_eq(send(far, NULL, 1), DTSS_E_NOT_FOUND);
	far->ops->close(far);
}
END_TEST

START_TEST(it_is_bounded)
{
	const struct dtss_message *message;
	struct dtss_transport *near, *far;
	const char *peer;
	int i;

	ck_assert_int_eq(dtss_loop_open(&near, &far, "w", NULL), 0);
	ck_assert_int_eq(send(near, "v", 1), DTSS_E_NOT_FOUND);
	for (i = 0; i < DTSS_LOOP_MESSAGES_MAX; i++)
		ck_assert_int_eq(send(near, "w", 1), 0);
	ck_assert_int_eq(send(near, "w", 1), DTSS_E_FULL);
	ck_assert_int_eq(send(far, NULL, 1), 0); /* the other direction is another queue */
	ck_assert_int_eq(far->ops->poll(far, &message, &peer), 1);
	ck_assert_int_eq(send(near, "w", 1), 0);
	far->ops->close(far);
	near->ops->close(near);
}
END_TEST

/* Without memory a message is not lost, once it was taken. */
START_TEST(without_memory_nothing_is_lost_or_leaked)
{
	struct dtss_transport *near, *far;
	struct fail_mem f;
	size_t n;

	for (n = 1;; n++) {
		const struct dtss_message *message;
		const char *peer;
		int rc, sent;

		fail_mem_init(&f, n);
		rc = dtss_loop_open(&near, &far, "w", &f.mem);
		if (rc < 0) {
			ck_assert_int_eq(rc, DTSS_E_NOMEM);
			ck_assert_uint_eq(f.blocks, 0);
			continue;
		}
		sent = send(near, "w", 5);
		ck_assert(sent == 0 || sent == DTSS_E_NOMEM);
		rc = far->ops->poll(far, &message, &peer);
		if (rc == DTSS_E_NOMEM)
			rc = far->ops->poll(far, &message, &peer);
		ck_assert_int_eq(rc, sent == 0);
		near->ops->close(near);
		far->ops->close(far);
		ck_assert_uint_eq(f.blocks, 0);
		if (f.count < n)
			break;
	}
	ck_assert_uint_ge(n, 4);
}
END_TEST

Suite *suite_unit_loop(void)
{
	Suite *s = suite_create("unit_loop");
	TCase *t = tcase_create("loop");

	tcase_add_test(t, what_is_sent_comes_in_order);
	tcase_add_test(t, it_is_bounded);
	tcase_add_test(t, without_memory_nothing_is_lost_or_leaked);
	suite_add_tcase(s, t);
	return s;
}
