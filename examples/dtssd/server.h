/* SPDX-License-Identifier: MIT */
#ifndef DTSSD_SERVER_H
#define DTSSD_SERVER_H

#include <jansson.h>
#include <stdint.h>
#include <microhttpd.h>
#include <dtss.h>
#include "common/files.h"
#include "common/json.h"
#include "dtssd/guard.h"

struct exchange;
struct mailroom;
struct past;

/*
 *	socket ── libmicrohttpd ──► exchange_handle() ──► a route's handler ──► reply_*()      at once, or
 *	                                                      │                                   ▲
 *	                                                      └─► exchange_ask() ──► node ──► answered()
 *
 * One thread. An exchange that waits is suspended; whoever replies to it resumes it. But what waits for a commit alone is
 * left to libmicrohttpd, which calls again in the next round: that is cheaper than taking the connection out and in.
 */
struct server {
	struct MHD_Daemon *daemon;
	const struct dtss_mem *mem;
	struct dtss_node *node;
	struct mailroom *mail; /* the transport's other side: what waits for agents */
	const struct token *token;
	const char *hosts; /* names that a Host may have; NULL: none but localhost and addresses */
	const char *trace; /* where the node records; NULL: it does not */
	struct past *past; /* a look into it that is under way; or NULL */
	struct guards guards;
	struct dtss_time now;        /* of this round of the loop */
	uint64_t round;              /* its number, above 0 */
	size_t requests;             /* that have come in it */
	int crowded;                 /* in the last one there were many */
	struct exchange *waiting[2]; /* those with a deadline, doubly linked lists; [1]: who follow a task's log */
	uint64_t due_ns;             /* no deadline among them is earlier */
	size_t open;                 /* exchanges that have begun and have not completed */
	size_t bodies;               /* bytes that their bodies take */
	int stopping;
	int resumed;         /* libmicrohttpd has work of its own, whatever its descriptors say */
	uint64_t trouble_ns; /* until then /readyz says that the store refused a write; 0: no trouble */
	int trouble;         /* DTSS_E_* */
	json_t *v1_tags;     /* of placement workers, in the order in which they told them */
};

/* A question to the node; its address is the token. */
struct ask {
	struct exchange *exchange;
	size_t index; /* which of the exchange's questions */
};

/* A request and its response. */
struct exchange {
	struct server *server;
	struct MHD_Connection *connection;
	struct guard *guard; /* NULL: there was no memory for one, and it is not admitted */
	const struct route *route;
	const char *segment; /* the {} of the route: into path */
	char *body;
	size_t body_len;
	size_t body_cap;
	int admitted; /* its head has been looked at */
	int begun;    /* the handler was called */
	int suspended;
	uint64_t left_round; /* in which it was left to be called again, or suspended; 0: it was not */

	struct ask ask;
	size_t asked; /* questions that the node has not answered */
	void (*answered)(struct exchange *x, size_t index, const struct dtss_answer *answer);
	/* the deadline, or somebody who knows that there is something new */
	void (*due)(struct exchange *x);
	uint64_t deadline_ns;
	struct exchange *prev, *next;
	uint64_t task; /* what the log route follows: events of it make the exchange due */
	void *state;   /* the handler's own */
	void (*release)(void *state);

	unsigned status; /* 0: no reply yet */
	struct MHD_Response *response;
	size_t size; /* with the path */
	char path[]; /* as it was sent; but the segment is decoded */
};

enum route_flag {
	ROUTE_OPEN = 1,  /* no token needed */
	ROUTE_V1 = 2,    /* as lenient as the Go scheduler */
	ROUTE_COMMIT = 4 /* it asks the node, and needs its connection for nothing but the reply */
};

struct route {
	const char *method;
	const char *path; /* "/api/v2/tasks/{id}" */
	void (*handle)(struct exchange *x);
	unsigned flags;
	const char *parameters; /* " name name " of the query; NULL: none */
	const char *summary;
};

extern const struct route routes[];
extern const size_t route_count;

/* The route of path and method, whose path is cut behind its segment. Else NULL with the methods that the path knows in
 * allow ("" for none). */
const struct route *route_find(const char *method, char *path, const char **ret_segment, char *allow, size_t cap);

/* serve.c: serves at a socket that listens, with the memory that is set. 0, or -1; limits must stay. */
int server_open(struct server *s, int listen_fd, const struct guard_limits *limits);
/* A round's part of it; now is set, and what it asks the node is answered behind it. */
void server_look(struct server *s);
void server_close(struct server *s);

/* What libmicrohttpd calls: for the target as it was sent, for the head and each part of the body, and at the end. */
void *server_target(void *cls, const char *target, struct MHD_Connection *connection);
enum MHD_Result server_access(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
			      const char *version, const char *data, size_t *len, void **con_cls);
void server_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
		      enum MHD_RequestTerminationCode code);

/* admit.c: everything that the head alone decides. Leaves a status when it refuses. */
void admit(struct exchange *x, const char *method);

/* Puts the question to the node: 0, and x->answered() is called later; or what the node says to it. */
int exchange_put(struct exchange *x, struct ask *ask, struct dtss_request *request);
/* Asks the node; answered() is called later. A question that it does not take is replied to at once. */
void exchange_ask(struct exchange *x, struct dtss_request *request,
		  void (*answered)(struct exchange *x, size_t index, const struct dtss_answer *answer));
/* due() is called in ms, on the grid; again replaces. */
void exchange_wait(struct exchange *x, uint64_t ms, void (*due)(struct exchange *x));
void exchange_wait_end(struct exchange *x);
/* Nobody looks at the body any more: who waits, waits without it. */
void exchange_drop_body(struct exchange *x);
/* Goes on with an exchange that has a reply, or data for its reader. */
void exchange_resume(struct exchange *x);
/* 1 when the client has closed its end. */
int exchange_left(const struct exchange *x);
/* A parameter of the query; NULL: it is not there, or empty. */
const char *exchange_parameter(const struct exchange *x, const char *name);
/* A number of the query, or fallback when it is not there. 0, or an error that has been replied. */
int exchange_number(struct exchange *x, const char *name, uint64_t min, uint64_t max, uint64_t fallback, uint64_t *ret);
/* The id in the path: 0, or 404 has been replied. */
int exchange_task(struct exchange *x, dtss_task_id *ret_id);

/* Each ends the exchange's waiting. Values are taken over. */
void reply_json(struct exchange *x, unsigned status, json_t *value);
void reply_written(struct exchange *x, unsigned status, struct text *t); /* JSON */
void reply_task(struct exchange *x, unsigned status, const struct dtss_task_view *view);
void reply_text(struct exchange *x, unsigned status, const char *type, char *text, size_t len);
void reply_response(struct exchange *x, unsigned status, struct MHD_Response *response);
void reply_problem(struct exchange *x, const struct problem *p);
void reply_status(struct exchange *x, unsigned status, const struct problem *p);
/* An answer with result < 0: what, for example "task 17", goes into the sentence of NOT_FOUND. */
void reply_refusal(struct exchange *x, const struct dtss_answer *answer, const char *what);
/* The HTTP status of an error. */
unsigned reply_status_of(int code);

/* Once a round: deadlines that have passed; and the answers and events of the node. */
void server_sweep(struct server *s);
void server_answers(struct server *s);
/* Makes those who follow the task's log look again. */
void server_touch(struct server *s, uint64_t task);

/* openapi.c: the description of the API, made from the routes. */
json_t *openapi_document(void);

/* The handlers. */
void api_v1_heartbeat(struct exchange *x);
void api_v1_schedule(struct exchange *x);
void api_v1_workers(struct exchange *x);
void api_tasks_submit(struct exchange *x);
void api_tasks_list(struct exchange *x);
void api_task_get(struct exchange *x);
void api_task_log(struct exchange *x);
void api_task_explain(struct exchange *x);
void api_task_cancel(struct exchange *x);
void api_task_retry(struct exchange *x);
void api_task_hold(struct exchange *x);
void api_task_release(struct exchange *x);
void api_workers_list(struct exchange *x);
void api_worker_drain(struct exchange *x);
void api_worker_cordon(struct exchange *x);
void api_worker_uncordon(struct exchange *x);
void api_worker_poll(struct exchange *x);
void api_worker_log(struct exchange *x);
void api_stats_get(struct exchange *x);
void api_openapi_get(struct exchange *x);
void api_healthz(struct exchange *x);
void api_readyz(struct exchange *x);

#endif
