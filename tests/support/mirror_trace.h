/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_MIRROR_TRACE_H
#define TESTS_SUPPORT_MIRROR_TRACE_H

#include <stdio.h>
#include <dtss.h>

/*
 * A trace that is carried out as it is written, so that beside a node's engine there always is one that was told the same.
 *
 *      node ── frames ──► mirror ──► replay        mirror_same(): both engines have the same digest
 */
struct mirror_trace {
	struct dtss_trace base; /* close frees it */
	struct dtss_replay *replay;
	size_t segment_frames; /* a segment is long enough with so many */
	size_t frames;         /* in this one */
	size_t segments;
	size_t flushes;
	int32_t write; /* what write says instead of taking the frame; 0: it takes it */
	int32_t begin; /* likewise begin */
	FILE *copy;    /* where frames go, too; NULL: nowhere */
};

struct mirror_trace *mirror_trace_open(void);
/* While the node records. */
void mirror_same(struct mirror_trace *m, struct dtss_node *node);

#endif
