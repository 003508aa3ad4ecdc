/* SPDX-License-Identifier: MIT */
#include "dtssd/past.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "dtssd/server.h"

/*
 *	loop ── past_explain() ──► thread: replays, explains ── eventfd ──► loop: past_answer() ──► reply
 *
 * The thread has the job for itself until it has written to the descriptor; the exchange is the loop's alone.
 */
struct past {
	pthread_t thread;
	int fd;
	struct exchange *exchange; /* NULL: nobody waits any more */
	const char *trace;
	dtss_task_id task;
	uint64_t seq;
	/* what comes out */
	struct problem problem; /* code 0: none */
	json_t *json;
};

static int past_refuse(struct past *p, int rc, const char *message)
{
	return problem_set(&p->problem, rc, "%s", message[0] ? message : dtss_strerror(rc));
}

/* The engine no longer holds the task, or never did. */
static int past_gone(struct past *p, struct dtss_sched *sched, struct dtss_explanation *e)
{
	struct dtss_stats stats = { .size = sizeof stats };

	dtss_sched_stats(sched, &stats);
	if (p->task.v > stats.totals[0])
		return problem_set(&p->problem, DTSS_E_NOT_FOUND, "there was no task %llu at event %llu",
				   (unsigned long long)p->task.v, (unsigned long long)p->seq);
	memset(e, 0, sizeof *e);
	e->why = DTSS_WHY_FINISHED;
	e->text = "it had ended by then";
	return 0;
}

static int past_look(struct past *p, struct dtss_replay *replay)
{
	struct dtss_replay_info info = { .size = sizeof info };
	struct dtss_explanation e = { .size = sizeof e };
	char message[PROBLEM_SENTENCE_MAX] = "";
	int rc = dtss_replay_path(replay, p->trace, p->seq, message, sizeof message);

	if (rc != 0)
		return past_refuse(p, rc, message);
	dtss_replay_info(replay, &info);
	rc = dtss_sched_explain(dtss_replay_sched(replay), info.now, p->task, &e);
	if (rc == DTSS_E_NOT_FOUND)
		rc = past_gone(p, dtss_replay_sched(replay), &e);
	else if (rc != 0)
		rc = past_refuse(p, rc, "");
	if (rc != 0)
		return rc;
	p->json = json_from_explanation(p->task, &e);
	json_put(&p->json, "at", json_integer((json_int_t)p->seq));
	json_put(&p->json, "time", json_from_time(info.now.wall_ns));
	return 0;
}

static void *past_run(void *arg)
{
	struct past *p = arg;
	struct dtss_replay *replay = NULL;
	int rc = dtss_replay_create(&replay, NULL);

	if (rc != 0)
		past_refuse(p, rc, "");
	else
		past_look(p, replay);
	dtss_replay_destroy(replay);
	if (eventfd_write(p->fd, 1) != 0)
		abort(); /* it has never been written to before */
	return NULL;
}

/* Its client has left; the thread goes on, and nobody hears of it. */
static void past_leave(void *state)
{
	((struct past *)state)->exchange = NULL;
}

static void past_free(struct server *s)
{
	struct past *p = s->past;

	s->past = NULL;
	close(p->fd);
	json_decref(p->json);
	free(p);
}

static int past_begin(struct exchange *x, uint64_t id, uint64_t seq)
{
	struct past *p = calloc(1, sizeof *p);

	if (!p)
		return DTSS_E_NOMEM;
	p->exchange = x;
	p->trace = x->server->trace;
	p->task.v = id;
	p->seq = seq;
	p->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->fd < 0 || pthread_create(&p->thread, NULL, past_run, p) != 0) {
		if (p->fd >= 0)
			close(p->fd);
		free(p);
		return DTSS_E_AGAIN;
	}
	x->server->past = p;
	x->state = p;
	x->release = past_leave;
	return 0;
}

void past_explain(struct exchange *x, uint64_t id, uint64_t seq)
{
	struct dtss_sched *sched = dtss_node_sched(x->server->node);
	struct dtss_stats stats = { .size = sizeof stats };
	char expected[PROBLEM_EXPECTED_MAX];
	struct problem p = { 0 };
	int rc = 0;

	if (sched)
		dtss_sched_stats(sched, &stats);
	if (!x->server->trace) {
		rc = problem_set(&p, DTSS_E_UNSUPPORTED, "this scheduler records no trace: see dtssd.conf(5)");
	} else if (sched && seq > stats.seq) {
		snprintf(expected, sizeof expected, "an event that was made: 1..%llu", (unsigned long long)stats.seq);
		rc = problem_field(&p, DTSS_E_INVALID, "at", expected);
	} else if (x->server->past) {
		rc = problem_set(&p, DTSS_E_AGAIN, "another look into the past is under way: try again soon");
	} else {
		rc = past_begin(x, id, seq);
		if (rc != 0)
			problem_set(&p, rc, "%s", dtss_strerror(rc));
	}
	if (rc != 0)
		reply_problem(x, &p);
}

int past_fd(const struct server *s)
{
	return s->past ? s->past->fd : -1;
}

void past_answer(struct server *s)
{
	struct past *p = s->past;
	struct exchange *x;
	eventfd_t ends;

	if (!p || eventfd_read(p->fd, &ends) != 0)
		return;
	pthread_join(p->thread, NULL);
	x = p->exchange;
	if (x) {
		x->release = NULL;
		x->state = NULL;
		if (p->problem.code != 0)
			reply_problem(x, &p->problem);
		else
			reply_json(x, MHD_HTTP_OK, p->json);
		if (p->problem.code == 0)
			p->json = NULL;
	}
	past_free(s);
}

void past_close(struct server *s)
{
	if (!s->past)
		return;
	pthread_join(s->past->thread, NULL);
	past_free(s);
}
