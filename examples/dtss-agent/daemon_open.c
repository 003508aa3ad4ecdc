/* SPDX-License-Identifier: MIT */
#include "dtss-agent/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/log.h"
#include "dtss-agent/limits.h"
#include "dtss-agent/transport.h"
#include "dtss-agent/tree.h"

/* Kills what an agent of this name left running here, before anybody is told that there is a new one. */
static int daemon_open_journal(struct agent_daemon *d, const char *base)
{
	char path[PATH_LEN_MAX + 16];
	uint64_t wall_ms = (uint64_t)(dtss_now().wall_ns / 1000000);
	size_t count;
	int rc, left;

	snprintf(path, sizeof path, "%s.journal", base);
	rc = journal_open(&d->journal, path, JOURNAL_LOCK_MS);
	if (rc == -EBUSY) {
		log_line(LOG_ERROR,
			 "an agent called %s is already running with %s; choose another --name or --work-dir",
			 d->settings->name, d->settings->work_dir);
		return 1;
	}
	if (rc < 0) {
		log_line(LOG_ERROR, "cannot use the journal %s: %s", path, strerror(-rc));
		return 1;
	}
	if (d->journal.damaged > 0)
		log_line(LOG_WARNING, "%zu damaged lines in %s were passed over", d->journal.damaged, path);
	count = d->journal.count;
	left = journal_exterminate(&d->journal, JOURNAL_KILL_MS);
	if (left > 0) {
		log_line(LOG_ERROR, "processes of %d tasks of an earlier run cannot be killed; see %s", left, path);
		return 1;
	}
	if (count > 0)
		log_line(LOG_WARNING,
			 "the last agent of this name did not end properly: %zu of its tasks were cleared up", count);
	rc = journal_begin(&d->journal, wall_ms > d->journal.incarnation ? wall_ms : d->journal.incarnation + 1);
	if (rc == 0)
		rc = guard_start(&d->guard, &d->journal);
	if (rc < 0)
		log_line(LOG_ERROR, "cannot write the journal %s: %s", path, strerror(-rc));
	return rc < 0;
}

static int daemon_may_pass(const struct account *account, const struct stat *st)
{
	return (st->st_mode & S_IXOTH) || (st->st_uid == account->uid && (st->st_mode & S_IXUSR)) ||
	       (st->st_gid == account->gid && (st->st_mode & S_IXGRP));
}

/* Another user's tasks run below the work directory. It may be opened for them as far as that; nothing above it. */
static int daemon_open_way(const struct agent_daemon *d)
{
	const char *end = d->settings->work_dir;
	char part[PATH_LEN_MAX];
	struct stat st;

	while (d->account.drop && (end = strchr(end + 1, '/'))) {
		snprintf(part, sizeof part, "%.*s", (int)(end - d->settings->work_dir), d->settings->work_dir);
		if (stat(part, &st) == 0 && daemon_may_pass(&d->account, &st))
			continue;
		log_line(LOG_ERROR, "--work-dir: user %s cannot enter %s", d->settings->user, part);
		return 2;
	}
	if (d->account.drop && stat(d->settings->work_dir, &st) == 0 && !daemon_may_pass(&d->account, &st) &&
	    chmod(d->settings->work_dir, (st.st_mode & 07777) | 0011) < 0) {
		log_line(LOG_ERROR, "--work-dir: cannot let user %s enter it: %s", d->settings->user, strerror(errno));
		return 2;
	}
	return 0;
}

/* The directory of the attempts. Other users' tasks must be able to pass through it, not to look around. */
static int daemon_open_dir(struct agent_daemon *d, const char *base)
{
	snprintf(d->dir, sizeof d->dir, "%s", base);
	if (tree_remove(d->dir) < 0)
		log_line(LOG_WARNING, "cannot remove all of %s: %s", d->dir, strerror(errno));
	if ((mkdir(d->dir, 0711) < 0 && errno != EEXIST) || chmod(d->dir, d->account.drop ? 0711 : 0700) < 0) {
		log_line(LOG_ERROR, "cannot make the directory %s: %s", d->dir, strerror(errno));
		return 1;
	}
	return 0;
}

static int daemon_open_account(struct agent_daemon *d)
{
	const char *user = d->settings->user;
	int rc = account_find(&d->account, user);

	if (rc < 0) {
		log_line(LOG_ERROR, "--user %s: %s", user ? user : "",
			 rc == -ENOENT ? "there is no such user" : strerror(-rc));
		return 2;
	}
	if (user && d->account.uid == 0 && !d->settings->allow_root) {
		log_line(LOG_ERROR,
			 "--user %s: that is root; give --allow-root if the tasks may do anything on this machine",
			 user);
		return 2;
	}
	if (user && !d->account.drop && d->account.uid != geteuid()) {
		log_line(LOG_ERROR, "--user %s: only root can run tasks as another user", user);
		return 2;
	}
	return 0;
}

static int daemon_open_signals(struct agent_daemon *d)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &mask, &d->old_mask) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -1;
	d->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return d->signal_fd < 0 ? -1 : prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

static int daemon_open_engine(struct agent_daemon *d)
{
	const struct settings *s = d->settings;
	struct dtss_agent_config config = {
		.size = sizeof config,
		.name = s->name,
		.incarnation = d->journal.incarnation,
		.address = s->address,
		.tags = s->tags,
		.tag_count = s->tag_count,
		.max_tasks = s->slots,
		.flags = DTSS_AGENT_LONG_POLL,
		.kill_grace_ms = s->grace_ms,
	};
	int rc = dtss_agent_create(&d->engine, &config, dtss_mem_libc());

	if (rc < 0)
		log_line(LOG_ERROR, "the options do not fit together: %s", dtss_strerror(rc));
	return rc < 0 ? 2 : 0;
}

static int daemon_open_client(struct agent_daemon *d)
{
	d->worker = curl_easy_escape(NULL, d->settings->name, 0);
	if (!d->worker || post_client_init(&d->client, d->settings->server, d->settings->token.text) < 0 ||
	    agent_transport_open(&d->transport, &d->client, d->settings->name) < 0) {
		log_line(LOG_ERROR, "out of memory");
		return 1;
	}
	return 0;
}

int agent_daemon_open(struct agent_daemon *d, const struct settings *settings)
{
	static const char *const kinds[] = { "none; tasks are found by their session and environment", "version 1",
					     "version 2" };
	char base[PATH_LEN_MAX];
	int rc;

	*d = (struct agent_daemon){ .settings = settings, .signal_fd = -1, .journal = { .fd = -1, .lock_fd = -1 } };
	if (snprintf(base, sizeof base, "%s/agent-%s", settings->work_dir, settings->name) >= PATH_LEN_MAX - 64) {
		log_line(LOG_ERROR, "--work-dir: the path is too long");
		return 2;
	}
	if (daemon_open_signals(d) < 0) {
		log_line(LOG_ERROR, "cannot set up signals: %s", strerror(errno));
		return 1;
	}
	if ((rc = daemon_open_account(d)) != 0 || (rc = daemon_open_way(d)) != 0 ||
	    (rc = daemon_open_journal(d, base)) != 0 || (rc = daemon_open_dir(d, base)) != 0 ||
	    (rc = daemon_open_engine(d)) != 0 || (rc = daemon_open_client(d)) != 0)
		return rc;
	if (geteuid() == 0 && (!d->account.drop || d->account.uid == 0))
		log_line(LOG_WARNING, "tasks run as root, and may do anything on this machine");
	cgroup_probe(&d->cgroups);
	d->attempts = (struct attempts){
		.engine = d->engine,
		.client = &d->client,
		.journal = &d->journal,
		.cgroups = &d->cgroups,
		.account = &d->account,
		.search = settings->path,
		.dir = d->dir,
		.worker = d->worker,
	};
	log_line(LOG_INFO, "agent %s with %u slots, state in %s, control groups: %s", settings->name, settings->slots,
		 settings->work_dir, kinds[d->cgroups.version]);
	return 0;
}

void agent_daemon_close(struct agent_daemon *d)
{
	attempts_fini(&d->attempts);
	if (d->transport)
		d->transport->ops->close(d->transport);
	post_client_fini(&d->client);
	dtss_agent_destroy(d->engine);
	guard_end(&d->guard);
	journal_close(&d->journal);
	account_fini(&d->account);
	if (d->dir[0])
		(void)tree_remove(d->dir); /* what is left is removed at the next start */
	if (d->signal_fd >= 0)
		close(d->signal_fd);
	curl_free(d->worker);
	free(d->fds);
}
