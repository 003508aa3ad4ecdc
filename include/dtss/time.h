/* SPDX-License-Identifier: MIT */
#ifndef DTSS_TIME_H
#define DTSS_TIME_H

#include <stdint.h>
#include <dtss/version.h>

#define DTSS_NEVER UINT64_MAX /* a deadline that does not exist */

/*
 * The time, twice: it goes into every verb, and the library never asks for it. mono_ns (from any origin, never
 * backwards) drives leases, timeouts and backoff; wall_ns (since 1970, UTC) is for calendars and for people.
 */
struct dtss_time {
	uint64_t mono_ns;
	int64_t wall_ns;
};

#ifdef __cplusplus
extern "C" {
#endif

/* Both clocks of this machine, CLOCK_BOOTTIME (it runs on in suspend) and CLOCK_REALTIME. Not in the amalgamation. */
DTSS_API struct dtss_time dtss_now(void);

#ifdef __cplusplus
}
#endif
#endif
