/* SPDX-License-Identifier: MIT */
#ifndef DTSS_NODE_TRACE_H
#define DTSS_NODE_TRACE_H

#include "codec/wire.h"
#include "core/snapshot.h"

/*
 * A segment is a sequence of frames as wire.h says:
 *
 *      HEAD · pieces of a snapshot · [ MARK ] · calls … · MARK
 *             └ of an engine that leads: then the MARK is of it as it was taken; or of one that was just loaded: then
 *               the first call is LEAD
 *
 *      HEAD    magic, flags, seq, time, configuration (no zeros: with the defaults of then), version of the library
 *      call    time (mono, wall), result, the engine's last event afterwards, and then by kind what it was given
 *      MARK    the same, and dtss_sched_digest_all(): at the beginning and at the orderly end of a segment
 *
 * A call that was refused left the engine as it was and is not here; but for reports and placements, which are counted,
 * and so are all that it answered. What a submit found known is not here either. A heartbeat stands as a whole
 * message, a specification as the bytes of dtss_spec_encode() and what became of the tasks that it waits for.
 *
 * A trace can be cut off anywhere: what is not a whole frame ends it.
 *
 * A frame is changed as wire.h says. A change in what a call does with the same arguments needs no new format: the
 * replay finds that the results differ, and info.version tells which library it takes.
 */
#define TRACE_MAGIC "dtss-trace\n"
#define TRACE_MAGIC_LEN 12
#define TRACE_CHUNK_BYTES 262144 /* a submit of more than that stands in several frames */

/* X(enumerator, value, name) */
#define TRACE_KIND_MAP(X)                                                                                              \
	X(TRACE_HEAD, 1, "head")                                                                                       \
	X(TRACE_MARK, 2, "mark")                                                                                       \
	X(TRACE_LEAD, 3, "lead")                                                                                       \
	X(TRACE_SUBMIT, 4, "submit")                                                                                   \
	X(TRACE_CANCEL, 5, "cancel")                                                                                   \
	X(TRACE_RETRY, 6, "retry")                                                                                     \
	X(TRACE_HOLD, 7, "hold")                                                                                       \
	X(TRACE_RELEASE, 8, "release")                                                                                 \
	X(TRACE_HEARTBEAT, 9, "heartbeat")                                                                             \
	X(TRACE_REPORT, 10, "report")                                                                                  \
	X(TRACE_PLACE, 11, "place")                                                                                    \
	X(TRACE_DRAIN, 12, "drain")                                                                                    \
	X(TRACE_CORDON, 13, "cordon")                                                                                  \
	X(TRACE_UNCORDON, 14, "uncordon")                                                                              \
	X(TRACE_TICK, 15, "tick")                                                                                      \
	X(TRACE_BATCH, 16, "batch")                                                                                    \
	X(TRACE_STORED, 17, "stored")                                                                                  \
	X(TRACE_ACTIONS, 18, "actions") /* so many calls of dtss_sched_next_action() */

enum trace_kind {
#define TRACE_KIND_ENUM(name, value, text) name = value,
	TRACE_KIND_MAP(TRACE_KIND_ENUM)
#undef TRACE_KIND_ENUM
		TRACE_KINDS = 19
};

enum trace_head_flag { TRACE_CONTINUES = 1 }; /* HEAD: the engine of the segment before went on */
enum trace_submit_flag { TRACE_MORE = 1 };    /* SUBMIT: the rest of it is in the next frame */

#define TRACE_PREFIX_BYTES 28 /* of a call: time, result, seq */

/* trace_config.c: every field, in the order of the struct */
void trace_put_config(struct wire_out *out, const struct dtss_config *cfg);
void trace_get_config(struct wire_in *in, struct dtss_config *cfg);

#endif
