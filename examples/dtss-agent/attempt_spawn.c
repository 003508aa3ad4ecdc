/* SPDX-License-Identifier: MIT */
#include "dtss-agent/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 *	prepare ──► intent ──► [disk writes] ──► sync ──► fork ──► pid in the journal ──► exec
 *	                        directory, group                   the child prepares itself
 */

int attempt_prepare(struct attempt *a, const struct attempts *all, const struct dtss_agent_start *start)
{
	struct dtss_task_spec *spec = NULL;
	int err;

	err = dtss_spec_decode(start->spec, start->spec_len, dtss_mem_libc(), &spec) == 0 ? 0 : EBADMSG;
	if (!err)
		err = spawn_prepare(&a->spawn, start, spec, all->search, a->detail);
	if (err)
		a->outcome.cause = DTSS_CAUSE_START_FAILED;
	else if (spec->cwd && spec->cwd[0])
		err = (a->cwd = strdup(spec->cwd)) ? 0 : ENOMEM;
	dtss_spec_free(spec, dtss_mem_libc());
	cgroup_name(all->cgroups, all->journal->incarnation, a->kin.fence, a->kin.cgroup);
	return err;
}

/* Its own, unless it was given another. */
static int attempt_directory(struct attempt *a, const struct attempts *all)
{
	if (a->cwd)
		return 0;
	if (asprintf(&a->dir, "%s/%llu", all->dir, (unsigned long long)a->kin.fence) < 0) {
		a->dir = NULL;
		return ENOMEM;
	}
	if (mkdir(a->dir, 0700) < 0 ||
	    (all->account->drop && chown(a->dir, all->account->uid, all->account->gid) < 0)) {
		snprintf(a->detail, sizeof a->detail, "cannot make a directory for it: %s", strerror(errno));
		return errno;
	}
	return (a->cwd = strdup(a->dir)) ? 0 : ENOMEM;
}

static int attempt_group(struct attempt *a)
{
	int err;

	if (!a->kin.cgroup[0] || cgroup_make(a->kin.cgroup, &a->spawn.cgroup_fd) == 0)
		return 0;
	err = errno;
	snprintf(a->detail, sizeof a->detail, "cannot make a control group for it: %s", strerror(err));
	return err;
}

static int attempt_pipes(struct attempt *a)
{
	for (int i = 0; i < 2; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0)
			return errno;
		a->streams[i].fd = ends[0];
		a->spawn.out[i] = ends[1];
		if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
			return errno;
	}
	return 0;
}

static int attempt_fork(struct attempts *all, struct attempt *a)
{
	struct spawned s;
	int err;

	a->spawn.out[0] = a->spawn.out[1] = -1;
	err = attempt_pipes(a);
	if (!err)
		err = spawn_fork(&a->spawn, &s);
	for (int i = 0; i < 2; i++)
		if (a->spawn.out[i] >= 0)
			close(a->spawn.out[i]);
	if (a->spawn.cgroup_fd >= 0)
		close(a->spawn.cgroup_fd);
	a->spawn.cgroup_fd = -1;
	if (err)
		return err;
	a->kin.pid = s.pid;
	a->kin.start = kin_start_of(s.pid);
	a->pidfd = s.pidfd;
	a->exec_fd = s.exec_fd;
	a->room = s.room;
	a->state = ATTEMPT_STARTING;
	err = -journal_pid(all->journal, a->kin.fence, a->kin.pid, a->kin.start);
	if (!err && write(s.go_fd, "", 1) != 1)
		err = errno;
	close(s.go_fd); /* without the byte it ends by itself */
	if (err)
		attempt_fail(a, err, "");
	return 0;
}

/* What it runs in: after the intent, so that whoever clears up knows of it. */
static int attempt_place(struct attempt *a, const struct attempts *all)
{
	int err = attempt_directory(a, all);

	if (!err)
		err = attempt_group(a);
	a->spawn.cwd = a->cwd;
	return err;
}

static void attempt_failed(struct attempts *all, struct attempt *a, struct dtss_time now, int err)
{
	attempt_fail(a, err, a->detail);
	a->state = ATTEMPT_CLEARING;
	a->look_ns = a->clearing_ns = now.mono_ns;
	all->failed = 1;
}

void attempts_spawn(struct attempts *all, struct dtss_time now)
{
	int err, synced;

	journal_sync_begin(all->journal);
	for (struct attempt *a = all->first; a; a = a->next)
		if (a->state == ATTEMPT_INTENDED && (err = a->stop ? ECANCELED : attempt_place(a, all)) != 0)
			attempt_failed(all, a, now, err);
	synced = journal_sync(all->journal);
	for (struct attempt *a = all->first; a; a = a->next)
		if (a->state == ATTEMPT_INTENDED && (err = synced < 0 ? -synced : attempt_fork(all, a)) != 0)
			attempt_failed(all, a, now, err);
}
