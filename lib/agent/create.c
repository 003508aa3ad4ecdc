/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "agent/agent.h"
#include "core/check.h"
#include "core/size.h"

/* Not empty, and not longer than that. */
static int agent_check_string(const char *string, size_t len_max)
{
	size_t len;

	if (string == NULL || string[0] == '\0')
		return DTSS_E_INVALID;
	len = strlen(string);
	return len > len_max ? DTSS_E_TOO_BIG : 0;
}

static int agent_check_tags(const struct dtss_agent_config *cfg)
{
	size_t i;

	if (cfg->tag_count > DTSS_WORKER_TAGS_MAX)
		return DTSS_E_TOO_BIG;
	if (cfg->tags == NULL && cfg->tag_count > 0)
		return DTSS_E_INVALID;
	for (i = 0; i < cfg->tag_count; i++) {
		int result = agent_check_string(cfg->tags[i], DTSS_TAG_LEN_MAX);

		if (result < 0)
			return result;
	}
	return 0;
}

static int agent_check_resource(const struct dtss_agent_config *cfg, size_t at)
{
	const struct dtss_resource *resource = &cfg->resources[at];
	int result = agent_check_string(resource->name, DTSS_NAME_LEN_MAX);
	size_t i;

	if (result < 0)
		return result;
	if (resource->amount == 0)
		return DTSS_E_INVALID;
	if (resource->amount > DTSS_RESOURCE_AMOUNT_MAX)
		return DTSS_E_TOO_BIG;
	for (i = 0; i < at; i++)
		if (strcmp(cfg->resources[i].name, resource->name) == 0)
			return DTSS_E_INVALID;
	return 0;
}

static int agent_check_resources(const struct dtss_agent_config *cfg)
{
	size_t i;

	if (cfg->resource_count > DTSS_RESOURCES_MAX)
		return DTSS_E_TOO_BIG;
	if (cfg->resources == NULL && cfg->resource_count > 0)
		return DTSS_E_INVALID;
	for (i = 0; i < cfg->resource_count; i++) {
		int result = agent_check_resource(cfg, i);

		if (result < 0)
			return result;
	}
	return 0;
}

static int agent_check_config(const struct dtss_agent_config *cfg)
{
	int result = agent_check_string(cfg->name, DTSS_NAME_LEN_MAX);

	if (result == 0 && (cfg->incarnation == 0 || (cfg->flags & ~(uint32_t)DTSS_AGENT_LONG_POLL) != 0))
		result = DTSS_E_INVALID;
	if (result == 0 && cfg->address != NULL)
		result = agent_check_string(cfg->address, DTSS_ADDRESS_LEN_MAX);
	if (result == 0)
		result = agent_check_tags(cfg);
	if (result == 0)
		result = agent_check_resources(cfg);
	if (result == 0 && (cfg->max_tasks > DTSS_WORKER_TASKS_MAX || cfg->kill_grace_ms > DTSS_DURATION_MS_MAX ||
			    cfg->heartbeat_ms > DTSS_DURATION_MS_MAX))
		result = DTSS_E_TOO_BIG;
	return result;
}

static size_t agent_identity_size(const struct dtss_agent_config *cfg)
{
	size_t i, size = cfg->resource_count * sizeof(struct dtss_resource) + cfg->tag_count * sizeof(char *);

	size += strlen(cfg->name) + 1;
	if (cfg->address != NULL)
		size += strlen(cfg->address) + 1;
	for (i = 0; i < cfg->tag_count; i++)
		size += strlen(cfg->tags[i]) + 1;
	for (i = 0; i < cfg->resource_count; i++)
		size += strlen(cfg->resources[i].name) + 1;
	return size;
}

static const char *agent_identity_string(char **at, const char *string)
{
	size_t size = strlen(string) + 1;
	char *copy = *at;

	memcpy(copy, string, size);
	*at += size;
	return copy;
}

/* resources | tags | the strings of everything */
static int agent_identity_copy(struct dtss_agent *a, const struct dtss_agent_config *cfg)
{
	size_t i, size = agent_identity_size(cfg);
	char *at;

	DTSS_ASSERT(a->identity_block == NULL);
	a->identity_block = a->mem.alloc(a->mem.ctx, size);
	if (a->identity_block == NULL)
		return DTSS_E_NOMEM;
	a->identity_size = size;
	a->resources = a->identity_block;
	a->tags = (const char **)(void *)(a->resources + cfg->resource_count);
	at = (char *)(a->tags + cfg->tag_count);
	a->name = agent_identity_string(&at, cfg->name);
	if (cfg->address != NULL)
		a->address = agent_identity_string(&at, cfg->address);
	for (i = 0; i < cfg->tag_count; i++)
		a->tags[i] = agent_identity_string(&at, cfg->tags[i]);
	for (i = 0; i < cfg->resource_count; i++) {
		a->resources[i].name = agent_identity_string(&at, cfg->resources[i].name);
		a->resources[i].amount = cfg->resources[i].amount;
	}
	a->tag_count = cfg->tag_count;
	a->resource_count = cfg->resource_count;
	DTSS_ASSERT(at == (char *)a->identity_block + size);
	return 0;
}

static void agent_defaults(struct dtss_agent *a, const struct dtss_agent_config *cfg)
{
	DTSS_ASSERT(cfg->incarnation > 0);
	DTSS_ASSERT(a->count == 0);
	a->incarnation = cfg->incarnation;
	a->max_tasks = cfg->max_tasks > 0 ? cfg->max_tasks : 1;
	a->kill_grace_ms = cfg->kill_grace_ms > 0 ? cfg->kill_grace_ms : DTSS_KILL_GRACE_MS_DEFAULT;
	a->long_poll = (cfg->flags & DTSS_AGENT_LONG_POLL) != 0;
	a->heartbeat_ms = cfg->heartbeat_ms > 0 ? cfg->heartbeat_ms : DTSS_HEARTBEAT_MS_DEFAULT;
	a->lease_ms = DTSS_LEASE_MS_DEFAULT;
	a->answered_ns = -1;
	DTSS_ASSERT(a->max_tasks > 0);
}

int dtss_agent_create(struct dtss_agent **ret_agent, const struct dtss_agent_config *cfg, const struct dtss_mem *mem)
{
	struct dtss_agent_config config;
	struct dtss_agent *a;
	int result;

	DTSS_ASSERT(ret_agent != NULL && cfg != NULL);
	DTSS_ASSERT(mem != NULL);
	result = size_import(&config, sizeof config, cfg);
	if (result == 0)
		result = agent_check_config(&config);
	if (result < 0)
		return result;
	a = mem->alloc(mem->ctx, sizeof *a);
	if (a == NULL)
		return DTSS_E_NOMEM;
	memset(a, 0, sizeof *a);
	a->mem = *mem;
	if (agent_identity_copy(a, &config) < 0) {
		mem->release(mem->ctx, a, sizeof *a);
		return DTSS_E_NOMEM;
	}
	agent_defaults(a, &config);
	*ret_agent = a;
	return 0;
}

void dtss_agent_destroy(struct dtss_agent *a)
{
	struct dtss_mem mem;

	DTSS_ASSERT(a == NULL || a->count <= a->cap);
	DTSS_ASSERT(a == NULL || a->orphans <= a->count);
	if (a == NULL)
		return;
	while (a->count > 0)
		agent_attempt_free(a, a->attempts[--a->count]);
	agent_block_free(a);
	mem = a->mem;
	mem.release(mem.ctx, a->identity_block, a->identity_size);
	mem.release(mem.ctx, a, sizeof *a);
}
