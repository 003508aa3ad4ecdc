/* SPDX-License-Identifier: MIT */
#include "chaos/chaos.h"

#include <stdlib.h>
#include <string.h>

#define TRIES_MAX 40

/* Each task belongs to one client, so what it did to it has an order. */
struct client {
	struct chaos *c;
	unsigned number;
	uint64_t random;
	struct call call;
	unsigned *own; /* plans */
	size_t count;
};

static int chance(struct client *k, unsigned percent)
{
	return draw(&k->random, 100) < percent;
}

static struct plan *plan_of(struct client *k, size_t n)
{
	struct plan *plan;

	pthread_mutex_lock(&k->c->lock);
	plan = k->c->plans[n];
	pthread_mutex_unlock(&k->c->lock);
	return plan;
}

/* ---- a task ---- */

static json_t *plan_argv(const struct chaos *c, const struct plan *plan)
{
	json_t *argv = json_array();
	const unsigned values[] = { plan->run_ms, plan->bad, plan->bytes, plan->family };
	char text[CHAOS_PATH_MAX];

	host_path(c, "job", text);
	json_array_append_new(argv, json_string(text));
	json_array_append_new(argv, json_string(c->dir));
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		snprintf(text, sizeof text, "%u", values[i]);
		json_array_append_new(argv, json_string(text));
	}
	return argv;
}

static void plan_draw(struct client *k, struct plan *plan)
{
	plan->run_ms = draw(&k->random, chance(k, 20) ? 1500 : 100);
	if (chance(k, 12)) /* longer than a lease */
		plan->run_ms = 2000 + draw(&k->random, 6000);
	plan->bad = chance(k, 20) ? 1 + draw(&k->random, 2) : 0;
	plan->attempts_max = plan->bad + 1;
	if (chance(k, 5)) {
		plan->bad = 1000000;
		plan->attempts_max = 2;
	}
	plan->bytes = chance(k, 10) ? draw(&k->random, 300000) : draw(&k->random, 200);
	plan->family = draw(&k->random, 4) % 3;
	plan->hold = chance(k, 8);
}

/* Of tasks that are known to be there, whether they have ended or not. */
static json_t *plan_after(struct client *k, struct plan *plan)
{
	json_t *after = json_array();

	for (size_t i = 0; i < CHAOS_AFTER_MAX && k->count > 0 && chance(k, 30); i++) {
		unsigned from = draw(&k->random, k->count < 10 ? (uint32_t)k->count : 10);
		unsigned n = k->own[k->count - 1 - from];
		const struct plan *parent = plan_of(k, n);

		if (!parent->known || (plan->after_count > 0 && plan->after[0] == n))
			continue;
		plan->after[plan->after_count++] = n;
		json_array_append_new(after, json_integer((json_int_t)parent->id));
	}
	return after;
}

static unsigned client_plan(struct client *k)
{
	struct plan *plan = calloc(1, sizeof *plan);
	json_t *task;
	unsigned n;

	if (!plan)
		fatal("no memory");
	plan->client = k->number;
	plan->number = (unsigned)k->count;
	snprintf(plan->key, sizeof plan->key, "client-%u-task-%zu", k->number, k->count);
	plan_draw(k, plan);
	task = json_pack("{s:s s:s s:o s:o s:i s:b s:{s:i s:i s:i s:i}}", "key", plan->key, "queue",
			 k->number % 2 ? "odd" : "even", "argv", plan_argv(k->c, plan), "after", plan_after(k, plan),
			 "priority", (int)draw(&k->random, 3), "hold", plan->hold, "retry", "attempts_max",
			 (int)plan->attempts_max, "lost_max", 900, "backoff_ms_min", 20, "backoff_ms_max", 200);
	plan->text = task ? json_dumps(task, 0) : NULL;
	json_decref(task);
	if (!plan->text)
		fatal("no memory");
	n = history_plan(k->c, plan);
	k->own = realloc(k->own, (k->count + 1) * sizeof *k->own);
	if (!k->own)
		fatal("no memory");
	k->own[k->count++] = n;
	return n;
}

/* ---- calls ---- */

static void client_call(struct client *k, enum op_kind kind, unsigned n, const char *method, const char *path,
			const char *body)
{
	size_t op = history_begin(k->c, kind, n);

	call_make(k->c, &k->call, method, path, body);
	history_end(k->c, op, &k->call);
}

/* Some that had no answer stay so: whether they are there is for the checker to see. */
static void client_submit(struct client *k)
{
	unsigned n = client_plan(k);
	struct plan *plan = plan_of(k, n);

	for (int i = 0; i < TRIES_MAX && !k->c->over; i++) {
		client_call(k, OP_SUBMIT, n, "POST", "/api/v2/tasks", plan->text);
		if (k->call.outcome == OK) {
			plan->id = (uint64_t)number_of(k->call.json, "id");
			plan->known = 1;
		}
		if (k->call.outcome == OK || k->call.status > 0 || chance(k, 10))
			return;
		pause_ms(10 + draw(&k->random, 50));
	}
}

static void client_clash(struct client *k, unsigned n)
{
	json_t *task = json_loads(plan_of(k, n)->text, 0, NULL);
	char *text;

	json_object_set_new(task, "priority", json_integer(77));
	text = json_dumps(task, 0);
	client_call(k, OP_CLASH, n, "POST", "/api/v2/tasks", text);
	free(text);
	json_decref(task);
}

static void client_verb(struct client *k, enum op_kind kind, unsigned n, const char *verb)
{
	char path[96];

	snprintf(path, sizeof path, "/api/v2/tasks/%llu%s", (unsigned long long)plan_of(k, n)->id, verb);
	client_call(k, kind, n, kind == OP_READ ? "GET" : "POST", path, NULL);
	if (kind == OP_READ && k->call.outcome == OK)
		plan_of(k, n)->ended = state_final(text_of(k->call.json, "state"));
}

/* Only what ended may be tried again, only what waits can be held; the answers say so otherwise. */
static void client_disturb(struct client *k, unsigned n)
{
	unsigned what = draw(&k->random, 100);

	if (what < 3)
		client_verb(k, OP_CANCEL, n, "/cancel");
	else if (what < 9)
		client_verb(k, OP_HOLD, n, "/hold");
	else if (what < 30)
		client_verb(k, OP_RELEASE, n, "/release");
	else if (what < 36)
		client_call(k, OP_AGAIN, n, "POST", "/api/v2/tasks", plan_of(k, n)->text);
	else if (what < 38)
		client_clash(k, n);
	else if (what < 39)
		client_verb(k, OP_RETRY, n, "/retry");
	else
		client_verb(k, OP_READ, n, "");
}

static unsigned client_open_count(struct client *k, unsigned *ret_one)
{
	unsigned count = 0;

	for (size_t i = k->count; i-- > 0;) {
		const struct plan *plan = plan_of(k, k->own[i]);

		if (!plan->known || plan->ended)
			continue;
		if (draw(&k->random, ++count) == 0)
			*ret_one = k->own[i];
	}
	return count;
}

static void *client_run(void *ctx)
{
	struct client *k = ctx;

	while (!k->c->over) {
		unsigned one = 0, count = client_open_count(k, &one);

		if (count < CHAOS_OPEN_MAX && (count == 0 || chance(k, 40)))
			client_submit(k);
		else if (k->count > 0 && chance(k, 15)) /* whatever it is, also one that ended long ago */
			one = k->own[draw(&k->random, (uint32_t)k->count)];
		if (count > 0 && plan_of(k, one)->known)
			client_disturb(k, one);
		pause_ms(draw(&k->random, 12));
	}
	call_fini(&k->call);
	free(k->own);
	free(k);
	return NULL;
}

/* When nobody ran for a while, nothing is said about who should have been dead in that time. */
static void *watch_run(void *ctx)
{
	struct chaos *c = ctx;

	while (!c->judged) {
		int64_t begin_ms = mono_ms(), end_ms;

		pause_ms(10);
		end_ms = mono_ms();
		pthread_mutex_lock(&c->lock);
		if (end_ms - begin_ms > CHAOS_STALL_MS && c->window_count < CHAOS_WINDOWS_MAX)
			c->windows[c->window_count++] = (struct window){ WINDOW_STALL, 0, begin_ms, end_ms };
		pthread_mutex_unlock(&c->lock);
	}
	return NULL;
}

void clients_start(struct chaos *c)
{
	c->over = c->judged = 0;
	if (pthread_create(&c->watch, NULL, watch_run, c) != 0)
		fatal("no thread");
	for (unsigned i = 0; i < CHAOS_CLIENTS; i++) {
		struct client *k = calloc(1, sizeof *k);

		if (!k)
			fatal("no memory");
		k->c = c;
		k->number = i;
		k->random = c->options.seed * 31 + i;
		call_init(&k->call, c);
		if (pthread_create(&c->clients[i], NULL, client_run, k) != 0)
			fatal("no thread");
	}
}

void clients_join(struct chaos *c)
{
	c->over = 1;
	for (unsigned i = 0; i < CHAOS_CLIENTS; i++)
		(void)pthread_join(c->clients[i], NULL);
	c->joined_ms = wall_ms();
}

void watch_join(struct chaos *c)
{
	c->judged = 1;
	(void)pthread_join(c->watch, NULL);
}
