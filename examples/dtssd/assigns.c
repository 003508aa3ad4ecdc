/* SPDX-License-Identifier: MIT */
#include "dtssd/assigns.h"

#include "common/json.h"
#include "common/limits.h"

#define NS_PER_MS UINT64_C(1000000)
#define UNTIL "until_ms" /* of an assignment that waits here; no agent sees it */

/* An agent takes none that is older than one it has seen, and until it has seen one the engine sends it with each
 * heartbeat again: hence the order, and each once. */
int assigns_put(struct assigns *assigns, const struct dtss_message *message)
{
	json_int_t fence = (json_int_t)message->u.assign.fence, before;
	uint64_t until_ms = dtss_now().mono_ns / NS_PER_MS + message->u.assign.lease_ms;
	size_t at = json_array_size(assigns->list);
	json_t *assign;

	if (at >= OUTBOX_MAX)
		return DTSS_E_FULL;
	for (; at > 0; at--) {
		before = json_integer_value(json_object_get(json_array_get(assigns->list, at - 1), "fence"));
		if (before == fence)
			return 0;
		if (before < fence)
			break;
	}
	assign = json_from_message(message);
	if (json_object_set_new(assign, UNTIL, json_integer((json_int_t)until_ms)) != 0 ||
	    json_array_insert(assigns->list, at, assign) != 0) {
		json_decref(assign);
		return DTSS_E_NOMEM;
	}
	json_decref(assign);
	assigns->bytes += message->u.assign.spec_len;
	return 0;
}

/* Its lease has been running since it was put. 0: nothing of it is left. */
static int assign_date(json_t *assign, json_int_t now_ms)
{
	json_int_t left_ms = json_integer_value(json_object_get(assign, UNTIL)) - now_ms;

	(void)json_object_del(assign, UNTIL); /* it is there */
	return left_ms > 0 && json_integer_set(json_object_get(assign, "lease_ms"), left_ms) == 0;
}

json_t *assigns_take(struct assigns *assigns)
{
	json_int_t now_ms = (json_int_t)(dtss_now().mono_ns / NS_PER_MS);
	json_t *taken = json_array(), *first;
	size_t bytes = 0;

	while ((first = json_array_get(assigns->list, 0)) != NULL) {
		bytes += assigns->bytes > POLL_ASSIGN_BYTES_SURE ? json_dumpb(first, NULL, 0, JSON_COMPACT) : 0;
		if (bytes > POLL_ASSIGN_BYTES_MAX && json_array_size(taken) > 0)
			return taken;
		if (assign_date(first, now_ms))
			json_array_append(taken, first);
		json_array_remove(assigns->list, 0);
	}
	assigns->bytes = 0;
	return taken;
}
