/* SPDX-License-Identifier: MIT */
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/blocks.h"
#include "common/files.h"
#include "common/log.h"
#include "dtssd/listen.h"
#include "dtssd/mail.h"
#include "dtssd/past.h"
#include "dtssd/server.h"
#include "dtssd/settings.h"

#define NS_PER_MS UINT64_C(1000000)

/* Everything that is open. */
struct dtssd {
	struct settings settings;
	struct token token;
	struct server server;
	struct blocks blocks;
	int listen_fd;
	int signal_fd;
	uint32_t state;                /* enum dtss_node_state, as it was told last */
	int32_t trace_error;           /* likewise */
	char trace[PATH_LEN_MAX + 32]; /* where it records; "": nowhere */
};

/* ---- start ---- */

/* The store's own sentence where it has one. */
static int open_store(struct dtssd *d, struct dtss_store **ret_store)
{
	char statedir[PATH_LEN_MAX], path[PATH_LEN_MAX + 16], message[PROBLEM_SENTENCE_MAX] = "";
	const struct settings *settings = &d->settings;
	struct problem p;
	int rc;

	if (settings->store && strcmp(settings->store, "memory") == 0)
		return dtss_memory_open(ret_store, NULL);
	if (settings->store) {
		snprintf(path, sizeof path, "%s", settings->store + strlen("sqlite:"));
	} else {
		rc = statedir_open(statedir, &p);
		if (rc != 0) {
			log_line(LOG_ERROR, "%s", p.sentence);
			return rc;
		}
		log_line(LOG_INFO, "state directory %s", statedir);
		snprintf(path, sizeof path, "%s/dtssd.db", statedir);
	}
	rc = dtss_sqlite_open(ret_store, path, message, sizeof message);
	if (rc != 0)
		log_line(LOG_ERROR, "cannot open the store: %s", message[0] ? message : dtss_strerror(rc));
	else
		log_line(LOG_INFO, "store sqlite:%s", path);
	snprintf(d->trace, sizeof d->trace, "%s.trace", path);
	return rc;
}

/* That there is no room for it is no reason not to schedule; that the directory is not the one that was named, is. */
static int open_trace(struct dtssd *d, struct dtss_trace **ret_trace)
{
	const char *named = d->settings.trace;
	char message[PROBLEM_SENTENCE_MAX] = "";
	int rc;

	if (named)
		snprintf(d->trace, sizeof d->trace, "%s", strcmp(named, "off") == 0 ? "" : named);
	if (!d->trace[0])
		return 0;
	rc = dtss_trace_open(ret_trace, d->trace, d->settings.trace_bytes_max, NULL, message, sizeof message);
	if (rc == 0)
		log_line(LOG_INFO, "trace %s", d->trace);
	else
		log_line(named ? LOG_ERROR : LOG_WARNING, "cannot record a trace: %s", message);
	if (rc != 0)
		d->trace[0] = '\0';
	return named ? rc : 0;
}

/* The node owns store and transport from here on. */
static int open_node(struct dtssd *d)
{
	struct dtss_node_config config = { .size = sizeof config, .sched = &d->settings.sched, .holder = "dtssd" };
	int rc = open_store(d, &config.store);

	if (rc != 0)
		return rc;
	blocks_init(&d->blocks);
	config.mem = d->server.mem = &d->blocks.mem;
	rc = open_trace(d, &config.trace);
	if (rc == 0)
		rc = mail_open(&d->server.mail, &config.transport);
	if (rc != 0) {
		config.store->ops->close(config.store);
		if (config.trace)
			config.trace->ops->close(config.trace);
		return rc;
	}
	rc = dtss_node_open(&d->server.node, &config, dtss_now());
	if (rc != 0)
		log_line(LOG_ERROR, "cannot load the store: %s", dtss_strerror(rc));
	return rc;
}

/* No more connections than there are descriptors for them. */
static unsigned connections_max(const struct dtssd *d)
{
	unsigned wanted = d->settings.http.connections_max;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= wanted + HTTP_FILES_KEPT)
		return wanted;
	log_line(LOG_WARNING, "only %llu files may be open", (unsigned long long)files.rlim_cur);
	return files.rlim_cur > 2 * HTTP_FILES_KEPT ? (unsigned)files.rlim_cur - HTTP_FILES_KEPT : HTTP_FILES_KEPT;
}

/* Signals come as a descriptor; a client that has gone is no signal. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Long bodies and answers go back to the system when they are over: the C library would raise the length from which it does
 * that with each of them, and give back what is at its top with each little thing. */
static void bound_memory(void)
{
#ifdef __GLIBC__
	if (!mallopt(M_MMAP_THRESHOLD, MEMORY_LONG) || !mallopt(M_TRIM_THRESHOLD, MEMORY_SPARE))
		log_line(LOG_WARNING, "memory of long requests may stay");
#endif
}

static void raise_limits(const struct dtssd *d)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 ||
	    files.rlim_cur >= d->settings.http.connections_max + HTTP_FILES_KEPT)
		return;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0)
		log_line(LOG_WARNING, "cannot raise the number of open files");
}

/* 0, or the exit status. */
static int start(struct dtssd *d)
{
	char where[PATH_LEN_MAX];
	struct problem p;

	log_open("dtssd", d->settings.log_format, LOG_INFO);
	umask(077);
	bound_memory();
	raise_limits(d);
	if (d->settings.token_file && token_read(&d->token, d->settings.token_file, &p) != 0)
		return options_refuse("dtssd", "--token-file: %s", p.sentence);
	d->listen_fd = listen_open(d->settings.listen, d->token.text[0] != '\0', d->settings.http.write_ms, where,
				   sizeof where);
	if (d->listen_fd < 0)
		return -d->listen_fd;
	if (open_node(d) != 0)
		return EXIT_FAILURE;
	d->signal_fd = open_signals();
	d->server.token = &d->token;
	d->server.hosts = d->settings.hosts;
	d->server.trace = d->trace[0] ? d->trace : NULL;
	d->server.now = dtss_now();
	d->server.due_ns = DTSS_NEVER;
	d->settings.http.connections_max = connections_max(d);
	if (d->signal_fd < 0 || server_open(&d->server, d->listen_fd, &d->settings.http) != 0) {
		log_line(LOG_ERROR, "cannot serve HTTP on this machine");
		return EXIT_FAILURE;
	}
	printf("listening on %s\n", where);
	if (fflush(stdout) != 0)
		log_line(LOG_WARNING, "listening on %s, but standard output is closed", where);
	return 0;
}

/* ---- run ---- */

static void tell_state(struct dtssd *d)
{
	static const char *const names[] = { "?",       "loading",    "standby: another scheduler leads",
					     "leading", "recovering", "failed" };
	struct dtss_node_info info = { .size = sizeof info };

	dtss_node_info(d->server.node, &info);
	if (info.state == d->state)
		return;
	d->state = info.state;
	if (info.error && info.state >= DTSS_NODE_RECOVERING)
		log_line(info.state == DTSS_NODE_FAILED ? LOG_ERROR : LOG_WARNING, "%s: %s", names[info.state],
			 dtss_strerror(info.error));
	else
		log_line(LOG_INFO, "%s, epoch %llu", names[info.state], (unsigned long long)info.epoch);
}

static void tell_trace(struct dtssd *d)
{
	struct dtss_node_info info = { .size = sizeof info };

	dtss_node_info(d->server.node, &info);
	if (info.trace_error == d->trace_error)
		return;
	d->trace_error = info.trace_error;
	if (info.trace_error)
		log_line(LOG_WARNING, "trace: not recorded: %s", dtss_strerror(info.trace_error));
	else
		log_line(LOG_INFO, "trace: recorded again");
}

/* How long there is nothing to do, in ms for poll(2). */
static int idle_ms(const struct dtssd *d)
{
	uint64_t node_ns = dtss_node_next_ns(d->server.node), next = node_ns;
	MHD_UNSIGNED_LONG_LONG http_ms;
	uint64_t ms = 1000;

	if (d->server.due_ns < next)
		next = d->server.due_ns;
	if (d->server.guards.due_ns < next)
		next = d->server.guards.due_ns;
	if (next <= d->server.now.mono_ns || d->server.resumed)
		return 0;
	if (next != DTSS_NEVER && (next - d->server.now.mono_ns) / NS_PER_MS < ms)
		ms = (next - d->server.now.mono_ns + NS_PER_MS - 1) / NS_PER_MS;
	if (MHD_get_timeout(d->server.daemon, &http_ms) == MHD_YES && http_ms < ms)
		ms = http_ms;
	return (int)ms;
}

/* 1 when a signal to end has come. */
static int wait_for_news(struct dtssd *d)
{
	struct signalfd_siginfo info;

	const union MHD_DaemonInfo *http = MHD_get_daemon_info(d->server.daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd fds[] = {
		{ .fd = http->epoll_fd, .events = POLLIN },
		{ .fd = d->signal_fd, .events = POLLIN },
		{ .fd = dtss_node_fd(d->server.node), .events = POLLIN }, /* -1 is skipped */
		{ .fd = past_fd(&d->server), .events = POLLIN },
	};

	return poll(fds, sizeof fds / sizeof fds[0], idle_ms(d)) > 0 && fds[1].revents &&
	       read(d->signal_fd, &info, sizeof info) == sizeof info;
}

static void one_round(struct dtssd *d)
{
	struct server *s = &d->server;

	s->now = dtss_now();
	server_look(s);
	dtss_node_step(s->node, s->now); /* a node that has failed says so in every answer */
	mail_flush(s->mail, s->now);
	server_answers(s);
	past_answer(s);
	server_sweep(s);
	guards_sweep(&s->guards);
	tell_state(d);
	tell_trace(d);
}

/* Serves until a signal; then finishes what has begun. */
static void serve(struct dtssd *d)
{
	struct server *s = &d->server;
	uint64_t until_ns;

	do
		one_round(d);
	while (!wait_for_news(d));
	log_line(LOG_INFO, "stopping");
	s->stopping = 1;
	close(MHD_quiesce_daemon(s->daemon));
	until_ns = dtss_now().mono_ns + STOP_MS * NS_PER_MS;
	one_round(d);
	while (s->open > 0 && s->now.mono_ns < until_ns && !wait_for_news(d))
		one_round(d);
}

int main(int argc, char **argv)
{
	struct dtssd d = { .listen_fd = -1, .signal_fd = -1 };
	int status = files_standard() < 0 ? -1 - EXIT_FAILURE : settings_read(&d.settings, argc, argv);

	status = status < 0 ? options_status(status) : start(&d);
	if (d.server.daemon) {
		serve(&d);
		if (d.server.open > 0) { /* the second signal, or too late: libmicrohttpd would wait for them */
			dtss_node_close(d.server.node);
			_exit(0);
		}
		server_close(&d.server);
		past_close(&d.server);
		log_line(LOG_INFO, "stopped");
	}
	dtss_node_close(d.server.node);
	blocks_fini(&d.blocks);
	json_decref(d.server.v1_tags);
	settings_fini(&d.settings);
	return status;
}
