/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/node.h"

#define NODE_OPEN_ROUNDS 8 /* a store that answers at the next poll is led and loaded within two */

static const char *const *node_open_strings(struct keep *k, const char *const *texts, size_t count)
{
	const char **copy = keep_array(k, count, sizeof *copy);
	size_t i;

	for (i = 0; copy != NULL && i < count; i++)
		copy[i] = keep_string(k, texts[i]);
	return copy;
}

/* The configuration is the program's; what is needed later is copied. */
static int node_open_config(struct dtss_node *n)
{
	struct dtss_node_config *c = &n->cfg;

	n->sched_cfg.size = sizeof n->sched_cfg;
	if (c->sched != NULL && size_import(&n->sched_cfg, sizeof n->sched_cfg, c->sched) != 0)
		return DTSS_E_INVALID;
	if ((c->tag_count > 0 && c->tags == NULL) || c->tag_count > DTSS_WORKER_TAGS_MAX ||
	    c->slots > DTSS_WORKER_TASKS_MAX)
		return DTSS_E_INVALID;
	c->sched = &n->sched_cfg;
	c->holder = keep_string(&n->keep, c->holder != NULL ? c->holder : "node");
	c->worker = keep_string(&n->keep, c->worker != NULL ? c->worker : "local");
	c->tags = node_open_strings(&n->keep, c->tags, c->tag_count);
	c->slots = c->slots != 0 ? c->slots : NODE_SLOTS_DEFAULT;
	return n->keep.failed ? DTSS_E_NOMEM : 0;
}

static int node_open_new(struct dtss_node **ret_node, const struct dtss_node_config *cfg)
{
	const struct dtss_mem *mem = cfg->mem != NULL ? cfg->mem : dtss_mem_libc();
	struct dtss_node *n = mem->alloc(mem->ctx, sizeof *n);

	if (n == NULL)
		return DTSS_E_NOMEM;
	memset(n, 0, sizeof *n);
	n->mem = *mem;
	n->cfg = *cfg;
	n->store = cfg->store;
	n->transport = cfg->transport;
	n->trace.sink = cfg->trace;
	n->state = DTSS_NODE_LOADING;
	n->wake_ns = DTSS_NEVER;
	node_renew_forget(n);
	keep_init(&n->keep, &n->mem);
	*ret_node = n;
	return 0;
}

/* Led and loaded as far as that goes without waiting; here every error is final. */
static int node_open_load(struct dtss_node *n, struct dtss_time now)
{
	int rc, i;

	if (n->store == NULL) {
		rc = dtss_memory_open(&n->store, &n->mem);
		if (rc < 0)
			return rc;
	}
	n->store_info.size = sizeof n->store_info;
	rc = n->store->ops->info(n->store, &n->store_info);
	if (rc < 0)
		return rc;
	rc = node_lead(n, now);
	for (i = 0; i < NODE_OPEN_ROUNDS && rc == 0 && n->state == DTSS_NODE_LOADING; i++)
		(void)node_store_poll(n, now); /* the state says what came of it */
	if (rc == 0 && (n->state == DTSS_NODE_RECOVERING || n->state == DTSS_NODE_FAILED))
		rc = n->error;
	n->dirty = 1; /* to store what leading began with */
	return rc;
}

int dtss_node_open(struct dtss_node **ret_node, const struct dtss_node_config *cfg, struct dtss_time now)
{
	struct dtss_node_config c;
	struct dtss_node *n = NULL;
	int rc;

	DTSS_ASSERT(ret_node != NULL);
	memset(&c, 0, sizeof c);
	c.size = sizeof c;
	rc = cfg != NULL ? size_import(&c, sizeof c, cfg) : 0;
	if (rc < 0)
		return rc;
	rc = node_open_new(&n, &c);
	if (rc < 0) {
		if (c.store != NULL)
			c.store->ops->close(c.store);
		if (c.transport != NULL)
			c.transport->ops->close(c.transport);
		if (c.trace != NULL)
			c.trace->ops->close(c.trace);
		return rc;
	}
	rc = node_open_config(n);
	if (rc == 0)
		rc = node_open_load(n, now);
	if (rc < 0) {
		dtss_node_close(n);
		return rc;
	}
	*ret_node = n;
	return 0;
}

static void node_close_requests(struct dtss_node *n)
{
	struct node_queue *const queues[] = { &n->held, &n->asked, &n->ready, &n->waited };
	size_t i;

	for (i = 0; i < sizeof queues / sizeof *queues; i++) {
		while (queues[i]->head != NULL) {
			struct node_request *r = queues[i]->head;

			node_queue_remove(r);
			node_request_free(n, r);
		}
	}
	DTSS_ASSERT(n->request_count == 0);
}

void dtss_node_close(struct dtss_node *node)
{
	struct dtss_mem mem;

	if (node == NULL)
		return;
	mem = node->mem;
	node_enter(node);
	node_resign(node);
	node_close_requests(node);
	node_replies_drop(node);
	node_local_close(node);
	node_engine_destroy(node);
	node_trace_close(node);
	if (node->events != NULL)
		mem.release(mem.ctx, node->events, node->event_cap * sizeof *node->events);
	if (node->transport != NULL)
		node->transport->ops->close(node->transport);
	if (node->store != NULL)
		node->store->ops->close(node->store);
	keep_fini(&node->keep);
	mem.release(mem.ctx, node, sizeof *node);
}
