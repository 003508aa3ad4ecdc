/* SPDX-License-Identifier: MIT */
#ifndef DTSS_AGENT_AGENT_H
#define DTSS_AGENT_AGENT_H

#include <dtss/agent.h>
#include <dtss/limits.h>

/*
 * An attempt on this worker.
 *
 *            refuse
 *     NONE ───────────────────────────────────────────────────────┐
 *      │ accept                                                   ▼
 *      ▼             term, kill: it never starts                 ENDED ── acked ──► GONE: FORGET, then no more
 *    QUEUED ────────────────────────────────────────────────────► ▲
 *      │ give: START is handed out                                │
 *      ▼                                                          │
 *   STARTING ─────────────────────────────────────────── ended ──►┤
 *      │   │ started                                              │
 *      │   ▼                                                      │
 *      │  RUNNING ────────────────────────────────────── ended ──►┤
 *      │   │ term                                                 │
 *      ├───┴───────► STOPPING (SIGTERM) ──────────────── ended ──►┤
 *      │ kill           │ kill                                    │
 *      └────────────────┴────► KILLING (SIGKILL) ─────── ended ──►┘
 *
 * The table is agent_attempt_next in attempt.c, and agent_attempt_apply() is the only writer of the state.
 */
enum agent_state {
	AGENT_NONE = 0,
	AGENT_QUEUED,   /* not yet handed out; may wait for an older attempt of the same task to end */
	AGENT_STARTING, /* handed out, start not yet confirmed by the driver */
	AGENT_RUNNING,
	AGENT_STOPPING,
	AGENT_KILLING,
	AGENT_ENDED, /* reported until acknowledged */
	AGENT_GONE,
	AGENT_STATES
};

enum agent_input {
	AGENT_IN_ACCEPT,
	AGENT_IN_REFUSE,
	AGENT_IN_GIVE,
	AGENT_IN_STARTED,
	AGENT_IN_TERM,
	AGENT_IN_KILL,
	AGENT_IN_ENDED,
	AGENT_IN_ACKED,
	AGENT_INPUTS
};

struct agent_attempt {
	struct agent_attempt *agenda_prev;
	struct agent_attempt *agenda_next;
	dtss_task_id task;
	uint64_t fence;
	uint32_t attempt;
	uint32_t cause; /* why it is being stopped; NONE: it is not */
	uint8_t state;  /* enum agent_state */
	uint8_t on_agenda;
	uint8_t waits;      /* X6: an older attempt of the task has not ended yet */
	uint8_t given;      /* the driver knows it */
	uint8_t stop_given; /* the driver was told to stop it */
	uint8_t started;
	uint8_t started_acked;
	uint8_t orphan; /* of a store or an incarnation that is over: nobody wants its end */
	void *spec;     /* until it has started */
	size_t spec_len;
	uint64_t timeout_ms;
	uint64_t timeout_ns; /* DTSS_NEVER before the start */
	uint64_t kill_ns;    /* while STOPPING */
	uint64_t
		lease_from_ns; /* sending of the last acknowledged heartbeat that listed it, or of that in its ASSIGN */
	uint64_t lease_ms;
	uint64_t started_told_ns; /* when a heartbeat carried the report last; 0: none did */
	uint64_t ended_told_ns;
	uint64_t listed_from; /* number of the first heartbeat that listed it; 0: none did */
	struct dtss_outcome outcome;
	char detail[DTSS_DETAIL_LEN_MAX + 1];
};

/*
 * attempts[] is sorted by fence, so that every order in here is the scheduler's. The agenda is the order in which the
 * attempts came to need an action; which one follows from the state when it is handed out.
 */
struct dtss_agent {
	struct dtss_mem mem;
	struct dtss_time now; /* of the last verb */

	/* who we are; strings, tags and resources are in one block */
	void *identity_block;
	size_t identity_size;
	const char *name;
	const char *address;
	const char **tags;
	struct dtss_resource *resources;
	size_t tag_count;
	size_t resource_count;
	uint64_t incarnation;
	uint64_t kill_grace_ms;
	uint32_t max_tasks;

	/* what the scheduler said */
	uint8_t identity[DTSS_IDENTITY_LEN];
	uint64_t epoch;
	uint64_t fence_seen;
	uint64_t heartbeat_ms;
	uint64_t lease_ms;
	uint8_t stale;
	uint8_t closed; /* after a reset, until the new store accepted a heartbeat: assignments may be the old one's */
	uint8_t notice_stale; /* to be handed out */
	uint8_t notice_reset;

	/* draining */
	uint8_t draining;
	uint64_t drain_ns; /* what runs is stopped then */

	/* heartbeats */
	uint8_t changed;       /* something that the scheduler should know at once ... */
	uint64_t changed_ns;   /* ... since then */
	uint8_t long_poll;     /* DTSS_AGENT_LONG_POLL */
	uint8_t accepted;      /* the last heartbeat that was answered was taken */
	uint8_t more;          /* the last one could not carry all reports */
	uint8_t send;          /* one is to be handed out */
	uint64_t sent_ns;      /* mono time of the last */
	uint64_t number;       /* of the last; 0: none yet */
	uint64_t answered;     /* the highest that was answered */
	uint64_t reset_number; /* those up to here were for another store */
	int64_t answered_ns;
	uint64_t sent[DTSS_AGENT_SENT_MAX]; /* sending times, by number modulo the length */
	struct dtss_message message;

	/* held attempts; the three arrays are in one block */
	struct agent_attempt **attempts;
	struct dtss_held *held;
	struct dtss_report *reports;
	size_t count;
	size_t cap;
	size_t orphans;
	struct agent_attempt *agenda_first;
	struct agent_attempt *agenda_last;

	uint64_t started_total;
	uint64_t ended_total;
	uint64_t fenced_total;
};

/* attempt.c */
void agent_attempt_apply(struct agent_attempt *t, uint32_t input);
int agent_attempt_alive(const struct agent_attempt *t); /* accepted and not ended */
struct agent_attempt *agent_attempt_find(const struct dtss_agent *a, uint64_t fence);
size_t agent_attempt_lower(const struct dtss_agent *a, uint64_t fence); /* index of the first that is not below fence */
int agent_attempt_reserve(struct dtss_agent *a);                        /* room for one more; DTSS_E_NOMEM */
void agent_attempt_insert(struct dtss_agent *a, struct agent_attempt *t);
void agent_attempt_remove(struct dtss_agent *a, struct agent_attempt *t); /* and frees it */
void agent_attempt_free(struct dtss_agent *a, struct agent_attempt *t);
void agent_spec_release(struct dtss_agent *a, struct agent_attempt *t);
void agent_block_free(struct dtss_agent *a);

/* agenda.c */
void agent_agenda_add(struct dtss_agent *a, struct agent_attempt *t);
void agent_agenda_remove(struct dtss_agent *a, struct agent_attempt *t);

/* stopping.c */
void agent_stop(struct dtss_agent *a, struct agent_attempt *t, uint32_t cause, int force);
void agent_end(struct dtss_agent *a, struct agent_attempt *t, uint32_t input); /* t may be gone afterwards */
void agent_acked(struct dtss_agent *a, struct agent_attempt *t);               /* likewise */
void agent_disown(struct dtss_agent *a, int force); /* every attempt: stopped, and its end is nobody's business */

/* deadline.c */
uint64_t agent_ns_after(uint64_t from_ns, uint64_t ms); /* saturates below DTSS_NEVER */
uint64_t agent_lease_term_ns(const struct dtss_agent *a, uint64_t from_ns, uint64_t lease_ms); /* SIGTERM */
void agent_deadlines(struct dtss_agent *a);
uint64_t agent_deadline_next(const struct dtss_agent *a);

/* heartbeat.c */
void agent_changed(struct dtss_agent *a);
uint64_t agent_heartbeat_due(const struct dtss_agent *a);
void agent_heartbeat_make(struct dtss_agent *a);
uint32_t agent_used(const struct dtss_agent *a);

/* answer.c, assign.c */
void agent_answer(struct dtss_agent *a, const struct dtss_message_answer *m);
int agent_assign(struct dtss_agent *a, const struct dtss_message_assign *m);

/* Takes note of the time; it never goes back. */
void agent_enter(struct dtss_agent *a, struct dtss_time now);

#endif
