/* SPDX-License-Identifier: MIT */
#include "dtss-agent/attempt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "common/log.h"
#include "dtss-agent/limits.h"
#include "dtss-agent/tree.h"

#define NS_PER_MS UINT64_C(1000000)

static struct attempt *attempt_find(const struct attempts *all, uint64_t fence)
{
	struct attempt *a = all->first;

	while (a && a->kin.fence != fence)
		a = a->next;
	return a;
}

static int attempt_alive(const struct attempt *a)
{
	return a->state == ATTEMPT_STARTING || a->state == ATTEMPT_RUNNING || a->state == ATTEMPT_CLEARING;
}

/* When no other attempt runs, a process below us that cannot be told apart must be this one's. */
static enum kin_scope attempt_scope(const struct attempts *all, const struct attempt *a)
{
	for (const struct attempt *other = all->first; other; other = other->next)
		if (other != a && attempt_alive(other))
			return KIN_OURS;
	return KIN_ALONE;
}

void attempt_fail(struct attempt *a, int err, const char *detail)
{
	if (a->outcome.cause != DTSS_CAUSE_START_FAILED)
		a->outcome.cause = DTSS_CAUSE_REJECTED;
	a->outcome.err = err;
	if (detail != a->detail || !detail[0])
		snprintf(a->detail, sizeof a->detail, "%s", detail[0] ? detail : strerror(err));
	a->outcome.detail = a->detail;
}

static void attempt_gone(struct attempts *all, const struct attempt *a)
{
	if (journal_gone(all->journal, a->kin.fence) < 0)
		log_line(LOG_WARNING, "cannot write the journal %s", all->journal->path);
}

/* ---- starting ---- */

void attempt_start(struct attempts *all, struct dtss_time now, const struct dtss_agent_start *start)
{
	struct attempt *a = calloc(1, sizeof *a);
	int err;

	if (!a) {
		struct dtss_outcome none = { .cause = DTSS_CAUSE_REJECTED, .err = ENOMEM };

		(void)dtss_agent_ended(all->engine, now, start->fence, &none); /* it knows the fence */
		return;
	}
	a->kin = (struct kin){ .task = start->task.v, .fence = start->fence, .attempt = start->attempt };
	a->pidfd = a->exec_fd = a->spawn.cgroup_fd = -1;
	a->spawn.account = all->account;
	a->state = ATTEMPT_INTENDED;
	stream_init(&a->streams[0], "stdout");
	stream_init(&a->streams[1], "stderr");
	snprintf(a->log_path, sizeof a->log_path, "/api/v2/workers/%s/log?task=%llu&fence=%llu", all->worker,
		 (unsigned long long)a->kin.task, (unsigned long long)a->kin.fence);
	a->next = all->first;
	all->first = a;
	err = attempt_prepare(a, all, start);
	if (!err && (err = -journal_intent(all->journal, &a->kin)) != 0)
		snprintf(a->detail, sizeof a->detail, "cannot write the journal: %s", strerror(err));
	if (err) {
		attempt_fail(a, err, a->detail);
		a->state = ATTEMPT_DELIVERING;
		all->failed = 1;
	}
}

/* What exec had to say: nothing, and it runs; or why it does not. */
static void attempt_exec(struct attempts *all, struct attempt *a, struct dtss_time now)
{
	struct spawn_failure failure;
	ssize_t n = read(a->exec_fd, &failure, sizeof failure);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	close(a->exec_fd);
	a->exec_fd = -1;
	a->state = ATTEMPT_RUNNING;
	if (n == sizeof failure) {
		if (failure.step != SPAWN_CGROUP && failure.step != SPAWN_FILES)
			a->outcome.cause = DTSS_CAUSE_START_FAILED;
		spawn_explain(&failure, &a->spawn, a->detail);
		attempt_fail(a, failure.err, a->detail);
	} else if (a->outcome.cause == DTSS_CAUSE_NONE) {
		(void)dtss_agent_started(all->engine, now, a->kin.fence); /* not found: a STOP for it comes */
	}
	if (n == 0) { /* one that failed may still be on its way out of it */
		free(a->room);
		a->room = NULL;
	}
	spawn_fini(&a->spawn);
}

/* ---- ending ---- */

/* While its first process is not reaped, nobody else's group can have that number; and no fork escapes a group's signal. */
static int attempt_kill(const struct attempts *all, const struct attempt *a)
{
	if (a->pidfd >= 0)
		(void)kill(-a->kin.pid, SIGKILL); /* there may be none: then it has not made its session yet */
	return kin_kill(&a->kin, attempt_scope(all, a));
}

void attempt_stop(struct attempts *all, uint64_t fence, int force)
{
	struct attempt *a = attempt_find(all, fence);

	if (!a || a->state > ATTEMPT_CLEARING)
		return;
	a->stop = force ? 2 : 1;
	if (a->state == ATTEMPT_INTENDED)
		return;
	if (force)
		(void)attempt_kill(all, a); /* repeated until its first process has ended */
	else if (kin_signal(&a->kin, attempt_scope(all, a), SIGTERM) < 0)
		log_line(LOG_ERROR, "task %llu: cannot read /proc to end it", (unsigned long long)a->kin.task);
}

int attempts_exited(struct attempts *all, struct dtss_time now, const siginfo_t *info)
{
	struct attempt *a = all->first;
	siginfo_t reaped;

	while (a && !(a->kin.pid == info->si_pid && a->pidfd >= 0))
		a = a->next;
	if (!a)
		return 0;
	(void)kill(-a->kin.pid, SIGKILL);
	(void)waitid(P_PIDFD, (id_t)a->pidfd, &reaped, WEXITED | WNOHANG);
	close(a->pidfd);
	a->pidfd = -1;
	if (a->state == ATTEMPT_STARTING)
		attempt_exec(all, a, now);
	a->state = ATTEMPT_CLEARING;
	a->look_ns = a->clearing_ns = now.mono_ns;
	if (a->outcome.cause != DTSS_CAUSE_NONE)
		return 1;
	if (info->si_code == CLD_EXITED)
		a->outcome = (struct dtss_outcome){ .cause = DTSS_CAUSE_EXIT, .exit_code = info->si_status };
	else
		a->outcome = (struct dtss_outcome){ .cause = DTSS_CAUSE_SIGNAL, .signal = (uint32_t)info->si_status };
	return 1;
}

static void attempt_clear(struct attempts *all, struct attempt *a, struct dtss_time now)
{
	int killed = a->outcome.cause == DTSS_CAUSE_SIGNAL && a->outcome.signal == SIGKILL;
	int living = a->kin.pid ? attempt_kill(all, a) : 0;
	uint64_t oom_kills = killed ? cgroup_oom_kills(a->kin.cgroup) : 0;

	if (living == 0 && cgroup_remove(a->kin.cgroup) < 0)
		living = 1;
	if (living != 0) {
		a->look_ns = now.mono_ns + KILL_AGAIN_MS * NS_PER_MS;
		if (now.mono_ns - a->clearing_ns > JOURNAL_KILL_MS * NS_PER_MS) {
			log_line(LOG_WARNING, "task %llu: %d of its processes cannot be killed",
				 (unsigned long long)a->kin.task, living);
			a->clearing_ns = now.mono_ns;
		}
		return;
	}
	if (oom_kills > 0)
		a->outcome.cause = DTSS_CAUSE_OOM;
	a->kin.cgroup[0] = '\0';
	attempt_gone(all, a);
	a->state = ATTEMPT_DELIVERING;
	for (int i = 0; i < 2; i++) {
		stream_read(&a->streams[i], all->dir,
			    1); /* whoever might still hold the other end is none of this attempt */
		stream_end(&a->streams[i], now.mono_ns);
	}
}

static void attempt_deliver(struct attempts *all, struct attempt *a, struct dtss_time now)
{
	uint64_t lost = stream_lost(&a->streams[0]) + stream_lost(&a->streams[1]);

	if (lost > 0) {
		log_line(LOG_WARNING, "task %llu: %llu bytes of its output were not taken",
			 (unsigned long long)a->kin.task, (unsigned long long)lost);
		if (!a->detail[0])
			snprintf(a->detail, sizeof a->detail, "%llu bytes of its output could not be delivered",
				 (unsigned long long)lost);
		a->outcome.detail = a->detail;
	}
	a->state = ATTEMPT_ENDED;
	if (dtss_agent_ended(all->engine, now, a->kin.fence, &a->outcome) == DTSS_E_NOMEM)
		a->state = ATTEMPT_DELIVERING; /* tried again with the next step */
}

static uint64_t attempt_step(struct attempts *all, struct attempt *a, struct dtss_time now)
{
	uint64_t again = DTSS_NEVER;
	int delivered = 1;

	if (a->state == ATTEMPT_STARTING && a->exec_ready)
		attempt_exec(all, a, now);
	if (a->stop == 2 && attempt_alive(a) && a->state != ATTEMPT_CLEARING && now.mono_ns >= a->look_ns) {
		(void)attempt_kill(all, a);
		a->look_ns = now.mono_ns + KILL_AGAIN_MS * NS_PER_MS;
	}
	for (int i = 0; i < 2; i++)
		if (a->streams[i].ready)
			stream_read(&a->streams[i], all->dir, 0);
	if (a->state == ATTEMPT_CLEARING && now.mono_ns >= a->look_ns)
		attempt_clear(all, a, now);
	if ((a->stop == 2 && attempt_alive(a)) || a->state == ATTEMPT_CLEARING)
		again = a->look_ns;
	if (a->state == ATTEMPT_INTENDED || a->state == ATTEMPT_ENDED)
		return again;
	for (int i = 0; i < 2; i++)
		delivered &= stream_step(&a->streams[i], all->client, a->log_path, now.mono_ns, &again) || !a->kin.pid;
	if (a->state == ATTEMPT_DELIVERING && delivered)
		attempt_deliver(all, a, now);
	return again;
}

uint64_t attempts_step(struct attempts *all, struct dtss_time now)
{
	uint64_t again = DTSS_NEVER;

	for (struct attempt *a = all->first; a; a = a->next) {
		uint64_t ns = attempt_step(all, a, now);

		if (ns < again)
			again = ns;
	}
	return again;
}

int attempts_kill(struct attempts *all, int wait_ms)
{
	const struct timespec pause = { 0, KILL_AGAIN_MS * 1000000 };

	for (int waited = 0;; waited += KILL_AGAIN_MS) {
		int left = 0;

		for (struct attempt *a = all->first; a; a = a->next)
			left += attempt_alive(a) && attempt_kill(all, a) != 0;
		if (left == 0 || waited >= wait_ms)
			return left;
		(void)nanosleep(&pause, NULL);
	}
}

/* ---- forgetting ---- */

static void attempt_free(struct attempt *a, struct post_client *client)
{
	spawn_fini(&a->spawn);
	free(a->room);
	for (int i = 0; i < 2; i++)
		stream_fini(&a->streams[i], client);
	(void)cgroup_remove(a->kin.cgroup); /* it never began */
	if (a->spawn.cgroup_fd >= 0)
		close(a->spawn.cgroup_fd);
	if (a->exec_fd >= 0)
		close(a->exec_fd);
	if (a->pidfd >= 0)
		close(a->pidfd);
	free(a->cwd);
	free(a->dir);
	free(a);
}

void attempt_forget(struct attempts *all, uint64_t fence)
{
	struct attempt **at = &all->first, *a;

	while (*at && (*at)->kin.fence != fence)
		at = &(*at)->next;
	a = *at;
	if (!a)
		return;
	*at = a->next;
	a->next = all->forgotten;
	all->forgotten = a;
}

void attempts_bury(struct attempts *all)
{
	while (all->forgotten) {
		struct attempt *a = all->forgotten;

		all->forgotten = a->next;
		if (a->dir)
			tree_remove_aside(a->dir);
		attempt_free(a, all->client);
	}
}

void attempts_fini(struct attempts *all)
{
	attempts_bury(all);
	while (all->first) {
		struct attempt *a = all->first;

		all->first = a->next;
		attempt_free(a, all->client);
	}
}
