/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/log.h"
#include "common/options.h"
#include "dtss-agent/daemon.h"
#include "dtss-agent/limits.h"

#define PROGRAM "dtss-agent"
#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const struct option_def defs[] = {
	{ "server", "URL", "the scheduler (http://127.0.0.1:8080)" },
	{ "name", "NAME", "how it knows this agent (the host's name)" },
	{ "tags", "TAG,TAG", "what this machine has; tasks may ask for tags (none)" },
	{ "slots", "NUMBER", "tasks at a time (the number of CPUs)" },
	{ "address", "HOST:PORT", "where this machine serves placements of /api/v1 (nowhere)" },
	{ "work-dir", "DIR", "journal and the tasks' directories (the state directory)" },
	{ "path", "PATH", "where programs are looked up (" PATH_DEFAULT ")" },
	{ "user", "NAME", "run the tasks as this user (the agent's own)" },
	{ "allow-root", NULL, "run the tasks as root" },
	{ "token-file", "FILE", "what to show the scheduler (nothing)" },
	{ "grace", "SECONDS", "between SIGTERM and SIGKILL, and for tasks when the agent ends (10)" },
	{ "log-format", "FORMAT", "text or json, on stderr (text)" },
};

static const char *read_number(const char *value, uint64_t min, uint64_t max, uint64_t *ret)
{
	static char refusal[96];
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(value, &end, 10);
	if (errno || *end || end == value || value[0] == '-' || number < min || number > max) {
		snprintf(refusal, sizeof refusal, "expected a number from %llu to %llu", (unsigned long long)min,
			 (unsigned long long)max);
		return refusal;
	}
	*ret = number;
	return NULL;
}

static const char *read_tags(struct settings *s, const char *value)
{
	char *rest, *tag;

	free(s->tag_text);
	s->tag_text = strdup(value);
	s->tag_count = 0;
	for (rest = s->tag_text; rest && (tag = strsep(&rest, ","));) {
		if (!tag[0] || strlen(tag) > DTSS_TAG_LEN_MAX)
			return "expected tags of 1 to 64 bytes, with commas between them";
		if (s->tag_count == DTSS_WORKER_TAGS_MAX)
			return "expected at most 256 tags";
		s->tags[s->tag_count++] = tag;
	}
	return NULL;
}

/* It becomes part of a file's name. */
static const char *read_name(struct settings *s, const char *value)
{
	size_t len = strlen(value);

	s->name = value;
	if (len == 0 || len > DTSS_NAME_LEN_MAX - 32 || value[0] == '.' || strcspn(value, "/") < len)
		return "expected 1 to 223 bytes without a slash, and no dot in front";
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)value[i] <= ' ' || value[i] == 0x7f)
			return "expected no spaces and no control characters";
	return NULL;
}

static const char *read_path(struct settings *s, const char *value)
{
	size_t count = 1;

	for (const char *c = value; *c; c++)
		count += *c == ':';
	s->path = value;
	return value[0] == '/' && count <= SPAWN_PATHS_MAX ?
		       NULL :
		       "expected up to 64 absolute directories with colons between them";
}

static const char *set(void *ctx, const char *name, const char *value)
{
	struct settings *s = ctx;
	const char *refusal = NULL;
	uint64_t number = 0;

	if (strcmp(name, "server") == 0) {
		s->server = value;
		refusal = strncmp(value, "http://", 7) == 0 || strncmp(value, "https://", 8) == 0 ?
				  NULL :
				  "expected http://HOST:PORT";
	} else if (strcmp(name, "name") == 0) {
		refusal = read_name(s, value);
	} else if (strcmp(name, "tags") == 0) {
		refusal = read_tags(s, value);
	} else if (strcmp(name, "slots") == 0) {
		refusal = read_number(value, 1, DTSS_WORKER_TASKS_MAX, &number);
		s->slots = (uint32_t)number;
	} else if (strcmp(name, "grace") == 0) {
		refusal = read_number(value, 1, GRACE_MS_MAX / 1000, &number);
		s->grace_ms = number * 1000;
	} else if (strcmp(name, "address") == 0) {
		s->address = value;
		refusal = value[0] && strlen(value) <= DTSS_ADDRESS_LEN_MAX ? NULL : "expected HOST:PORT";
	} else if (strcmp(name, "work-dir") == 0) {
		refusal = strlen(value) < sizeof s->work_dir && value[0] ? NULL : "expected a directory";
		snprintf(s->work_dir, sizeof s->work_dir, "%s", value);
	} else if (strcmp(name, "path") == 0) {
		refusal = read_path(s, value);
	} else if (strcmp(name, "user") == 0) {
		s->user = value;
	} else if (strcmp(name, "allow-root") == 0) {
		s->allow_root = 1;
	} else if (strcmp(name, "token-file") == 0) {
		s->token_file = value;
	} else {
		s->log_json = strcmp(value, "json") == 0;
		refusal = s->log_json || strcmp(value, "text") == 0 ? NULL : "expected text or json";
	}
	return refusal;
}

/* Tasks run in directories below it, so it must be absolute. */
static int open_work_dir(struct settings *s)
{
	struct problem problem = { 0 };
	char *absolute;

	if (!s->work_dir[0] && statedir_open(s->work_dir, &problem) < 0) {
		fprintf(stderr, PROGRAM ": %s\n", problem.sentence);
		return 1;
	}
	if (mkdir(s->work_dir, 0700) < 0 && errno != EEXIST)
		return options_refuse(PROGRAM, "--work-dir %s: %s", s->work_dir, strerror(errno));
	absolute = realpath(s->work_dir, NULL);
	if (!absolute || strlen(absolute) >= sizeof s->work_dir) {
		free(absolute);
		return options_refuse(PROGRAM, "--work-dir %s: %s", s->work_dir, strerror(errno));
	}
	snprintf(s->work_dir, sizeof s->work_dir, "%s", absolute);
	free(absolute);
	return 0;
}

static int complete(struct settings *s)
{
	static char host[DTSS_NAME_LEN_MAX + 1];
	struct problem problem = { 0 };
	const char *refusal;

	if (geteuid() == 0 && !s->user && !s->allow_root) {
		fprintf(stderr,
			PROGRAM ": as root, tasks could do anything on this machine: give --user NAME to run them as "
				"somebody else, or --allow-root if that is wanted\n");
		return 2;
	}
	if (!s->name) {
		if (gethostname(host, sizeof host - 1) < 0 || (refusal = read_name(s, host)) != NULL)
			return options_refuse(PROGRAM, "this host has no name that would do: give --name");
	}
	if (s->token_file && token_read(&s->token, s->token_file, &problem) < 0) {
		fprintf(stderr, PROGRAM ": --token-file: %s\n", problem.sentence);
		return 2;
	}
	return open_work_dir(s);
}

static int serve(struct settings *s)
{
	struct agent_daemon daemon;
	int rc = complete(s);

	if (rc != 0)
		return rc;
	log_open(PROGRAM, s->log_json ? LOG_JSON : LOG_TEXT, LOG_INFO);
	rc = agent_daemon_open(&daemon, s);
	if (rc == 0)
		rc = agent_daemon_run(&daemon);
	agent_daemon_close(&daemon);
	return rc;
}

int main(int argc, char **argv)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct settings settings = {
		.server = "http://127.0.0.1:8080",
		.slots = cpus > 0 && cpus <= DTSS_WORKER_TASKS_MAX ? (uint32_t)cpus : 1,
		.grace_ms = DTSS_KILL_GRACE_MS_DEFAULT,
		.path = PATH_DEFAULT,
	};
	const struct options options = {
		.program = PROGRAM,
		.operands = "",
		.summary = "Runs tasks that a dtssd scheduler gives to this machine.",
		.defs = defs,
		.count = sizeof defs / sizeof defs[0],
		.set = set,
		.ctx = &settings,
	};
	int rc = files_standard() < 0 ? -2 : options_parse(&options, argc, argv);

	if (rc < 0)
		rc = options_status(rc);
	else if (rc < argc)
		rc = options_refuse(PROGRAM, "unexpected operand %s", argv[rc]);
	else
		rc = serve(&settings);
	free(settings.tag_text);
	return rc;
}
