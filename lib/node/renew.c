/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "core/config.h"
#include "node/node.h"

/*
 * Leadership that ends by itself. The node's own clock decides, and it decides early: the term counts from when LEAD or
 * RENEW was sent, and an eighth of it is left for a clock that runs slow. So it has stopped before the store lets
 * somebody else lead; and should it not have, the store refuses its epoch.
 *
 * It renews early, too: where the store's clock runs four times as fast as the node's, two thirds of the term are over by
 * then. Later, and every term would end before it is renewed; and since each leader starts all leases anew, none of a dead
 * worker would ever run out.
 *
 *      sent          + ttl/6            + 7/8 ttl        + ttl
 *      ├──────────────┼──────────────────┼────────────────┤
 *      │ leads        │ renews           │ steps down     │ the store may give it to another
 */
#define RENEW_PART 6 /* of the term, and it renews */

static uint64_t renew_ttl_ms(const struct dtss_node *n)
{
	return config_lease_ms(&n->sched_cfg);
}

void node_renewed(struct dtss_node *n, uint64_t sent_ns)
{
	struct dtss_time sent = { sent_ns, 0 };
	uint64_t ttl_ms = renew_ttl_ms(n);

	DTSS_ASSERT(n->epoch > 0);
	if (!n->store_info.lead_expires)
		return;
	n->lead_until_ns = node_ns_after(sent, ttl_ms - ttl_ms / 8);
	n->renew_ns = node_ns_after(sent, ttl_ms / RENEW_PART);
}

/* The engine is thrown away; as after any lost epoch, the node then asks to lead again. */
static int renew_lapsed(struct dtss_node *n, struct dtss_time now)
{
	if (n->epoch == 0 || now.mono_ns < n->lead_until_ns)
		return 0;
	node_recover(n, now, DTSS_E_EPOCH);
	return 1;
}

int node_renew(struct dtss_node *n, struct dtss_time now)
{
	struct dtss_store_op op;

	if (n->state == DTSS_NODE_FAILED)
		return 0;
	if (renew_lapsed(n, now))
		return 1;
	if (now.mono_ns < n->renew_ns || n->renew_serial != 0)
		return 0;
	DTSS_ASSERT(n->epoch > 0 && n->store_info.lead_expires);
	memset(&op, 0, sizeof op);
	op.type = DTSS_STORE_RENEW;
	op.u.renew.epoch = n->epoch;
	if (node_store_submit(n, &op, &n->renew_serial) < 0)
		n->renew_ns = node_ns_after(now, renew_ttl_ms(n) / 12);
	else
		n->renew_sent_ns = now.mono_ns;
	return 1;
}

void node_renew_done(struct dtss_node *n, struct dtss_time now, const struct dtss_store_done *done)
{
	DTSS_ASSERT(n->renew_serial != 0 && n->epoch > 0);
	n->renew_serial = 0;
	if (done->result == DTSS_E_EPOCH)
		node_recover(n, now, DTSS_E_EPOCH);
	else if (done->result < 0)
		n->renew_ns = node_ns_after(now, renew_ttl_ms(n) / 12); /* nothing is lost yet: again, soon */
	else
		node_renewed(n, n->renew_sent_ns);
}

uint64_t node_renew_next_ns(const struct dtss_node *n)
{
	if (n->state == DTSS_NODE_FAILED)
		return DTSS_NEVER;
	if (n->renew_serial != 0 || n->lead_until_ns < n->renew_ns)
		return n->lead_until_ns;
	return n->renew_ns;
}

void node_renew_forget(struct dtss_node *n)
{
	n->epoch = 0;
	n->renew_serial = 0;
	n->renew_ns = DTSS_NEVER;
	n->lead_until_ns = DTSS_NEVER;
}

/* Best effort: without it the others wait until the term is over. */
void node_resign(struct dtss_node *n)
{
	struct dtss_store_op op;
	struct dtss_store_done done;
	uint64_t serial;

	if (n->epoch == 0 || !n->store_info.lead_expires || n->state == DTSS_NODE_FAILED)
		return;
	memset(&op, 0, sizeof op);
	op.type = DTSS_STORE_RESIGN;
	op.u.renew.epoch = n->epoch;
	if (node_store_submit(n, &op, &serial) < 0)
		return;
	memset(&done, 0, sizeof done);
	done.size = sizeof done;
	(void)n->store->ops->poll(n->store, &done); /* a chance to send it; nobody waits for what it says */
}
