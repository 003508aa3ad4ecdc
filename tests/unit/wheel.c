/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <dtss/time.h>
#include "core/wheel.h"
#include "support/rand.h"

Suite *suite_unit_wheel(void);

#define TICK_NS (UINT64_C(1) << 20)
#define TIMERS 300

static struct wheel wheel;

START_TEST(pops_nothing_before_its_time)
{
	struct timer t = { 0 };

	wheel_init(&wheel, 5 * TICK_NS);
	wheel_set(&wheel, &t, 9 * TICK_NS + 7);
	ck_assert_ptr_null(wheel_pop(&wheel, 9 * TICK_NS + 6)); /* its tick has come, it has not */
	ck_assert_uint_eq(wheel_next(&wheel), 9 * TICK_NS + 7);
	ck_assert_ptr_eq(wheel_pop(&wheel, 9 * TICK_NS + 7), &t);
	ck_assert_ptr_null(t.link);
	ck_assert_uint_eq(wheel_next(&wheel), DTSS_NEVER);
}
END_TEST

START_TEST(pops_by_tick_and_then_in_the_order_of_setting)
{
	struct timer t[6] = { { 0 } };
	size_t i;

	wheel_init(&wheel, 0);
	for (i = 0; i < 4; i++)
		wheel_set(&wheel, &t[i], 100 * TICK_NS + 4 - i); /* they cascade once */
	ck_assert_ptr_null(wheel_pop(&wheel, 70 * TICK_NS));
	wheel_set(&wheel, &t[4], 100 * TICK_NS); /* directly into the same tick */
	wheel_set(&wheel, &t[5], 99 * TICK_NS);
	ck_assert_ptr_eq(wheel_pop(&wheel, 101 * TICK_NS), &t[5]);
	for (i = 0; i < 5; i++)
		ck_assert_ptr_eq(wheel_pop(&wheel, 101 * TICK_NS), &t[i]);
	ck_assert_ptr_null(wheel_pop(&wheel, 101 * TICK_NS));
}
END_TEST

START_TEST(takes_times_that_have_passed)
{
	struct timer t[2] = { { 0 } };

	wheel_init(&wheel, 1000 * TICK_NS);
	wheel_set(&wheel, &t[0], 0);
	wheel_set(&wheel, &t[1], 3 * TICK_NS);
	ck_assert_uint_le(wheel_next(&wheel), 1000 * TICK_NS);
	ck_assert_ptr_eq(wheel_pop(&wheel, 1000 * TICK_NS), &t[0]);
	ck_assert_uint_eq(wheel_next(&wheel), 0); /* one has expired already */
	ck_assert_ptr_eq(wheel_pop(&wheel, 1000 * TICK_NS), &t[1]);
	ck_assert_ptr_null(wheel_pop(&wheel, 1000 * TICK_NS));
}
END_TEST

START_TEST(never_is_a_cancel)
{
	struct timer t = { 0 };

	wheel_init(&wheel, 0);
	wheel_cancel(&wheel, &t); /* not set: fine */
	wheel_set(&wheel, &t, 17 * TICK_NS);
	wheel_set(&wheel, &t, DTSS_NEVER);
	ck_assert_ptr_null(t.link);
	ck_assert_uint_eq(wheel.count, 0);
	ck_assert_uint_eq(wheel_next(&wheel), DTSS_NEVER);
	ck_assert_ptr_null(wheel_pop(&wheel, UINT64_MAX - 1));
}
END_TEST

/* The last level's ring ends after 2^62 ns; what is due later waits in its farthest slot. */
START_TEST(holds_what_is_beyond_the_horizon)
{
	static const uint64_t due_ns[] = {
		UINT64_C(1) << 61, (UINT64_C(1) << 62) + 1, UINT64_C(1) << 63, UINT64_MAX - TICK_NS, UINT64_MAX - 1,
	};
	struct timer t[5] = { { 0 } };
	size_t i;

	wheel_init(&wheel, 0);
	for (i = 5; i-- > 0;)
		wheel_set(&wheel, &t[i], due_ns[i]);
	for (i = 0; i < 5; i++) {
		ck_assert_uint_le(wheel_next(&wheel), due_ns[i]);
		ck_assert_ptr_null(wheel_pop(&wheel, due_ns[i] - 1));
		ck_assert_ptr_eq(wheel_pop(&wheel, due_ns[i]), &t[i]);
	}
}
END_TEST

/* An idle daemon that sleeps until wheel_next() wakes a few times for a timer, not once a tick. */
START_TEST(next_lets_an_idle_caller_sleep)
{
	struct timer t = { 0 };
	unsigned sleeps = 0;
	uint64_t now_ns = 12345, due_ns = 12345 + UINT64_C(86400000000000) * 300;

	wheel_init(&wheel, now_ns);
	wheel_set(&wheel, &t, due_ns);
	while (wheel_pop(&wheel, now_ns) == NULL) {
		ck_assert_uint_gt(wheel_next(&wheel), now_ns);
		now_ns = wheel_next(&wheel);
		ck_assert_uint_le(now_ns, due_ns);
		sleeps++;
	}
	ck_assert_uint_eq(now_ns, due_ns);
	ck_assert_uint_le(sleeps, WHEEL_LEVELS + 1);
}
END_TEST

/* The reference: a plain table of what is set, in which order. */
struct model {
	struct timer timer[TIMERS];
	uint64_t due_ns[TIMERS]; /* DTSS_NEVER: not set */
	uint64_t tick[TIMERS];   /* into which it falls */
	uint64_t set[TIMERS];    /* when it was set */
	int expired[TIMERS];     /* the wheel has taken it out of its tick: those come first */
	uint64_t sets;
	uint64_t now_ns;
	struct rand rand;
};

static uint64_t model_span_ns(struct model *m)
{
	static const unsigned bits[] = { 0, 12, 20, 21, 26, 27, 32, 33, 38, 45, 52, 60, 62 };

	return rand_below(&m->rand, (UINT64_C(1) << bits[rand_below(&m->rand, 13)]) + 1);
}

static void model_cancel(struct model *m, size_t i)
{
	wheel_cancel(&wheel, &m->timer[i]);
	m->due_ns[i] = DTSS_NEVER;
	m->expired[i] = 0;
}

static void model_set(struct model *m, size_t i)
{
	uint64_t due_ns = m->now_ns + model_span_ns(m);

	m->expired[i] = 0;
	if (rand_below(&m->rand, 8) == 0) /* a time that has passed */
		due_ns = rand_below(&m->rand, m->now_ns + 1);
	wheel_set(&wheel, &m->timer[i], due_ns);
	m->due_ns[i] = due_ns;
	m->tick[i] = due_ns / TICK_NS < wheel.tick ? wheel.tick : due_ns / TICK_NS;
	m->set[i] = ++m->sets;
}

/* Does i come before k, which may be TIMERS: none? */
static int model_before(const struct model *m, size_t i, size_t k)
{
	if (k == TIMERS || m->expired[i] != m->expired[k])
		return k == TIMERS || m->expired[i];
	return m->tick[i] != m->tick[k] ? m->tick[i] < m->tick[k] : m->set[i] < m->set[k];
}

static size_t model_first(struct model *m)
{
	size_t i, first = TIMERS;

	for (i = 0; i < TIMERS; i++)
		if (m->due_ns[i] <= m->now_ns && model_before(m, i, first))
			first = i;
	for (i = 0; i < TIMERS && first < TIMERS && !m->expired[first]; i++)
		if (i != first && m->due_ns[i] <= m->now_ns && m->tick[i] == m->tick[first])
			m->expired[i] = 1;
	return first;
}

static uint64_t model_min_ns(const struct model *m)
{
	uint64_t min_ns = DTSS_NEVER;
	size_t i;

	for (i = 0; i < TIMERS; i++)
		min_ns = m->due_ns[i] < min_ns ? m->due_ns[i] : min_ns;
	return min_ns;
}

static void model_check_next(const struct model *m, int drained, uint64_t seed)
{
	uint64_t next_ns = wheel_next(&wheel), min_ns = model_min_ns(m);

	ck_assert_msg(next_ns <= min_ns, "seed %llu: next is late", (unsigned long long)seed);
	ck_assert_msg((next_ns == DTSS_NEVER) == (min_ns == DTSS_NEVER), "seed %llu", (unsigned long long)seed);
	if (!drained)
		return;
	ck_assert_msg(next_ns > m->now_ns, "seed %llu: an idle caller would spin", (unsigned long long)seed);
	if (min_ns / TICK_NS / WHEEL_SLOTS == wheel.tick / WHEEL_SLOTS)
		ck_assert_msg(next_ns + TICK_NS > min_ns, "seed %llu: next is too early", (unsigned long long)seed);
}

/* Takes some or all that are due. */
static void model_pop(struct model *m, uint64_t seed)
{
	size_t most = rand_below(&m->rand, 3) == 0 ? 2 : TIMERS;

	while (most-- > 0) {
		size_t first = model_first(m);
		struct timer *t = wheel_pop(&wheel, m->now_ns);

		ck_assert_msg(t == (first == TIMERS ? NULL : &m->timer[first]), "seed %llu: timer %d for %d",
			      (unsigned long long)seed, t == NULL ? -1 : (int)(t - m->timer), (int)first);
		if (t == NULL) {
			model_check_next(m, 1, seed);
			return;
		}
		ck_assert_ptr_null(t->link);
		m->due_ns[first] = DTSS_NEVER;
		m->expired[first] = 0;
	}
}

/* What stands in a list can be put there again, and into no other slot below the last level. */
static void model_put_back(struct model *m)
{
	static struct wheel again;
	unsigned list, other = (unsigned)rand_below(&m->rand, (WHEEL_LEVELS - 1) * WHEEL_SLOTS);
	const struct timer *t;

	memset(&again, 0, sizeof again);
	again.tick = wheel.tick;
	again.held_ns = wheel.held_ns;
	for (list = 0; list < WHEEL_LISTS; list++) {
		for (t = wheel_list(&wheel, list); t != NULL; t = t->next) {
			struct timer one = { 0 };

			ck_assert_int_eq(wheel_put_back(&again, list, &one, t->due_ns), 1);
			ck_assert_ptr_eq(wheel_list(&again, list), &one);
			wheel_cancel(&again, &one);
			if (list < WHEEL_LISTS - 1 && list != other)
				ck_assert_int_eq(wheel_put_back(&again, other, &one, t->due_ns), 0);
		}
	}
}

START_TEST(agrees_with_a_plain_table)
{
	static struct model m;
	uint64_t seed = 1000 + (uint64_t)_i;
	size_t i, step;

	memset(&m, 0, sizeof(m));
	memset(m.due_ns, 0xff, sizeof(m.due_ns));
	m.rand.state = seed;
	m.now_ns = rand_below(&m.rand, UINT64_C(1) << 40);
	wheel_init(&wheel, m.now_ns);
	for (step = 0; step < 3000; step++) {
		i = rand_below(&m.rand, TIMERS);
		if (rand_below(&m.rand, 4) == 0)
			model_cancel(&m, i);
		else
			model_set(&m, i);
		if (rand_below(&m.rand, 4) != 0)
			continue;
		model_check_next(&m, 0, seed);
		if (step % 16 == 0)
			model_put_back(&m);
		m.now_ns = rand_below(&m.rand, 2) == 0 ? m.now_ns + model_span_ns(&m) / 16 : m.now_ns;
		if (m.now_ns < wheel_next(&wheel) && wheel_next(&wheel) < UINT64_C(1) << 62 && _i % 2 == 0)
			m.now_ns = wheel_next(&wheel);
		model_pop(&m, seed);
		if (m.now_ns >> 63 != 0)
			break;
	}
	while (wheel.count > 0) { /* none is lost */
		m.now_ns = model_min_ns(&m) > m.now_ns ? model_min_ns(&m) : m.now_ns;
		model_pop(&m, seed);
	}
	ck_assert_uint_eq(model_min_ns(&m), DTSS_NEVER);
}
END_TEST

Suite *suite_unit_wheel(void)
{
	Suite *s = suite_create("unit_wheel");
	TCase *c = tcase_create("wheel");

	tcase_add_test(c, pops_nothing_before_its_time);
	tcase_add_test(c, pops_by_tick_and_then_in_the_order_of_setting);
	tcase_add_test(c, takes_times_that_have_passed);
	tcase_add_test(c, never_is_a_cancel);
	tcase_add_test(c, holds_what_is_beyond_the_horizon);
	tcase_add_test(c, next_lets_an_idle_caller_sleep);
	tcase_add_loop_test(c, agrees_with_a_plain_table, 0, 12);
	suite_add_tcase(s, c);
	return s;
}
