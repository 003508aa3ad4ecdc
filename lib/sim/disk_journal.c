/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "sim/sim.h"

/*
 * The file behind the store: one frame for each write. All of it is synced but for the last frame, perhaps: that one is in
 * limbo. A power cut keeps it, drops it, or tears it by sectors; what is read back ends at the first damaged frame.
 *
 *   │ kind len epoch sum │ batch │ kind len epoch sum │ batch │ ... │ in limbo │
 *   └──────────────────── synced ─────────────────────────────────┘
 *
 * Numbers are little-endian, 8 bytes each; sum is over all of the frame but itself.
 */
#define JOURNAL_HEAD 32
#define JOURNAL_SECTOR 512
#define JOURNAL_GUESS 16384 /* most batches are smaller: they are encoded once */

static void journal_put64(uint8_t *at, uint64_t value)
{
	size_t i;

	for (i = 0; i < 8; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t journal_get64(const uint8_t *at)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < 8; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

/* FNV-1a, by words where there are any. */
static uint64_t journal_sum(const uint8_t *frame, size_t len)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (i = 0; i < 24; i += 8)
		sum = (sum ^ journal_get64(frame + i)) * UINT64_C(0x100000001b3);
	for (i = JOURNAL_HEAD; i + 8 <= JOURNAL_HEAD + len; i += 8)
		sum = (sum ^ journal_get64(frame + i)) * UINT64_C(0x100000001b3) + (sum >> 29);
	for (; i < JOURNAL_HEAD + len; i++)
		sum = (sum ^ frame[i]) * UINT64_C(0x100000001b3);
	return sum;
}

static uint8_t *journal_room(struct sim *s, size_t len)
{
	struct sim_disk *d = &s->disk;
	size_t cap = d->journal_cap ? d->journal_cap : 65536;
	uint8_t *journal;

	while (cap < d->journal_len + len)
		cap *= 2;
	if (cap > d->journal_cap) {
		journal = arena_alloc(&s->arena, cap);
		if (d->journal) {
			memcpy(journal, d->journal, d->journal_len);
			arena_free(&s->arena, d->journal, d->journal_cap);
		}
		d->journal = journal;
		d->journal_cap = cap;
	}
	return d->journal + d->journal_len;
}

static void journal_append(struct sim *s, uint32_t kind, uint64_t epoch, const struct dtss_batch *batch)
{
	uint8_t *at = journal_room(s, JOURNAL_HEAD + JOURNAL_GUESS);
	size_t len = 0;

	DTSS_ASSERT(s->disk.synced == s->disk.journal_len);
	if (batch)
		len = dtss_batch_encode(batch, at + JOURNAL_HEAD, JOURNAL_GUESS);
	if (len > JOURNAL_GUESS) {
		at = journal_room(s, JOURNAL_HEAD + len);
		DTSS_ASSERT(dtss_batch_encode(batch, at + JOURNAL_HEAD, len) == len);
	}
	journal_put64(at, kind);
	journal_put64(at + 8, len);
	journal_put64(at + 16, epoch);
	journal_put64(at + 24, journal_sum(at, len));
	s->disk.journal_len += JOURNAL_HEAD + len;
}

void journal_add(struct sim *s, uint32_t kind, uint64_t epoch, const struct dtss_batch *batch)
{
	if (!s->disk.journaled)
		return;
	journal_append(s, kind, epoch, batch);
	s->disk.synced = s->disk.journal_len;
}

void journal_limbo(struct sim *s, uint32_t scheduler, const struct dtss_batch *batch)
{
	DTSS_ASSERT(s->disk.journaled);
	sim_say(s, SIM_PLACE_STORE, "a write of s%u is not synced", (unsigned)scheduler);
	journal_append(s, JOURNAL_COMMIT, batch->epoch, batch);
	s->disk.limbo_scheduler = scheduler;
}

/* The length of the whole frame at at, or 0: there is none that is undamaged. */
static size_t journal_frame(const struct sim *s, size_t at)
{
	const uint8_t *frame = s->disk.journal + at;
	size_t left = s->disk.journal_len - at, len;

	if (left < JOURNAL_HEAD)
		return 0;
	len = (size_t)journal_get64(frame + 8);
	if (len > left - JOURNAL_HEAD || journal_get64(frame + 24) != journal_sum(frame, len))
		return 0;
	return JOURNAL_HEAD + len;
}

static int journal_apply_commit(struct sim *s, const uint8_t *frame, int judged)
{
	struct dtss_store_done done;
	struct dtss_store_op op;
	struct dtss_batch *batch;
	int error = dtss_batch_decode(frame + JOURNAL_HEAD, (size_t)journal_get64(frame + 8), &s->arena.mem, &batch);

	if (error)
		return error;
	memset(&op, 0, sizeof op);
	op.size = sizeof op;
	op.type = DTSS_STORE_COMMIT;
	op.u.commit = batch;
	error = disk_inner(s, &op, &done);
	if (error == 0 && !judged)
		judge_batch(s, s->disk.limbo_scheduler, batch);
	dtss_batch_free(batch, &s->arena.mem);
	return error;
}

static int journal_apply(struct sim *s, const uint8_t *frame, int judged)
{
	uint64_t kind = journal_get64(frame), epoch = journal_get64(frame + 16);
	struct dtss_store_done done;
	struct dtss_store_op op;
	int error;

	if (kind == JOURNAL_COMMIT)
		return journal_apply_commit(s, frame, judged);
	memset(&op, 0, sizeof op);
	op.size = sizeof op;
	op.type = kind == JOURNAL_LEAD ? DTSS_STORE_LEAD : DTSS_STORE_RESIGN;
	if (kind == JOURNAL_LEAD) {
		op.u.lead.holder = s->disk.holder;
		op.u.lead.ttl_ms = s->disk.ttl_ms;
	} else {
		op.u.renew.epoch = epoch;
	}
	error = disk_inner(s, &op, &done);
	DTSS_ASSERT(error != 0 || kind != JOURNAL_LEAD || done.u.epoch == epoch);
	return error;
}

void journal_settle(struct sim *s)
{
	struct sim_disk *d = &s->disk;
	int error;

	if (d->synced == d->journal_len)
		return;
	DTSS_ASSERT(journal_frame(s, d->synced) == d->journal_len - d->synced);
	error = journal_apply(s, d->journal + d->synced, 0);
	if (error)
		sim_violate(s, "S1", "a write that was begun cannot be read", (uint64_t)-error, 0);
	d->synced = d->journal_len;
}

/* What was not synced is kept, dropped, or torn: some of its sectors are there, the others hold what was there before. */
static void journal_tear(struct sim *s)
{
	struct sim_disk *d = &s->disk;
	size_t at, end;

	switch (sim_choose(s, 3)) {
	case 0:
		return;
	case 1:
		d->journal_len = d->synced;
		return;
	default:
		break;
	}
	for (at = d->synced; at < d->journal_len; at = end) {
		end = (at / JOURNAL_SECTOR + 1) * JOURNAL_SECTOR;
		end = end < d->journal_len ? end : d->journal_len;
		if (sim_choose(s, 2))
			memset(d->journal + at, 0, end - at);
	}
}

static void journal_replay(struct sim *s)
{
	struct sim_disk *d = &s->disk;
	size_t at = 0, len;

	while ((len = journal_frame(s, at)) != 0) {
		int error = journal_apply(s, d->journal + at, at < d->synced);

		if (error)
			sim_violate(s, "S1", "what was synced cannot be read", at, (uint64_t)-error);
		at += len;
	}
	if (at < d->journal_len)
		SOMETIMES(s, SIM_PROBE_POWER_TORN);
	else if (at > d->synced)
		SOMETIMES(s, SIM_PROBE_POWER_KEPT);
	if (at < d->synced)
		sim_violate(s, "S1", "what was synced is damaged", at, d->synced);
	d->journal_len = at;
	d->synced = at;
}

void journal_recover(struct sim *s)
{
	struct sim_disk *d = &s->disk;

	d->inner->ops->close(d->inner);
	d->inner = NULL;
	disk_inner_open(s, 0);
	if (s->cfg.store_open || !d->inner)
		return;
	DTSS_ASSERT(d->journaled);
	if (d->synced < d->journal_len)
		SOMETIMES(s, SIM_PROBE_POWER_LIMBO);
	journal_tear(s);
	journal_replay(s);
}
