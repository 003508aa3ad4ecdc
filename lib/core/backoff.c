/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/* value * milli / 1000, saturating: value stays below 2^55 (a year in ms is 2^35, in ns 2^55). */
static uint64_t backoff_scale(uint64_t value, uint64_t milli, uint64_t cap)
{
	if (value >= cap || value / 1000 > cap / milli)
		return cap;
	value = value / 1000 * milli + value % 1000 * milli / 1000;
	return value < cap ? value : cap;
}

/*
 * Exponential backoff in fixed point, with additive jitter of 0 to 25 % that is a hash of (seed, task, attempt): the
 * same after a restart, and different for tasks that failed together. S12: min <= wait <= max * 1.25.
 */
uint64_t backoff_ns(uint64_t seed, uint64_t task, uint32_t attempt, const struct dtss_retry *r, uint32_t failures)
{
	uint64_t cap = r->backoff_ms_max * NS_PER_MS, wait = r->backoff_ms_min * NS_PER_MS;
	uint32_t n;

	DTSS_ASSERT(failures > 0);
	wait = wait < cap ? wait : cap;
	for (n = 1; n < failures && wait < cap && r->multiplier_milli > 1000; n++)
		wait = backoff_scale(wait, r->multiplier_milli, cap);
	if (r->jitter != DTSS_JITTER_OFF) {
		uint64_t h = hash_word(hash_word(seed ^ hash_word(task)) + attempt);

		wait += (wait * DTSS_JITTER_PERCENT / 100 >> 16) * (h & 0xffff);
	}
	return wait;
}

/* After ends that count nowhere: 100 ms, doubling to 6.4 s, so that a worker that rejects everything cannot spin. */
uint64_t backoff_free_ns(uint32_t ends)
{
	uint32_t shift = ends < 7 ? ends - 1 : 6;

	DTSS_ASSERT(ends > 0);
	return ((uint64_t)DTSS_BACKOFF_FREE_MS << shift) * NS_PER_MS;
}

static int retry_matches(const struct dtss_retry_rule *rule, const struct dtss_outcome *o)
{
	if (rule->causes && !(rule->causes & 1u << o->cause))
		return 0;
	if (rule->exit_min == 0 && rule->exit_max == 0)
		return 1;
	return o->cause == DTSS_CAUSE_EXIT && o->exit_code >= rule->exit_min && o->exit_code <= rule->exit_max;
}

uint32_t retry_decide(const struct dtss_retry *r, const struct dtss_outcome *o)
{
	size_t i;

	for (i = 0; i < r->rule_count; i++)
		if (retry_matches(&r->rules[i], o))
			return r->rules[i].action;
	return DTSS_RETRY_RETRY;
}
