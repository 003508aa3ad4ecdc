/* SPDX-License-Identifier: MIT */
#include "dtssd/server.h"

#include <stdio.h>

static const char *durability_name(uint32_t durability)
{
	static const char *const names[] = { "D0", "D1", "D2", "D3" };

	return durability < 4 ? names[durability] : "?";
}

static void stats_answered(struct exchange *x, size_t index, const struct dtss_answer *answer)
{
	(void)index;
	if (answer->result != 0)
		reply_refusal(x, answer, NULL);
	else
		reply_json(x, MHD_HTTP_OK, json_from_stats(answer->u.stats));
}

void api_stats_get(struct exchange *x)
{
	struct dtss_request request = { .type = DTSS_REQUEST_STATS };

	exchange_ask(x, &request, stats_answered);
}

void api_openapi_get(struct exchange *x)
{
	reply_json(x, MHD_HTTP_OK, openapi_document());
}

/* What stands between the scheduler and its work; NULL: nothing. */
static const char *not_ready(const struct server *s, const struct dtss_node_info *info, int *ret_code)
{
	*ret_code = s->stopping ? DTSS_E_CLOSED : DTSS_E_NOT_LEADER;
	if (s->stopping)
		return "it is stopping";
	if (info->state == DTSS_NODE_LOADING)
		return "it is loading its store";
	if (info->state == DTSS_NODE_STANDBY)
		return "another scheduler leads";
	*ret_code = info->state != DTSS_NODE_LEADING ? info->error : s->now.mono_ns < s->trouble_ns ? s->trouble : 0;
	return *ret_code ? dtss_strerror(*ret_code) : NULL;
}

/* The process answers: that is what health is here. Everything else is readiness. */
void api_healthz(struct exchange *x)
{
	struct dtss_node_info info = { .size = sizeof info };

	dtss_node_info(x->server->node, &info);
	reply_json(x, MHD_HTTP_OK,
		   json_pack("{s:s, s:s, s:b, s:s, s:s}", "status", "ok", "durability",
			     durability_name(info.durability), "leader", info.state == DTSS_NODE_LEADING, "version",
			     dtss_version(), "store", info.store));
}

void api_readyz(struct exchange *x)
{
	struct dtss_node_info info = { .size = sizeof info };
	const char *reason;
	int code;

	dtss_node_info(x->server->node, &info);
	reason = not_ready(x->server, &info, &code);
	if (!reason)
		reply_json(x, MHD_HTTP_OK, json_pack("{s:s}", "status", "ready"));
	else
		reply_json(x, MHD_HTTP_SERVICE_UNAVAILABLE,
			   json_pack("{s:s, s:s, s:s}", "status", "not ready", "error", reason, "code",
				     problem_code_name(code)));
}
