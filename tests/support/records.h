/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_RECORDS_H
#define TESTS_SUPPORT_RECORDS_H

#include <dtss.h>

/* The newest of each record of the live set, as a store keeps them for the next load. */
#define RECORDS_BUCKETS 4096

struct records_row {
	struct dtss_record record; /* key and data are copies */
	struct records_row *next;
};

struct records {
	struct records_row *bucket[RECORDS_BUCKETS];
	size_t count;
};

void records_init(struct records *r);
void records_fini(struct records *r);
void records_write(struct records *r, const struct dtss_batch *batch);
/* Into an engine that does not lead. */
int records_load(const struct records *r, struct dtss_sched *s);

#endif
