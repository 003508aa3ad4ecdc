/* SPDX-License-Identifier: MIT */
#include "sim/sim.h"

/*
 * A place's monotonic clock is a line: it showed mono_ns at true_ns, and runs on at its rate. When the rate changes, a new
 * line begins where the old one is.
 *
 *   shown │        ╱ rate 2       Its wall clock is true time plus an offset that may be changed at any time, both ways.
 *         │   ___╱
 *         │ ╱  rate 0
 *         └──────────── true
 */
#define CLOCK_MILLION 1000000u
#define CLOCK_WALL_BEGIN INT64_C(1700000000000000000) /* true time 0 */
#define CLOCK_YEAR_NS (INT64_C(365) * 86400 * 1000000000)

static uint64_t clock_mono(const struct sim_clock *c, uint64_t true_ns)
{
	uint64_t since = true_ns - c->true_ns;

	DTSS_ASSERT(true_ns >= c->true_ns);
	return c->mono_ns + since / CLOCK_MILLION * c->rate + since % CLOCK_MILLION * c->rate / CLOCK_MILLION;
}

struct dtss_time clock_now(const struct sim *s, uint32_t place)
{
	const struct sim_clock *c = &s->clocks[place];
	struct dtss_time now;

	now.mono_ns = clock_mono(c, s->true_ns);
	now.wall_ns = CLOCK_WALL_BEGIN + (int64_t)s->true_ns + c->wall_offset_ns;
	return now;
}

uint64_t clock_true_ns(const struct sim *s, uint32_t place, uint64_t mono_ns)
{
	const struct sim_clock *c = &s->clocks[place];
	uint64_t since, true_ns;

	if (mono_ns <= clock_mono(c, s->true_ns))
		return s->true_ns;
	if (mono_ns > DTSS_NEVER / 4 || c->rate == 0)
		return DTSS_NEVER; /* SIM_ITEM_CLOCK wakes the place when its clock runs on */
	since = mono_ns - c->mono_ns;
	true_ns = c->true_ns + since / c->rate * CLOCK_MILLION +
		  (since % c->rate * CLOCK_MILLION + c->rate - 1) / c->rate;
	while (clock_mono(c, true_ns) < mono_ns)
		true_ns++;
	return true_ns;
}

void clock_set_rate(struct sim *s, uint32_t place, uint32_t rate)
{
	struct sim_clock *c = &s->clocks[place];

	c->mono_ns = clock_mono(c, s->true_ns);
	c->true_ns = s->true_ns;
	c->rate = rate;
}

void clock_draw(struct sim *s, uint32_t place)
{
	struct sim_clock *c = &s->clocks[place];

	c->true_ns = s->true_ns;
	c->mono_ns = s->true_ns + sim_choose(s, 1000) * SIM_S;
	c->rate = CLOCK_MILLION;
	c->wall_offset_ns = 0;
	if (s->wild)
		c->rate = CLOCK_MILLION / 2 + (uint32_t)((sim_choose(s, 1501) + 500) % 1501) * 1000;
	else if (sim_choose(s, 2))
		c->rate = CLOCK_MILLION - 10000 + (uint32_t)sim_choose(s, 20001);
	if (sim_choose(s, 2))
		clock_step_wall(s, place);
}

/* By milliseconds, seconds, hours, or years, both ways, but by no more than ten years in all. */
void clock_step_wall(struct sim *s, uint32_t place)
{
	static const int64_t most[] = { INT64_C(1000000000), INT64_C(60000000000), INT64_C(86400000000000),
					10 * CLOCK_YEAR_NS };
	int64_t by = (int64_t)sim_choose(s, (uint64_t)most[sim_choose(s, sizeof most / sizeof *most)]) + 1;
	struct sim_clock *c = &s->clocks[place];

	c->wall_offset_ns += sim_choose(s, 2) ? by : -by;
	if (c->wall_offset_ns > 10 * CLOCK_YEAR_NS || c->wall_offset_ns < -10 * CLOCK_YEAR_NS)
		c->wall_offset_ns = 0;
}
