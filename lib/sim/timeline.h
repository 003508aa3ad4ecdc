/* SPDX-License-Identifier: MIT */
#ifndef DTSS_SIM_TIMELINE_H
#define DTSS_SIM_TIMELINE_H

#include <dtss/sim.h>

/*
 * What each place did, a line each; of a long run the last ones.
 *
 *       time s  c0          s0          disk        w0
 *     1.000000  submit 1    |           |           |
 *     1.004210  |           commit 1-2  |           |
 */
#define SIM_LINES_MAX 16384   /* as many as a long run's last minutes: 2 MiB */
#define SIM_LINE_TEXT_MAX 116 /* a violation's sentence */

/* Numbers of places: their columns stand in the order client, scheduler, disk, worker. */
enum sim_place {
	SIM_PLACE_SCHEDULERS = 0,
	SIM_PLACE_WORKERS = SIM_PLACE_SCHEDULERS + DTSS_SIM_SCHEDULERS_MAX,
	SIM_PLACE_CLIENTS = SIM_PLACE_WORKERS + DTSS_SIM_WORKERS_MAX,
	SIM_PLACE_STORE = SIM_PLACE_CLIENTS + DTSS_SIM_CLIENTS_MAX,
	SIM_PLACES = SIM_PLACE_STORE + 1
};

struct sim_line {
	uint64_t ns;
	uint32_t place;
	char text[SIM_LINE_TEXT_MAX];
};

struct sim_timeline {
	const struct dtss_mem *mem; /* NULL: nothing is kept */
	struct sim_line *lines;     /* a ring of SIM_LINES_MAX */
	uint64_t said;
};

/* DTSS_E_NOMEM. A zeroed one keeps nothing. */
int timeline_init(struct sim_timeline *t, const struct dtss_mem *mem);
void timeline_fini(struct sim_timeline *t);
void timeline_say(struct sim_timeline *t, uint64_t ns, uint32_t place, const char *text);
/* As snprintf(): cut to cap with its NUL, gives the whole length. */
size_t timeline_text(const struct sim_timeline *t, char *buf, size_t cap);

#endif
