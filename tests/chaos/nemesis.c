/* SPDX-License-Identifier: MIT */
#include "chaos/chaos.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

/* What a nemesis does takes its time, while the others go on; so each has an hour at which it is undone. */
struct trouble {
	int64_t until_ms; /* 0: nothing is wrong */
	enum { DEAD, STOPPED, CUT } what;
	enum net_cut cut;
	size_t window;
};

struct nemesis {
	struct chaos *c;
	struct trouble troubles[CHAOS_AGENTS_MAX + 1]; /* 0: the scheduler; 1...: agents, as the ports of the network */
};

static struct node *node_of(struct chaos *c, unsigned which)
{
	return which == 0 ? &c->scheduler : &c->agents[which - 1];
}

static void nemesis_count(struct chaos *c, unsigned which)
{
	if (which == 0)
		c->figures.kills_scheduler++;
	else
		c->figures.kills_agent++;
}

static void nemesis_start(struct chaos *c, unsigned which, unsigned fsync, int when)
{
	history_note(c, fsync ? "start, to die at an fsync," : "start", node_of(c, which)->name);
	if (which == 0)
		crew_scheduler_start(c, fsync, when);
	else
		crew_agent_start(c, which - 1, fsync, when);
}

static void nemesis_stop(struct nemesis *n, unsigned which, struct trouble *t)
{
	struct chaos *c = n->c;

	if (which > 0) {
		pthread_mutex_lock(&c->lock);
		t->window = c->window_count;
		if (c->window_count < CHAOS_WINDOWS_MAX)
			c->windows[c->window_count++] = (struct window){ WINDOW_STOP, which - 1, mono_ms(), INT64_MAX };
		pthread_mutex_unlock(&c->lock);
	}
	history_note(c, "stop", node_of(c, which)->name);
	(void)kill(node_of(c, which)->pid, SIGSTOP);
	c->figures.stops++;
	t->what = STOPPED;
}

static void nemesis_continue(struct nemesis *n, unsigned which, const struct trouble *t)
{
	struct chaos *c = n->c;

	history_note(c, "continue", node_of(c, which)->name);
	(void)kill(node_of(c, which)->pid, SIGCONT);
	if (which == 0)
		return;
	pthread_mutex_lock(&c->lock);
	if (t->window < c->window_count)
		c->windows[t->window].end_ms = mono_ms();
	pthread_mutex_unlock(&c->lock);
}

static void nemesis_undo(struct nemesis *n, unsigned which)
{
	struct trouble *t = &n->troubles[which];

	if (t->what == DEAD) {
		nemesis_start(n->c, which, 0, 0);
	} else if (t->what == STOPPED) {
		nemesis_continue(n, which, t);
	} else {
		history_note(n->c, "heal", node_of(n->c, which)->name);
		net_cut(n->c, which, t->cut, 0);
	}
	t->until_ms = 0;
}

/* One time in that many for longer than a lease. */
static int64_t nemesis_while(struct chaos *c, unsigned most, unsigned seldom)
{
	if (draw(&c->random, seldom) == 0)
		return mono_ms() + CHAOS_LEASE_MS + draw(&c->random, 2500);
	return mono_ms() + 1 + draw(&c->random, most);
}

static void nemesis_kill(struct nemesis *n, unsigned which, int signal_number)
{
	struct trouble *t = &n->troubles[which];
	struct node *node = node_of(n->c, which);
	int status;

	history_note(n->c, signal_number == SIGKILL ? "kill" : "end", node->name);
	status = crew_end(n->c, node, signal_number);

	if (node->doomed && status == SIGKILL && signal_number == SIGTERM) { /* it came to that fsync now */
		nemesis_count(n->c, which);
		n->c->figures.fsync++;
	} else if (signal_number == SIGTERM && status != 0 && which == 0)
		violation(n->c, "dtssd, told to end, ends with %d: see %s/dtssd.log", status, n->c->dir);
	if (signal_number == SIGKILL)
		nemesis_count(n->c, which);
	t->what = DEAD;
	/* a scheduler that is away for longer than a lease lets nothing happen */
	t->until_ms = which == 0 ? mono_ms() + draw(&n->c->random, 400) : nemesis_while(n->c, 400, 8);
}

/* Starts it anew, to die at some fsync; if it has not come to that in time, by our hand. */
static void nemesis_doom(struct nemesis *n, unsigned which)
{
	struct chaos *c = n->c;
	struct node *node = node_of(c, which);

	nemesis_kill(n, which, SIGKILL);
	nemesis_start(c, which, 1 + draw(&c->random, which == 0 ? 40 : 12), (int)draw(&c->random, 2));
	if (node->pid == 0) { /* before it listened */
		nemesis_count(c, which);
		c->figures.fsync++;
		return;
	}
	n->troubles[which].until_ms = 0;
}

/* Those that were doomed, and are dead by now. */
static void nemesis_bury(struct nemesis *n)
{
	for (unsigned which = 0; which <= n->c->options.agents; which++) {
		struct node *node = node_of(n->c, which);
		int how = node->doomed && node->pid > 0 ? crew_died(node) : 0;

		if (how == 0)
			continue;
		if (how == 3)
			violation(n->c, "%s ended by itself: see %s/%s.log", node->name, n->c->dir, node->name);
		nemesis_count(n->c, which);
		n->c->figures.fsync++;
		if (n->troubles[which].until_ms == 0 || n->troubles[which].what == STOPPED) {
			if (n->troubles[which].until_ms != 0)
				nemesis_continue(n, which, &n->troubles[which]);
			n->troubles[which].what = DEAD;
			n->troubles[which].until_ms = mono_ms() + draw(&n->c->random, 200);
		}
	}
}

/* With its guard, so that nobody clears up before the next start. Stopped first, else it would start another guard. */
static void nemesis_kill_both(struct nemesis *n, unsigned which)
{
	struct node *node = node_of(n->c, which);
	pid_t guard;

	(void)kill(node->pid, SIGSTOP);
	guard = host_child(node->pid, "dtss-guard");
	if (guard > 0)
		(void)kill(guard, SIGKILL);
	history_note(n->c, "kill the guard of", node->name);
	nemesis_kill(n, which, SIGKILL);
	n->troubles[which].until_ms = mono_ms() + draw(&n->c->random, 400); /* within the lease: nothing is excused */
}

/* As when the power goes: nobody is left to see that somebody went. */
static void nemesis_kill_all(struct nemesis *n)
{
	for (unsigned which = 0; which <= n->c->options.agents; which++)
		if (n->troubles[which].until_ms == 0)
			nemesis_kill(n, which, SIGKILL);
}

static void nemesis_cut(struct nemesis *n, unsigned which)
{
	static const char *const cuts[] = { "cut from", "cut to", "cut from and to", "take down the link of" };
	struct trouble *t = &n->troubles[which];

	t->what = CUT;
	t->cut = (enum net_cut)draw(&n->c->random, NET_CUTS);
	t->until_ms = nemesis_while(n->c, 1500, which == 0 ? 6 : 2);
	history_note(n->c, cuts[t->cut], node_of(n->c, which)->name);
	net_cut(n->c, which, t->cut, 1);
	n->c->figures.cuts++;
}

static unsigned nemesis_troubles(const struct nemesis *n)
{
	unsigned count = 0;

	for (unsigned which = 0; which <= n->c->options.agents; which++)
		count += n->troubles[which].until_ms != 0;
	return count;
}

/* Mostly there is somebody left who works, or nothing would come of it. */
static void nemesis_act(struct nemesis *n)
{
	struct chaos *c = n->c;
	unsigned which = draw(&c->random, 2) == 0 ? 0 : 1 + draw(&c->random, c->options.agents);
	unsigned what = draw(&c->random, 100);

	if (n->troubles[which].until_ms != 0 || (nemesis_troubles(n) > 1 && draw(&c->random, 4) != 0))
		return;
	if (what < 2) {
		nemesis_kill_all(n);
	} else if (what < 6 && which > 0) {
		nemesis_kill_both(n, which);
	} else if (what < 45) {
		nemesis_kill(n, which, SIGKILL);
	} else if (what < 55 && (which == 0 || n->troubles[0].until_ms == 0)) { /* to end, an agent must be heard */
		nemesis_kill(n, which, SIGTERM);
	} else if (what < 68) {
		nemesis_doom(n, which);
	} else if (what < 82 || c->scheduler.net < 0) {
		n->troubles[which].until_ms = nemesis_while(c, 1000, which == 0 ? 6 : 2);
		nemesis_stop(n, which, &n->troubles[which]);
	} else {
		nemesis_cut(n, which);
	}
}

static int nemesis_enough(const struct chaos *c, int64_t until_ms)
{
	const struct figures *f = &c->figures;

	return chaos_interrupted || mono_ms() >= until_ms ||
	       (c->options.kills > 0 && f->kills_scheduler >= c->options.kills && f->kills_agent >= c->options.kills);
}

/* At the end nothing is wrong any more. */
static void nemesis_heal(struct nemesis *n)
{
	for (unsigned which = 0; which <= n->c->options.agents; which++) {
		struct node *node = node_of(n->c, which);

		if (n->troubles[which].until_ms != 0)
			nemesis_undo(n, which);
		if (!node->doomed)
			continue;
		if (!crew_died(node))
			(void)crew_end(n->c, node, SIGKILL);
		nemesis_count(n->c, which);
		nemesis_start(n->c, which, 0, 0);
	}
}

void nemesis_run(struct chaos *c)
{
	struct nemesis n = { .c = c };
	int64_t until_ms = mono_ms() + (int64_t)c->options.seconds * 1000, next_ms = mono_ms() + 200;

	while (!nemesis_enough(c, until_ms)) {
		nemesis_bury(&n);
		crew_look(c);
		for (unsigned which = 0; which <= c->options.agents; which++)
			if (n.troubles[which].until_ms != 0 && mono_ms() >= n.troubles[which].until_ms)
				nemesis_undo(&n, which);
		if (mono_ms() >= next_ms) {
			nemesis_act(&n);
			next_ms = mono_ms() + 20 + draw(&c->random, 250);
		}
		pause_ms(5);
	}
	nemesis_heal(&n);
}
