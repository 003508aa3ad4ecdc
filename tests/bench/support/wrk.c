/* SPDX-License-Identifier: MIT */
#include "bench/support/wrk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bench/bench.h"

#define OUTPUT_MAX 8192

int wrk_script_make(struct wrk_script *script, const char *dir, const char *name, const char *path,
		    const char *const *bodies, size_t count)
{
	FILE *file;
	int bad;

	snprintf(script->path, sizeof script->path, "%s/%s.lua", dir, name);
	file = fopen(script->path, "w");
	if (!file)
		return -1;
	fprintf(file, "local bodies = {\n");
	for (size_t i = 0; i < count; i++)
		fprintf(file, "[==[%s]==],\n", bodies[i]);
	fprintf(file,
		"}\nlocal requests, at = {}, 0\n"
		"init = function(args)\n"
		"  wrk.headers['Content-Type'] = 'application/json'\n"
		"  for i, body in ipairs(bodies) do requests[i] = wrk.format('POST', '%s', nil, body) end\n"
		"end\n"
		"request = function() at = at %% #requests + 1 return requests[at] end\n"
		"done = function(summary, latency)\n"
		"  local e = summary.errors\n"
		"  print(string.format('figures %%d %%d %%d %%d %%d', summary.requests, summary.duration,\n"
		"    latency:percentile(50), latency:percentile(99),\n"
		"    e.connect + e.read + e.write + e.timeout + e.status))\n"
		"end\n",
		path);
	bad = ferror(file);
	return fclose(file) == 0 && !bad ? 0 : -1;
}

int wrk_found(void)
{
	const char *path = getenv("PATH");
	char file[512];

	while (path && *path) {
		size_t len = strcspn(path, ":");

		snprintf(file, sizeof file, "%.*s/wrk", (int)len, path);
		if (access(file, X_OK) == 0)
			return 1;
		path += len + (path[len] == ':');
	}
	return 0;
}

static pid_t wrk_start(const struct wrk_script *script, unsigned port, unsigned connections, int out)
{
	char many[16], url[64];
	const char *argv[] = {
		"wrk", "-t1", "-c", many, "-d", "60s", "--timeout", "60s", "-s", script->path, url, NULL
	};
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	snprintf(many, sizeof many, "%u", connections);
	snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
	if (dup2(out, 1) >= 0)
		execvp(argv[0], (char *const *)argv);
	_exit(127);
}

/* All that it says until it ends. */
static void read_output(int fd, char *text, size_t cap)
{
	size_t len = 0;
	ssize_t n;

	while (len + 1 < cap && ((n = read(fd, text + len, cap - 1 - len)) > 0 || (n < 0 && errno == EINTR)))
		len += n > 0 ? (size_t)n : 0;
	text[len] = '\0';
}

int wrk_run(const struct wrk_script *script, const struct daemon *server, unsigned connections, double seconds,
	    struct wrk_figures *ret)
{
	char text[OUTPUT_MAX];
	const char *line;
	double us;
	uint64_t cpu_ns = daemon_cpu_ns(server);
	struct pollfd ended = { .events = POLLIN };
	int out[2];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) != 0)
		return -1;
	pid = wrk_start(script, server->port, connections, out[1]);
	close(out[1]);
	ended.fd = out[0];
	if (pid > 0 && poll(&ended, 1, (int)(seconds * 1000)) == 0)
		kill(pid,
		     SIGINT); /* it knows whole seconds alone, but ends like this too, and tells how long it took */
	read_output(out[0], text, sizeof text);
	close(out[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	cpu_ns = daemon_cpu_ns(server) - cpu_ns;
	line = strstr(text, "figures ");
	if (!line || sscanf(line, "figures %lf %lf %lf %lf %lf", &ret->requests, &us, &ret->p50_us, &ret->p99_us,
			    &ret->errors) != 5)
		return -1;
	ret->per_s = us > 0 ? ret->requests * 1e6 / us : 0;
	ret->per_cpu_s = cpu_ns > 0 ? ret->requests * 1e9 / (double)cpu_ns : 0;
	return 0;
}
