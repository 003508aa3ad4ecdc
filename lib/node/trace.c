/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "core/config.h"
#include "node/node.h"
#include "node/trace.h"

#define NODE_TRACE_AGAIN_MS_MIN 1000 /* after an error, then twice as long each time */
#define NODE_TRACE_AGAIN_MS_MAX 600000
#define NODE_TRACE_SHARE 2 /* a segment is at least so many times as long as its snapshot, which costs time */

static int trace_room(struct dtss_node *n, size_t size)
{
	struct node_trace *t = &n->trace;
	size_t cap = t->cap != 0 ? t->cap : 4096;
	uint8_t *buf;

	if (size <= t->cap)
		return 0;
	while (cap < size)
		cap *= 2;
	buf = n->mem.alloc(n->mem.ctx, cap);
	if (buf == NULL)
		return DTSS_E_NOMEM;
	if (t->buf != NULL)
		n->mem.release(n->mem.ctx, t->buf, t->cap);
	t->buf = buf;
	t->cap = cap;
	return 0;
}

void node_trace_fail(struct dtss_node *n, struct dtss_time now, int error)
{
	struct node_trace *t = &n->trace;

	DTSS_ASSERT(error < 0 && t->sink != NULL);
	t->on = 0;
	t->full = 0;
	t->calls = 0;
	t->error = error;
	t->again_ms = t->again_ms == 0 ? NODE_TRACE_AGAIN_MS_MIN : t->again_ms * 2;
	if (t->again_ms > NODE_TRACE_AGAIN_MS_MAX)
		t->again_ms = NODE_TRACE_AGAIN_MS_MAX;
	t->again_ns = node_ns_after(now, t->again_ms);
}

static void trace_write(struct dtss_node *n, const void *frame, size_t len)
{
	struct node_trace *t = &n->trace;
	int rc = t->sink->ops->write(t->sink, frame, len);

	t->bytes += len;
	if (rc < 0)
		node_trace_fail(n, t->now, rc);
	else if (rc > 0 && t->snapshot_bytes > 0 && t->bytes / NODE_TRACE_SHARE >= t->snapshot_bytes)
		t->full = 1;
}

int node_trace_call(struct dtss_node *n, struct wire_out *out, uint32_t kind, uint32_t flags, struct dtss_time now,
		    int result, size_t bytes)
{
	struct node_trace *t = &n->trace;

	if (!t->on)
		return 0;
	DTSS_ASSERT(n->sched != NULL);
	t->now = now;
	if (trace_room(n, WIRE_HEADER + TRACE_PREFIX_BYTES + bytes) < 0) {
		node_trace_fail(n, now, DTSS_E_NOMEM);
		return 0;
	}
	wire_begin(out, t->buf, t->cap, WIRE_TRACE + kind, flags);
	wire_put64(out, now.mono_ns);
	wire_put64(out, (uint64_t)now.wall_ns);
	wire_put32(out, (uint32_t)result);
	wire_put64(out, snapshot_seq(n->sched));
	return 1;
}

void node_trace_done(struct dtss_node *n, struct wire_out *out)
{
	size_t len = wire_end(out);

	DTSS_ASSERT(len <= n->trace.cap);
	trace_write(n, n->trace.buf, len);
}

static void trace_head(struct dtss_node *n, struct dtss_time now, uint32_t flags)
{
	struct dtss_config cfg = n->sched_cfg;
	const char *version = dtss_version();
	struct wire_out out;

	config_defaults(&cfg);
	if (trace_room(n, 256 + strlen(version)) < 0) {
		node_trace_fail(n, now, DTSS_E_NOMEM);
		return;
	}
	wire_begin(&out, n->trace.buf, n->trace.cap, WIRE_TRACE + TRACE_HEAD, flags);
	wire_put_bytes(&out, TRACE_MAGIC, TRACE_MAGIC_LEN);
	wire_put64(&out, snapshot_seq(n->sched));
	wire_put64(&out, now.mono_ns);
	wire_put64(&out, (uint64_t)now.wall_ns);
	trace_put_config(&out, &cfg);
	wire_put_string(&out, version);
	node_trace_done(n, &out);
}

static void trace_snapshot(struct dtss_node *n, struct dtss_time now)
{
	struct dtss_snapshot snapshot;
	const void *piece;
	size_t len;
	int rc = 1;

	memset(&snapshot, 0, sizeof snapshot);
	snapshot.size = sizeof snapshot;
	while (n->trace.on && (rc = dtss_sched_snapshot(n->sched, &snapshot, &piece, &len)) == 1)
		trace_write(n, piece, len);
	DTSS_ASSERT(rc != DTSS_E_STATE);
	if (rc < 0)
		node_trace_fail(n, now, rc);
}

static void trace_mark(struct dtss_node *n, struct dtss_time now)
{
	struct wire_out out;

	if (!node_trace_call(n, &out, TRACE_MARK, 0, now, 0, 8))
		return;
	wire_put64(&out, dtss_sched_digest_all(n->sched));
	node_trace_done(n, &out);
}

void node_trace_begin(struct dtss_node *n, struct dtss_time now)
{
	struct node_trace *t = &n->trace;
	uint32_t flags = t->on ? TRACE_CONTINUES : 0;
	int rc;

	DTSS_ASSERT(n->sched != NULL && snapshot_quiet(n->sched));
	if (t->on)
		trace_mark(n, now);
	rc = t->sink->ops->begin(t->sink);
	t->now = now;
	t->on = 1;
	t->full = 0;
	t->bytes = 0;
	t->snapshot_bytes = 0;
	t->broken = snapshot_broken(n->sched);
	if (rc < 0)
		node_trace_fail(n, now, rc);
	if (t->on)
		trace_head(n, now, flags);
	if (t->on)
		trace_snapshot(n, now);
	if (t->on && snapshot_leads(n->sched))
		trace_mark(n, now);
	if (!t->on)
		return;
	t->error = 0;
	t->again_ms = 0;
	t->snapshot_bytes = t->bytes;
	t->bytes = 0;
}

/* Only what settled down is worth a snapshot: while the store has trouble, the engine is made anew again and again. */
void node_trace_turn(struct dtss_node *n, struct dtss_time now)
{
	struct node_trace *t = &n->trace;

	if (t->sink == NULL || n->sched == NULL || (t->on && !t->full))
		return;
	if (n->state != DTSS_NODE_LEADING || n->backoff_ms != 0 || now.mono_ns < t->again_ns)
		return;
	if (n->commit_serial == 0 && snapshot_quiet(n->sched))
		node_trace_begin(n, now);
}

void node_trace_end(struct dtss_node *n)
{
	if (n->trace.on)
		trace_mark(n, n->trace.now);
	node_trace_flush(n, n->trace.now);
	n->trace.on = 0;
	n->trace.full = 0;
	n->trace.calls = 0;
}

void node_trace_flush(struct dtss_node *n, struct dtss_time now)
{
	struct node_trace *t = &n->trace;
	int rc;

	if (!t->on)
		return;
	rc = t->sink->ops->flush(t->sink);
	if (rc < 0)
		node_trace_fail(n, now, rc);
}

void node_trace_close(struct dtss_node *n)
{
	struct node_trace *t = &n->trace;

	if (t->buf != NULL)
		n->mem.release(n->mem.ctx, t->buf, t->cap);
	if (t->sink != NULL)
		t->sink->ops->close(t->sink);
	t->buf = NULL;
	t->sink = NULL;
}
