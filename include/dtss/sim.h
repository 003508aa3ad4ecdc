/* SPDX-License-Identifier: MIT */
#ifndef DTSS_SIM_H
#define DTSS_SIM_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/mem.h>
#include <dtss/sched.h>
#include <dtss/store.h>
#include <dtss/version.h>

/*
 * In libdtss-sim: a whole cluster in one thread, on virtual time, with faults, and a checker that holds what
 * dtss_failure_model(7) promises. A policy (struct dtss_config) or a store can be tested with it.
 *
 *      client 1..3 ──► scheduler 1..3 ──► one store
 *                        ▲ │
 *                        │ ▼
 *                      worker 1..8: real agent engines; processes are a time and an exit code
 *
 * Every choice goes through one function: how many of each there are, what the clients want, which faults strike, what
 * comes first. It draws from a seed, from bytes (for a fuzzer), or from a list of choices (to replay). Equal choices
 * are equal runs. 0 is always the tamest choice, and a list that is at its end gives nothing else.
 */
struct dtss_sim;

/* X(enumerator, value, name, what happens): every class of faults */
#define DTSS_SIM_FAULT_MAP(X)                                                                                          \
	X(DTSS_SIM_FAULT_DROP, 0, "drop", "a message is lost")                                                         \
	X(DTSS_SIM_FAULT_DUPLICATE, 1, "duplicate", "a message arrives twice")                                         \
	X(DTSS_SIM_FAULT_REPLAY, 2, "replay", "a message arrives again, minutes later")                                \
	X(DTSS_SIM_FAULT_SLOW, 3, "slow", "a message takes up to a minute")                                            \
	X(DTSS_SIM_FAULT_QUEUE, 4, "queue", "few messages fit on the way to a place")                                  \
	X(DTSS_SIM_FAULT_SEND_FULL, 5, "send_full", "a transport takes no message")                                    \
	X(DTSS_SIM_FAULT_COMMIT_UNKNOWN, 6, "commit_unknown", "written, and the answer says unknown")                  \
	X(DTSS_SIM_FAULT_COMMIT_LOST, 7, "commit_lost", "not written, and the answer says unknown")                    \
	X(DTSS_SIM_FAULT_COMMIT_NOSPC, 8, "commit_nospc", "not written for want of space")                             \
	X(DTSS_SIM_FAULT_COMMIT_IO, 9, "commit_io", "not written, and the store has failed")                           \
	X(DTSS_SIM_FAULT_COMMIT_SYNC, 10, "commit_sync", "the sync failed, and the write is there all the same")       \
	X(DTSS_SIM_FAULT_COMMIT_SLOW, 11, "commit_slow", "the answer takes seconds")                                   \
	X(DTSS_SIM_FAULT_COMMIT_LATE, 12, "commit_late", "the write reaches the store seconds later")                  \
	X(DTSS_SIM_FAULT_COMMIT_HANG, 13, "commit_hang", "the write reaches the store minutes later")                  \
	X(DTSS_SIM_FAULT_COMMIT_CRASH, 14, "commit_crash", "the scheduler dies before, while or after")                \
	X(DTSS_SIM_FAULT_COMMIT_PAUSE, 15, "commit_pause", "the scheduler stops between check and write, and goes on") \
	X(DTSS_SIM_FAULT_COMMIT_POWER, 16, "commit_power", "the power is cut before, while or after")                  \
	X(DTSS_SIM_FAULT_STEP_CRASH, 17, "step_crash", "a scheduler dies before a step")                               \
	X(DTSS_SIM_FAULT_WORKER_CRASH, 18, "worker_crash", "a worker dies before a turn")                              \
	X(DTSS_SIM_FAULT_WORKER_PAUSE, 19, "worker_pause", "a worker stops before a turn, and goes on")                \
	X(DTSS_SIM_FAULT_START_FAILS, 20, "start_fails", "a process cannot be started")                                \
	X(DTSS_SIM_FAULT_START_SLOW, 21, "start_slow", "it takes long to start")                                       \
	X(DTSS_SIM_FAULT_FAILS, 22, "fails", "a process ends with an exit code")                                       \
	X(DTSS_SIM_FAULT_SIGNAL, 23, "signal", "a signal ends it")                                                     \
	X(DTSS_SIM_FAULT_OOM, 24, "oom", "it is killed for its memory")                                                \
	X(DTSS_SIM_FAULT_IGNORES_TERM, 25, "ignores_term", "it ignores the signal to end")                             \
	X(DTSS_SIM_FAULT_HANGS, 26, "hangs", "it does not end by itself, but for its timeout")                         \
	X(DTSS_SIM_FAULT_CUT, 27, "cut", "one link, one way or both")                                                  \
	X(DTSS_SIM_FAULT_ISOLATE, 28, "isolate", "one place, from all others")                                         \
	X(DTSS_SIM_FAULT_PARTITION, 29, "partition", "two groups, or two ends that still share a third")               \
	X(DTSS_SIM_FAULT_FLAP, 30, "flap", "a link, again and again")                                                  \
	X(DTSS_SIM_FAULT_STORE_CUT, 31, "store_cut", "a scheduler from the store, and from nothing else")              \
	X(DTSS_SIM_FAULT_STORE_FULL, 32, "store_full", "no space, for a while")                                        \
	X(DTSS_SIM_FAULT_POWER, 33, "power", "everything but some workers")                                            \
	X(DTSS_SIM_FAULT_CRASH, 34, "crash", "a scheduler dies")                                                       \
	X(DTSS_SIM_FAULT_PAUSE, 35, "pause", "a scheduler stops, perhaps for longer than its lease, and goes on")      \
	X(DTSS_SIM_FAULT_CLOSE, 36, "close", "a scheduler is shut down, and started again")                            \
	X(DTSS_SIM_FAULT_DRAIN, 37, "drain", "an agent is shut down, and started again")                               \
	X(DTSS_SIM_FAULT_WORKER_DOWN, 38, "worker_down", "a worker dies, or stops for a while")                        \
	X(DTSS_SIM_FAULT_WALL, 39, "wall", "a wall clock is set, by milliseconds to years")                            \
	X(DTSS_SIM_FAULT_STALL, 40, "stall", "a clock stands still, where clocks are wild")

enum dtss_sim_fault {
#define DTSS_SIM_FAULT_ENUM(name, value, text, what) name = value,
	DTSS_SIM_FAULT_MAP(DTSS_SIM_FAULT_ENUM)
#undef DTSS_SIM_FAULT_ENUM
		DTSS_SIM_FAULTS, /* how many there are */
	DTSS_SIM_FAULT_ENUM_END = 64
};

/* A choice, and of how many; n 0: not known. */
struct dtss_sim_choice {
	uint64_t value;
	uint64_t n;
};

enum dtss_sim_flag {
	DTSS_SIM_TIMELINE = 1, /* what each node did is kept, for dtss_sim_timeline() */
	DTSS_SIM_RECORD = 2,   /* every choice is kept, for dtss_sim_choices() */
	DTSS_SIM_CALM = 4      /* the seed draws the cluster alone: what happens in it is the tamest */
};

#define DTSS_SIM_SCHEDULERS_MAX 3 /* one leads, one takes over, one is the third opinion */
#define DTSS_SIM_WORKERS_MAX 8    /* more of the same find nothing more */
#define DTSS_SIM_CLIENTS_MAX 3
#define DTSS_SIM_TASKS_MAX 512

/* Zero is the default everywhere. What it points to must outlive the handle. */
struct dtss_sim_config {
	size_t size;
	uint64_t seed;
	const void *bytes; /* choices instead of a seed; NULL: none */
	size_t byte_count;
	const struct dtss_sim_choice *choices; /* the same as a list; NULL: none */
	size_t choice_count;
	uint64_t faults_off;     /* bit set of 1 << enum dtss_sim_fault: these never strike */
	uint32_t schedulers_max; /* of each at most so many; 0: as many as there can be */
	uint32_t workers_max;
	uint32_t clients_max;
	uint32_t tasks_max;
	uint32_t flags; /* enum dtss_sim_flag */
	uint32_t reserved;
	const struct dtss_config *sched; /* the policy under test; NULL: all defaults */
	/*
	 * The store under test; NULL: in memory. Called at the beginning of a run with fresh 1, for a new and empty store,
	 * and with fresh 0 whenever the store was closed and is opened again, as after a power cut: what it answered with
	 * success must be there. 0, or an error, which is a violation. One is open at a time.
	 */
	int (*store_open)(void *ctx, int fresh, struct dtss_store **ret_store);
	void *store_ctx;
};

/* What a run came to. Strings are valid until the next call that runs. */
struct dtss_sim_result {
	size_t size;
	const char *violation; /* "S6" of the failure model; NULL: all promises were kept */
	const char *text;      /* one sentence about it; NULL without one */
	uint64_t events;       /* messages, calls, completions, timers, faults */
	uint64_t simulated_ns;
	uint64_t choices;
	uint64_t tasks;   /* that were accepted */
	uint64_t batches; /* that were stored */
	uint32_t schedulers;
	uint32_t workers;
	uint32_t clients;
	uint32_t reserved;
};

#ifdef __cplusplus
extern "C" {
#endif

/* mem NULL: dtss_mem_libc(). DTSS_E_INVALID, DTSS_E_NOMEM. */
DTSS_API int dtss_sim_create(struct dtss_sim **ret_sim, const struct dtss_sim_config *cfg, const struct dtss_mem *mem);
DTSS_API void dtss_sim_destroy(struct dtss_sim *sim); /* NULL is fine */
/* From the beginning, each time. 0: all promises were kept, 1: one was not. DTSS_E_NOMEM. */
DTSS_API int dtss_sim_run(struct dtss_sim *sim);
/* Of the last run. */
DTSS_API void dtss_sim_result(const struct dtss_sim *sim, struct dtss_sim_result *ret_result);
/* What the last run chose, with DTSS_SIM_RECORD; else none. Valid until the next call that runs. Gives how many. */
DTSS_API size_t dtss_sim_choices(const struct dtss_sim *sim, const struct dtss_sim_choice **ret_choices);
/* The last run as text, with DTSS_SIM_TIMELINE: a column per node. Cut to cap bytes with its NUL; gives the whole length. */
DTSS_API size_t dtss_sim_timeline(const struct dtss_sim *sim, char *buf, size_t cap);
/* How often a rare situation came up in the last run, and which it is. NULL: there is no such index. */
DTSS_API const char *dtss_sim_probe(const struct dtss_sim *sim, uint32_t index, uint64_t *ret_count);
/*
 * After a violation: looks for a smaller run with the same identifier, in at most so many runs. 1: there is more to try,
 * 0: it is as small as it gets. The last run is the smallest that was found. DTSS_E_STATE: there was no violation;
 * DTSS_E_NOMEM.
 */
DTSS_API int dtss_sim_shrink(struct dtss_sim *sim, uint32_t runs);
/*
 * For exhaustive runs, after a run with DTSS_SIM_RECORD and, the first time, DTSS_SIM_CALM: 1, and the handle has the
 * next combination of the first depth decisions (choices of at most 8, such as faults and orders) that are made when the
 * cluster stands, with 0 behind them; 0: there is none. DTSS_E_NOMEM.
 */
DTSS_API int dtss_sim_advance(struct dtss_sim *sim, size_t depth);
/* What leads to the last run: as it was created, or as dtss_sim_shrink() or dtss_sim_advance() made it. */
DTSS_API void dtss_sim_setup(const struct dtss_sim *sim, struct dtss_sim_config *ret_config);

#ifdef __cplusplus
}
#endif
#endif
