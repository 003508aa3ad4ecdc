/* SPDX-License-Identifier: MIT */
#include "chaos/chaos.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const kinds[] = { "submit", "again", "clash", "cancel", "hold", "release", "retry", "read" };
static const char *const outcomes[] = { "invoked", "ok", "fail", "unknown" };

/* Both grow by doubling; clients come one at a time. */
static void *grown(void *array, size_t count, size_t one)
{
	void *more = array;

	if ((count & (count - 1)) == 0)
		more = realloc(array, (count ? count * 2 : 1) * one);
	if (!more)
		fatal("no memory");
	return more;
}

static void history_write(struct chaos *c, size_t n, const struct op *op)
{
	char line[256];
	int len = snprintf(line, sizeof line, "%lld %zu %s %s %s id %llu status %d %s\n",
			   (long long)(op->outcome == INVOKED ? op->begin_ms : op->end_ms), n, kinds[op->kind],
			   c->plans[op->plan]->key, outcomes[op->outcome], (unsigned long long)op->id, op->status,
			   op->state);

	if (write(c->history, line, (size_t)len) != len)
		fatal("the history cannot be written");
}

void history_note(struct chaos *c, const char *what, const char *who)
{
	char line[128];
	int len = snprintf(line, sizeof line, "%lld nemesis: %s %s\n", (long long)wall_ms(), what, who);

	if (write(c->history, line, (size_t)len) != len)
		fatal("the history cannot be written");
}

unsigned history_plan(struct chaos *c, struct plan *plan)
{
	unsigned n;

	pthread_mutex_lock(&c->lock);
	c->plans = grown(c->plans, c->plan_count, sizeof(struct plan *));
	n = (unsigned)c->plan_count++;
	c->plans[n] = plan;
	pthread_mutex_unlock(&c->lock);
	return n;
}

size_t history_begin(struct chaos *c, enum op_kind kind, unsigned plan)
{
	size_t n;

	pthread_mutex_lock(&c->lock);
	c->ops = grown(c->ops, c->op_count, sizeof *c->ops);
	n = c->op_count++;
	if (c->plans[plan]->last == 0)
		c->plans[plan]->first = n;
	c->plans[plan]->last = n + 1;
	c->ops[n] = (struct op){ .kind = kind, .plan = plan, .begin_ms = wall_ms(), .id = c->plans[plan]->id };
	history_write(c, n, &c->ops[n]);
	pthread_mutex_unlock(&c->lock);
	return n;
}

void history_end(struct chaos *c, size_t n, const struct call *call)
{
	int64_t id = number_of(call->json, "id");
	struct op *op;

	pthread_mutex_lock(&c->lock);
	op = &c->ops[n];
	op->end_ms = wall_ms();
	op->outcome = call->outcome;
	op->status = (int)call->status;
	op->finished_ms = time_of(call->json, "finished_at");
	if (call->outcome == OK && id > 0)
		op->id = (uint64_t)id;
	snprintf(op->state, sizeof op->state, "%s", text_of(call->json, call->outcome == OK ? "state" : "code"));
	history_write(c, n, op);
	c->figures.calls++;
	c->figures.unknowns += op->outcome == UNKNOWN;
	pthread_mutex_unlock(&c->lock);
}

void history_print(const struct chaos *c, unsigned plan)
{
	printf("  %s: %s\n", c->plans[plan]->key, c->plans[plan]->text);
	for (size_t i = 0; i < c->op_count; i++) {
		const struct op *op = &c->ops[i];

		if (op->plan == plan)
			printf("  %lld to %lld: %s %s id %llu status %d %s\n", (long long)op->begin_ms,
			       (long long)op->end_ms, kinds[op->kind], outcomes[op->outcome],
			       (unsigned long long)op->id, op->status, op->state);
	}
}
