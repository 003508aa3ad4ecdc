/* SPDX-License-Identifier: MIT */
#ifndef BENCH_DAEMON_H
#define BENCH_DAEMON_H

#include <stdint.h>
#include <sys/types.h>

#define DAEMON_ARGS_MAX 32

/* A process that a bench started, in a directory of its own; what it says on stderr goes to PATH/NAME.err. */
struct daemon {
	pid_t pid; /* 0: it does not run */
	unsigned port;
	char dir[64];
};

/* Starts argv[0], which ends with the bench at the latest. When line is not NULL: waits for its first line, which stands
 * there then ("" when it ended before). Its output otherwise goes the way of stderr. 0, or -1: it cannot be started. */
int daemon_start(struct daemon *d, const char *const *argv, const char *err_path, char *line, size_t cap);
/* SIGTERM, after ten seconds SIGKILL. */
void daemon_stop(struct daemon *d);
/* What it wrote to the file err in its directory, for whoever asks why it ended: on stderr. */
void daemon_tell(const struct daemon *d);

/* A dtssd of this build on a free port, its store "memory" or "sqlite" in a new directory; conf: lines for dtssd.conf.
 * 0, or -1 with what it said on stderr. */
int daemon_dtssd(struct daemon *d, const char *store, const char *conf);
void daemon_dtssd_stop(struct daemon *d); /* and removes the directory */
/* An agent for it, without control groups' leave asked; slots tasks at a time. */
int daemon_agent(struct daemon *d, const struct daemon *dtssd, const char *name, unsigned slots);
void daemon_agent_stop(struct daemon *d);

/* What the process has computed so far, all its threads together. */
uint64_t daemon_cpu_ns(const struct daemon *d);

/* As many open files as are allowed; gives how many. */
uint64_t files_raise(void);

#endif
