/* SPDX-License-Identifier: MIT */
#ifndef DTSSD_GUARD_H
#define DTSSD_GUARD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <microhttpd.h>
#include <dtss.h>
#include "dtssd/head.h"

/*
 * Stands between each socket and libmicrohttpd: nothing of a request gets through before its whole head is there and is
 * right, nothing behind a request before that has been answered, and nobody may be slow for ever.
 *
 *	         first byte             whole, right            last byte
 *	GUARD_IDLE ──► GUARD_HEAD ──────────────► GUARD_BODY ──────────────► GUARD_BUSY
 *	  ▲  │             │ wrong, too slow          │                           │ answered
 *	  │  │             └──────────► GUARD_LEAVING ◄┘                          │
 *	  │  └─ too long ─► closed           └─► closed                           │
 *	  └───────────────────────────────────────────────────────────────────────┘
 */
enum guard_state { GUARD_IDLE, GUARD_HEAD, GUARD_BODY, GUARD_BUSY, GUARD_LEAVING };

/* Deadlines in ms, and numbers; 0 is not allowed. */
struct guard_limits {
	uint32_t head_ms;
	uint32_t body_ms;
	uint32_t body_ms_max;
	uint32_t idle_ms;
	uint32_t write_ms;
	uint32_t connections_max;
	uint32_t address_connections_max;
	uint32_t requests_max; /* of a connection */
};

extern const struct guard_limits guard_limits_default;

/* One connection. */
struct guard {
	struct guards *all;
	int fd;
	enum guard_state state;
	struct body body;
	uint64_t since_ns; /* of the state */
	uint64_t got;      /* bytes of the body */
	uint32_t requests; /* heads that went through */
	uint32_t claimed;  /* of them, what arrived at the other end */
	int more;          /* bytes of the next request are there */
	char *held;        /* bytes that came and may not go through yet */
	size_t held_len;
};

/* All of them. */
struct guards {
	const struct guard_limits *limits;
	const struct dtss_time *now;
	struct guard **by_fd;
	size_t cap;
	size_t open;
	uint64_t due_ns; /* no deadline is earlier */
};

void guards_init(struct guards *guards, const struct guard_limits *limits, const struct dtss_time *now);
void guards_fini(struct guards *guards);
/* Ends whoever was too slow. */
void guards_sweep(struct guards *guards);

/* MHD_OPTION_NOTIFY_CONNECTION; cls is the guards, the socket's context its guard. */
void guard_notify(void *cls, struct MHD_Connection *connection, void **context,
		  enum MHD_ConnectionNotificationCode code);
/* NULL: the connection came in past the guards. */
struct guard *guard_of(struct MHD_Connection *connection);
/* 1 once for each head that went through. */
int guard_claim(struct guard *guard);
/* The request has its answer, and the next one may come. */
void guard_answered(struct guard *guard);
/* 1: no further request is taken from this connection. */
int guard_is_last(const struct guard *guard);
/* As recv(2). */
ssize_t guard_read(struct guard *guard, char *buf, size_t len);

#endif
