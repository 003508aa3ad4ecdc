/* SPDX-License-Identifier: MIT */
#ifndef DTSS_TRANSPORT_H
#define DTSS_TRANSPORT_H

#include <stddef.h>
#include <dtss/message.h>

/*
 * Carries messages between a scheduler and its workers. Loss, repetition and reordering are normal; damage is not: a
 * message arrives whole or not at all. It never calls up, and is used by one thread at a time.
 */
struct dtss_transport {
	const struct dtss_transport_ops *ops; /* first in every implementation */
};

struct dtss_transport_ops {
	size_t size;
	const char *name; /* "loop" */
	/*
	 * peer is a worker's name on the scheduler's side, and NULL (the scheduler) on a worker's. The message is
	 * borrowed for the call. 0: it was taken, and may still be lost. DTSS_E_NOT_FOUND: nobody there to send it to;
	 * DTSS_E_FULL, DTSS_E_NOMEM: dropped. The caller need not care: a heartbeat repairs it.
	 */
	int (*send)(struct dtss_transport *transport, const char *peer, const struct dtss_message *message);
	/* Never waits. 1 and a message with its sender (valid until the next call), 0: none now, or an error. */
	int (*poll)(struct dtss_transport *transport, const struct dtss_message **ret_message, const char **ret_peer);
	/* A descriptor that becomes readable when poll may have something, or -1. */
	int (*fd)(struct dtss_transport *transport);
	void (*close)(struct dtss_transport *transport);
};

#ifdef __cplusplus
extern "C" {
#endif

/*
 * In-process: two ends of a pair of queues, for programs that are scheduler and worker at once, and for tests. The
 * worker's end announces itself as name. Messages travel as bytes, through the codec. The ends are closed one by one,
 * in any order. DTSS_E_NOMEM.
 */
DTSS_API int dtss_loop_open(struct dtss_transport **ret_scheduler, struct dtss_transport **ret_worker, const char *name,
			    const struct dtss_mem *mem);

#ifdef __cplusplus
}
#endif
#endif
