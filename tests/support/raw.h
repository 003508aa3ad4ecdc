/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_RAW_H
#define TESTS_SUPPORT_RAW_H

#include <stddef.h>
#include <stdint.h>
#include "support/dtssd.h"

/* Bytes as they are, to and from a dtssd. Whatever fails, fails the test; nothing waits longer than RAW_MS. */
#define RAW_MS 20000

/* dtssd_start() with such a configuration file. */
void raw_start(struct dtssd_run *run, const char *conf);
/* A connection to it that does not block; the kernel sends what it is given at once. */
int raw_connect(const struct dtssd_run *run);

/* What a server says on one connection, response after response. */
struct raw_reader {
	char *text;
	size_t len;
	size_t cap;
	size_t at; /* of the response that is not whole yet */
	int ended; /* the server has closed */
};

/* Takes what is there now, or in ms. */
void raw_take(struct raw_reader *reader, int fd, int ms);
void raw_reader_fini(struct raw_reader *reader);
/* The next response that is whole: its status, and its body; 0: none. Those below 200 are left out. */
int raw_response(struct raw_reader *reader, const char **ret_body, size_t *ret_len);

/* A client that does nothing wrong, on a connection of its own. */
struct healthy {
	const struct dtssd_run *run;
	int fd;
	struct raw_reader reader;
	unsigned asked;
	unsigned slowest_ms; /* of the answers */
};

void healthy_open(struct healthy *healthy, const struct dtssd_run *run);
void healthy_close(struct healthy *healthy);
/* Asks for the totals, which must come within ms. Gives how many tasks were submitted. */
unsigned healthy_submitted(struct healthy *healthy, unsigned ms);

/* With DTSS_FIGURES set: "http NAME=count asked= slowest_answer_ms=" on stdout, for tests/proof/http.sh. */
void healthy_tell(const struct healthy *healthy, const char *name, size_t count);

uint64_t raw_now_ms(void);
/* Waits until the server has closed, which it must do between from_ms and RAW_MS from now. Gives the last status, or 0. */
int raw_closed(int fd, unsigned from_ms);
/* Waits until the server has no more descriptors open than that. */
void raw_settled(const struct dtssd_run *run, unsigned descriptors);
/* How many descriptors the server has open, and how many KiB of memory it uses. */
unsigned raw_descriptors(const struct dtssd_run *run);
unsigned raw_memory_kib(const struct dtssd_run *run);

#endif
