/* SPDX-License-Identifier: MIT */
#ifndef DTSS_SIM_FAULT_PRIVATE_H
#define DTSS_SIM_FAULT_PRIVATE_H

#include <dtss/sim.h>

/* Faults from this class on come with time, one after the other (fault.c); those before it when there is an occasion. */
#define SIM_FAULTS_TIMED DTSS_SIM_FAULT_CUT

#define SIM_STALL_MS 11000 /* a clock stands still for at most so long */

/* Rates are in thousandths: of the occasions, or of the moments at which fault.c looks. */
struct sim_faults {
	uint32_t rate[DTSS_SIM_FAULTS]; /* 0: absent */
	uint32_t timed[DTSS_SIM_FAULTS - SIM_FAULTS_TIMED];
	uint32_t timed_count; /* classes of timed faults that are not absent */
	uint64_t every_ns;    /* about as often they are looked for */
};

#endif
