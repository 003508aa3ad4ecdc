/* SPDX-License-Identifier: MIT */
#include "dtss-agent/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "dtss-agent/kin.h"
#include "dtss-agent/limits.h"

static int tree_remove_at(int parent, const char *name, int depth);

static int tree_empty(int fd, int depth)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	int rc = 0;

	if (!dir) {
		close(fd);
		return -1;
	}
	(void)fchmod(fd, 0700); /* a task may have closed it even to itself; if it is not ours, removing says so */
	while (rc == 0 && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			rc = tree_remove_at(dirfd(dir), entry->d_name, depth + 1);
	closedir(dir);
	return rc;
}

static int tree_remove_at(int parent, const char *name, int depth)
{
	int fd;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
		return 0;
	if (depth > TREE_DEPTH_MAX) {
		errno = ELOOP;
		return -1;
	}
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || tree_empty(fd, depth) < 0)
		return -1;
	return unlinkat(parent, name, AT_REMOVEDIR);
}

int tree_remove(const char *path)
{
	return tree_remove_at(AT_FDCWD, path, 0);
}

void tree_remove_aside(const char *path)
{
	if (rmdir(path) == 0 || errno == ENOENT || fork() != 0)
		return; /* done, or being done; what cannot be done now is done at the next start */
	(void)prctl(PR_SET_NAME, KIN_GUARD_NAME);
	/* our lock, and the pipe whose end tells the guard that we have died, must not live on in it */
	(void)syscall(SYS_close_range, 3u, ~0u, 0);
	_exit(tree_remove(path) < 0);
}
