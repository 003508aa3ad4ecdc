/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "sim/sim.h"

/*
 * What becomes of an operation that has reached the store. Who leads is decided here, by the store's own clock, so that any
 * inner store will do; that an old epoch writes nothing is the inner store's business.
 *
 * A commit fails in every way that a real one has: not written and said so, not written and unknown, written and unknown,
 * the sync failed and it is there all the same, and the power is cut before, while or after.
 */
#define DISK_POLLS_MAX 1000 /* of an inner store that does not have its answer at once */

int disk_inner(struct sim *s, const struct dtss_store_op *op, struct dtss_store_done *ret_done)
{
	struct dtss_store *inner = s->disk.inner;
	int i, error = inner->ops->submit(inner, op, 0);

	if (error)
		return error;
	for (i = 0; i < DISK_POLLS_MAX; i++) {
		memset(ret_done, 0, sizeof *ret_done);
		ret_done->size = sizeof *ret_done;
		if (inner->ops->poll(inner, ret_done) == 1)
			return ret_done->result;
	}
	return DTSS_E_UNKNOWN;
}

static int disk_inner_epoch(struct sim *s, uint32_t type, uint64_t epoch)
{
	struct dtss_store_done done;
	struct dtss_store_op op;

	memset(&op, 0, sizeof op);
	op.size = sizeof op;
	op.type = type;
	op.u.renew.epoch = epoch;
	return disk_inner(s, &op, &done);
}

static int disk_lead(struct sim *s, struct sim_disk_op *o)
{
	uint64_t now_ns = clock_now(s, SIM_PLACE_STORE).mono_ns;
	struct sim_disk *d = &s->disk;
	struct dtss_store_done done;
	int error;

	if (d->led && now_ns < d->lead_until_ns && strcmp(d->holder, o->holder) != 0)
		return DTSS_E_NOT_LEADER;
	journal_settle(s);
	o->op.u.lead.holder = o->holder;
	error = disk_inner(s, &o->op, &done);
	if (error)
		return error;
	if (d->led && d->leader_died && now_ns >= d->lead_until_ns)
		SOMETIMES(s, SIM_PROBE_LEAD_OF_DEAD_OVER);
	memcpy(d->holder, o->holder, sizeof d->holder);
	d->led = 1;
	d->leader_died = 0;
	d->epoch = done.u.epoch;
	d->ttl_ms = o->ttl_ms;
	d->lead_until_ns = now_ns + o->ttl_ms * SIM_MS;
	o->epoch = done.u.epoch;
	journal_add(s, JOURNAL_LEAD, d->epoch, NULL);
	s->counts.leads++;
	sim_say(s, SIM_PLACE_STORE, "epoch %llu for %s", (unsigned long long)d->epoch, d->holder);
	judge_lead(s, o->scheduler, d->epoch);
	return 0;
}

void disk_leader_died(struct sim *s, uint32_t scheduler)
{
	s->disk.leader_died |= s->disk.led && strcmp(s->disk.holder, s->schedulers[scheduler].holder) == 0;
}

static int disk_renew(struct sim *s, const struct sim_disk_op *o)
{
	struct sim_disk *d = &s->disk;
	int error = disk_inner_epoch(s, o->type, o->op.u.renew.epoch);

	if (error)
		return error;
	d->lead_until_ns = clock_now(s, SIM_PLACE_STORE).mono_ns + d->ttl_ms * SIM_MS;
	if (o->type == DTSS_STORE_RESIGN) {
		d->led = 0;
		SOMETIMES(s, SIM_PROBE_LEAD_RESIGNED);
		journal_add(s, JOURNAL_RESIGN, d->epoch, NULL);
	}
	return 0;
}

int disk_commit(struct sim *s, uint32_t scheduler, const struct dtss_batch *batch)
{
	struct dtss_store_done done;
	struct dtss_store_op op;
	int error;

	memset(&op, 0, sizeof op);
	op.size = sizeof op;
	op.type = DTSS_STORE_COMMIT;
	op.u.commit = batch;
	error = disk_inner(s, &op, &done);
	if (error == DTSS_E_EPOCH)
		SOMETIMES(s, SIM_PROBE_DEPOSED_REFUSED);
	if (error)
		return error;
	journal_add(s, JOURNAL_COMMIT, batch->epoch, batch);
	judge_batch(s, scheduler, batch);
	return 0;
}

static int disk_may_commit(const struct sim *s, const struct dtss_batch *batch)
{
	return s->disk.led && batch->epoch == s->disk.epoch;
}

/* Written to the file, but not synced: nobody can say what a power cut makes of it. */
static void disk_limbo(struct sim *s, uint32_t scheduler, const struct dtss_batch *batch)
{
	if (!disk_may_commit(s, batch))
		return;
	if (!s->disk.journaled) {
		(void)disk_commit(s, scheduler, batch); /* as if the sync had done it: the answer is the same */
		return;
	}
	journal_limbo(s, scheduler, batch);
}

static void disk_power(struct sim *s, uint32_t scheduler, const struct dtss_batch *batch)
{
	uint64_t when = sim_choose(s, 3);

	sim_say(s, SIM_PLACE_STORE, "the power is cut %s a commit", when == 0 ? "before" : when == 1 ? "in" : "after");
	if (when == 1)
		disk_limbo(s, scheduler, batch);
	else if (when == 2)
		(void)disk_commit(s, scheduler, batch); /* nobody is told */
	s->disk.power_cut = 1;
	s->schedulers[scheduler].crash_now = s->schedulers[scheduler].node != NULL;
}

static int disk_commit_faulty(struct sim *s, struct sim_disk_op *o, const struct dtss_batch *batch)
{
	struct sim_handle *h = &s->schedulers[o->scheduler].disk;
	int error;

	if (sim_fault(s, DTSS_SIM_FAULT_COMMIT_POWER)) {
		disk_power(s, o->scheduler, batch);
		return DTSS_E_UNKNOWN;
	}
	if (s->disk.full_until_ns > s->true_ns || sim_fault(s, DTSS_SIM_FAULT_COMMIT_NOSPC)) {
		s->counts.commits_nospc++;
		return DTSS_E_NOSPC;
	}
	if (sim_fault(s, DTSS_SIM_FAULT_COMMIT_LOST)) {
		s->counts.commits_unknown++;
		return DTSS_E_UNKNOWN;
	}
	if (sim_fault(s, DTSS_SIM_FAULT_COMMIT_IO)) {
		h->failed = 1;
		return DTSS_E_IO;
	}
	if (sim_fault(s, DTSS_SIM_FAULT_COMMIT_SYNC)) {
		disk_limbo(s, o->scheduler, batch);
		h->failed = 1;
		return DTSS_E_IO;
	}
	error = disk_commit(s, o->scheduler, batch);
	if (error == 0 && sim_fault(s, DTSS_SIM_FAULT_COMMIT_UNKNOWN)) {
		s->counts.commits_unknown++;
		SOMETIMES(s, SIM_PROBE_COMMIT_UNKNOWN);
		return DTSS_E_UNKNOWN;
	}
	return error;
}

static struct dtss_batch *disk_batch(struct sim *s, const struct sim_disk_op *o)
{
	struct dtss_batch *batch = NULL;
	int error = dtss_batch_decode(o->bytes, o->len, &s->arena.mem, &batch);

	DTSS_ASSERT(error == 0);
	return batch;
}

static void disk_carry_out_commit(struct sim *s, struct sim_disk_op *o, const struct dtss_batch *batch)
{
	struct dtss_batch *decoded = batch ? NULL : disk_batch(s, o);

	o->result = disk_commit_faulty(s, o, batch ? batch : decoded);
	dtss_batch_free(decoded, &s->arena.mem);
}

void disk_carry_out_late(struct sim *s, const struct sim_disk_op *o)
{
	struct dtss_batch *batch = disk_batch(s, o);
	int error = disk_commit(s, o->scheduler, batch);

	sim_say(s, SIM_PLACE_STORE, "a late write of s%u: %s", (unsigned)o->scheduler, dtss_errname(error));
	dtss_batch_free(batch, &s->arena.mem);
}

void disk_carry_out(struct sim *s, struct sim_disk_op *o, const struct dtss_batch *batch)
{
	struct dtss_store_done done;

	if (s->schedulers[o->scheduler].disk.failed) {
		o->result = DTSS_E_IO;
		return;
	}
	switch (o->type) {
	case DTSS_STORE_LEAD:
		o->result = disk_lead(s, o);
		break;
	case DTSS_STORE_RENEW:
	case DTSS_STORE_RESIGN:
		o->result = disk_renew(s, o);
		break;
	case DTSS_STORE_COMMIT:
		disk_carry_out_commit(s, o, batch);
		break;
	case DTSS_STORE_LOG_APPEND:
		o->result = disk_inner(s, &o->op, &done);
		o->op.u.log.offset = done.u.log.offset;
		o->op.u.log.data = NULL;
		break;
	default: /* it is read when it is polled */
		break;
	}
}

void disk_inner_open(struct sim *s, int fresh)
{
	struct dtss_store *inner = NULL;
	int error;

	if (s->cfg.store_open)
		error = s->cfg.store_open(s->cfg.store_ctx, fresh, &inner);
	else
		error = dtss_memory_open(&inner, &s->arena.mem);
	s->disk.inner = inner;
	if (error)
		sim_violate(s, "P10", "the store does not open", (uint64_t)-error, (uint64_t)fresh);
}

void disk_init(struct sim *s)
{
	struct sim_disk *d = &s->disk;
	size_t i;

	d->journaled = !s->cfg.store_open &&
		       (s->faults.rate[DTSS_SIM_FAULT_COMMIT_POWER] || s->faults.rate[DTSS_SIM_FAULT_COMMIT_SYNC] ||
			s->faults.rate[DTSS_SIM_FAULT_POWER]);
	for (i = 0; i < DTSS_IDENTITY_LEN; i++)
		d->identity[i] = (uint8_t)(i + 1);
	disk_inner_open(s, 1);
}

void disk_fini(struct sim *s)
{
	if (s->disk.inner)
		s->disk.inner->ops->close(s->disk.inner);
	if (s->disk.journal)
		arena_free(&s->arena, s->disk.journal, s->disk.journal_cap);
}
