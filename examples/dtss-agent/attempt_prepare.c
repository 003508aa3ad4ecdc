/* SPDX-License-Identifier: MIT */
#include "dtss-agent/attempt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int attempt_directory(struct attempt *a, const struct attempts *all, const struct dtss_task_spec *spec)
{
	if (spec->cwd && spec->cwd[0])
		return (a->cwd = strdup(spec->cwd)) ? 0 : ENOMEM;
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

int attempt_prepare(struct attempt *a, const struct attempts *all, const struct dtss_agent_start *start)
{
	struct dtss_task_spec *spec = NULL;
	int err;

	err = dtss_spec_decode(start->spec, start->spec_len, dtss_mem_libc(), &spec) == 0 ? 0 : EBADMSG;
	if (!err)
		err = spawn_prepare(&a->spawn, start, spec, all->search, a->detail);
	if (err)
		a->outcome.cause = DTSS_CAUSE_START_FAILED;
	else
		err = attempt_directory(a, all, spec);
	dtss_spec_free(spec, dtss_mem_libc());
	a->spawn.cwd = a->cwd;
	cgroup_name(all->cgroups, all->journal->incarnation, a->kin.fence, a->kin.cgroup);
	return err;
}

int attempt_group(struct attempt *a)
{
	int err;

	if (!a->kin.cgroup[0] || cgroup_make(a->kin.cgroup, &a->spawn.cgroup_fd) == 0)
		return 0;
	err = errno;
	snprintf(a->detail, sizeof a->detail, "cannot make a control group for it: %s", strerror(err));
	return err;
}
