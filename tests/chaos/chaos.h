/* SPDX-License-Identifier: MIT */
#ifndef CHAOS_H
#define CHAOS_H

#include <curl/curl.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/*
 *	nemesis (main thread) ── kill, stop, cut ──┐
 *	                                           ▼
 *	clients (threads) ──► dtssd ◄── agents ──► jobs ──► DIR/runs, a line at start and end
 *	   │                    │
 *	   ▼                    ▼
 *	DIR/history           DIR/store.db
 *	   └──────────┬─────────┴─────────────────────────────┘
 *	              ▼
 *	        checker: do the three tell the same story?
 */

#define CHAOS_AGENTS_MAX 6
#define CHAOS_CLIENTS 4
#define CHAOS_OPEN_MAX 16 /* tasks of one client that have not ended: the clients wait for the agents */
#define CHAOS_AFTER_MAX 2
#define CHAOS_PATH_MAX 128
#define CHAOS_ARGS_MAX 24
#define CHAOS_LEASE_MS 3000
#define CHAOS_CALL_MS 4000L /* a scheduler that is stopped for longer leaves calls without an answer */
#define CHAOS_WINDOWS_MAX 65536
#define CHAOS_EXCUSE_MS 1000 /* after that an agent that was stopped has ended what it had to */
#define CHAOS_STALL_MS 100   /* of the 300 that an agent leaves between its kill and the end of the lease */
#define CHAOS_WAIT_MS 60000  /* for what must happen when nothing is in the way: a busy machine, under sanitizers */
#define CHAOS_PORT 8080      /* within a namespace; elsewhere a free one */

struct options {
	unsigned seconds;
	unsigned kills; /* of the scheduler and of agents, each; 0: only the time counts */
	unsigned agents;
	unsigned points; /* every so manyth fsync; 0: none */
	uint64_t seed;
	int net; /* 1: demanded, 0: if it is possible, -1: not */
	int plain;
};

struct figures {
	unsigned kills_scheduler, kills_agent, stops, cuts, fsync, points;
	unsigned tasks, attempts, lost, late, excused, unknowns, calls, violations;
};

/* ---- history ---- */

enum op_kind { OP_SUBMIT, OP_AGAIN, OP_CLASH, OP_CANCEL, OP_HOLD, OP_RELEASE, OP_RETRY, OP_READ };
enum outcome { INVOKED, OK, FAIL, UNKNOWN };

/* What a client did: written before the call, completed after it. */
struct op {
	enum op_kind kind;
	enum outcome outcome;
	unsigned plan;
	int64_t begin_ms, end_ms; /* of the wall clock */
	uint64_t id;
	int status;          /* of HTTP */
	char state[16];      /* that was answered */
	int64_t finished_ms; /* likewise */
};

/* A task that a client wants. */
struct plan {
	char key[32];
	unsigned client, number;
	unsigned run_ms, bad, bytes, family, attempts_max;
	unsigned after[CHAOS_AFTER_MAX], after_count; /* plans */
	uint64_t id;                                  /* 0: not known */
	int known, ended, hold;
	size_t first, last; /* its calls lie between those */
	char *text;         /* the body */
};

/* ---- where and when something was in the way ---- */

enum window_kind { WINDOW_STOP, WINDOW_STALL };
struct window {
	enum window_kind kind;
	unsigned agent;
	int64_t begin_ms, end_ms; /* of the monotonic clock */
};

/* ---- processes ---- */

struct node {
	char name[8];
	pid_t pid;  /* 0: it does not run */
	int net;    /* a descriptor of its network namespace, or -1 */
	int doomed; /* it kills itself at an fsync */
	int64_t started_ms;
};

/* A line of a job. */
struct run {
	char what; /* S began, O found another one alive, E ended */
	uint64_t task, fence, other;
	unsigned attempt;
	int64_t mono_ms;
	int code;
};

struct chaos {
	struct options options;
	char dir[64], build[512], url[64], token[64];
	char cgroup[CHAOS_PATH_MAX]; /* "": there are none of version 2 */
	struct node scheduler, agents[CHAOS_AGENTS_MAX];
	unsigned port;
	uint64_t random;
	struct figures figures;
	/* what the clients write together */
	pthread_mutex_t lock;
	struct op *ops;
	size_t op_count;
	struct plan **plans;
	size_t plan_count;
	int history;
	struct window windows[CHAOS_WINDOWS_MAX];
	size_t window_count;
	atomic_int over, judged;
	pthread_t clients[CHAOS_CLIENTS], watch;
	int64_t joined_ms; /* the clients let go of it all, by the wall clock */
	/* what the checker found */
	json_t *tasks; /* an array */
	struct run *runs;
	size_t run_count;
};

extern volatile sig_atomic_t chaos_interrupted;

/* main.c */
int64_t mono_ms(void);
int64_t wall_ms(void);
void pause_ms(unsigned ms);
uint32_t draw(uint64_t *random, uint32_t n); /* 0 to n - 1 */
void violation(struct chaos *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* host.c: directories and processes */
void host_open(struct chaos *c);
void host_close(struct chaos *c); /* all processes are gone, and so is the directory, unless there was a violation */
void host_path(const struct chaos *c, const char *name, char path[CHAOS_PATH_MAX]);
char *host_text(const char *path, size_t *ret_len); /* malloc'd, with a NUL; empty when there is no such file */
void host_write(const struct chaos *c, const char *name, const char *text);
pid_t host_spawn(const struct chaos *c, const struct node *node, char *const argv[], char *const env[], int nobody);
int host_descriptors(pid_t pid);
pid_t host_child(pid_t parent, const char *name);                   /* 0: it has none of that name */
unsigned host_left(const struct chaos *c, char *names, size_t cap); /* processes of ours that live */

/* crew.c: the scheduler and the agents. fsync > 0: it dies at that one, before (1) or after (2) it */
void crew_scheduler_start(struct chaos *c, unsigned fsync, int when);
void crew_agent_start(struct chaos *c, unsigned agent, unsigned fsync, int when);
int crew_end(const struct chaos *c, struct node *node, int signal_number); /* the wait status */
void crew_look(struct chaos *c);                                           /* nobody died who was not killed */
void crew_begin(struct chaos *c);
void crew_open(struct chaos *c);  /* and starts all of them */
void crew_close(struct chaos *c); /* in order; and it must end with 0 */
int crew_died(struct node *node);

/* net.c: 1 when namespaces can be made, and were */
int net_open(struct chaos *c);
enum net_cut { NET_FROM, NET_TO, NET_SILENT, NET_DOWN, NET_CUTS };
void net_cut(struct chaos *c, unsigned port, enum net_cut cut, int on); /* port 0: the scheduler, 1...: agents */

/* http.c */
struct call {
	CURL *easy;
	struct curl_slist *headers;
	char *text;
	size_t len;
	long status;
	enum outcome outcome; /* FAIL: it was never sent, or refused */
	json_t *json;
};
void call_init(struct call *call, const struct chaos *c);
void call_fini(struct call *call);
void call_make(const struct chaos *c, struct call *call, const char *method, const char *path, const char *body);
const char *text_of(const json_t *object, const char *member); /* "" */
int64_t number_of(const json_t *object, const char *member);   /* -1 */
int64_t time_of(const json_t *object, const char *member);     /* ms; -1 */
int state_final(const char *state);

/* history.c */
size_t history_begin(struct chaos *c, enum op_kind kind, unsigned plan);
void history_end(struct chaos *c, size_t op, const struct call *call);
void history_print(const struct chaos *c, unsigned plan);
void history_note(struct chaos *c, const char *what, const char *who); /* of the nemesis */
unsigned history_plan(struct chaos *c, struct plan *plan);             /* takes it */

/* client.c, nemesis.c */
void clients_start(struct chaos *c);
void clients_join(struct chaos *c);
void watch_join(struct chaos *c);
void nemesis_run(struct chaos *c);

/* judge.c, judge_store.c, judge_runs.c, judge_history.c */
void judge_wait(struct chaos *c);           /* until all has ended */
void judge_all(struct chaos *c, int leaks); /* with the scheduler and the agents up */
void judge_store(struct chaos *c);          /* without them: the file itself */
void judge_runs(struct chaos *c);
void judge_logs(struct chaos *c, struct call *call);
void judge_history(struct chaos *c);
/* A task of the store and all that is known of it, behind the violation. */
void judge_print(const struct chaos *c, uint64_t id);

/* points.c */
void points_run(struct chaos *c);

#endif
