/* SPDX-License-Identifier: MIT */
/*
 * probe STEP...: a task for tests. It takes its steps one after the other:
 *
 *	json                  what it was given, as an object
 *	print TEXT            TEXT and a newline; err TEXT: on stderr
 *	write N               N bytes, 63 of them a line
 *	deaf                  ignores SIGTERM
 *	gone SECONDS          starts a process that leaves the session by forking twice, and sleeps
 *	hold SECONDS          starts a child that keeps stdout open, and sleeps
 *	bare SECONDS          as gone, with an empty environment
 *	touch FILE            makes FILE; wait FILE: until FILE is there
 *	sleep SECONDS
 *	die SIGNAL
 *	exit CODE
 */
#include <dirent.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static void pause_ms(long ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&left, &left) < 0)
		;
}

static json_t *probe_env(char **envp)
{
	json_t *env = json_object();

	for (; *envp; envp++) {
		char *value = strchr(*envp, '=');

		*value = '\0';
		json_object_set_new(env, *envp, json_string(value + 1));
		*value = '=';
	}
	return env;
}

static json_t *probe_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	json_t *fds = json_object();
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		char target[256] = "";

		if (atoi(entry->d_name) == dirfd(dir) || entry->d_name[0] == '.')
			continue;
		if (readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1) > 0)
			json_object_set_new(fds, entry->d_name, json_string(target));
	}
	closedir(dir);
	return fds;
}

static json_t *probe_signals(void)
{
	json_t *odd = json_array();
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int s = 1; s < NSIG; s++) {
		struct sigaction action;

		if (sigaction(s, NULL, &action) == 0 && (action.sa_handler != SIG_DFL || sigismember(&mask, s) == 1))
			json_array_append_new(odd, json_integer(s));
	}
	return odd;
}

static void probe_json(int argc, char **argv, char **envp)
{
	json_t *args = json_array(), *groups = json_array(), *object;
	mode_t mask = umask(077);
	char cwd[4096] = "";
	gid_t list[256];
	int count = getgroups(256, list);

	umask(mask);
	if (!getcwd(cwd, sizeof cwd))
		exit(120);
	for (int i = 0; i < argc; i++)
		json_array_append_new(args, json_string(argv[i]));
	for (int i = 0; i < count; i++)
		json_array_append_new(groups, json_integer(list[i]));
	object = json_pack("{s:o s:o s:o s:o s:o s:s s:i s:i s:i s:i s:i s:i}", "argv", args, "env", probe_env(envp),
			   "fds", probe_fds(), "groups", groups, "signals", probe_signals(), "cwd", cwd, "uid",
			   (int)getuid(), "gid", (int)getgid(), "pid", (int)getpid(), "sid", (int)getsid(0), "umask",
			   (int)mask, "no_new_privs", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	json_dumpf(object, stdout, 0);
	json_decref(object);
}

static void probe_write(long bytes)
{
	static char line[] = "...............................................................\n";

	for (; bytes > 0; bytes -= (long)sizeof line - 1)
		fwrite(line, 1, (size_t)bytes < sizeof line - 1 ? (size_t)bytes : sizeof line - 1, stdout);
}

/* argv[0] goes along, so that a test finds the process by what stands in it. */
static void probe_exec_sleep(char *name, char *seconds, char **envp)
{
	char *argv[] = { name, (char *)"sleep", seconds, NULL };

	execve("/proc/self/exe", argv, envp);
	_exit(121);
}

/* Returns when the other process has begun to be what it shall be. */
static void probe_leave(char *name, char *seconds, char **envp)
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		if (fork() == 0)
			probe_exec_sleep(name, seconds, envp);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void probe_wait_for(const char *path)
{
	while (access(path, F_OK) < 0)
		pause_ms(5);
}

/* What needs no argument: 1. */
static int probe_simple(int argc, char **argv, char **envp, const char *step)
{
	if (strcmp(step, "json") == 0)
		probe_json(argc, argv, envp);
	else if (strcmp(step, "deaf") == 0)
		signal(SIGTERM, SIG_IGN);
	else
		return 0;
	return 1;
}

static void probe_step(char *name, char **envp, const char *step, char *value)
{
	char *nothing[] = { NULL };

	if (strcmp(step, "print") == 0)
		puts(value);
	else if (strcmp(step, "err") == 0)
		fprintf(stderr, "%s\n", value);
	else if (strcmp(step, "write") == 0)
		probe_write(atol(value));
	else if (strcmp(step, "gone") == 0)
		probe_leave(name, value, envp);
	else if (strcmp(step, "bare") == 0)
		probe_leave(name, value, nothing);
	else if (strcmp(step, "hold") == 0 && fork() == 0)
		probe_exec_sleep(name, value, envp);
	else if (strcmp(step, "touch") == 0)
		close(open(value, O_WRONLY | O_CREAT, 0666));
	else if (strcmp(step, "wait") == 0)
		probe_wait_for(value);
	else if (strcmp(step, "sleep") == 0)
		pause_ms((long)(atof(value) * 1000));
	else if (strcmp(step, "die") == 0)
		raise(atoi(value));
	else if (strcmp(step, "exit") == 0)
		exit(atoi(value));
	fflush(stdout);
}

int main(int argc, char **argv, char **envp)
{
	for (int i = 1; i < argc; i++) {
		if (probe_simple(argc, argv, envp, argv[i])) {
			fflush(stdout);
			continue;
		}
		if (i + 1 == argc)
			return 122;
		probe_step(argv[0], envp, argv[i], argv[i + 1]);
		i++;
	}
	return 0;
}
