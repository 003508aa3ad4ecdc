/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/replay.h"

/* What a node recorded (trace.c, engine.c), carried out again. Nothing is done before all of a frame was understood. */
int dtss_replay_create(struct dtss_replay **ret_replay, const struct dtss_mem *mem)
{
	struct dtss_replay *r;

	DTSS_ASSERT(ret_replay != NULL);
	mem = mem != NULL ? mem : dtss_mem_libc();
	r = mem->alloc(mem->ctx, sizeof *r);
	if (r == NULL)
		return DTSS_E_NOMEM;
	memset(r, 0, sizeof *r);
	r->mem = *mem;
	r->info.size = sizeof r->info;
	r->info.verb = "";
	r->info.version = r->version;
	*ret_replay = r;
	return 0;
}

void dtss_replay_destroy(struct dtss_replay *replay)
{
	if (replay == NULL)
		return;
	dtss_sched_destroy(replay->sched);
	if (replay->specs != NULL)
		replay->mem.release(replay->mem.ctx, replay->specs, replay->spec_cap);
	replay->mem.release(replay->mem.ctx, replay, sizeof *replay);
}

struct dtss_sched *dtss_replay_sched(struct dtss_replay *replay)
{
	return replay->sched;
}

void dtss_replay_info(const struct dtss_replay *replay, struct dtss_replay_info *ret_info)
{
	DTSS_ASSERT(ret_info != NULL);
	*ret_info = replay->info;
}

#define REPLAY_NS_MAX (UINT64_C(1) << 62) /* 146 years after the machine was started: sums with it do not wrap */

/* The engine trusts whoever calls it that time never goes back; a file is not to be trusted. */
static int replay_time(struct dtss_replay *r, struct wire_in *in, uint64_t since_ns)
{
	uint64_t mono_ns = wire_get64(in);
	int64_t wall_ns = (int64_t)wire_get64(in);

	if (in->failed || mono_ns < since_ns || mono_ns >= REPLAY_NS_MAX)
		return DTSS_E_CORRUPT;
	r->info.now.mono_ns = mono_ns;
	r->info.now.wall_ns = wall_ns;
	return 0;
}

static int replay_head(struct dtss_replay *r, struct wire_in *in, uint32_t flags)
{
	const void *magic = wire_get_bytes(in, TRACE_MAGIC_LEN);
	struct dtss_config cfg;
	const char *version;
	uint64_t seq = wire_get64(in);
	int rc = replay_time(r, in, 0);

	trace_get_config(in, &cfg);
	version = wire_get_string(in, REPLAY_VERSION_MAX - 1);
	if (rc < 0 || !replay_whole(in) || memcmp(magic, TRACE_MAGIC, TRACE_MAGIC_LEN) != 0)
		return DTSS_E_CORRUPT;
	r->continues = flags & TRACE_CONTINUES && r->sched != NULL && snapshot_leads(r->sched) && !r->broken &&
		       seq == r->info.seq;
	if (r->continues)
		r->digest = dtss_sched_digest_all(r->sched);
	dtss_sched_destroy(r->sched);
	r->sched = NULL;
	rc = dtss_sched_create(&r->sched, &cfg, &r->mem);
	if (rc < 0)
		return rc == DTSS_E_INVALID ? DTSS_E_CORRUPT : rc;
	memcpy(r->version, version, strlen(version) + 1);
	r->info.segments++;
	r->info.seq = seq;
	r->info.begin = seq;
	r->broken = 0;
	r->spec_len = r->spec_count = 0;
	return 0;
}

static int replay_mark(struct dtss_replay *r, struct wire_in *in)
{
	uint64_t digest = wire_get64(in), here;

	if (!replay_whole(in))
		return 0;
	here = dtss_sched_digest_all(r->sched);
	if (here != digest || (r->continues && r->digest != digest))
		return DTSS_E_BUG;
	r->continues = 0;
	r->info.marks++;
	return 0;
}

static const char *replay_name(uint32_t kind)
{
	static const char *const names[TRACE_KINDS] = {
#define REPLAY_NAME(name, value, text) [value] = text,
		TRACE_KIND_MAP(REPLAY_NAME)
#undef REPLAY_NAME
	};

	return names[kind];
}

/* What was refused is not recorded, but for what is counted. After any other error the engine may be half of one. */
static int replay_recorded(uint32_t kind, int result)
{
	return result >= 0 || (kind == TRACE_REPORT && result == DTSS_E_FENCED) ||
	       (kind == TRACE_PLACE && result == DTSS_E_NO_WORKER);
}

static int replay_call(struct dtss_replay *r, struct wire_in *in, uint32_t kind, uint32_t flags)
{
	uint64_t seq;
	int result, rc;

	if (replay_time(r, in, r->info.now.mono_ns) < 0)
		return DTSS_E_CORRUPT;
	result = (int)(int32_t)wire_get32(in);
	seq = wire_get64(in);
	if (in->failed || !replay_recorded(kind, result))
		return DTSS_E_CORRUPT;
	r->partial = 0;
	r->info.verb = replay_name(kind);
	rc = kind == TRACE_MARK ? replay_mark(r, in) : replay_verb(r, kind, in, flags);
	if (in->failed || in->left > 0)
		return DTSS_E_CORRUPT;
	if (r->partial)
		return 0;
	if (rc != result || snapshot_seq(r->sched) != seq)
		return rc == DTSS_E_NOMEM || rc == DTSS_E_CORRUPT ? rc : DTSS_E_BUG;
	r->info.verbs += kind != TRACE_MARK;
	r->info.events += seq - r->info.seq;
	r->info.seq = seq;
	return 0;
}

/* A piece of the snapshot; of the engine that it makes with the last one no time is later than the head's. What does not
 * become an engine is nothing that could be asked. */
static int replay_piece(struct dtss_replay *r, const void *data, size_t len)
{
	int rc = dtss_sched_restore(r->sched, data, len);

	if (rc == 0 && snapshot_leads(r->sched) &&
	    (snapshot_latest(r->sched) > r->info.now.mono_ns || snapshot_seq(r->sched) != r->info.seq))
		rc = DTSS_E_CORRUPT;
	if (rc == 0 || rc == DTSS_E_STATE) /* it led before */
		return rc;
	dtss_sched_destroy(r->sched);
	r->sched = NULL;
	return rc;
}

static int replay_frame(struct dtss_replay *r, const void *data, size_t len)
{
	uint32_t kind, flags;
	struct wire_in in;
	int rc = wire_open(&in, data, len, &kind, &flags);

	if (rc < 0)
		return rc;
	if (kind == WIRE_TRACE + TRACE_HEAD)
		return replay_head(r, &in, flags);
	if (r->sched == NULL || r->broken)
		return DTSS_E_STATE;
	if (kind < WIRE_TRACE)
		return replay_piece(r, data, len);
	if (kind >= WIRE_TRACE + TRACE_KINDS || kind == WIRE_TRACE)
		return DTSS_E_CORRUPT;
	return replay_call(r, &in, kind - WIRE_TRACE, flags);
}

int dtss_replay_feed(struct dtss_replay *replay, const void *data, size_t len, size_t *ret_used)
{
	size_t frame;
	int rc;

	DTSS_ASSERT(replay != NULL && ret_used != NULL);
	if (len < WIRE_HEADER)
		return 0;
	frame = wire_load32((const uint8_t *)data + 8);
	if (frame < WIRE_HEADER || frame > DTSS_TRACE_FRAME_MAX) {
		replay->broken = 1;
		return DTSS_E_CORRUPT;
	}
	if (frame > len)
		return 0;
	rc = replay_frame(replay, data, frame);
	if (rc < 0) {
		replay->broken = 1;
		return rc;
	}
	*ret_used = frame;
	return 1;
}
