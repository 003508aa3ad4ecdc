/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/node.h"

/*
 * The worker in this process is an agent like any other, at the far end of a loop.
 *
 *      take, finish ──► taken ◄── START, STOP, FORGET ── agent ── SEND ──► far ═ loop ═ near ──► message.c
 */

/* Greater than any that the engine knows under that name, so that what an earlier process left behind ends at once. */
static uint64_t node_local_incarnation(struct dtss_node *n, struct dtss_time now)
{
	uint64_t incarnation = now.wall_ns > 0 ? (uint64_t)now.wall_ns / NODE_NS_PER_MS : 1;
	struct dtss_worker_view view;

	memset(&view, 0, sizeof view);
	if (dtss_sched_worker_get(n->sched, n->cfg.worker, &view) == 0 && view.incarnation >= incarnation)
		incarnation = view.incarnation + 1;
	return incarnation;
}

int node_local_open(struct dtss_node *n, struct dtss_time now)
{
	struct dtss_agent_config cfg;
	int rc;

	DTSS_ASSERT(n->local.agent == NULL && n->sched != NULL);
	memset(&cfg, 0, sizeof cfg);
	cfg.size = sizeof cfg;
	cfg.name = n->cfg.worker;
	cfg.incarnation = node_local_incarnation(n, now);
	cfg.tags = n->cfg.tags;
	cfg.tag_count = n->cfg.tag_count;
	cfg.max_tasks = n->cfg.slots;
	cfg.kill_grace_ms = n->sched_cfg.kill_grace_ms;
	cfg.heartbeat_ms = n->sched_cfg.heartbeat_ms;
	rc = dtss_loop_open(&n->local.near, &n->local.far, n->cfg.worker, &n->mem);
	if (rc < 0)
		return rc;
	rc = dtss_agent_create(&n->local.agent, &cfg, &n->mem);
	if (rc < 0) {
		n->local.agent = NULL;
		node_local_close(n);
	}
	return rc;
}

void node_taken_free(struct dtss_node *n, struct node_taken *taken)
{
	struct node_taken **link = &n->local.taken;

	while (*link != taken)
		link = &(*link)->next;
	*link = taken->next;
	keep_fini(&taken->keep);
	dtss_spec_free(taken->spec, &n->mem);
	n->mem.release(n->mem.ctx, taken, sizeof *taken);
}

void node_local_close(struct dtss_node *n)
{
	struct node_local *l = &n->local;

	while (l->taken != NULL)
		node_taken_free(n, l->taken);
	dtss_agent_destroy(l->agent);
	if (l->near != NULL)
		l->near->ops->close(l->near);
	if (l->far != NULL)
		l->far->ops->close(l->far);
	memset(l, 0, sizeof *l);
}

struct node_taken *node_taken_find(struct dtss_node *n, uint64_t fence)
{
	struct node_taken *taken = n->local.taken;

	while (taken != NULL && taken->fence != fence)
		taken = taken->next;
	return taken;
}

static int node_local_taken_new(struct dtss_node *n, const struct dtss_agent_start *start)
{
	struct node_taken **link = &n->local.taken, *taken = n->mem.alloc(n->mem.ctx, sizeof *taken);
	const void *spec;

	if (taken == NULL)
		return DTSS_E_NOMEM;
	memset(taken, 0, sizeof *taken);
	keep_init(&taken->keep, &n->mem);
	taken->task = start->task;
	taken->fence = start->fence;
	taken->attempt = start->attempt;
	taken->state = NODE_TAKEN_NEW;
	while (*link != NULL)
		link = &(*link)->next;
	*link = taken;
	spec = keep_bytes(&taken->keep, start->spec, start->spec_len);
	if (spec == NULL || dtss_spec_decode(spec, start->spec_len, &n->mem, &taken->spec) < 0) {
		taken->spec = NULL;
		node_taken_free(n, taken);
		return DTSS_E_NOMEM;
	}
	return 0;
}

/* Ends an attempt that the program never saw. Without memory the scheduler finds out by itself. */
static void node_local_end(struct dtss_node *n, struct dtss_time now, uint64_t fence, uint32_t cause)
{
	struct dtss_outcome outcome;

	memset(&outcome, 0, sizeof outcome);
	outcome.cause = cause;
	(void)dtss_agent_ended(n->local.agent, now, fence, &outcome);
}

static void node_local_start(struct dtss_node *n, struct dtss_time now, const struct dtss_agent_start *start)
{
	if (node_local_taken_new(n, start) < 0)
		node_local_end(n, now, start->fence, DTSS_CAUSE_RELEASED); /* it is not the task's fault */
}

static void node_local_stop(struct dtss_node *n, struct dtss_time now, uint64_t fence)
{
	struct node_taken *taken = node_taken_find(n, fence);

	if (taken == NULL || taken->state == NODE_TAKEN_NEW) {
		if (taken != NULL)
			node_taken_free(n, taken);
		node_local_end(n, now, fence, DTSS_CAUSE_CANCEL);
	} else if (taken->state == NODE_TAKEN_GIVEN && taken->stop == 0) {
		taken->stop = 1;
	}
}

static void node_local_forget(struct dtss_node *n, uint64_t fence)
{
	struct node_taken *taken = node_taken_find(n, fence);

	if (taken == NULL || taken->state == NODE_TAKEN_ACKED)
		return;
	if (taken->state == NODE_TAKEN_NEW) {
		node_taken_free(n, taken);
		return;
	}
	/* forgotten without an acknowledgement: nobody wants its end any more */
	taken->state = NODE_TAKEN_ACKED;
	taken->result = DTSS_E_FENCED;
	if (taken->stop == 0)
		taken->stop = 1;
}

static int node_local_actions(struct dtss_node *n, struct dtss_time now)
{
	struct dtss_agent_action action;
	int count = 0;

	for (;;) {
		memset(&action, 0, sizeof action);
		action.size = sizeof action;
		if (dtss_agent_next_action(n->local.agent, &action) != 1)
			return count > 0;
		count++;
		switch (action.type) {
		case DTSS_AGENT_START:
			node_local_start(n, now, &action.u.start);
			break;
		case DTSS_AGENT_STOP:
			node_local_stop(n, now, action.u.stop.fence);
			break;
		case DTSS_AGENT_SEND: /* what is lost is said again by the next */
			(void)n->local.far->ops->send(n->local.far, NULL, action.u.message);
			break;
		case DTSS_AGENT_FORGET:
			node_local_forget(n, action.u.forget.fence);
			break;
		case DTSS_AGENT_STALE:
			n->local.stale = 1;
			break;
		default:
			DTSS_ASSERT(action.type == DTSS_AGENT_RESET); /* STOPs follow */
		}
	}
}

/* What became of the ends that were reported: the agent itself only wants to know that they arrived. */
static void node_local_acks(struct dtss_node *n, const struct dtss_message_answer *answer)
{
	size_t i;

	for (i = 0; i < answer->ack_count; i++) {
		struct node_taken *taken = node_taken_find(n, answer->acks[i].fence);

		if (answer->acks[i].kind != DTSS_REPORT_ENDED || taken == NULL || taken->state != NODE_TAKEN_ENDED)
			continue;
		taken->state = NODE_TAKEN_ACKED;
		taken->result = answer->acks[i].result;
	}
}

static int node_local_messages(struct dtss_node *n, struct dtss_time now)
{
	const struct dtss_message *message;
	const char *peer;
	int count = 0;

	while (n->local.far->ops->poll(n->local.far, &message, &peer) == 1) {
		count++;
		if (message->type == DTSS_MESSAGE_ANSWER)
			node_local_acks(n, &message->u.answer);
		(void)dtss_agent_message(n->local.agent, now, message); /* without memory: as if it were lost */
	}
	return count > 0;
}

int node_local_pump(struct dtss_node *n, struct dtss_time now)
{
	int more;

	if (n->local.agent == NULL)
		return 0;
	more = node_local_messages(n, now);
	if (dtss_agent_next_ns(n->local.agent) <= now.mono_ns)
		(void)dtss_agent_tick(n->local.agent, now); /* without memory it stays due */
	return node_local_actions(n, now) || more;
}
