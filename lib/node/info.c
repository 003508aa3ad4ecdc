/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/node.h"

void dtss_node_info(const struct dtss_node *node, struct dtss_node_info *ret_info)
{
	DTSS_ASSERT(node != NULL && ret_info != NULL);
	memset(ret_info, 0, sizeof *ret_info);
	ret_info->size = sizeof *ret_info;
	ret_info->state = node->state;
	ret_info->durability = node->store_info.durability;
	ret_info->error = node->error;
	ret_info->epoch = node->epoch;
	memcpy(ret_info->identity, node->store_info.identity, DTSS_IDENTITY_LEN);
	ret_info->store = node->store->ops->name;
	ret_info->tracing = node->trace.on;
	ret_info->trace_error = node->trace.error;
}

struct dtss_sched *dtss_node_sched(struct dtss_node *node)
{
	DTSS_ASSERT(node != NULL);
	return node->sched;
}

uint64_t dtss_node_stored(const struct dtss_node *node)
{
	DTSS_ASSERT(node != NULL);
	return node->stored;
}
