/* SPDX-License-Identifier: MIT */
#include "dtss-sim/tool.h"

#include <inttypes.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_MS 250
#define SAVE_MS 10000 /* what a kill -9 of a long run costs */

static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
	(void)number;
	signalled = 1;
}

void interruptible(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigemptyset(&action.sa_mask);
	if (sigaction(SIGINT, &action, NULL) != 0 || sigaction(SIGTERM, &action, NULL) != 0 ||
	    sigaction(SIGHUP, &action, NULL) != 0)
		perror("dtss-sim: sigaction");
}

int interrupted(void)
{
	return signalled;
}

uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void progress(struct tool *t, int end)
{
	static uint64_t shown_ms, saved_ms;
	uint64_t now = now_ms(), ms = t->sum.elapsed_ms ? t->sum.elapsed_ms : 1;

	if (t->resume && !end && now - saved_ms >= SAVE_MS && resume_save(t) == 0)
		saved_ms = now;
	if (t->plain || !isatty(STDERR_FILENO) || (!end && now - shown_ms < PROGRESS_MS))
		return;
	shown_ms = now;
	fprintf(stderr, "\r\033[K");
	if (!end)
		fprintf(stderr, "%" PRIu64 " of %" PRIu64 " seeds, %" PRIu64 "/s, %u probes, %" PRIu64 " violations",
			t->sum.seeds, t->seeds, t->sum.seeds * 1000 / ms, (unsigned)sum_probes(&t->sum),
			t->sum.violations);
}
