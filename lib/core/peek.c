/* SPDX-License-Identifier: MIT */
#include "core/snapshot.h"

/* What the driver looks at while it records. */
int snapshot_quiet(const struct dtss_sched *s)
{
	return !s->open.event_count && !s->closed.in_flight && !s->ring.count && !s->retiring_head;
}

int snapshot_leads(const struct dtss_sched *s)
{
	return s->epoch != 0;
}

int snapshot_can_batch(const struct dtss_sched *s)
{
	return !s->closed.in_flight;
}

int snapshot_can_store(const struct dtss_sched *s, uint64_t seq)
{
	return seq >= s->stored_seq && seq <= s->closed_seq;
}

uint64_t snapshot_seq(const struct dtss_sched *s)
{
	return s->meta.seq;
}

uint64_t snapshot_latest(const struct dtss_sched *s)
{
	return s->restored_ns;
}

uint64_t snapshot_broken(const struct dtss_sched *s)
{
	return s->broken_ticks;
}

size_t snapshot_actions(const struct dtss_sched *s)
{
	return s->ring.released;
}

const void *snapshot_spec(const struct dtss_sched *s, uint64_t id, size_t *ret_len)
{
	const struct task *t = task_any(s, id);

	DTSS_ASSERT(t && t->record);
	*ret_len = t->spec_len;
	return task_spec(t);
}
