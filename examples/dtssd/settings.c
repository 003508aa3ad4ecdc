/* SPDX-License-Identifier: MIT */
#include "dtssd/settings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/files.h"
#include "common/nearest.h"

#define LIMIT(member) offsetof(struct settings, member), sizeof(((struct settings *)0)->member)
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define DEFAULT_LISTEN "127.0.0.1:8080"

const struct option_def settings_options[] = {
	{ "listen", "HOST:PORT", "where to listen (" DEFAULT_LISTEN "); port 0 takes a free one" },
	{ "store", "STORE", "memory, or sqlite:PATH (sqlite:STATE_DIR/dtssd.db)" },
	{ "config", "FILE", "more settings, see dtssd.conf(5)" },
	{ "trace", "DIR", "where to record what happens, or off (PATH.trace, beside the database)" },
	{ "token-file", "FILE", "whose first line every request must bring" },
	{ "log-format", "FORMAT", "text or json (text)" },
};
const size_t settings_option_count = LENGTH(settings_options);

/* Keys of the file alone: numbers. */
static const struct limit {
	const char *name;
	size_t offset;
	size_t size;
	uint64_t min;
	uint64_t max;
} limits[] = {
	{ "tasks_max", LIMIT(sched.tasks_max), 1, 100000000 },
	{ "queue_tasks_max", LIMIT(sched.queue_tasks_max), 1, 100000000 },
	{ "workers_max", LIMIT(sched.workers_max), 1, 1000000 },
	{ "keys_max", LIMIT(sched.keys_max), 1, 100000000 },
	{ "queues_max", LIMIT(sched.queues_max), 1, 1000000 },
	{ "lease_ms", LIMIT(sched.lease_ms), 1000, DTSS_DURATION_MS_MAX },
	{ "heartbeat_ms", LIMIT(sched.heartbeat_ms), 100, DTSS_DURATION_MS_MAX },
	{ "suspicious_ms", LIMIT(sched.suspicious_ms), 100, DTSS_DURATION_MS_MAX },
	{ "offline_ms", LIMIT(sched.offline_ms), 100, DTSS_DURATION_MS_MAX },
	{ "kill_grace_ms", LIMIT(sched.kill_grace_ms), 1, DTSS_DURATION_MS_MAX },
	{ "placement_grace_ms", LIMIT(sched.placement_grace_ms), 1, DTSS_DURATION_MS_MAX },
	{ "key_ttl_ms", LIMIT(sched.key_ttl_ms), 1, DTSS_DURATION_MS_MAX },
	{ "worker_forget_ms", LIMIT(sched.worker_forget_ms), 1, DTSS_DURATION_MS_MAX },
	{ "trace_bytes_max", LIMIT(trace_bytes_max), DTSS_TRACE_BYTES_MIN, TRACE_BYTES_MAX },
	{ "http_head_ms", LIMIT(http.head_ms), 1, HTTP_MS_MAX },
	{ "http_body_ms", LIMIT(http.body_ms), 1, HTTP_MS_MAX },
	{ "http_body_ms_max", LIMIT(http.body_ms_max), 1, HTTP_MS_MAX },
	{ "http_idle_ms", LIMIT(http.idle_ms), 1, HTTP_MS_MAX },
	{ "http_write_ms", LIMIT(http.write_ms), 1, HTTP_MS_MAX },
	{ "http_connections_max", LIMIT(http.connections_max), 1, 1000000 },
	{ "http_address_connections_max", LIMIT(http.address_connections_max), 1, 1000000 },
	{ "http_requests_max", LIMIT(http.requests_max), 1, 1000000 },
};

static const char *const placements[] = { "least_load", "round_robin", "pack" };

/* ---- one setting ---- */

/* The command line is read first: what it set stays. */
static const char *set_text(char **where, const char *value, int keep)
{
	if (keep && *where)
		return NULL;
	free(*where);
	*where = strdup(value);
	return *where ? NULL : "out of memory";
}

static int is_host_port(const char *value)
{
	const char *colon = strrchr(value, ':'), *port = colon ? colon + 1 : "";
	size_t len = strlen(port);

	return len > 0 && len <= 5 && strspn(port, "0123456789") == len && atoi(port) <= UINT16_MAX;
}

static const char *set_option(struct settings *s, const char *name, const char *value, int from_file)
{
	if (strcmp(name, "listen") == 0)
		return is_host_port(value) ? set_text(&s->listen, value, from_file) :
					     "expected HOST:PORT, the port 0 to 65535";
	if (strcmp(name, "store") == 0)
		return strcmp(value, "memory") == 0 || (strncmp(value, "sqlite:", 7) == 0 && value[7]) ?
			       set_text(&s->store, value, from_file) :
			       "expected memory or sqlite:PATH";
	if (strcmp(name, "token-file") == 0)
		return set_text(&s->token_file, value, from_file);
	if (strcmp(name, "trace") == 0)
		return value[0] ? set_text(&s->trace, value, from_file) : "expected a directory, or off";
	if (strcmp(name, "config") == 0)
		return from_file ? "a configuration file names no other" : set_text(&s->config, value, 0);
	if (strcmp(value, "text") != 0 && strcmp(value, "json") != 0)
		return "expected text or json";
	if (!from_file || !s->log_format_set)
		s->log_format = strcmp(value, "json") == 0 ? LOG_JSON : LOG_TEXT;
	s->log_format_set |= !from_file;
	return NULL;
}

static const char *set_from_options(void *ctx, const char *name, const char *value)
{
	return set_option(ctx, name, value, 0);
}

static int set_placement(struct settings *s, const char *value)
{
	for (uint32_t i = 0; i < LENGTH(placements); i++) {
		if (strcmp(value, placements[i]) == 0) {
			s->sched.placement = i;
			return 0;
		}
	}
	return -1;
}

static int set_limit(struct settings *s, const struct limit *limit, const char *value)
{
	uint64_t number = strtoull(value, NULL, 10);
	uint32_t narrow = (uint32_t)number;
	char *where = (char *)s + limit->offset;

	if (!value[0] || strspn(value, "0123456789") != strlen(value) || strlen(value) > 18 || number < limit->min ||
	    number > limit->max)
		return -1;
	memcpy(where, limit->size == sizeof narrow ? (void *)&narrow : (void *)&number, limit->size);
	return 0;
}

/* ---- the file ---- */

struct place {
	const char *file;
	int line;
};

static int bad_value(struct problem *p, const struct place *at, const char *key, const char *expected)
{
	return problem_set(p, DTSS_E_INVALID, "%s:%d: %s: %s", at->file, at->line, key, expected);
}

static int unknown_key(struct problem *p, const struct place *at, const char *key)
{
	struct nearest near = { key, NULL, 0 };

	for (size_t i = 0; i < settings_option_count; i++)
		nearest_try(&near, settings_options[i].name);
	for (size_t i = 0; i < LENGTH(limits); i++)
		nearest_try(&near, limits[i].name);
	nearest_try(&near, "placement");
	nearest_try(&near, "hosts");
	if (near.best)
		return problem_set(p, DTSS_E_INVALID, "%s:%d: unknown key %s (did you mean %s?)", at->file, at->line,
				   key, near.best);
	return problem_set(p, DTSS_E_INVALID, "%s:%d: unknown key %s", at->file, at->line, key);
}

static int set_key(struct settings *s, const struct place *at, const char *key, const char *value, struct problem *p)
{
	char expected[PROBLEM_EXPECTED_MAX];

	for (size_t i = 0; i < settings_option_count; i++) {
		if (strcmp(settings_options[i].name, key) == 0) {
			const char *refusal = set_option(s, key, value, 1);

			return refusal ? bad_value(p, at, key, refusal) : 0;
		}
	}
	for (size_t i = 0; i < LENGTH(limits); i++) {
		if (strcmp(limits[i].name, key) == 0) {
			snprintf(expected, sizeof expected, "expected an integer, %llu..%llu",
				 (unsigned long long)limits[i].min, (unsigned long long)limits[i].max);
			return set_limit(s, &limits[i], value) == 0 ? 0 : bad_value(p, at, key, expected);
		}
	}
	if (strcmp(key, "hosts") == 0)
		return set_text(&s->hosts, value, 0) ? bad_value(p, at, key, "out of memory") : 0;
	if (strcmp(key, "placement") == 0)
		return set_placement(s, value) == 0 ? 0 :
						      bad_value(p, at, key, "expected least_load, round_robin or pack");
	return unknown_key(p, at, key);
}

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t\r");
	len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

static int read_line(struct settings *s, const struct place *at, char *line, struct problem *p)
{
	char *key = trim(line), *equals = strchr(key, '=');

	if (key[0] == '\0' || key[0] == '#')
		return 0;
	if (!equals)
		return bad_value(p, at, key, "expected KEY = VALUE");
	*equals = '\0';
	return set_key(s, at, trim(key), trim(equals + 1), p);
}

static int read_file(struct settings *s, struct problem *p)
{
	struct place at = { s->config, 0 };
	char *text = NULL, *rest, *line;
	size_t len;
	int rc = file_read(s->config, CONFIG_BYTES_MAX, &text, &len, p);

	rest = text;
	while (rc == 0 && (line = strsep(&rest, "\n"))) {
		at.line++;
		rc = read_line(s, &at, line, p);
	}
	free(text);
	return rc;
}

/* Numbers that are each in range and do not go together: the engine refuses them, but cannot say which. */
static int check_pairs(const struct settings *s, struct problem *p)
{
	const struct dtss_config *c = &s->sched;
	uint64_t often_ms = (c->lease_ms ? c->lease_ms : DTSS_LEASE_MS_DEFAULT) / DTSS_LEASE_HEARTBEATS_MIN;
	uint64_t suspicious_ms = c->suspicious_ms ? c->suspicious_ms : DTSS_SUSPICIOUS_MS_DEFAULT;
	uint64_t offline_ms = c->offline_ms ? c->offline_ms : DTSS_OFFLINE_MS_DEFAULT;

	if (c->heartbeat_ms > often_ms)
		return problem_set(p, DTSS_E_INVALID,
				   "%s: heartbeat_ms: expected at most a fifth of lease_ms, which is %llu", s->config,
				   (unsigned long long)often_ms);
	if (suspicious_ms > offline_ms)
		return problem_set(p, DTSS_E_INVALID, "%s: suspicious_ms: expected at most offline_ms, which is %llu",
				   s->config, (unsigned long long)offline_ms);
	return 0;
}

int settings_read(struct settings *s, int argc, char **argv)
{
	const struct options options = {
		.program = "dtssd",
		.operands = "",
		.summary = "The scheduler daemon of libdtss: the HTTP API over a durable store.",
		.defs = settings_options,
		.count = settings_option_count,
		.set = set_from_options,
		.ctx = s,
	};
	struct problem p;
	int rc;

	s->sched.size = sizeof s->sched;
	s->http = guard_limits_default;
	rc = options_parse(&options, argc, argv);
	if (rc < 0)
		return rc;
	if (rc < argc)
		return -1 - options_refuse("dtssd", "unexpected argument %s", argv[rc]);
	if (s->config && (read_file(s, &p) != 0 || check_pairs(s, &p) != 0))
		return -1 - options_refuse("dtssd", "%s", p.sentence);
	if (!s->listen && set_text(&s->listen, DEFAULT_LISTEN, 0))
		return -2;
	return rc;
}

void settings_fini(struct settings *s)
{
	free(s->listen);
	free(s->store);
	free(s->config);
	free(s->token_file);
	free(s->hosts);
	free(s->trace);
}
