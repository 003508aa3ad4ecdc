/* SPDX-License-Identifier: MIT */
#include "dtssd/assigns.h"

#include "common/json.h"
#include "common/limits.h"

/* An agent takes none that is older than one it has seen, and until it has seen one the engine sends it with each
 * heartbeat again: hence the order, and each once. */
int assigns_put(struct assigns *assigns, const struct dtss_message *message)
{
	json_int_t fence = (json_int_t)message->u.assign.fence, before;
	size_t at = json_array_size(assigns->list);

	if (at >= OUTBOX_MAX)
		return DTSS_E_FULL;
	for (; at > 0; at--) {
		before = json_integer_value(json_object_get(json_array_get(assigns->list, at - 1), "fence"));
		if (before == fence)
			return 0;
		if (before < fence)
			break;
	}
	if (json_array_insert_new(assigns->list, at, json_from_message(message)) != 0)
		return DTSS_E_NOMEM;
	assigns->bytes += message->u.assign.spec_len;
	return 0;
}

json_t *assigns_take(struct assigns *assigns)
{
	json_t *taken = json_array(), *first;
	size_t bytes = 0;

	while ((first = json_array_get(assigns->list, 0)) != NULL) {
		bytes += assigns->bytes > POLL_ASSIGN_BYTES_SURE ? json_dumpb(first, NULL, 0, JSON_COMPACT) : 0;
		if (bytes > POLL_ASSIGN_BYTES_MAX && json_array_size(taken) > 0)
			return taken;
		json_array_append(taken, first);
		json_array_remove(assigns->list, 0);
	}
	assigns->bytes = 0;
	return taken;
}
