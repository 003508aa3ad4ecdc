/* SPDX-License-Identifier: MIT */
#ifndef AGENT_TRANSPORT_H
#define AGENT_TRANSPORT_H

#include <dtss.h>
#include "dtss-agent/post.h"

/*
 * The worker's end of a transport over HTTP: each heartbeat is a POST /api/v2/workers/NAME/poll, which the scheduler holds
 * until it has something for us, or the next heartbeat is due. A newer one overtakes those under way; all their answers
 * count. The client is borrowed, and may carry other requests too.
 */
int agent_transport_open(struct dtss_transport **ret_transport, struct post_client *client, const char *name);

enum agent_link {
	AGENT_LINK_UNKNOWN = 0, /* not yet an answer, nor a failure */
	AGENT_LINK_UP = 1,
	AGENT_LINK_DOWN = 2,   /* tried again with each heartbeat, and in between */
	AGENT_LINK_REFUSED = 3 /* the scheduler is there and does not take us */
};

/* Sends again what is due to be. When to call it next; DTSS_NEVER. */
uint64_t agent_transport_step(struct dtss_transport *transport, uint64_t now_ns);

/* How it stands, and the sentence for people that goes with it: valid until the next call. */
enum agent_link agent_transport_link(const struct dtss_transport *transport, long *ret_status, const char **ret_why);

#endif
