/* SPDX-License-Identifier: MIT */
#ifndef DTSS_TRACE_H
#define DTSS_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/sched.h>

/*
 * A trace: every call that changed an engine, with its arguments and times. The engine is deterministic, so carrying
 * the calls out again ends at the same dtss_sched_digest_all(), on any machine: a decision of the past can be looked at
 * when somebody asks for it, and nothing has to be stored for that.
 *
 *      node ── frames ──► struct dtss_trace ──► segments ─ ─ ─► struct dtss_replay ──► an engine as it was
 *
 * A segment begins with a snapshot, so that it stands for itself, and the oldest can be deleted.
 *
 * Where a node's trace goes. It never calls up, and is used by one thread at a time. A failure here never disturbs the
 * scheduler: the recording stops, dtss_node_info() says why, and a new segment is tried later.
 */
struct dtss_trace {
	const struct dtss_trace_ops *ops; /* first in every implementation */
};

struct dtss_trace_ops {
	size_t size;
	const char *name; /* "files" */
	/* A new segment; what was there before is complete. Called first, and again after an error. */
	int (*begin)(struct dtss_trace *trace);
	/* Appends a whole frame, borrowed for the call. It may be kept in memory for a while. 0; 1: the segment is long
	 * enough, a new one should begin soon (until then it goes on); or an error: the segment ends here. */
	int (*write)(struct dtss_trace *trace, const void *frame, size_t len);
	/* What was appended outlives the process from here on. Called before each commit, so that what is stored has been
	 * recorded. 0, or an error as of write. */
	int (*flush)(struct dtss_trace *trace);
	void (*close)(struct dtss_trace *trace); /* flushes, too */
};

struct dtss_replay;

struct dtss_replay_info {
	size_t size;
	uint64_t segments; /* begun so far */
	uint64_t verbs;    /* carried out */
	uint64_t events;   /* that they made */
	uint64_t seq;      /* the last event */
	uint64_t begin;    /* the last event before this segment */
	uint64_t marks;    /* digests that were recorded, and were the same here */
	struct dtss_time now;
	const char *verb;    /* the last, for people: "submit"; valid until the replay is destroyed */
	const char *version; /* of the library that recorded it; likewise */
};

#ifdef __cplusplus
extern "C" {
#endif

/*
 * lib/node/posix_trace.c, not in the amalgamation: files DIR/NUMBER.trace of mode 0600; the directory is made if it is
 * not there. Of more than bytes_max together (0: DTSS_TRACE_BYTES_DEFAULT) the oldest segments are deleted. On failure
 * message says what and why. DTSS_E_INVALID: bytes_max is below DTSS_TRACE_BYTES_MIN; DTSS_E_IO, DTSS_E_NOMEM.
 */
DTSS_API int dtss_trace_open(struct dtss_trace **ret_trace, const char *dir, uint64_t bytes_max,
			     const struct dtss_mem *mem, char *message, size_t message_cap);

/* mem NULL: dtss_mem_libc(). DTSS_E_NOMEM. */
DTSS_API int dtss_replay_create(struct dtss_replay **ret_replay, const struct dtss_mem *mem);
DTSS_API void dtss_replay_destroy(struct dtss_replay *replay); /* NULL is fine */
/*
 * Carries out the first frame of data. 1: *ret_used bytes of data were it; 0: it is not whole. DTSS_E_CORRUPT,
 * DTSS_E_VERSION; DTSS_E_BUG: a call ended otherwise than it did when it was recorded; DTSS_E_NOMEM; DTSS_E_STATE: no
 * segment was begun. After an error only a new segment can follow.
 */
DTSS_API int dtss_replay_feed(struct dtss_replay *replay, const void *data, size_t len, size_t *ret_used);
/* The engine as it was then, for queries; NULL before the first segment, and when its snapshot was damaged. */
DTSS_API struct dtss_sched *dtss_replay_sched(struct dtss_replay *replay);
DTSS_API void dtss_replay_info(const struct dtss_replay *replay, struct dtss_replay_info *ret_info);
/*
 * Likewise beside posix.c: all of a file, or of a directory of segments, up to the call that made event seq; DTSS_NEVER:
 * to the end, where a frame that is not whole was cut off and ends it. Of a directory only the segment with that event
 * is carried out. On failure message says what and why. DTSS_E_COMPACTED: the event is older than what is kept, or
 * nothing was recorded then; DTSS_E_NOT_FOUND: it is newer, or nothing is there at all; DTSS_E_IO; errors of feed.
 */
DTSS_API int dtss_replay_path(struct dtss_replay *replay, const char *path, uint64_t seq, char *message,
			      size_t message_cap);

#ifdef __cplusplus
}
#endif
#endif
