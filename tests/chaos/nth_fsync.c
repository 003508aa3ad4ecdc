/* SPDX-License-Identifier: MIT */
/*
 * Loaded into a program with LD_PRELOAD: CHAOS_FSYNC="N before" or "N after" kills it with SIGKILL at its Nth fsync or
 * fdatasync. What it starts goes on as ever.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fsync(int fd);
int fdatasync(int fd);

static atomic_uint synced;
static unsigned nth;
static int after;
static pid_t self;

__attribute__((constructor)) static void read_environment(void)
{
	const char *text = getenv("CHAOS_FSYNC");

	self = getpid();
	if (text && sscanf(text, "%u", &nth) == 1)
		after = strstr(text, "after") != NULL;
}

static int sync_with(const char *name, int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
	int mine = getpid() == self && ++synced == nth, result;

	if (mine && !after)
		kill(self, SIGKILL);
	result = real(fd);
	if (mine)
		kill(self, SIGKILL);
	return result;
}

int fsync(int fd)
{
	return sync_with("fsync", fd);
}

int fdatasync(int fd)
{
	return sync_with("fdatasync", fd);
}
