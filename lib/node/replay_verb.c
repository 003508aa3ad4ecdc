/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "codec/parts.h"
#include "node/replay.h"

/* Each call that can be recorded, carried out again. Nothing is done before all of the frame was understood. */
static int replay_lead(struct dtss_replay *r, struct wire_in *in)
{
	uint64_t epoch = wire_get64(in);

	return replay_whole(in) ? dtss_sched_lead(r->sched, r->info.now, epoch) : 0;
}

static int replay_keep(struct dtss_replay *r, const void *data, size_t len)
{
	size_t cap = r->spec_cap != 0 ? r->spec_cap : 4096;
	uint8_t *specs;

	while (cap < r->spec_len + len)
		cap *= 2;
	if (cap > r->spec_cap) {
		specs = r->specs != NULL ? r->mem.realloc(r->mem.ctx, r->specs, r->spec_cap, cap) :
					   r->mem.alloc(r->mem.ctx, cap);
		if (specs == NULL)
			return DTSS_E_NOMEM;
		r->specs = specs;
		r->spec_cap = cap;
	}
	memcpy(r->specs + r->spec_len, data, len);
	r->spec_len += len;
	return 0;
}

/* What became of the tasks that it waits for goes into the specification. */
static int replay_spec(struct dtss_replay *r, struct wire_in *in, struct dtss_task_spec **ret_spec)
{
	size_t count = wire_get_count(in, DTSS_AFTER_MAX, 1), len, i;
	const uint8_t *outcomes = wire_get_bytes(in, count), *bytes;
	struct dtss_after *after;
	int rc;

	len = wire_get_count(in, DTSS_SPEC_BYTES_MAX, 1);
	bytes = wire_get_bytes(in, len);
	if (in->failed)
		return DTSS_E_CORRUPT;
	rc = dtss_spec_decode(bytes, len, &r->mem, ret_spec);
	if (rc < 0)
		return rc;
	after = (struct dtss_after *)(*ret_spec)->after; /* in our own decoded block */
	for (i = 0; i < (*ret_spec)->after_count && i < count; i++)
		after[i].outcome = outcomes[i];
	return 0;
}

static int replay_submit_all(struct dtss_replay *r, struct dtss_task_spec *specs)
{
	dtss_task_id *ids = (dtss_task_id *)(void *)(specs + r->spec_count);

	if (r->spec_count == 1)
		return dtss_sched_submit(r->sched, r->info.now, specs, ids);
	return dtss_sched_submit_many(r->sched, r->info.now, specs, r->spec_count, ids, NULL);
}

/* One block: the specifications, the ids that they get, and the decoded blocks behind them. */
static int replay_submit_decoded(struct dtss_replay *r)
{
	size_t size = r->spec_count * (sizeof(struct dtss_task_spec) + sizeof(dtss_task_id) + sizeof(void *));
	struct wire_in in = { r->specs, r->spec_len, 0 };
	struct dtss_task_spec *specs = r->mem.alloc(r->mem.ctx, size), **decoded;
	size_t count = 0;
	int rc = 0;

	if (specs == NULL)
		return DTSS_E_NOMEM;
	decoded = (struct dtss_task_spec **)(void *)((dtss_task_id *)(void *)(specs + r->spec_count) + r->spec_count);
	while (rc == 0 && count < r->spec_count) {
		rc = replay_spec(r, &in, &decoded[count]);
		if (rc == 0) {
			specs[count] = *decoded[count];
			count++;
		}
	}
	if (rc == 0)
		rc = in.left == 0 ? replay_submit_all(r, specs) : DTSS_E_CORRUPT;
	while (count > 0)
		dtss_spec_free(decoded[--count], &r->mem);
	r->mem.release(r->mem.ctx, specs, size);
	return rc;
}

static int replay_submit(struct dtss_replay *r, struct wire_in *in, uint32_t flags)
{
	uint32_t count = wire_get32(in);
	int rc;

	if (in->failed || count > DTSS_SUBMIT_MANY_MAX - r->spec_count || (count == 0 && r->spec_count == 0))
		return DTSS_E_CORRUPT;
	rc = replay_keep(r, in->p, in->left);
	(void)wire_take(in, in->left);
	r->spec_count += count;
	r->partial = rc == 0 && flags & TRACE_MORE;
	if (rc < 0 || r->partial)
		return rc;
	rc = replay_submit_decoded(r);
	r->spec_len = r->spec_count = 0;
	return rc;
}

static int replay_cancel(struct dtss_replay *r, struct wire_in *in)
{
	dtss_task_id id = { wire_get64(in) };

	return replay_whole(in) ? dtss_sched_cancel(r->sched, r->info.now, id, NULL) : 0;
}

static int replay_retry(struct dtss_replay *r, struct wire_in *in)
{
	dtss_task_id id = { wire_get64(in) }, made;
	struct dtss_task_spec *spec = NULL;
	int rc = 0;

	if (wire_get8(in) != 0)
		rc = replay_spec(r, in, &spec);
	if (rc == 0 && replay_whole(in))
		rc = dtss_sched_retry(r->sched, r->info.now, id, spec, &made);
	dtss_spec_free(spec, &r->mem);
	return rc;
}

static int replay_hold(struct dtss_replay *r, struct wire_in *in)
{
	dtss_task_id id = { wire_get64(in) };

	return replay_whole(in) ? dtss_sched_hold(r->sched, r->info.now, id) : 0;
}

static int replay_release(struct dtss_replay *r, struct wire_in *in)
{
	dtss_task_id id = { wire_get64(in) };

	return replay_whole(in) ? dtss_sched_release(r->sched, r->info.now, id) : 0;
}

static int replay_heartbeat(struct dtss_replay *r, struct wire_in *in)
{
	size_t len = in->left;
	const void *bytes = wire_get_bytes(in, len);
	struct dtss_message *message;
	int rc = dtss_message_decode(bytes, len, &r->mem, &message);

	if (rc < 0)
		return rc;
	rc = DTSS_E_CORRUPT;
	if (message->type == DTSS_MESSAGE_HEARTBEAT)
		rc = dtss_sched_heartbeat(r->sched, r->info.now, &message->u.heartbeat.heartbeat);
	dtss_message_free(message, &r->mem);
	return rc;
}

static int replay_report(struct dtss_replay *r, struct wire_in *in)
{
	struct dtss_report report;

	memset(&report, 0, sizeof report);
	report.size = sizeof report;
	report.task.v = wire_get64(in);
	report.fence = wire_get64(in);
	report.attempt = wire_get32(in);
	report.kind = wire_get8(in);
	parts_get_outcome(in, &report.outcome);
	return replay_whole(in) ? dtss_sched_report(r->sched, r->info.now, &report) : 0;
}

static int replay_place(struct dtss_replay *r, struct wire_in *in)
{
	size_t count = wire_get_count(in, DTSS_TASK_TAGS_MAX, PARTS_STRING_MIN);
	const char *tags[DTSS_TASK_TAGS_MAX];
	struct dtss_placement placement;

	parts_get_strings(in, tags, count, DTSS_TAG_LEN_MAX);
	return replay_whole(in) ? dtss_sched_place(r->sched, r->info.now, tags, count, &placement) : 0;
}

static int replay_drain(struct dtss_replay *r, struct wire_in *in)
{
	const char *name = wire_get_string(in, DTSS_NAME_LEN_MAX);

	return replay_whole(in) ? dtss_sched_drain(r->sched, r->info.now, name) : 0;
}

static int replay_cordon(struct dtss_replay *r, struct wire_in *in)
{
	const char *name = wire_get_string(in, DTSS_NAME_LEN_MAX);

	return replay_whole(in) ? dtss_sched_cordon(r->sched, r->info.now, name) : 0;
}

static int replay_uncordon(struct dtss_replay *r, struct wire_in *in)
{
	const char *name = wire_get_string(in, DTSS_NAME_LEN_MAX);

	return replay_whole(in) ? dtss_sched_uncordon(r->sched, r->info.now, name) : 0;
}

static int replay_tick(struct dtss_replay *r, struct wire_in *in)
{
	return replay_whole(in) ? dtss_sched_tick(r->sched, r->info.now) : 0;
}

static int replay_batch(struct dtss_replay *r, struct wire_in *in)
{
	struct dtss_batch batch;

	memset(&batch, 0, sizeof batch);
	batch.size = sizeof batch;
	if (!replay_whole(in))
		return 0;
	return snapshot_can_batch(r->sched) ? dtss_sched_batch(r->sched, &batch) : DTSS_E_CORRUPT;
}

static int replay_stored(struct dtss_replay *r, struct wire_in *in)
{
	uint64_t seq = wire_get64(in);

	if (!replay_whole(in))
		return 0;
	if (!snapshot_can_store(r->sched, seq))
		return DTSS_E_CORRUPT;
	dtss_sched_stored(r->sched, r->info.now, seq);
	return 0;
}

static int replay_actions(struct dtss_replay *r, struct wire_in *in)
{
	uint64_t calls = wire_get64(in);
	struct dtss_action action;

	if (!replay_whole(in))
		return 0;
	for (; calls > 0 && snapshot_actions(r->sched) > 0; calls--)
		(void)dtss_sched_next_action(r->sched, &action); /* what was told then is told to nobody now */
	return calls == 0 ? 0 : DTSS_E_BUG;
}

int replay_verb(struct dtss_replay *r, uint32_t kind, struct wire_in *in, uint32_t flags)
{
	static int (*const verbs[TRACE_KINDS])(struct dtss_replay *, struct wire_in *) = {
		[TRACE_LEAD] = replay_lead,         [TRACE_CANCEL] = replay_cancel,
		[TRACE_RETRY] = replay_retry,       [TRACE_HOLD] = replay_hold,
		[TRACE_RELEASE] = replay_release,   [TRACE_HEARTBEAT] = replay_heartbeat,
		[TRACE_REPORT] = replay_report,     [TRACE_PLACE] = replay_place,
		[TRACE_DRAIN] = replay_drain,       [TRACE_CORDON] = replay_cordon,
		[TRACE_UNCORDON] = replay_uncordon, [TRACE_TICK] = replay_tick,
		[TRACE_BATCH] = replay_batch,       [TRACE_STORED] = replay_stored,
		[TRACE_ACTIONS] = replay_actions,
	};

	DTSS_ASSERT(kind < TRACE_KINDS);
	if (kind == TRACE_SUBMIT)
		return replay_submit(r, in, flags);
	return verbs[kind] != NULL ? verbs[kind](r, in) : DTSS_E_CORRUPT;
}
