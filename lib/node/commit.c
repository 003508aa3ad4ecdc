/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/node.h"

/* That there is no task of some id rests on everything. */
uint64_t node_engine_seq(struct dtss_node *n)
{
	const dtss_task_id nobody = { 0 };
	struct dtss_task_view view;
	int rc;

	DTSS_ASSERT(n->sched != NULL);
	rc = dtss_sched_task_get(n->sched, nobody, &view);
	DTSS_ASSERT(rc == DTSS_E_NOT_FOUND);
	return dtss_sched_seq(n->sched);
}

/*
 * One batch is in flight at a time. While it is, the engine goes on and gathers the next, so that under load hundreds of
 * verbs share one fsync.
 */
int node_commit(struct dtss_node *n, struct dtss_time now)
{
	struct dtss_batch batch;
	struct dtss_store_op op;
	int rc;

	if (n->sched == NULL || n->quiet || n->commit_serial != 0)
		return 0;
	memset(&batch, 0, sizeof batch);
	batch.size = sizeof batch;
	if (node_engine_batch(n, now, &batch) != 1) {
		if (n->state == DTSS_NODE_RECOVERING)
			node_settled(n); /* nothing needs the disk; the next that does will tell */
		return 0;
	}
	DTSS_ASSERT(batch.epoch == n->epoch && batch.last_seq >= n->stored);
	memset(&op, 0, sizeof op);
	op.type = DTSS_STORE_COMMIT;
	op.u.commit = &batch;
	n->commit_seq = batch.last_seq;
	node_trace_flush(n, now); /* what is stored has been recorded */
	rc = node_store_submit(n, &op, &n->commit_serial);
	if (rc < 0)
		node_recover(n, now, rc == DTSS_E_FULL ? DTSS_E_AGAIN : rc); /* not begun, and the batch is gone */
	return 1;
}

void node_committed(struct dtss_node *n, struct dtss_time now, int result)
{
	DTSS_ASSERT(n->sched != NULL && n->commit_serial != 0);
	n->commit_serial = 0;
	if (result < 0) {
		node_recover(n, now, result);
		return;
	}
	n->stored = n->commit_seq;
	n->backoff_ms = 0;
	node_engine_stored(n, now, n->stored);
	if (n->state == DTSS_NODE_RECOVERING)
		node_settled(n);
}
