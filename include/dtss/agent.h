/* SPDX-License-Identifier: MIT */
#ifndef DTSS_AGENT_H
#define DTSS_AGENT_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/message.h>
#include <dtss/time.h>

/*
 * The worker's side: when to heartbeat, what to start, what to stop, what to report again until it is acknowledged, and
 * when to fence itself. No I/O, no clock, no processes: the driver does what the actions say and tells what happened.
 *
 *      message ──► dtss_agent_message() ──► START ──► driver journals, starts ──► dtss_agent_started()
 *                                           STOP  ──► driver signals              dtss_agent_ended() ◄── it ended
 *                                           SEND  ──► driver's transport
 *                                           FORGET ─► driver removes what it kept of the attempt
 *
 * An attempt stays listed in the heartbeats until its end is acknowledged. Its kill deadline is the sending time of the
 * last acknowledged heartbeat that listed it, or of the one that its assignment named, plus lease * 9/10 - grace: before
 * the scheduler can give it to another.
 */
struct dtss_agent;

enum dtss_agent_flag {
	DTSS_AGENT_LONG_POLL =
		1 /* the scheduler holds answers back until it has something to say or the time is up: so that
	                            it can always reach the agent, a heartbeat follows at once when none is unanswered */
};

/* Zero is the default, but name and incarnation must be there. Strings are copied. */
struct dtss_agent_config {
	size_t size;
	const char *name;
	uint64_t incarnation; /* greater than any before: max(wall ms at start, the journal's last + 1) */
	const char *address;
	const char *const *tags;
	size_t tag_count;
	const struct dtss_resource *resources;
	size_t resource_count;
	uint32_t max_tasks;     /* 0: 1 */
	uint32_t flags;         /* enum dtss_agent_flag */
	uint64_t kill_grace_ms; /* between STOP with force 0 and force 1 */
	uint64_t heartbeat_ms;  /* until the scheduler says otherwise */
};

enum dtss_agent_action_type {
	DTSS_AGENT_START =
		1, /* journal the intent, then start u.start; then dtss_agent_started() or dtss_agent_ended() */
	DTSS_AGENT_STOP = 2,   /* signal the attempt: force 0 SIGTERM, 1 SIGKILL, to all its processes */
	DTSS_AGENT_SEND = 3,   /* u.message to the scheduler */
	DTSS_AGENT_FORGET = 4, /* the end of u.forget was acknowledged, or nobody wants it any more */
	DTSS_AGENT_STALE =
		5, /* a newer incarnation is registered: everything is being stopped; end when dtss_agent_idle() */
	DTSS_AGENT_RESET = 6 /* the scheduler has another store: everything is being stopped, fences are forgotten */
};

struct dtss_agent_start {
	dtss_task_id task;
	uint64_t fence;
	uint32_t attempt;
	uint32_t reserved;
	const void *spec; /* dtss_spec_encode() */
	size_t spec_len;
};

/* Valid until the next call on the handle. */
struct dtss_agent_action {
	size_t size;
	uint32_t type; /* enum dtss_agent_action_type */
	uint32_t reserved;
	union {
		struct dtss_agent_start start;
		struct {
			dtss_task_id task;
			uint64_t fence;
			uint32_t force;
			uint32_t cause; /* enum dtss_cause: why it is stopped */
		} stop;
		struct {
			dtss_task_id task;
			uint64_t fence;
		} forget;
		const struct dtss_message *message;
	} u;
};

struct dtss_agent_stats {
	size_t size;
	uint32_t running; /* started and not ended */
	uint32_t held;    /* listed: running, starting, or ended and not yet acknowledged */
	uint64_t started;
	uint64_t ended;
	uint64_t fenced; /* stopped by their own deadline */
	uint64_t epoch;
	int64_t answered_ns; /* mono time of the last answer's heartbeat sending; -1: none yet */
};

#ifdef __cplusplus
extern "C" {
#endif

/* The first heartbeat is due at once. DTSS_E_INVALID, DTSS_E_TOO_BIG, DTSS_E_NOMEM. */
DTSS_API int dtss_agent_create(struct dtss_agent **ret_agent, const struct dtss_agent_config *cfg,
			       const struct dtss_mem *mem);
DTSS_API void dtss_agent_destroy(struct dtss_agent *a); /* NULL is fine */
/* ANSWER, ASSIGN or STOP. Those of a lower epoch, another incarnation or an older fence are dropped: 0. DTSS_E_NOMEM,
 * DTSS_E_INVALID (not a message for agents). */
DTSS_API int dtss_agent_message(struct dtss_agent *a, struct dtss_time now, const struct dtss_message *message);
/* The driver did start it. DTSS_E_NOT_FOUND: there is no such attempt (any more). */
DTSS_API int dtss_agent_started(struct dtss_agent *a, struct dtss_time now, uint64_t fence);
/* It ended, or could not be started, and its output is delivered or given up. If it was being stopped, the outcome that
 * is reported names the reason; but exit code 0 stays a success unless the reason was CANCEL or TIMEOUT, and an end
 * that comes before its STOP was handed out stays what it is. DTSS_E_NOT_FOUND, DTSS_E_STATE (it had ended),
 * DTSS_E_INVALID. */
DTSS_API int dtss_agent_ended(struct dtss_agent *a, struct dtss_time now, uint64_t fence,
			      const struct dtss_outcome *outcome);
/* Takes no more work; what still runs after grace_ms is stopped and reported as released. 0: at once. A later call may
 * shorten the grace, and never lengthens it. */
DTSS_API int dtss_agent_drain(struct dtss_agent *a, struct dtss_time now, uint64_t grace_ms);
/* Another number of slots, at once; 0 takes no work; running attempts are not touched. DTSS_E_TOO_BIG. */
DTSS_API int dtss_agent_resize(struct dtss_agent *a, struct dtss_time now, uint32_t max_tasks);
/* 1 when it lists nothing and has nothing to report. */
DTSS_API int dtss_agent_idle(const struct dtss_agent *a);
/* Whatever became due: deadlines first, then a heartbeat. After a suspend it is the first thing to call. Always 0. */
DTSS_API int dtss_agent_tick(struct dtss_agent *a, struct dtss_time now);
/* The monotonic time of the next tick, at once when it is not in the future; DTSS_NEVER. Each verb may change it. */
DTSS_API uint64_t dtss_agent_next_ns(const struct dtss_agent *a);
/* 1 and an action, or 0. */
DTSS_API int dtss_agent_next_action(struct dtss_agent *a, struct dtss_agent_action *ret_action);
DTSS_API void dtss_agent_stats(const struct dtss_agent *a, struct dtss_agent_stats *ret_stats);

#ifdef __cplusplus
}
#endif
#endif
