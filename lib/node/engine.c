/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "codec/parts.h"
#include "node/node.h"
#include "node/trace.h"

/*
 * The engine's verbs, recorded. A call is recorded after it, with its result, and only if it may have changed something:
 * what is refused leaves the engine as it was, but for what trace.h says.
 */
static void engine_plain(struct dtss_node *n, uint32_t kind, struct dtss_time now, int result)
{
	struct wire_out out;

	if (node_trace_call(n, &out, kind, 0, now, result, 0))
		node_trace_done(n, &out);
}

static void engine_word(struct dtss_node *n, uint32_t kind, struct dtss_time now, int result, uint64_t word)
{
	struct wire_out out;

	if (!node_trace_call(n, &out, kind, 0, now, result, 8))
		return;
	wire_put64(&out, word);
	node_trace_done(n, &out);
}

static void engine_name(struct dtss_node *n, uint32_t kind, struct dtss_time now, int result, const char *name)
{
	struct wire_out out;

	if (result < 0 || !node_trace_call(n, &out, kind, 0, now, result, PARTS_STRING_MIN + strlen(name)))
		return;
	wire_put_string(&out, name);
	node_trace_done(n, &out);
}

int node_engine_lead(struct dtss_node *n, struct dtss_time now)
{
	int rc = dtss_sched_lead(n->sched, now, n->epoch);

	if (rc >= 0)
		engine_word(n, TRACE_LEAD, now, rc, n->epoch);
	else
		n->trace.on = 0; /* it is no engine whose digest could be marked */
	return rc;
}

void node_engine_destroy(struct dtss_node *n)
{
	if (n->sched == NULL)
		return;
	node_trace_end(n);
	dtss_sched_destroy(n->sched);
	n->sched = NULL;
}

/* They may be of the program's version. */
static const struct dtss_task_spec *engine_spec(const struct dtss_task_spec *specs, size_t i)
{
	return (const struct dtss_task_spec *)(const void *)((const char *)specs + i * specs->size);
}

/* A task as it was accepted: the engine's own bytes, and what the caller knew about those that it waits for. */
static size_t engine_spec_bytes(const struct dtss_node *n, dtss_task_id id, const struct dtss_task_spec *spec)
{
	size_t len;

	(void)snapshot_spec(n->sched, id.v, &len);
	return 8 + spec->after_count + len;
}

static void engine_put_spec(const struct dtss_node *n, struct wire_out *out, dtss_task_id id,
			    const struct dtss_task_spec *spec)
{
	size_t len, i;
	const void *bytes = snapshot_spec(n->sched, id.v, &len);

	wire_put32(out, (uint32_t)spec->after_count);
	for (i = 0; i < spec->after_count; i++)
		wire_put8(out, spec->after[i].outcome);
	wire_put32(out, (uint32_t)len);
	wire_put_bytes(out, bytes, len);
}

/* The next new ones, about TRACE_CHUNK_BYTES of them; where the one after them is. */
static size_t engine_chunk(const struct dtss_node *n, const struct dtss_task_spec *specs, size_t count,
			   const dtss_task_id *ids, const uint8_t *known, size_t from, uint32_t *ret_count,
			   size_t *ret_bytes)
{
	*ret_count = 0;
	*ret_bytes = 4;
	for (; from < count && *ret_bytes < TRACE_CHUNK_BYTES; from++) {
		if (known[from])
			continue;
		++*ret_count;
		*ret_bytes += engine_spec_bytes(n, ids[from], engine_spec(specs, from));
	}
	return from;
}

static void engine_submitted(struct dtss_node *n, struct dtss_time now, const struct dtss_task_spec *specs,
			     size_t count, const dtss_task_id *ids, const uint8_t *known)
{
	size_t from, to = 0, bytes;
	struct wire_out out;
	uint32_t made;

	while (to < count) {
		from = to;
		to = engine_chunk(n, specs, count, ids, known, from, &made, &bytes);
		if (!node_trace_call(n, &out, TRACE_SUBMIT, to < count ? TRACE_MORE : 0, now, 0, bytes))
			return;
		wire_put32(&out, made);
		for (; from < to; from++)
			if (!known[from])
				engine_put_spec(n, &out, ids[from], engine_spec(specs, from));
		node_trace_done(n, &out);
	}
}

int node_engine_submit(struct dtss_node *n, struct dtss_time now, const struct dtss_task_spec *specs, size_t count,
		       dtss_task_id *ret_ids, uint8_t *ret_known)
{
	size_t i;
	int rc;

	if (count == 1) {
		rc = dtss_sched_submit(n->sched, now, specs, ret_ids);
		ret_known[0] = rc == 1;
	} else {
		rc = dtss_sched_submit_many(n->sched, now, specs, count, ret_ids, ret_known);
	}
	for (i = 0; rc >= 0 && n->trace.on && i < count; i++) {
		if (ret_known[i])
			continue;
		engine_submitted(n, now, specs, count, ret_ids, ret_known);
		break;
	}
	return rc;
}

int node_engine_cancel(struct dtss_node *n, struct dtss_time now, dtss_task_id id, int *ret_stopping)
{
	int rc = dtss_sched_cancel(n->sched, now, id, ret_stopping);

	if (rc >= 0)
		engine_word(n, TRACE_CANCEL, now, rc, id.v);
	return rc;
}

int node_engine_retry(struct dtss_node *n, struct dtss_time now, dtss_task_id id, const struct dtss_task_spec *spec,
		      dtss_task_id *ret_id)
{
	int rc = dtss_sched_retry(n->sched, now, id, spec, ret_id);
	struct wire_out out;

	if (rc < 0 || !n->trace.on)
		return rc;
	if (!node_trace_call(n, &out, TRACE_RETRY, 0, now, rc,
			     9 + (spec != NULL ? engine_spec_bytes(n, *ret_id, spec) : 0)))
		return rc;
	wire_put64(&out, id.v);
	wire_put8(&out, spec != NULL);
	if (spec != NULL)
		engine_put_spec(n, &out, *ret_id, spec);
	node_trace_done(n, &out);
	return rc;
}

int node_engine_hold(struct dtss_node *n, struct dtss_time now, dtss_task_id id)
{
	int rc = dtss_sched_hold(n->sched, now, id);

	if (rc >= 0)
		engine_word(n, TRACE_HOLD, now, rc, id.v);
	return rc;
}

int node_engine_release(struct dtss_node *n, struct dtss_time now, dtss_task_id id)
{
	int rc = dtss_sched_release(n->sched, now, id);

	if (rc >= 0)
		engine_word(n, TRACE_RELEASE, now, rc, id.v);
	return rc;
}

/* A message can carry what stands for the same: the engine looks at no other flag, and at no other state. */
static void engine_heartbeat(struct dtss_node *n, struct dtss_time now, const struct dtss_heartbeat *heartbeat)
{
	struct dtss_message message;
	struct wire_out out;
	size_t len;

	memset(&message, 0, sizeof message);
	message.size = sizeof message;
	message.type = DTSS_MESSAGE_HEARTBEAT;
	message.u.heartbeat.heartbeat = *heartbeat;
	message.u.heartbeat.heartbeat.flags &= DTSS_HEARTBEAT_STOPPING;
	len = dtss_message_encode(&message, NULL, 0);
	if (!node_trace_call(n, &out, TRACE_HEARTBEAT, 0, now, 0, len))
		return;
	out.len += dtss_message_encode(&message, out.buf + out.len, len);
	node_trace_done(n, &out);
}

int node_engine_heartbeat(struct dtss_node *n, struct dtss_time now, const struct dtss_heartbeat *heartbeat)
{
	int rc = dtss_sched_heartbeat(n->sched, now, heartbeat);
	struct dtss_heartbeat known;

	if (rc >= 0 && n->trace.on && size_import(&known, sizeof known, heartbeat) == 0)
		engine_heartbeat(n, now, &known);
	return rc;
}

int node_engine_report(struct dtss_node *n, struct dtss_time now, const struct dtss_report *report)
{
	int rc = dtss_sched_report(n->sched, now, report);
	const struct dtss_outcome *outcome = &report->outcome;
	struct wire_out out;
	size_t bytes = 64 + (outcome->detail != NULL ? strlen(outcome->detail) : 0);

	if ((rc < 0 && rc != DTSS_E_FENCED) || !node_trace_call(n, &out, TRACE_REPORT, 0, now, rc, bytes))
		return rc;
	wire_put64(&out, report->task.v);
	wire_put64(&out, report->fence);
	wire_put32(&out, report->attempt);
	wire_put8(&out, report->kind);
	parts_put_outcome(&out, outcome);
	node_trace_done(n, &out);
	return rc;
}

int node_engine_place(struct dtss_node *n, struct dtss_time now, const char *const *tags, size_t tag_count,
		      struct dtss_placement *ret_placement)
{
	int rc = dtss_sched_place(n->sched, now, tags, tag_count, ret_placement);
	size_t bytes = 4 + tag_count * (PARTS_STRING_MIN + DTSS_TAG_LEN_MAX);
	struct wire_out out;

	if ((rc < 0 && rc != DTSS_E_NO_WORKER) || !node_trace_call(n, &out, TRACE_PLACE, 0, now, rc, bytes))
		return rc;
	wire_put32(&out, (uint32_t)tag_count);
	parts_put_strings(&out, tags, tag_count);
	node_trace_done(n, &out);
	return rc;
}

int node_engine_drain(struct dtss_node *n, struct dtss_time now, const char *worker)
{
	int rc = dtss_sched_drain(n->sched, now, worker);

	engine_name(n, TRACE_DRAIN, now, rc, worker);
	return rc;
}

int node_engine_cordon(struct dtss_node *n, struct dtss_time now, const char *worker)
{
	int rc = dtss_sched_cordon(n->sched, now, worker);

	engine_name(n, TRACE_CORDON, now, rc, worker);
	return rc;
}

int node_engine_uncordon(struct dtss_node *n, struct dtss_time now, const char *worker)
{
	int rc = dtss_sched_uncordon(n->sched, now, worker);

	engine_name(n, TRACE_UNCORDON, now, rc, worker);
	return rc;
}

int node_engine_tick(struct dtss_node *n, struct dtss_time now)
{
	int rc = dtss_sched_tick(n->sched, now);

	if (n->trace.on && n->trace.broken != snapshot_broken(n->sched))
		node_trace_fail(n, now, DTSS_E_NOMEM); /* the next segment begins with what came of it */
	engine_plain(n, TRACE_TICK, now, rc);
	return rc;
}

int node_engine_batch(struct dtss_node *n, struct dtss_time now, struct dtss_batch *ret_batch)
{
	int rc = dtss_sched_batch(n->sched, ret_batch);

	if (rc == 1)
		engine_plain(n, TRACE_BATCH, now, rc);
	return rc;
}

void node_engine_stored(struct dtss_node *n, struct dtss_time now, uint64_t seq)
{
	dtss_sched_stored(n->sched, now, seq);
	engine_word(n, TRACE_STORED, now, 0, seq);
}

/* Those in a row are one frame. */
int node_engine_next_action(struct dtss_node *n, struct dtss_action *ret_action)
{
	int rc;

	if (snapshot_actions(n->sched) == 0)
		return 0;
	rc = dtss_sched_next_action(n->sched, ret_action);
	n->trace.calls++;
	return rc;
}

void node_trace_actions(struct dtss_node *n)
{
	uint32_t calls = n->trace.calls;

	n->trace.calls = 0;
	if (calls > 0)
		engine_word(n, TRACE_ACTIONS, n->trace.now, 0, calls);
}
