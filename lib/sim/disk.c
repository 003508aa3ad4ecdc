/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "core/check.h"
#include "sim/sim.h"

/*
 * A store whose commits fail in every way that a real one has: not written and said so, not written and unknown, written
 * and unknown, written late, and a crash of the node before or after. What was written stays in the inner store.
 */
static struct sim *disk_sim(struct dtss_store *store)
{
	return (struct sim *)(void *)((char *)store - offsetof(struct sim, disk));
}

static int disk_info(struct dtss_store *store, struct dtss_store_info *ret_info)
{
	struct sim *s = disk_sim(store);

	return s->inner->ops->info(s->inner, ret_info);
}

static int disk_load(struct dtss_store *store, const void **ret_data, size_t *ret_len)
{
	struct sim *s = disk_sim(store);

	return s->inner->ops->load(s->inner, ret_data, ret_len);
}

static void disk_delay(struct sim *s, uint64_t token, int32_t result)
{
	uint64_t delay = sim_fault(s, s->faults.commit_slow) ? sim_choose(s, 8000000000) : sim_choose(s, 2000000);
	size_t i;

	for (i = 0; s->delayed[i].used; i++)
		DTSS_ASSERT(i + 1 < SIM_DELAYED_MAX); /* one commit is in flight, by the node's own rule */
	s->delayed[i].used = 1;
	s->delayed[i].token = token;
	s->delayed[i].result = result;
	s->delayed[i].due_ns = s->now.mono_ns + delay;
}

/* Written for good: from here on nothing may forget it. */
static int disk_write(struct sim *s, const struct dtss_store_op *op)
{
	struct dtss_store_done done;
	int error = s->inner->ops->submit(s->inner, op, 0);

	if (error)
		return error;
	do {
		memset(&done, 0, sizeof done);
		DTSS_ASSERT(s->inner->ops->poll(s->inner, &done) == 1);
	} while (done.type != DTSS_STORE_COMMIT);
	if (done.result == 0)
		judge_batch(s, op->u.commit);
	return done.result;
}

static int disk_commit(struct sim *s, const struct dtss_store_op *op, uint64_t token)
{
	int crash = sim_fault(s, s->faults.node_crash);

	if (crash && sim_choose(s, 2)) {
		s->crash_now = 1;
		return 0;
	}
	if (sim_fault(s, s->faults.commit_nospc)) {
		s->counts.commits_nospc++;
		disk_delay(s, token, DTSS_E_NOSPC);
		return 0;
	}
	if (sim_fault(s, s->faults.commit_lost)) {
		s->counts.commits_unknown++;
		disk_delay(s, token, DTSS_E_UNKNOWN);
		return 0;
	}
	disk_delay(s, token, disk_write(s, op));
	if (sim_fault(s, s->faults.commit_unknown)) {
		size_t i;

		s->counts.commits_unknown++;
		for (i = 0; i < SIM_DELAYED_MAX; i++)
			if (s->delayed[i].used && s->delayed[i].token == token)
				s->delayed[i].result = DTSS_E_UNKNOWN;
	}
	s->crash_now = crash;
	return 0;
}

static int disk_submit(struct dtss_store *store, const struct dtss_store_op *op, uint64_t token)
{
	struct sim *s = disk_sim(store);

	if (op->type == DTSS_STORE_COMMIT)
		return disk_commit(s, op, token);
	return s->inner->ops->submit(s->inner, op, token);
}

static int disk_poll(struct dtss_store *store, struct dtss_store_done *ret_done)
{
	struct sim *s = disk_sim(store);
	size_t i;

	for (i = 0; i < SIM_DELAYED_MAX; i++) {
		if (!s->delayed[i].used || s->delayed[i].due_ns > s->now.mono_ns)
			continue;
		s->delayed[i].used = 0;
		memset(ret_done, 0, sizeof *ret_done);
		ret_done->size = sizeof *ret_done;
		ret_done->type = DTSS_STORE_COMMIT;
		ret_done->token = s->delayed[i].token;
		ret_done->result = s->delayed[i].result;
		return 1;
	}
	return s->inner->ops->poll(s->inner, ret_done);
}

/* Not -1: completions take their time. Nobody waits on it, time is virtual. */
static int disk_fd(struct dtss_store *store)
{
	(void)store;
	return 0;
}

/* The node is gone; what it had asked for and not heard of is gone with it. */
static void disk_close(struct dtss_store *store)
{
	struct sim *s = disk_sim(store);
	struct dtss_store_done done;

	memset(s->delayed, 0, sizeof s->delayed);
	while (s->inner->ops->poll(s->inner, &done) == 1)
		;
}

static const struct dtss_store_ops disk_ops = { sizeof disk_ops, "sim",     disk_info, disk_load,
						disk_submit,     disk_poll, disk_fd,   disk_close };

void disk_init(struct sim *s)
{
	s->disk.ops = &disk_ops;
}

uint64_t disk_next_ns(const struct sim *s)
{
	uint64_t next = DTSS_NEVER;
	size_t i;

	for (i = 0; i < SIM_DELAYED_MAX; i++)
		if (s->delayed[i].used && s->delayed[i].due_ns < next)
			next = s->delayed[i].due_ns;
	return next;
}
