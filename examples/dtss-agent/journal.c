/* SPDX-License-Identifier: MIT */
#include "dtss-agent/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#include "dtss-agent/cgroup.h"
#include "dtss-agent/limits.h"

static const struct timespec journal_pause = { 0, 5000000 };

/* FNV-1a: it is torn writes that are looked for, not forgery. */
static uint64_t journal_sum(const char *text)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return h;
}

static int journal_write(int fd, off_t *end, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int journal_write(int fd, off_t *end, const char *fmt, ...)
{
	char text[JOURNAL_LINE_MAX], line[JOURNAL_LINE_MAX + 32];
	va_list args;
	ssize_t n;
	int len;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	len = snprintf(line, sizeof line, "%016" PRIx64 " %s\n", journal_sum(text), text);
	n = pwrite(fd, line, (size_t)len, *end);
	if (n == len) {
		*end += len;
		return 0;
	}
	if (n < 0)
		return -errno;
	/* the disk is full: without half a line behind it, the next one can be read */
	return ftruncate(fd, *end) < 0 ? -errno : -ENOSPC;
}

/* A disk that has no room for it will have none for the lines either, and they say so. */
static void journal_make_room(int fd, off_t end)
{
	static const char zeros[4096];
	ssize_t n = 1;

	for (off_t at = end; at < JOURNAL_ROOM && n > 0; at += n)
		n = pwrite(fd, zeros, sizeof zeros, at);
}

static struct kin *journal_find(struct journal *j, uint64_t fence)
{
	for (size_t i = 0; i < j->count; i++)
		if (j->live[i].fence == fence)
			return &j->live[i];
	return NULL;
}

static int journal_add(struct journal *j, const struct kin *kin)
{
	if (j->count == j->cap) {
		size_t cap = j->cap ? j->cap * 2 : 16;
		struct kin *live = realloc(j->live, cap * sizeof *live);

		if (!live)
			return -ENOMEM;
		j->live = live;
		j->cap = cap;
	}
	j->live[j->count++] = *kin;
	return 0;
}

static void journal_drop(struct journal *j, uint64_t fence)
{
	struct kin *kin = journal_find(j, fence);

	if (kin)
		*kin = j->live[--j->count];
	j->gone++;
}

static int journal_line(struct journal *j, char *line)
{
	struct kin kin = { 0 }, *known;
	uint64_t sum, fence, start;
	char boot[40];
	int pid;

	if (line[0] == '\0')
		return 0; /* room */
	line[strcspn(line, "\n")] = '\0';
	if (strlen(line) < 18 || sscanf(line, "%16" SCNx64 " ", &sum) != 1 || sum != journal_sum(line + 17))
		return j->damaged++, 0;
	line += 17;
	if (sscanf(line, "incarnation %" SCNu64, &j->incarnation) == 1)
		return 0;
	if (sscanf(line, "intent %" SCNu64 " %" SCNu32 " %" SCNu64 " %39s %511s", &kin.task, &kin.attempt, &kin.fence,
		   boot, kin.cgroup) == 5) {
		if (strcmp(kin.cgroup, "-") == 0)
			kin.cgroup[0] = '\0';
		return strcmp(boot, j->boot) == 0 ? journal_add(j, &kin) : 0;
	}
	if (sscanf(line, "pid %" SCNu64 " %d %" SCNu64, &fence, &pid, &start) == 3 &&
	    (known = journal_find(j, fence))) {
		known->pid = pid;
		known->start = start;
	} else if (sscanf(line, "gone %" SCNu64, &fence) == 1) {
		journal_drop(j, fence);
	}
	return 0;
}

int journal_read(struct journal *j)
{
	FILE *f = fopen(j->path, "re");
	char line[JOURNAL_LINE_MAX + 32];
	int rc = 0;

	j->count = j->gone = j->damaged = 0;
	if (!f)
		return errno == ENOENT ? 0 : -errno;
	while (rc == 0 && fgets(line, sizeof line, f))
		rc = journal_line(j, line);
	if (rc == 0 && ferror(f))
		rc = -EIO;
	fclose(f);
	return rc;
}

static int journal_boot_id(char boot[40])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	int rc = f && fscanf(f, "%39s", boot) == 1 ? 0 : -ENOENT;

	if (f)
		fclose(f);
	return rc;
}

static int journal_lock(struct journal *j, int wait_ms)
{
	char lock[PATH_LEN_MAX + 8];

	snprintf(lock, sizeof lock, "%s.lock", j->path);
	j->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (j->lock_fd < 0)
		return -errno;
	for (int waited = 0; flock(j->lock_fd, LOCK_EX | LOCK_NB) < 0; waited += 5) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (waited >= wait_ms)
			return -EBUSY;
		(void)nanosleep(&journal_pause, NULL);
	}
	return 0;
}

int journal_open(struct journal *j, const char *path, int wait_ms)
{
	int rc;

	*j = (struct journal){ .lock_fd = -1, .fd = -1 };
	snprintf(j->path, sizeof j->path, "%s", path);
	rc = journal_lock(j, wait_ms);
	if (rc == 0)
		rc = journal_boot_id(j->boot);
	if (rc == 0)
		rc = journal_read(j);
	if (rc < 0)
		journal_close(j);
	return rc;
}

void journal_close(struct journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	if (j->lock_fd >= 0)
		close(j->lock_fd);
	free(j->live);
	*j = (struct journal){ .lock_fd = -1, .fd = -1 };
}

static int journal_put(const struct journal *j, int fd, off_t *end, const struct kin *kin)
{
	int rc = journal_write(fd, end, "intent %" PRIu64 " %" PRIu32 " %" PRIu64 " %s %s", kin->task, kin->attempt,
			       kin->fence, j->boot, kin->cgroup[0] ? kin->cgroup : "-");

	if (rc == 0 && kin->pid)
		rc = journal_write(fd, end, "pid %" PRIu64 " %d %" PRIu64, kin->fence, (int)kin->pid, kin->start);
	return rc;
}

/* The name is made durable too: else a power cut could bring the old file back. */
static int journal_replace(const struct journal *j, const char *from)
{
	char dir[PATH_LEN_MAX];
	int fd, rc = 0;

	if (rename(from, j->path) < 0)
		return -errno;
	snprintf(dir, sizeof dir, "%s", j->path);
	fd = open(dirname(dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		rc = -errno;
	if (fd >= 0)
		close(fd);
	return rc;
}

int journal_begin(struct journal *j, uint64_t incarnation)
{
	char path[PATH_LEN_MAX + 8];
	off_t end = 0;
	int fd, rc;

	snprintf(path, sizeof path, "%s.new", j->path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	rc = journal_write(fd, &end, "incarnation %" PRIu64, incarnation);
	for (size_t i = 0; rc == 0 && i < j->count; i++)
		rc = journal_put(j, fd, &end, &j->live[i]);
	journal_make_room(fd, end);
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	if (rc == 0)
		rc = journal_replace(j, path);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	if (j->fd >= 0)
		close(j->fd);
	j->fd = fd;
	j->end = end;
	j->dirty = 0;
	j->gone = 0;
	j->incarnation = incarnation;
	return 0;
}

int journal_intent(struct journal *j, const struct kin *kin)
{
	int rc = j->gone > JOURNAL_GONE_MAX ? journal_begin(j, j->incarnation) : 0;

	if (rc == 0)
		rc = journal_add(j, kin);
	if (rc < 0)
		return rc;
	rc = journal_put(j, j->fd, &j->end, kin);
	if (rc < 0)
		journal_drop(j, kin->fence);
	j->dirty = 1;
	return rc;
}

/* Not synced: what a power cut takes from the journal, it takes from the processes too. */
int journal_pid(struct journal *j, uint64_t fence, pid_t pid, uint64_t start)
{
	struct kin *kin = journal_find(j, fence);

	if (!kin)
		return -ENOENT;
	kin->pid = pid;
	kin->start = start;
	return journal_write(j->fd, &j->end, "pid %" PRIu64 " %d %" PRIu64, fence, (int)pid, start);
}

int journal_gone(struct journal *j, uint64_t fence)
{
	journal_drop(j, fence);
	return journal_write(j->fd, &j->end, "gone %" PRIu64, fence);
}

void journal_sync_begin(struct journal *j)
{
	if (j->dirty)
		(void)sync_file_range(j->fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* what fails, the sync tells */
}

int journal_sync(struct journal *j)
{
	if (!j->dirty)
		return 0;
	j->dirty = 0;
	return fdatasync(j->fd) < 0 ? -errno : 0;
}

int journal_exterminate(struct journal *j, int wait_ms)
{
	for (int waited = 0;; waited += 5) {
		for (size_t i = 0; i < j->count;) {
			if (kin_kill(&j->live[i], KIN_ORPHANED) != 0 || cgroup_remove(j->live[i].cgroup) < 0) {
				i++;
				continue;
			}
			j->live[i] = j->live[--j->count];
		}
		if (j->count == 0 || waited >= wait_ms)
			return (int)j->count;
		(void)nanosleep(&journal_pause, NULL);
	}
}
