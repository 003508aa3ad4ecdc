/* SPDX-License-Identifier: MIT */
#ifndef AGENT_DAEMON_H
#define AGENT_DAEMON_H

#include <signal.h>
#include <stdint.h>
#include <dtss.h>
#include "common/files.h"
#include "dtss-agent/attempt.h"
#include "dtss-agent/guard.h"

/* What the command line said. */
struct settings {
	const char *server;
	const char *name;
	const char *address;
	const char *tags[DTSS_WORKER_TAGS_MAX];
	size_t tag_count;
	uint32_t slots;
	uint64_t grace_ms;
	const char *path;
	const char *user;
	int allow_root;
	const char *token_file;
	int log_json;
	char *tag_text;
	char work_dir[PATH_LEN_MAX];
	struct token token;
};

struct agent_daemon {
	const struct settings *settings;
	struct dtss_agent *engine;
	struct dtss_transport *transport;
	struct post_client client;
	struct journal journal;
	struct guard guard;
	struct cgroup_home cgroups;
	struct account account;
	struct attempts attempts;
	sigset_t old_mask;
	int signal_fd;
	int signals;     /* how often it was told to end */
	uint64_t end_ns; /* then it ends, whatever is not yet done */
	int stale;
	int over;
	int status; /* what to exit with */
	int link;   /* enum agent_link, as it was told last */
	int was_up;
	int32_t result; /* of the last answer */
	struct curl_waitfd *fds;
	size_t fds_cap;
	char *worker; /* the name in a URL */
	char dir[PATH_LEN_MAX];
};

/* 0, or the exit status after a sentence on stderr. */
int agent_daemon_open(struct agent_daemon *d, const struct settings *settings);
int agent_daemon_run(struct agent_daemon *d); /* the exit status */
void agent_daemon_close(struct agent_daemon *d);

#endif
