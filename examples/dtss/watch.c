/* SPDX-License-Identifier: MIT */
#include "dtss/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <dtss.h>
#include "common/log.h"
#include "dtss/call.h"
#include "dtss/follow.h"
#include "dtss/view.h"

/*
 *	submit ──► follow stdout and stderr of attempt n ──both ended──► look at the task
 *	                 │                 ▲                              │  │
 *	                 │                 └──── n goes on: again ────────┘  └─ n has ended: read what is left, look again
 *	                 └─ not started after a while: explain                          │
 *	                                                                 n + 1 ◄────────┴──────► the task has ended
 *
 * A follow ends with its attempt, or when the scheduler stops: hence the looks, and the reading of what is left. When
 * there is no answer, or a connection is lost, the same is done again after a pause: a submit has a key, a follow begins
 * behind what was taken. One question is under way at a time, besides the follows; nothing waits but watch_wait().
 */
enum question { ASK_NOTHING, ASK_SUBMIT, ASK_CANCEL, ASK_TASK, ASK_EXPLAIN };

struct watch {
	struct cli *cli;
	const struct watch_plan *plan;
	CURLM *multi;
	struct call call;
	enum question asking;
	json_int_t id;
	unsigned attempt;
	int attempt_ended; /* it cannot write any more: what is left is being read */
	struct follow follows[2];
	size_t follow_count;
	unsigned pause_ms;   /* 0: the scheduler is there */
	uint64_t resume_ms;  /* nothing is begun before */
	uint64_t explain_ms; /* UINT64_MAX: no more */
	int signals;         /* a signalfd, or -1 */
	int cancel;          /* to be asked for */
	int leaving;         /* a signal came */
	int over;
	json_t *task; /* as it ended */
};

static uint64_t watch_ms(void)
{
	return dtss_now().mono_ns / 1000000;
}

static void watch_fail(struct watch *w)
{
	call_tell(w->cli, &w->call);
	w->over = 1;
}

/* The scheduler is away. What was under way is begun again after a pause. */
static void watch_lost(struct watch *w, const char *reason)
{
	if (w->leaving && w->id == 0) { /* nobody wants the task any more, if it is there at all */
		w->over = 1;
		return;
	}
	if (w->pause_ms == 0)
		say("lost the scheduler at %s (%s): trying again until it is back, or Ctrl-C", w->cli->url, reason);
	w->pause_ms = call_backoff(w->pause_ms);
	w->resume_ms = watch_ms() + w->pause_ms;
}

static void watch_cancel(struct watch *w)
{
	w->leaving = 1;
	if (!w->plan->body || (w->id == 0 && w->asking == ASK_NOTHING))
		w->over = 1;
	else
		w->cancel = 1;
}

/* All that the attempt wrote has been passed on. */
static int watch_all_ended(const struct watch *w)
{
	size_t ended = 0;

	for (size_t i = 0; i < w->follow_count; i++)
		ended += w->follows[i].ended && w->follows[i].len == 0;
	return ended == w->follow_count;
}

/* Begins with an attempt, or goes on with it. */
static void watch_attempt(struct watch *w, unsigned attempt, int ended)
{
	for (size_t i = 0; i < w->follow_count; i++) {
		w->follows[i].ended = 0;
		w->follows[i].taken = attempt == w->attempt ? w->follows[i].taken : 0;
	}
	w->attempt = attempt;
	w->attempt_ended = ended;
}

/* ---- questions and answers ---- */

static void watch_ask(struct watch *w, enum question question)
{
	static const char *const suffixes[] = { [ASK_CANCEL] = "/cancel", [ASK_TASK] = "", [ASK_EXPLAIN] = "/explain" };
	int submit = question == ASK_SUBMIT, post = submit || question == ASK_CANCEL;
	char path[64] = "/tasks";

	if (!submit)
		snprintf(path, sizeof path, "/tasks/%lld%s", (long long)w->id, suffixes[question]);
	if (call_begin(w->cli, &w->call, post ? "POST" : "GET", path, CALL_JSON, submit ? w->plan->body : NULL) != 0 ||
	    curl_multi_add_handle(w->multi, w->call.easy) != CURLM_OK) {
		w->over = 1;
		return;
	}
	w->asking = question;
}

/* Says why it waits, once; what is on its way to a worker is not worth a word. */
static void watch_explained(struct watch *w)
{
	static const char *const waits[] = { "held",       "dependency", "delayed",  "no_workers", "no_tag",
					     "no_tag_set", "not_online", "resource", "busy" };
	const char *why = task_text(w->call.json, "why");
	char clean[LOG_LINE_MAX];

	w->explain_ms = watch_ms() + EXPLAIN_AGAIN_MS;
	if (strcmp(why, "finished") == 0 || strcmp(why, "running") == 0)
		w->explain_ms = UINT64_MAX;
	for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
		if (strcmp(why, waits[i]) == 0) {
			log_escape(clean, sizeof clean, task_text(w->call.json, "text"));
			fprintf(stderr, "waiting: %s\n", clean + (strncmp(clean, "waits ", 6) == 0 ? 6 : 0));
			w->explain_ms = UINT64_MAX;
		}
	}
}

/* The follows have ended: because the attempt has, or because the scheduler is stopping. If not, it is back. */
static void watch_looked(struct watch *w)
{
	const json_t *task = w->call.json, *attempts = json_object_get(task, "attempts");
	const json_t *attempt = json_array_get(attempts, w->attempt - 1);
	int later = json_array_size(attempts) > w->attempt, final = task_is_final(task);
	int ended = later || strcmp(task_text(attempt, "state"), "ended") == 0;

	if (!watch_all_ended(w))
		return;
	if (!ended && !final) {
		w->pause_ms = call_backoff(w->pause_ms);
		w->resume_ms = watch_ms() + w->pause_ms;
		watch_attempt(w, w->attempt, 0);
	} else if (!w->attempt_ended) {
		watch_attempt(w, w->attempt, 1);
	} else if ((final && !later) || w->plan->one_attempt) {
		w->task = json_incref(w->call.json);
		w->over = 1;
	} else {
		w->explain_ms = UINT64_MAX; /* it has begun, and backs off */
		watch_attempt(w, w->attempt + 1, 0);
	}
}

static void watch_answered(struct watch *w)
{
	enum question question = w->asking;

	w->asking = ASK_NOTHING;
	if (!call_succeeded(&w->call) || !w->call.json) {
		if (question == ASK_CANCEL && w->call.status == 409)
			w->cancel = 0; /* it has ended */
		else if (call_may_repeat(&w->call) && w->call.reached)
			watch_lost(w, w->call.status ? "it is not ready" : w->call.error);
		else
			watch_fail(w);
		return;
	}
	w->pause_ms = 0;
	if (question == ASK_SUBMIT) {
		w->id = task_number(w->call.json, "id");
		w->explain_ms = watch_ms() + EXPLAIN_MS;
	} else if (question == ASK_CANCEL) {
		w->cancel = 0;
	} else if (question == ASK_EXPLAIN) {
		watch_explained(w);
	} else {
		watch_looked(w);
	}
}

/* ---- the loop ---- */

/* The most urgent question, if it is time for one. When the scheduler was away, one comes before everything else. */
static enum question watch_next(const struct watch *w, uint64_t now)
{
	if (w->id == 0)
		return ASK_SUBMIT;
	if (w->cancel)
		return ASK_CANCEL;
	if (w->pause_ms || watch_all_ended(w))
		return ASK_TASK;
	return now >= w->explain_ms ? ASK_EXPLAIN : ASK_NOTHING;
}

/* Begins what is to be done now; gives how long nothing will be, in ms. */
static int watch_begin(struct watch *w)
{
	uint64_t now = watch_ms();
	enum question next = watch_next(w, now);
	char query[128];

	if (now < w->resume_ms)
		return (int)(w->resume_ms - now);
	snprintf(query, sizeof query, "/tasks/%lld/log?attempt=%u&follow=%d", (long long)w->id, w->attempt,
		 !w->attempt_ended);
	for (size_t i = 0; i < w->follow_count && w->id && !w->pause_ms; i++) {
		struct follow *f = &w->follows[i];

		if (!f->ended && !f->easy && follow_begin(f, w->cli, w->multi, query) != 0)
			w->over = 1;
		if (f->taken)
			w->explain_ms = UINT64_MAX;
	}
	if (w->asking == ASK_NOTHING && next != ASK_NOTHING)
		watch_ask(w, next);
	return w->explain_ms > now && w->explain_ms - now < BACKOFF_MS_MAX ? (int)(w->explain_ms - now) :
									     BACKOFF_MS_MAX;
}

static void watch_wait(struct watch *w, int ms)
{
	struct curl_waitfd fds[3];
	unsigned count = 0;

	if (w->signals >= 0)
		fds[count++] = (struct curl_waitfd){ w->signals, CURL_WAIT_POLLIN, 0 };
	for (size_t i = 0; i < w->follow_count; i++)
		if (w->follows[i].len > 0)
			fds[count++] = (struct curl_waitfd){ w->follows[i].fd, CURL_WAIT_POLLOUT, 0 };
	(void)curl_multi_poll(w->multi, fds, count, ms,
			      NULL); /* after a failure everything is looked at all the same */
}

/* The first signal cancels, and the end of the task is waited for; after the second nothing is. */
static void watch_signals(struct watch *w)
{
	struct signalfd_siginfo info;

	if (w->signals < 0 || read(w->signals, &info, sizeof info) != sizeof info)
		return;
	if (w->leaving) {
		w->over = 1;
		return;
	}
	watch_cancel(w);
	if (!w->over && isatty(STDERR_FILENO))
		say("cancelling the task; Ctrl-C again leaves at once");
}

static void watch_step(struct watch *w)
{
	int running, left;
	CURLMsg *msg;

	(void)curl_multi_perform(w->multi, &running); /* what fails is told request by request */
	while ((msg = curl_multi_info_read(w->multi, &left))) {
		CURLcode result = msg->data.result;
		void *owner = NULL;

		(void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &owner);
		if (owner != &w->call) {
			struct follow *f = owner;
			const char *reason = follow_done(f, w->multi, result);

			w->over |= f->refused;
			if (reason && !w->over)
				watch_lost(w, reason);
		} else {
			(void)curl_multi_remove_handle(w->multi, msg->easy_handle);
			call_end(&w->call, result);
			watch_answered(w);
		}
	}
	for (size_t i = 0; i < w->follow_count; i++)
		if (follow_flush(&w->follows[i]) != 0)
			watch_cancel(w); /* as SIGPIPE would end it here */
}

/* Only what can be cancelled has signals: otherwise they end the program, as always. */
static int watch_open(struct watch *w)
{
	struct sigaction hangup;
	sigset_t set;

	w->multi = curl_multi_init();
	(void)signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) /* as nohup(1) asks */
		sigaddset(&set, SIGHUP);
	if (w->plan->body && sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	for (unsigned bit = WATCH_STDOUT; bit <= WATCH_STDERR; bit++) {
		if (!(w->plan->streams & bit))
			continue;
		w->follows[w->follow_count].stream = bit == WATCH_STDOUT ? "stdout" : "stderr";
		w->follows[w->follow_count++].fd = bit == WATCH_STDOUT || w->plan->to_stdout ? STDOUT_FILENO :
											       STDERR_FILENO;
	}
	if (w->multi && (w->signals >= 0 || !w->plan->body))
		return 0;
	say("%s", strerror(errno));
	return -1;
}

static void watch_close(struct watch *w)
{
	for (size_t i = 0; i < w->follow_count; i++)
		follow_end(&w->follows[i], w->multi);
	if (w->asking != ASK_NOTHING)
		(void)curl_multi_remove_handle(w->multi, w->call.easy);
	call_fini(&w->call);
	if (w->multi)
		(void)curl_multi_cleanup(w->multi);
	if (w->signals >= 0)
		close(w->signals);
}

json_t *watch_task(struct cli *cli, const struct watch_plan *plan)
{
	struct watch w = { .cli = cli,
			   .plan = plan,
			   .id = plan->id,
			   .attempt = plan->attempt,
			   .explain_ms = UINT64_MAX,
			   .signals = -1 };

	fflush(stdout);
	w.over = watch_open(&w) != 0;
	while (!w.over) {
		watch_wait(&w, watch_begin(&w));
		watch_step(&w);
		watch_signals(&w);
	}
	watch_close(&w);
	return w.task;
}
