/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/node.h"

int node_store_submit(struct dtss_node *n, struct dtss_store_op *op, uint64_t *ret_serial)
{
	int rc;

	DTSS_ASSERT(n->store != NULL && op->type != 0);
	op->size = sizeof *op;
	rc = n->store->ops->submit(n->store, op, n->serial + 1);
	if (rc < 0)
		return rc;
	*ret_serial = ++n->serial;
	return 0;
}

/* Completions come in the order of the operations, so it is the first, or one that was answered without the store. */
static struct node_request *node_store_find(struct dtss_node *n, uint64_t serial)
{
	struct node_request *r = n->asked.head;

	while (r != NULL && r->serial != serial)
		r = r->next;
	return r;
}

static void node_store_done(struct dtss_node *n, struct dtss_time now, const struct dtss_store_done *done)
{
	struct node_request *r;

	if (n->lead_serial != 0 && done->token == n->lead_serial) {
		node_led(n, now, done);
		return;
	}
	if (n->commit_serial != 0 && done->token == n->commit_serial) {
		node_committed(n, now, done->result);
		return;
	}
	if (n->renew_serial != 0 && done->token == n->renew_serial) {
		node_renew_done(n, now, done);
		return;
	}
	r = node_store_find(n, done->token);
	if (r == NULL)
		return;
	node_queue_remove(r);
	node_request_resume(n, now, r, done);
}

int node_store_poll(struct dtss_node *n, struct dtss_time now)
{
	struct dtss_store_done done;
	int count = 0;

	while (count < NODE_ROUND_MAX) {
		memset(&done, 0, sizeof done);
		done.size = sizeof done;
		if (n->store->ops->poll(n->store, &done) != 1)
			break;
		node_store_done(n, now, &done);
		count++;
	}
	return count > 0;
}
