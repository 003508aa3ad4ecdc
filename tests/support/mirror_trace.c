/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include "support/mirror_trace.h"

static int mirror_begin(struct dtss_trace *trace)
{
	struct mirror_trace *m = (struct mirror_trace *)trace;

	m->segments++;
	m->frames = 0;
	return m->begin;
}

static int mirror_write(struct dtss_trace *trace, const void *frame, size_t len)
{
	struct mirror_trace *m = (struct mirror_trace *)trace;
	struct dtss_replay_info info;
	size_t used = 0;
	int rc;

	if (m->write != 0)
		return m->write;
	m->frames++;
	if (m->copy != NULL)
		ck_assert_uint_eq(fwrite(frame, 1, len, m->copy), len);
	rc = dtss_replay_feed(m->replay, frame, len, &used);
	dtss_replay_info(m->replay, &info);
	if (rc != 1 || used != len)
		ck_abort_msg("frame %zu of segment %zu, a %s: %s", m->frames, m->segments, info.verb, dtss_errname(rc));
	return m->frames >= m->segment_frames;
}

static int mirror_flush(struct dtss_trace *trace)
{
	struct mirror_trace *m = (struct mirror_trace *)trace;

	m->flushes++;
	return 0;
}

static void mirror_close(struct dtss_trace *trace)
{
	struct mirror_trace *m = (struct mirror_trace *)trace;

	dtss_replay_destroy(m->replay);
	free(m);
}

static const struct dtss_trace_ops mirror_ops = {
	sizeof mirror_ops, "mirror", mirror_begin, mirror_write, mirror_flush, mirror_close,
};

struct mirror_trace *mirror_trace_open(void)
{
	struct mirror_trace *m = calloc(1, sizeof *m);

	ck_assert_ptr_nonnull(m);
	m->base.ops = &mirror_ops;
	m->segment_frames = 40;
	ck_assert_int_eq(dtss_replay_create(&m->replay, NULL), 0);
	return m;
}

void mirror_same(struct mirror_trace *m, struct dtss_node *node)
{
	struct dtss_node_info info = { .size = sizeof info };
	struct dtss_sched *s = dtss_node_sched(node);

	dtss_node_info(node, &info);
	if (!info.tracing)
		return;
	ck_assert_ptr_nonnull(s);
	ck_assert_uint_eq(dtss_sched_digest_all(s), dtss_sched_digest_all(dtss_replay_sched(m->replay)));
}
