/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_FAULT_STORE_H
#define TESTS_SUPPORT_FAULT_STORE_H

#include <dtss.h>

/* A store that fails when it is told, in front of any other. Without a plan it changes nothing. */
enum fault_mode {
	FAULT_NONE = 0,
	FAULT_FULL,            /* submit says DTSS_E_FULL */
	FAULT_NOMEM,           /* submit says DTSS_E_NOMEM */
	FAULT_NOSPC,           /* not applied; DTSS_E_NOSPC */
	FAULT_UNKNOWN_LOST,    /* not applied; DTSS_E_UNKNOWN */
	FAULT_UNKNOWN_APPLIED, /* applied; DTSS_E_UNKNOWN all the same */
	FAULT_IO,              /* not applied; DTSS_E_IO, and so for every further operation */
	FAULT_IO_APPLIED,      /* applied; then as FAULT_IO */
	FAULT_LATE,            /* applied; polls come back empty FAULT_LATE_POLLS times before its answer */
	FAULT_MODES
};

#define FAULT_LATE_POLLS 3

struct fault_plan {
	enum fault_mode mode;
	uint32_t type; /* only operations of this enum dtss_store_op_type count; 0: all */
	uint64_t at;   /* which of them fails, from 1 */
	int on;        /* 1: all from there on */
};

/* Closing it closes the inner one. Never NULL. */
struct dtss_store *fault_store_wrap(struct dtss_store *inner);
/* From now on; operations are counted anew. */
void fault_store_plan(struct dtss_store *store, const struct fault_plan *plan);
/* How many operations of the plan's type there were. */
uint64_t fault_store_count(const struct dtss_store *store);

#endif
