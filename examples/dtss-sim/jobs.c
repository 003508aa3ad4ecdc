/* SPDX-License-Identifier: MIT */
#include "dtss-sim/tool.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Each job is a process that gets spans of seeds over one pipe and writes a result for each over another. Spans are added
 * to the sum in their order, so a sum is the same for any number of jobs, and what stands in the file to resume from has
 * no gaps. A job that dies did so over the first seed without a result; another takes its place.
 *
 *      sum ◄── spans: [done][done][  ][done][  ]     the first that is not done holds back those behind it
 *                                  ▲         ▲
 *                                job 0     job 1
 */
#define SPAN 16 /* seeds: what an interruption has to wait for */
#define ASSERT "assert"
#define SPANS (8 * JOBS_MAX) /* how far one may run ahead of the slowest */

struct span {
	uint64_t next, end; /* the seeds without a result */
	int given;
	struct sum sum;
};

struct job {
	pid_t pid; /* 0: none */
	int to, from;
	struct span *span; /* NULL: idle */
};

struct jobs {
	struct tool *tool;
	struct job job[JOBS_MAX];
	struct span *spans;    /* a ring of SPANS */
	uint64_t first, given; /* numbers of spans: not yet in the sum, not yet given out */
	uint64_t base, end;    /* seeds */
	uint64_t started_ms, before_ms;
};

_Static_assert(sizeof(struct seed_result) <= PIPE_BUF, "a result is written at once");

/* In the child: where its results go, and the seed that it runs. */
static int results_fd = -1;
static uint64_t running;

/* An assertion says more than the signal that follows it. */
void job_assert_failed(const char *file, int line, const char *condition)
{
	struct seed_result r;

	if (results_fd < 0)
		return;
	memset(&r, 0, sizeof r);
	r.violation.seed = running;
	snprintf(r.violation.id, sizeof r.violation.id, ASSERT);
	snprintf(r.violation.text, sizeof r.violation.text, "%s:%d: this must hold: %s", file, line, condition);
	_exit(write(results_fd, &r, sizeof r) == (ssize_t)sizeof r ? 0 : 1);
}

/* In the child: until the pipe is closed. */
static void job_main(const struct tool *t, int from, int to)
{
	struct seed_result result;
	uint64_t seeds[2];

	results_fd = to;
	while (read(from, seeds, sizeof seeds) == (ssize_t)sizeof seeds)
		for (running = seeds[0]; running < seeds[1]; running++) {
			alarm(SEED_SECONDS_MAX);
			seed_run(t, running, &result);
			if (write(to, &result, sizeof result) != (ssize_t)sizeof result)
				_exit(1);
		}
	_exit(0);
}

static void job_close(struct job *job)
{
	close(job->to);
	close(job->from);
}

static int job_start(struct jobs *j, struct job *job)
{
	int down[2], up[2];

	if (pipe(down) != 0)
		return -1;
	if (pipe(up) != 0) {
		close(down[0]);
		close(down[1]);
		return -1;
	}
	fflush(stdout);
	job->pid = fork();
	if (job->pid == 0) {
		signal(SIGINT, SIG_IGN); /* the parent lets it finish its span */
		signal(SIGTERM, SIG_DFL);
		signal(SIGHUP, SIG_IGN);
		for (size_t i = 0; i < JOBS_MAX; i++)
			if (&j->job[i] != job && j->job[i].pid > 0)
				job_close(&j->job[i]);
		close(down[1]);
		close(up[0]);
		job_main(j->tool, down[0], up[1]);
	}
	close(down[0]);
	close(up[1]);
	job->to = down[1];
	job->from = up[0];
	if (job->pid > 0)
		return 0;
	job_close(job);
	return -1;
}

static int job_give(struct job *job, struct span *span)
{
	uint64_t seeds[2] = { span->next, span->end };

	job->span = span;
	return write(job->to, seeds, sizeof seeds) == (ssize_t)sizeof seeds ? 0 : -1;
}

/* The next span, unless there is none, or the slowest is too far behind. */
static struct span *span_next(struct jobs *j)
{
	uint64_t seed = j->base + j->given * SPAN;
	struct span *span = &j->spans[j->given % SPANS];

	if (interrupted() || j->given - j->first >= SPANS || seed >= j->end ||
	    (j->tool->until_violation && j->tool->sum.violations))
		return NULL;
	memset(span, 0, sizeof *span);
	span->next = seed;
	span->end = seed + SPAN < j->end ? seed + SPAN : j->end;
	span->given = 1;
	j->given++;
	return span;
}

/* What is complete goes into the sum, in order. */
static void spans_merge(struct jobs *j)
{
	struct tool *t = j->tool;

	while (j->first < j->given && j->spans[j->first % SPANS].next == j->spans[j->first % SPANS].end &&
	       !(t->until_violation && t->sum.violations))
		sum_merge(&t->sum, &j->spans[j->first++ % SPANS].sum);
	t->sum.elapsed_ms = j->before_ms + now_ms() - j->started_ms;
}

static int job_replace(struct jobs *j, struct job *job, int *ret_status)
{
	job_close(job);
	*ret_status = 0;
	if (waitpid(job->pid, ret_status, 0) != job->pid || !job->span || job_start(j, job) != 0) {
		job->pid = 0;
		return -1;
	}
	return job->span->next < job->span->end ? job_give(job, job->span) : 0;
}

/* It died over the first seed that has no result. */
static int job_died(struct jobs *j, struct job *job)
{
	struct seed_result r;
	int status, rc;

	memset(&r, 0, sizeof r);
	if (!job->span)
		return -1;
	r.violation.seed = job->span->next++;
	rc = job_replace(j, job, &status);
	if (rc != 0 || !WIFSIGNALED(status))
		return -1;
	snprintf(r.violation.id, sizeof r.violation.id, WTERMSIG(status) == SIGALRM ? "hang" : "crash");
	snprintf(r.violation.text, sizeof r.violation.text, "the process ended by signal %d (%s)", WTERMSIG(status),
		 strsignal(WTERMSIG(status)));
	sum_add(&job->span->sum, &r);
	return 0;
}

static int job_read(struct jobs *j, struct job *job)
{
	struct seed_result r;
	ssize_t n = read(job->from, &r, sizeof r);
	int status;

	if (n < 0 && errno == EINTR)
		return 0;
	if (n != (ssize_t)sizeof r)
		return job_died(j, job);
	if (!job->span)
		return -1;
	sum_add(&job->span->sum, &r);
	job->span->next++;
	return strcmp(r.violation.id, ASSERT) == 0 ? job_replace(j, job, &status) : 0;
}

/* Gives work to those who have none. The number of those that have some, or -1. */
static int jobs_feed(struct jobs *j)
{
	int busy = 0;

	for (uint32_t i = 0; i < j->tool->jobs; i++) {
		struct job *job = &j->job[i];
		struct span *span;

		if (job->span && job->span->next == job->span->end)
			job->span = NULL;
		if (!job->span && (span = span_next(j))) {
			if (job->pid <= 0 && job_start(j, job) != 0)
				return -1;
			if (job_give(job, span) != 0)
				return -1;
		}
		busy += job->span != NULL;
	}
	return busy;
}

static int jobs_wait(struct jobs *j)
{
	struct pollfd fds[JOBS_MAX];
	uint32_t which[JOBS_MAX];
	nfds_t count = 0;

	for (uint32_t i = 0; i < j->tool->jobs; i++)
		if (j->job[i].pid > 0) {
			which[count] = i;
			fds[count++] = (struct pollfd){ .fd = j->job[i].from, .events = POLLIN };
		}
	if (poll(fds, count, 250) < 0 && errno != EINTR)
		return -1;
	for (nfds_t i = 0; i < count; i++)
		if (fds[i].revents && job_read(j, &j->job[which[i]]) != 0)
			return -1;
	return 0;
}

/* Their pipes are closed, so they end; those that still work on what does not count are ended. */
static void jobs_end(struct jobs *j)
{
	for (uint32_t i = 0; i < j->tool->jobs; i++)
		if (j->job[i].pid > 0) {
			job_close(&j->job[i]);
			kill(j->job[i].pid, SIGTERM);
			waitpid(j->job[i].pid, NULL, 0);
		}
}

int jobs_run(struct tool *t)
{
	struct jobs *j = calloc(1, sizeof *j);
	int busy = 0, failed = 0;

	if (j)
		j->spans = calloc(SPANS, sizeof *j->spans);
	if (!j || !j->spans) {
		free(j);
		return -1;
	}
	j->tool = t;
	j->base = t->seed + t->sum.seeds;
	j->end = t->seed + t->seeds;
	j->started_ms = now_ms();
	j->before_ms = t->sum.elapsed_ms;
	signal(SIGPIPE, SIG_IGN);
	while (!failed && (busy = jobs_feed(j)) > 0) {
		failed = jobs_wait(j) != 0;
		spans_merge(j);
		progress(t, 0);
		if (t->until_violation && t->sum.violations)
			break;
	}
	progress(t, 1);
	if (failed || busy < 0)
		perror("dtss-sim: jobs");
	jobs_end(j);
	free(j->spans);
	free(j);
	return failed || busy < 0 ? -1 : 0;
}
