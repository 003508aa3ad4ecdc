/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CORE_SNAPSHOT_H
#define DTSS_CORE_SNAPSHOT_H

#include "codec/wire.h"
#include "core/engine.h"

/*
 * A snapshot is a sequence of pieces, each framed as wire.h says: first the records, as a store would give them, then,
 * of an engine that leads, what is volatile, in pieces of kind WIRE_STATE that begin with their section.
 *
 *      META · WORKER … · (SPEC, ATTEMPT …, TASK) … · (KEY, KEY section) …
 *      ENGINE · WORKER … · TASK … · CHILDREN … · LISTS · TIMERS … · END
 *
 *      workers    as records by slot, upwards, so that they get the slots 0, 1, …; as sections downwards, so that each
 *                 can move to its own, which is free by then
 *      lists      in their order, wherever that order decides anything: what runs on a worker, the children of a task,
 *                 those that are to be told, the timers of a tick
 *      derived    is all else: counters, queues by (priority, id), the heap, what is used and free, every cache
 *
 * A section is changed as wire.h says.
 */
enum snapshot_section {
	SNAPSHOT_KEY = 1, /* of the record before: when it expires */
	SNAPSHOT_ENGINE = 2,
	SNAPSHOT_WORKER = 3,
	SNAPSHOT_TASK = 4,
	SNAPSHOT_CHILDREN = 5, /* of one task: ids, and which of their dependencies */
	SNAPSHOT_LISTS = 6,    /* resolving tasks, parked needs (by a task that waits in them), improved workers */
	SNAPSHOT_TIMERS = 7,   /* one list of the wheel */
	SNAPSHOT_END = 8
};

enum snapshot_task_flag { SNAPSHOT_SENT = 1, SNAPSHOT_REJECTED = 2 }; /* of the live attempt */

#define SNAPSHOT_TIMER_BYTES 17 /* owner, id, due */
#define SNAPSHOT_CHILD_BYTES 12

/* For the driver, which records: nothing that a program could not learn by a query, but without changing its answer. */
int snapshot_quiet(const struct dtss_sched *s); /* 1: nothing is under way, dtss_sched_snapshot() can begin */
int snapshot_leads(const struct dtss_sched *s);
int snapshot_can_batch(const struct dtss_sched *s);               /* dtss_sched_batch() may be called */
int snapshot_can_store(const struct dtss_sched *s, uint64_t seq); /* so may dtss_sched_stored() */
uint64_t snapshot_seq(const struct dtss_sched *s);                /* the last event */
uint64_t snapshot_latest(const struct dtss_sched *s);             /* no time it was restored with is later */
uint64_t snapshot_broken(const struct dtss_sched *s);             /* how often a tick ended for lack of memory */
size_t snapshot_actions(const struct dtss_sched *s);              /* that can be handed out */
const void *snapshot_spec(const struct dtss_sched *s, uint64_t id, size_t *ret_len); /* of a task that it holds */

#endif
