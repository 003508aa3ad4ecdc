/* SPDX-License-Identifier: MIT */
#include "chaos/chaos.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STARTS_MAX 50 /* the port may be somebody else's for a moment, where we have no namespace of our own */

extern char **environ;

/* Ours, and what the shim wants. A sanitizer insists on being the first that is loaded. */
static void crew_environment(const struct chaos *c, char *env[], char text[3][CHAOS_PATH_MAX + 256], unsigned fsync,
			     int when)
{
	const char *asan = getenv("ASAN_OPTIONS");
	size_t n = 0;

	for (char **e = environ; *e && n < 250; e++)
		if (strncmp(*e, "ASAN_OPTIONS=", 13) != 0)
			env[n++] = *e;
	snprintf(text[0], sizeof text[0], "ASAN_OPTIONS=%s%sverify_asan_link_order=0", asan ? asan : "",
		 asan ? ":" : "");
	env[n++] = text[0];
	if (fsync > 0) {
		snprintf(text[1], sizeof text[1], "LD_PRELOAD=%s/nth_fsync.so", c->dir);
		snprintf(text[2], sizeof text[2], "CHAOS_FSYNC=%u %s", fsync, when ? "after" : "before");
		env[n++] = text[1];
		env[n++] = text[2];
	}
	env[n] = NULL;
}

static void crew_spawn(struct chaos *c, struct node *node, char *const argv[], unsigned fsync, int when, int nobody)
{
	char *env[256], text[3][CHAOS_PATH_MAX + 256];

	crew_environment(c, env, text, fsync, when);
	node->doomed = fsync > 0;
	node->started_ms = mono_ms();
	node->pid = host_spawn(c, node, argv, env, nobody);
}

int crew_died(struct node *node)
{
	int status;

	if (node->pid == 0)
		return 1;
	if (waitpid(node->pid, &status, WNOHANG) != node->pid)
		return 0;
	node->pid = 0;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && node->doomed ? 2 : 3;
}

/* 1: it listens; 0: it ended before. */
static int crew_listens(struct chaos *c)
{
	int64_t until = mono_ms() + CHAOS_WAIT_MS;
	char path[CHAOS_PATH_MAX], url[64];

	host_path(c, "dtssd.out", path);
	for (;;) {
		char *text = host_text(path, NULL);
		int found = strchr(text, '\n') && sscanf(text, "listening on %63s", url) == 1;

		free(text);
		if (found && !c->url[0]) { /* from then on it is always there, and the clients read it */
			strcpy(c->url, url);
			c->port = (unsigned)atoi(strrchr(url, ':') + 1);
		}
		if (found)
			return 1;
		if (waitpid(c->scheduler.pid, NULL, WNOHANG) == c->scheduler.pid) {
			c->scheduler.pid = 0;
			return 0;
		}
		if (mono_ms() > until)
			fatal("dtssd does not start: see %s/dtssd.log", c->dir);
		pause_ms(2);
	}
}

void crew_scheduler_start(struct chaos *c, unsigned fsync, int when)
{
	char program[CHAOS_PATH_MAX], at[64];
	char *argv[] = { program,
			 (char *)"--listen",
			 at,
			 (char *)"--store",
			 (char *)"sqlite:store.db",
			 (char *)"--config",
			 (char *)"dtssd.conf",
			 (char *)"--token-file",
			 (char *)"token",
			 NULL };

	host_path(c, "dtssd", program);
	strcpy(c->scheduler.name, "dtssd");
	snprintf(at, sizeof at, "%s:%u", c->scheduler.net >= 0 ? "10.77.0.2" : "127.0.0.1", c->port);
	for (int i = 0; i < STARTS_MAX; i++) {
		char path[CHAOS_PATH_MAX];

		host_path(c, "dtssd.out", path);
		(void)unlink(path);
		crew_spawn(c, &c->scheduler, argv, fsync, when, 0);
		if (crew_listens(c))
			return;
		if (fsync > 0) /* that was early */
			return;
		pause_ms(100);
	}
	fatal("dtssd does not start: see %s/dtssd.log", c->dir);
}

void crew_agent_start(struct chaos *c, unsigned agent, unsigned fsync, int when)
{
	struct node *node = &c->agents[agent];
	int nobody = getuid() == 0 && agent % 2 == 1; /* without control groups */
	char program[CHAOS_PATH_MAX];
	char *argv[CHAOS_ARGS_MAX] = { program,
				       (char *)"--server",
				       c->url,
				       (char *)"--name",
				       node->name,
				       (char *)"--work-dir",
				       (char *)"work",
				       (char *)"--slots",
				       (char *)"4",
				       (char *)"--grace",
				       (char *)"1",
				       (char *)"--token-file",
				       (char *)"token",
				       getuid() == 0 && !nobody ? (char *)"--allow-root" : NULL,
				       NULL };

	host_path(c, "dtss-agent", program);
	snprintf(node->name, sizeof node->name, "a%u", agent);
	crew_spawn(c, node, argv, fsync, when, nobody);
}

int crew_end(const struct chaos *c, struct node *node, int signal_number)
{
	int64_t until = mono_ms() + CHAOS_WAIT_MS;
	int status;

	if (node->pid == 0)
		return 0;
	(void)kill(node->pid, signal_number);
	while (waitpid(node->pid, &status, WNOHANG) != node->pid) {
		if (mono_ms() > until)
			fatal("process %d (%s) does not end: see %s/%s.log", (int)node->pid, node->name, c->dir,
			      node->name);
		pause_ms(1);
	}
	node->pid = 0;
	return status;
}

/* It may only die by our hand. */
static void crew_look_at(struct chaos *c, struct node *node)
{
	if (node->pid > 0 && !node->doomed && crew_died(node))
		violation(c, "%s ended by itself: see %s/%s.log", node->name, c->dir, node->name);
}

void crew_look(struct chaos *c)
{
	crew_look_at(c, &c->scheduler);
	for (unsigned i = 0; i < c->options.agents; i++)
		crew_look_at(c, &c->agents[i]);
}

/* Nothing runs yet. */
void crew_begin(struct chaos *c)
{
	char text[256];

	snprintf(text, sizeof text, "lease_ms = %d\nheartbeat_ms = 500\nsuspicious_ms = 1000\noffline_ms = 2000\n",
		 CHAOS_LEASE_MS);
	host_write(c, "dtssd.conf", text);
	c->port = c->scheduler.net >= 0 ? CHAOS_PORT : 0;
	c->url[0] = '\0';
}

void crew_open(struct chaos *c)
{
	crew_begin(c);
	crew_scheduler_start(c, 0, 0);
	for (unsigned i = 0; i < c->options.agents; i++)
		crew_agent_start(c, i, 0, 0);
}

static void crew_stop(struct chaos *c, struct node *node)
{
	int early = mono_ms() - node->started_ms < 1000, status = crew_end(c, node, SIGTERM);

	if (early && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM)
		return; /* it had not come to what it does about signals */
	if (status != 0)
		violation(c, "%s, told to end, ends with %s %d: see %s/%s.log", node->name,
			  WIFEXITED(status) ? "status" : "signal",
			  WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), c->dir, node->name);
}

void crew_close(struct chaos *c)
{
	for (unsigned i = 0; i < c->options.agents; i++)
		crew_stop(c, &c->agents[i]);
	crew_stop(c, &c->scheduler);
}
