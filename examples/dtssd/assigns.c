/* SPDX-License-Identifier: MIT */
#include "dtssd/assigns.h"

#include <stdlib.h>
#include <string.h>
#include "common/json.h"
#include "common/limits.h"

#define NS_PER_MS UINT64_C(1000000)

/* One that waits here: its specification is the bytes behind it. */
struct assign {
	struct dtss_message_assign message;
	uint64_t until_ms; /* when its lease ends */
};

void assigns_fini(struct assigns *assigns)
{
	for (size_t i = 0; i < assigns->count; i++)
		free((void *)assigns->list[i].message.spec); /* our copy */
	free(assigns->list);
	*assigns = (struct assigns){ 0 };
}

static int assigns_reach(struct assigns *assigns)
{
	size_t cap = assigns->cap ? assigns->cap * 2 : 4;
	struct assign *grown;

	if (assigns->count < assigns->cap)
		return 0;
	grown = realloc(assigns->list, cap * sizeof *grown);
	if (!grown)
		return DTSS_E_NOMEM;
	assigns->list = grown;
	assigns->cap = cap;
	return 0;
}

/* An agent takes none that is older than one it has seen, and until it has seen one the engine sends it with each
 * heartbeat again: hence the order, and each once. */
int assigns_put(struct assigns *assigns, const struct dtss_message *message)
{
	const struct dtss_message_assign *assign = &message->u.assign;
	size_t at = assigns->count;
	struct assign *to;
	void *spec;

	if (at >= OUTBOX_MAX)
		return DTSS_E_FULL;
	while (at > 0 && assigns->list[at - 1].message.fence > assign->fence)
		at--;
	if (at > 0 && assigns->list[at - 1].message.fence == assign->fence)
		return 0;
	spec = malloc(assign->spec_len ? assign->spec_len : 1);
	if (!spec || assigns_reach(assigns) != 0) {
		free(spec);
		return DTSS_E_NOMEM;
	}
	to = &assigns->list[at];
	memmove(to + 1, to, (assigns->count - at) * sizeof *to);
	*to = (struct assign){ *assign, dtss_now().mono_ns / NS_PER_MS + assign->lease_ms };
	to->message.spec = memcpy(spec, assign->spec, assign->spec_len);
	assigns->count++;
	return 0;
}

/* Its lease has been running since it was put: one of which nothing is left is not told. 0: it would be too much. */
static int assign_write(struct text *t, const struct assign *assign, uint64_t now_ms, size_t begin)
{
	struct text before = *t;

	if (assign->until_ms <= now_ms)
		return 1;
	json_write_assign(t, &assign->message, assign->until_ms - now_ms);
	if (t->failed || t->len - begin <= POLL_ASSIGN_BYTES_MAX || before.len == begin)
		return 1;
	t->len = before.len;
	return 0;
}

void assigns_take(struct assigns *assigns, struct text *t)
{
	uint64_t now_ms = dtss_now().mono_ns / NS_PER_MS;
	size_t taken = 0, begin;

	text_open(t, '[');
	begin = t->len;
	while (taken < assigns->count && assign_write(t, &assigns->list[taken], now_ms, begin))
		free((void *)assigns->list[taken++].message.spec);
	text_close(t, ']');
	assigns->count -= taken;
	memmove(assigns->list, assigns->list + taken, assigns->count * sizeof *assigns->list);
}

/* ---- stops ---- */

void stops_fini(struct stops *stops)
{
	text_fini(&stops->text);
	stops->count = 0;
}

int stops_put(struct stops *stops, const struct dtss_message *message)
{
	if (stops->count >= OUTBOX_MAX)
		return DTSS_E_FULL;
	json_write_stop(&stops->text, &message->u.stop);
	stops->count++;
	if (!stops->text.failed)
		return 0;
	stops_fini(stops);
	return DTSS_E_NOMEM;
}

void stops_take(struct stops *stops, struct text *t)
{
	text_open(t, '[');
	text_json(t, stops->text.bytes, stops->text.len);
	text_close(t, ']');
	stops_fini(stops);
}
