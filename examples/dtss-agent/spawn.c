/* SPDX-License-Identifier: MIT */
#include "dtss-agent/spawn.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dtss-agent/limits.h"

int account_find(struct account *account, const char *name)
{
	const struct passwd *pw;

	*account = (struct account){ 0 };
	errno = 0;
	pw = name ? getpwnam(name) : getpwuid(getuid());
	if (!pw && name)
		return errno ? -errno : -ENOENT;
	account->home = strdup(pw && pw->pw_dir[0] ? pw->pw_dir : "/");
	if (!account->home)
		return -ENOMEM;
	if (!name)
		return 0;
	account->drop = geteuid() == 0;
	account->uid = pw->pw_uid;
	account->gid = pw->pw_gid;
	(void)getgrouplist(name, account->gid, NULL, &account->group_count); /* -1: it only counts */
	account->groups = calloc((size_t)account->group_count + 1, sizeof *account->groups);
	if (!account->groups || getgrouplist(name, account->gid, account->groups, &account->group_count) < 0) {
		account_fini(account);
		return -ENOMEM;
	}
	return 0;
}

void account_fini(struct account *account)
{
	free(account->groups);
	free(account->home);
	*account = (struct account){ 0 };
}

/* Names that change what runs rather than what it does: the loader's, the C library's and the shell's. */
static int env_refused(const char *name)
{
	static const char *const exact[] = { "GCONV_PATH", "IFS",          "BASH_ENV",  "ENV",
					     "DTSS_TASK",  "DTSS_ATTEMPT", "DTSS_FENCE" };
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++)
		if (strcmp(name, exact[i]) == 0)
			return 1;
	return strncmp(name, "LD_", 3) == 0 || strncmp(name, "MALLOC_", 7) == 0 ||
	       (len >= 8 && strcmp(name + len - 8, "_PRELOAD") == 0);
}

static int env_put(char **envp, size_t *n, const char *name, const char *value)
{
	return asprintf(&envp[*n], "%s=%s", name, value) < 0 ? (envp[*n] = NULL, ENOMEM) : ((*n)++, 0);
}

static int env_put_number(char **envp, size_t *n, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)value);
	return env_put(envp, n, name, text);
}

static int env_has(const struct dtss_task_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->env_count; i++)
		if (strcmp(spec->env[i].name, name) == 0)
			return 1;
	return 0;
}

/* kin.c finds processes by DTSS_TASK and DTSS_FENCE, so nobody else may set them. */
static int spawn_environment(struct spawn *spawn, const struct dtss_agent_start *start,
			     const struct dtss_task_spec *spec, const char *search,
			     char detail[DTSS_DETAIL_LEN_MAX + 1])
{
	size_t n = 0;
	int err;

	spawn->envp = calloc(spec->env_count + 6, sizeof *spawn->envp);
	if (!spawn->envp)
		return ENOMEM;
	err = env_put_number(spawn->envp, &n, "DTSS_TASK", start->task.v);
	if (!err)
		err = env_put_number(spawn->envp, &n, "DTSS_FENCE", start->fence);
	if (!err)
		err = env_put_number(spawn->envp, &n, "DTSS_ATTEMPT", start->attempt);
	if (!err && !env_has(spec, "PATH"))
		err = env_put(spawn->envp, &n, "PATH", search);
	if (!err && !env_has(spec, "HOME"))
		err = env_put(spawn->envp, &n, "HOME", spawn->account->home);
	for (size_t i = 0; !err && i < spec->env_count; i++) {
		if (env_refused(spec->env[i].name)) {
			snprintf(detail, DTSS_DETAIL_LEN_MAX + 1, "env: the agent does not pass on \"%.64s\"",
				 spec->env[i].name);
			return EPERM;
		}
		err = env_put(spawn->envp, &n, spec->env[i].name, spec->env[i].value);
	}
	return err;
}

/* A name without a slash is looked for in the directories of --path; never in the current one. */
static int spawn_paths(struct spawn *spawn, const char *name, const char *search)
{
	size_t n = 0;

	spawn->paths = calloc(SPAWN_PATHS_MAX + 1, sizeof *spawn->paths);
	if (!spawn->paths)
		return ENOMEM;
	if (strchr(name, '/'))
		return (spawn->paths[0] = strdup(name)) ? 0 : ENOMEM;
	while (*search && n < SPAWN_PATHS_MAX) {
		size_t len = strcspn(search, ":");

		if (len > 0 && search[0] == '/' &&
		    asprintf(&spawn->paths[n++], "%.*s/%s", (int)len, search, name) < 0) {
			spawn->paths[n - 1] = NULL;
			return ENOMEM;
		}
		search += len + (search[len] == ':');
	}
	return 0;
}

int spawn_prepare(struct spawn *spawn, const struct dtss_agent_start *start, const struct dtss_task_spec *spec,
		  const char *search, char detail[DTSS_DETAIL_LEN_MAX + 1])
{
	int err;

	if (spec->argc == 0) {
		snprintf(detail, DTSS_DETAIL_LEN_MAX + 1, "argv: the task has none, so there is nothing to run");
		return EINVAL;
	}
	spawn->argv = calloc(spec->argc + 1, sizeof *spawn->argv);
	if (!spawn->argv)
		return ENOMEM;
	for (size_t i = 0; i < spec->argc; i++)
		if (!(spawn->argv[i] = strdup(spec->argv[i])))
			return ENOMEM;
	err = spawn_environment(spawn, start, spec, search, detail);
	return err ? err : spawn_paths(spawn, spec->argv[0], search);
}

static void free_strings(char **strings)
{
	for (char **s = strings; s && *s; s++)
		free(*s);
	free(strings);
}

void spawn_fini(struct spawn *spawn)
{
	free_strings(spawn->argv);
	free_strings(spawn->envp);
	free_strings(spawn->paths);
	spawn->argv = spawn->envp = spawn->paths = NULL;
}

void spawn_explain(const struct spawn_failure *failure, const struct spawn *spawn, char detail[DTSS_DETAIL_LEN_MAX + 1])
{
	const char *why = strerror(failure->err);

	switch (failure->step) {
	case SPAWN_CGROUP:
		snprintf(detail, DTSS_DETAIL_LEN_MAX + 1, "cannot enter the control group: %s", why);
		break;
	case SPAWN_ACCOUNT:
		snprintf(detail, DTSS_DETAIL_LEN_MAX + 1, "cannot take on the user's rights: %s", why);
		break;
	case SPAWN_CWD:
		snprintf(detail, DTSS_DETAIL_LEN_MAX + 1, "cwd: cannot enter \"%.150s\": %s", spawn->cwd, why);
		break;
	case SPAWN_FILES:
		snprintf(detail, DTSS_DETAIL_LEN_MAX + 1, "cannot set up its files: %s", why);
		break;
	default:
		snprintf(detail, DTSS_DETAIL_LEN_MAX + 1, "argv: cannot run \"%.150s\": %s", spawn->argv[0], why);
	}
}
