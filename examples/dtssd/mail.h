/* SPDX-License-Identifier: MIT */
#ifndef DTSSD_MAIL_H
#define DTSSD_MAIL_H

#include <dtss.h>
#include "dtssd/server.h"

/*
 * The scheduler's end of the transport over HTTP. What a poll brings goes into the inbox; what the node sends waits in
 * the outbox of its (worker, incarnation) for a poll to fetch it.
 *
 *	POST …/poll ──► mail_deliver() ──► inbox ──► ops.poll ──► node
 *	     ▲                                                     │
 *	     └── mail_flush() ◄── outbox {answer, assign, stop} ◄── ops.send
 */

/* A heartbeat as it came in: the message points into the rest. Made by the caller, owned by the mailroom. */
struct mail {
	struct mail *next;
	struct dtss_message message;
	struct json_reader reader;
	json_t *body;
};

int mail_open(struct mailroom **ret_mail, struct dtss_transport **ret_transport);
void mail_free(struct mail *mail);

/* A heartbeat came in with exchange x, which gets the answer: at once when there is something in it, else when wait_ms
 * are over. One that waits already for the same incarnation ends. 0, or DTSS_E_FULL and nothing happened. */
int mail_deliver(struct mailroom *room, struct mail *mail, struct exchange *x, uint64_t wait_ms, struct problem *p);
/* Once a round, after the node's step: replies to those polls that have something to bring home. */
void mail_flush(struct mailroom *room, struct dtss_time now);

#endif
