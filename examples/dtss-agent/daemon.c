/* SPDX-License-Identifier: MIT */
#include "dtss-agent/daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/log.h"
#include "dtss-agent/limits.h"
#include "dtss-agent/transport.h"

#define NS_PER_MS UINT64_C(1000000)

/*
 *	wait ──► deadlines ──► signals, children ──► messages ──► attempts ──► actions
 *	  ▲       first: after a SIGSTOP we may be in              what is due    │
 *	  │       somebody else's lease                            by now, too    ▼
 *	  └── what the forgotten left ◄── requests ◄── processes ◄── journal ◄────┘
 */

/* ---- children ---- */

/* Signals coalesce, so until there is none; whoever is nobody's first process was left to us by one. */
static void daemon_reap(struct agent_daemon *d, struct dtss_time now)
{
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
			return;
		if (attempts_exited(&d->attempts, now, &info))
			continue;
		(void)waitpid(info.si_pid, NULL, 0);
		if (info.si_pid == d->guard.pid && guard_start(&d->guard, &d->journal) < 0)
			log_line(LOG_WARNING, "the guard process died and cannot be started again");
	}
}

/* ---- ending ---- */

static void daemon_told_to_end(struct agent_daemon *d, struct dtss_time now)
{
	uint64_t grace_ms = d->signals == 0 ? d->settings->grace_ms : 0;
	struct dtss_agent_stats stats;

	if (++d->signals > 2) {
		d->end_ns = now.mono_ns;
		return;
	}
	dtss_agent_stats(d->engine, &stats);
	if (d->signals == 1)
		log_line(LOG_INFO, "ending: %u tasks may go on for %llu s, then they are given back", stats.running,
			 (unsigned long long)grace_ms / 1000);
	else
		log_line(LOG_INFO, "ending at once: %u tasks are given back", stats.running);
	(void)dtss_agent_drain(d->engine, now, grace_ms); /* it cannot fail */
	for (struct attempt *a = d->attempts.first; a && d->signals > 1; a = a->next)
		if (a->stop == 1) /* one that had SIGTERM already; the others get their STOP now */
			attempt_stop(&d->attempts, a->kin.fence, 1);
	/* SIGTERM after the grace, SIGKILL after it once more, and then it must be reported */
	d->end_ns = now.mono_ns + (d->signals == 1 ? 2 * grace_ms + STOP_REPORT_MS : STOP_NOW_MS) * NS_PER_MS;
}

static void daemon_signals(struct agent_daemon *d, struct dtss_time now)
{
	struct signalfd_siginfo info;

	while (read(d->signal_fd, &info, sizeof info) == sizeof info)
		if (info.ssi_signo != SIGCHLD)
			daemon_told_to_end(d, now);
	daemon_reap(d, now);
}

static void daemon_check_end(struct agent_daemon *d, struct dtss_time now)
{
	if (!d->signals && !d->stale)
		return;
	if (dtss_agent_idle(d->engine) && !d->attempts.first)
		d->over = 1;
	if (d->over || now.mono_ns < d->end_ns)
		return;
	d->over = 1;
	if (!d->status)
		d->status = 1;
	log_line(LOG_WARNING, "ending now; what became of the last tasks could not be told to the scheduler");
}

/* ---- the scheduler ---- */

/* Each change once, and what to do about it. */
static void daemon_link(struct agent_daemon *d)
{
	const char *server = d->settings->server, *why = "";
	long status = 0;
	enum agent_link link = agent_transport_link(d->transport, &status, &why);

	if ((int)link == d->link)
		return;
	d->link = (int)link;
	if (link == AGENT_LINK_UP) {
		log_line(LOG_INFO, d->was_up ? "the scheduler at %s is back" : "registered at %s", server);
		d->was_up = 1;
	} else if (link == AGENT_LINK_DOWN) {
		log_line(LOG_WARNING, "cannot reach the scheduler at %s: %s; it is tried again until it is there",
			 server, why);
	} else if (link == AGENT_LINK_REFUSED && d->was_up) {
		log_line(LOG_WARNING, "the scheduler at %s refuses this agent: %s; it is tried again", server, why);
	} else if (status == 401) {
		log_line(LOG_ERROR, "the scheduler at %s refuses the token; give its own with --token-file", server);
		d->over = d->status = 1;
	} else if (link == AGENT_LINK_REFUSED) {
		log_line(LOG_ERROR, "the scheduler at %s refuses this agent: %s", server, why);
		d->over = d->status = 1;
	}
}

/* A scheduler that answers may still not take what we say. */
static void daemon_result(struct agent_daemon *d, int32_t result)
{
	if (result != d->result && result != DTSS_OK && result != DTSS_E_STALE)
		log_line(LOG_WARNING, "the scheduler does not take this agent's heartbeats: %s", dtss_strerror(result));
	d->result = result;
}

static void daemon_messages(struct agent_daemon *d, struct dtss_time now)
{
	const struct dtss_message *message;
	const char *peer;

	while (d->transport->ops->poll(d->transport, &message, &peer) == 1) {
		int rc = dtss_agent_message(d->engine, now, message);

		if (message->type == DTSS_MESSAGE_ANSWER)
			daemon_result(d, message->u.answer.result);
		if (rc < 0)
			log_line(LOG_WARNING, "a message from the scheduler was dropped: %s", dtss_strerror(rc));
	}
	daemon_link(d);
}

static void daemon_stale(struct agent_daemon *d, struct dtss_time now)
{
	log_line(
		LOG_ERROR,
		"a newer agent called %s is registered at %s: this one stops; choose another --name if both are wanted",
		d->settings->name, d->settings->server);
	d->stale = d->status = 1;
	d->end_ns = now.mono_ns + (d->settings->grace_ms + STOP_REPORT_MS) * NS_PER_MS;
}

static void daemon_action(struct agent_daemon *d, struct dtss_time now, const struct dtss_agent_action *action)
{
	switch (action->type) {
	case DTSS_AGENT_START:
		attempt_start(&d->attempts, now, &action->u.start);
		break;
	case DTSS_AGENT_STOP:
		/* told twice to end: there is no time for what a task does about SIGTERM */
		attempt_stop(&d->attempts, action->u.stop.fence, action->u.stop.force != 0 || d->signals > 1);
		break;
	case DTSS_AGENT_SEND:
		(void)d->transport->ops->send(d->transport, NULL,
					      action->u.message); /* the next heartbeat repairs a loss */
		break;
	case DTSS_AGENT_FORGET:
		attempt_forget(&d->attempts, action->u.forget.fence);
		break;
	case DTSS_AGENT_STALE:
		daemon_stale(d, now);
		break;
	case DTSS_AGENT_RESET:
		log_line(LOG_WARNING,
			 "the scheduler has another store: all tasks are stopped, and this agent registers anew");
		break;
	default:
		break;
	}
}

/* ---- the loop ---- */

static void daemon_add_fd(struct agent_daemon *d, size_t *count, int fd)
{
	if (fd < 0)
		return;
	if (*count == d->fds_cap) {
		size_t cap = d->fds_cap ? d->fds_cap * 2 : 64;
		struct curl_waitfd *fds = realloc(d->fds, cap * sizeof *fds);

		if (!fds)
			return; /* it is looked at after each wait */
		d->fds = fds;
		d->fds_cap = cap;
	}
	d->fds[(*count)++] = (struct curl_waitfd){ .fd = fd, .events = CURL_WAIT_POLLIN };
}

/* In the order in which they were added; what was not added may have something. */
static int daemon_ready(const struct agent_daemon *d, size_t count, size_t *at, int fd)
{
	if (*at < count && d->fds[*at].fd == fd)
		return d->fds[(*at)++].revents != 0;
	return fd >= 0;
}

static void daemon_waited(struct agent_daemon *d, size_t count)
{
	size_t at = 0;

	(void)daemon_ready(d, count, &at, d->signal_fd);
	for (struct attempt *a = d->attempts.first; a; a = a->next) {
		a->streams[0].ready = daemon_ready(d, count, &at, a->streams[0].fd);
		a->streams[1].ready = daemon_ready(d, count, &at, a->streams[1].fd);
		a->exec_ready = daemon_ready(d, count, &at, a->exec_fd);
	}
}

static void daemon_wait(struct agent_daemon *d, uint64_t until_ns)
{
	uint64_t now_ns = dtss_now().mono_ns, wait_ms = 0;
	size_t count = 0;

	daemon_add_fd(d, &count, d->signal_fd);
	for (const struct attempt *a = d->attempts.first; a; a = a->next) {
		daemon_add_fd(d, &count, a->streams[0].fd);
		daemon_add_fd(d, &count, a->streams[1].fd);
		daemon_add_fd(d, &count, a->exec_fd);
	}
	if (until_ns > now_ns)
		wait_ms = (until_ns - now_ns) / NS_PER_MS + 1;
	if (curl_multi_poll(d->client.multi, d->fds, (unsigned)count, wait_ms < 60000 ? (int)wait_ms : 60000, NULL) !=
	    CURLM_OK)
		usleep(1000); /* only for want of memory: do not spin */
	daemon_waited(d, count);
}

static void daemon_round(struct agent_daemon *d, uint64_t *ret_until_ns)
{
	struct dtss_agent_action action;
	struct dtss_time now = dtss_now();
	uint64_t next_ns;

	(void)dtss_agent_tick(d->engine, now); /* it cannot fail */
	daemon_signals(d, now);
	daemon_messages(d, now);
	*ret_until_ns = attempts_step(&d->attempts, now);
	(void)dtss_agent_tick(d->engine, now);
	d->attempts.failed = 0;
	while (dtss_agent_next_action(d->engine, &action)) {
		if (action.type == DTSS_AGENT_SEND) /* the last: people wait for a start, nobody for a heartbeat */
			attempts_spawn(&d->attempts, now);
		daemon_action(d, now, &action);
	}
	attempts_spawn(&d->attempts, now);
	if (post_step(&d->client) > 0 || d->attempts.failed)
		*ret_until_ns = now.mono_ns;
	attempts_bury(&d->attempts);
	daemon_check_end(d, now);
	next_ns = dtss_agent_next_ns(d->engine);
	if (next_ns < *ret_until_ns)
		*ret_until_ns = next_ns;
	next_ns = agent_transport_step(d->transport, now.mono_ns);
	if (next_ns < *ret_until_ns)
		*ret_until_ns = next_ns;
	if ((d->signals || d->stale) && d->end_ns < *ret_until_ns)
		*ret_until_ns = d->end_ns;
}

int agent_daemon_run(struct agent_daemon *d)
{
	while (!d->over) {
		uint64_t until_ns;

		daemon_round(d, &until_ns);
		if (!d->over)
			daemon_wait(d, until_ns);
	}
	if (attempts_kill(&d->attempts, JOURNAL_KILL_MS) > 0)
		log_line(LOG_WARNING, "some processes cannot be killed; the next start tries again");
	return d->status;
}
