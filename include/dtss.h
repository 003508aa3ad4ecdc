/* SPDX-License-Identifier: MIT */
#ifndef DTSS_H
#define DTSS_H

/*
 * libdtss: a task scheduler in a library. Pure C99; the core does no I/O, asks no clock and starts no thread.
 *
 * Conventions, said once:
 *
 * NAMES      dtss_<noun>_<verb>. Structs have no typedef, ids are distinct types. Units and bounds stand last: lease_ms.
 * ERRORS     0 or a positive count is success, a negative int is one of DTSS_E_*. ret_ parameters come last and are not
 *            touched on failure. Programmer errors (a NULL handle, a verb inside a vtable function) are asserted.
 * OWNERSHIP  Inputs are borrowed for the call. Outputs stay valid until the next call on the same handle.
 * MEMORY     comes from a struct dtss_mem per object. An allocation that fails is DTSS_E_NOMEM, and nothing was changed.
 * THREADS    One thread at a time per handle; any number of handles in any number of threads. There are no globals.
 * TIME       goes in as struct dtss_time; durations are ms, instants are ns; DTSS_NEVER is a deadline that does not exist.
 * GROWTH     Structs that a program fills in or receives begin with size_t size = sizeof of them. A smaller one is
 *            taken as zero-extended, a larger one if the rest is zero. Zero is the default everywhere.
 * LIMITS     are all in dtss/limits.h.
 * FFI        Only functions, structs, named unions and integer constants; no inline functions, no bit-fields.
 */
#include <dtss/version.h>
#include <dtss/error.h>
#include <dtss/limits.h>
#include <dtss/mem.h>
#include <dtss/time.h>
#include <dtss/policy.h>
#include <dtss/task.h>
#include <dtss/worker.h>
#include <dtss/message.h>
#include <dtss/store.h>
#include <dtss/transport.h>
#include <dtss/sched.h>
#include <dtss/trace.h>
#include <dtss/agent.h>
#include <dtss/node.h>
#include <dtss/sim.h>

#endif
