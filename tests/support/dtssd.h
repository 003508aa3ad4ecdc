/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_DTSSD_H
#define TESTS_SUPPORT_DTSSD_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

/* A real dtssd process with a store in a fresh directory, and a client for it. Whatever fails, fails the test. */
struct dtssd_run {
	pid_t pid;
	unsigned port;
	char dir[64];
	char url[64]; /* http://127.0.0.1:PORT */
	char err[96]; /* the file with what it wrote on stderr */
};

/* Makes the directory, and starts it on a free port with --store sqlite:DIR/s.db and the arguments (up to a NULL). */
void dtssd_start(struct dtssd_run *run, ...);
/* The same store and port again, after dtssd_stop(). */
void dtssd_again(struct dtssd_run *run, ...);
/* Sends the signal; gives the exit status, or 128 + signal. */
int dtssd_stop(struct dtssd_run *run, int signal);
/* Kills it if it still runs, and removes the directory. */
void dtssd_clean(struct dtssd_run *run);
/* Runs dtssd with arguments (up to a NULL) until it ends by itself. Gives its status, and what it wrote on stderr. */
int dtssd_fails(char *err, size_t cap, ...);
/* The path of a program of this build. */
const char *program_path(const char *name);
/* A file's whole text; the caller frees it. */
char *file_text(const char *path);

struct http_reply {
	long status;
	char *body; /* with a NUL behind it */
	size_t len;
	json_t *json; /* NULL: it was none */
	char headers[4096];
	double seconds;
};

/* header is "Name: value" or NULL; body may be NULL. Frees what the reply held before. */
void http_call(struct http_reply *reply, const struct dtssd_run *run, const char *method, const char *path,
	       const char *header, const char *body, size_t len);
void http_get(struct http_reply *reply, const struct dtssd_run *run, const char *path);
void http_post(struct http_reply *reply, const struct dtssd_run *run, const char *path, const char *body);
/* A heartbeat of incarnation 1 of a made-up agent with four slots, whose one tag is its name; held and reports are JSON
 * arrays. */
void http_beat(struct http_reply *reply, const struct dtssd_run *run, const char *agent, int number, int wait_ms,
	       const char *held, const char *reports);
void http_free(struct http_reply *reply);
/* A member of the reply, as "retry.attempts_max"; "" or -1 when it is not there. */
const char *http_text(const struct http_reply *reply, const char *path);
json_int_t http_int(const struct http_reply *reply, const char *path);

/* The bytes as they are; a connected socket, to read the answer from. */
int http_raw(const struct dtssd_run *run, const char *bytes, size_t len);
/* Reads until the needle was there or the peer closed, at most 10 s. 1: it was there. */
int http_raw_until(int fd, char *buf, size_t cap, const char *needle);

#endif
