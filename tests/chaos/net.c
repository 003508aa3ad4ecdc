/* SPDX-License-Identifier: MIT */
#include "chaos/chaos.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 *	our namespace: br0 10.77.0.1, with the clients
 *	   │        │        │
 *	   p0       p1       p2    …          a queue without room here: nothing reaches it (NET_TO)
 *	   ║        ║        ║
 *	   e0 .2    e1 .3    e2 .4 …          there: nothing comes from it (NET_FROM)
 *	   dtssd    a0       a1
 *
 * The namespaces have no names: they end with the last process in them, however that ends.
 */

static void child_run(int net, char *const argv[])
{
	int null = open("/dev/null", O_RDWR);

	if ((net >= 0 && setns(net, CLONE_NEWNET) < 0) || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		_exit(126);
	execvp(argv[0], argv);
	_exit(127);
}

/* Words with blanks between them. 1: it ended with 0. */
static int net_run(int net, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int net_run(int net, const char *format, ...)
{
	char line[256], *argv[32], *at = NULL;
	size_t n = 0;
	va_list args;
	int status;
	pid_t pid;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	for (char *word = strtok_r(line, " ", &at); word && n < 31; word = strtok_r(NULL, " ", &at))
		argv[n++] = word;
	argv[n] = NULL;
	pid = fork();
	if (pid == 0)
		child_run(net, argv);
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	return pid > 0 && status == 0;
}

/* A new namespace, in which we are not. */
static int net_make(int ours)
{
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (setns(ours, CLONE_NEWNET) < 0)
		fatal("setns: %s", strerror(errno));
	return fd;
}

static int net_join(struct node *node, int ours, unsigned port)
{
	node->net = net_make(ours);
	return node->net >= 0 && net_run(-1, "ip link add name p%u type veth peer name e%u", port, port) &&
	       net_run(-1, "ip link set p%u master br0 up", port) &&
	       net_run(-1, "ip link set e%u netns /proc/%d/fd/%d", port, (int)getpid(), node->net) &&
	       net_run(node->net, "ip link set lo up") &&
	       net_run(node->net, "ip addr add 10.77.0.%u/24 dev e%u", port + 2, port) &&
	       net_run(node->net, "ip link set e%u up", port);
}

int net_open(struct chaos *c)
{
	int before = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), ours, ok;

	c->scheduler.net = -1;
	for (unsigned i = 0; i < CHAOS_AGENTS_MAX; i++)
		c->agents[i].net = -1;
	if (c->options.net < 0 || getuid() != 0 || before < 0 || unshare(CLONE_NEWNET) < 0)
		return 0;
	ours = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ok = ours >= 0 && net_run(-1, "ip link set lo up") && net_run(-1, "ip link add name br0 type bridge") &&
	     net_run(-1, "ip addr add 10.77.0.1/24 dev br0") && net_run(-1, "ip link set br0 up") &&
	     net_join(&c->scheduler, ours, 0);
	for (unsigned i = 0; ok && i < c->options.agents; i++)
		ok = net_join(&c->agents[i], ours, i + 1);
	/* what cuts is tried once: a queue without room may be unknown here */
	ok = ok && net_run(-1, "tc qdisc add dev p0 root pfifo limit 0") && net_run(-1, "tc qdisc del dev p0 root");
	for (unsigned i = 0; !ok && i < CHAOS_AGENTS_MAX; i++)
		c->agents[i].net = -1;
	if (!ok) { /* all of them on the loopback that there was: the new one is down */
		c->scheduler.net = -1;
		if (setns(before, CLONE_NEWNET) < 0)
			fatal("setns: %s", strerror(errno));
	}
	return ok;
}

void net_cut(struct chaos *c, unsigned port, enum net_cut cut, int on)
{
	int net = port == 0 ? c->scheduler.net : c->agents[port - 1].net, ok = 1;
	const char *verb = on ? "add" : "del", *queue = on ? " pfifo limit 0" : "";

	if (cut == NET_DOWN)
		ok = net_run(-1, "ip link set p%u %s", port, on ? "down" : "up");
	if (cut == NET_TO || cut == NET_SILENT)
		ok = ok && net_run(-1, "tc qdisc %s dev p%u root%s", verb, port, queue);
	if (cut == NET_FROM || cut == NET_SILENT)
		ok = ok && net_run(net, "tc qdisc %s dev e%u root%s", verb, port, queue);
	if (!ok)
		fatal("the network of port %u cannot be %s", port, on ? "cut" : "healed");
}
