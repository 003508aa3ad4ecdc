/* SPDX-License-Identifier: MIT */
#ifndef DTSS_NODE_POSIX_TRACE_H
#define DTSS_NODE_POSIX_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/trace.h>

/* The segments of a directory, for those who write them and those who read them. */
#define POSIX_SEGMENT_NAME 32

struct posix_segment {
	uint64_t number;
	uint64_t bytes;
};

struct posix_segments {
	struct posix_segment *at; /* by number */
	size_t count;
	size_t cap;
};

void posix_segment_name(uint64_t number, char name[POSIX_SEGMENT_NAME]);
/* Takes the descriptor over. DTSS_E_IO (errno says more), DTSS_E_NOMEM. */
int posix_segments_read(int dir, struct posix_segments *ret);
void posix_segments_free(struct posix_segments *s);
/* "what: why"; why NULL: what alone. message may be NULL. */
void posix_say(char *message, size_t cap, const char *what, const char *why);

#endif
