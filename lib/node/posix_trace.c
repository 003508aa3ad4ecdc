/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/check.h"
#include "node/posix_trace.h"

/*
 * A ring of files. The oldest go before the new one needs their room; where a file ends up longer than its share, they
 * go when that happens.
 *
 *      000000000007.trace  000000000008.trace  000000000009.trace ◄── written
 *      └ goes next                                                    all together: at most bytes_max
 */
#define TRACE_BUFFER 65536

struct trace_files {
	struct dtss_trace base;
	struct dtss_mem mem;
	int dir; /* descriptors */
	int file;
	uint64_t bytes_max;
	uint64_t number;  /* of the newest */
	uint64_t written; /* into it, what is buffered included */
	uint64_t others;  /* bytes of the older ones */
	size_t len;
	uint8_t buf[TRACE_BUFFER];
};

static struct trace_files *files_of(struct dtss_trace *trace)
{
	return (struct trace_files *)trace;
}

static int files_error(int error)
{
	return error == ENOSPC || error == EDQUOT ? DTSS_E_NOSPC : DTSS_E_IO;
}

/* What there is, but for the one that is written. */
static int files_look(struct trace_files *t, struct posix_segments *ret)
{
	int copy = openat(t->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (copy < 0)
		return DTSS_E_IO;
	rc = posix_segments_read(copy, ret);
	if (rc < 0)
		return rc;
	if (ret->count > 0 && t->file >= 0 && ret->at[ret->count - 1].number == t->number)
		ret->count--;
	return 0;
}

/* The oldest go until there is room for more bytes. */
static int files_prune(struct trace_files *t, uint64_t more)
{
	struct posix_segments have;
	char name[POSIX_SEGMENT_NAME];
	size_t i;
	int rc = files_look(t, &have);

	if (rc < 0)
		return rc;
	t->others = 0;
	for (i = 0; i < have.count; i++)
		t->others += have.at[i].bytes;
	for (i = 0; i < have.count && t->others + more > t->bytes_max; i++) {
		posix_segment_name(have.at[i].number, name);
		if (unlinkat(t->dir, name, 0) < 0 && errno != ENOENT) {
			rc = DTSS_E_IO;
			break;
		}
		t->others -= have.at[i].bytes;
	}
	posix_segments_free(&have);
	return rc;
}

static int files_flush(struct dtss_trace *trace)
{
	struct trace_files *t = files_of(trace);
	size_t done = 0;

	while (done < t->len) {
		ssize_t n = write(t->file, t->buf + done, t->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			t->len = 0; /* a frame is torn now, and ends the segment */
			return files_error(errno);
		}
		done += (size_t)n;
	}
	t->len = 0;
	return 0;
}

static void files_end(struct trace_files *t)
{
	if (t->file < 0)
		return;
	(void)files_flush(&t->base); /* it was flushed before anything that matters was stored */
	(void)close(t->file);
	t->file = -1;
}

static int files_begin(struct dtss_trace *trace)
{
	struct trace_files *t = files_of(trace);
	char name[POSIX_SEGMENT_NAME];
	int rc;

	files_end(t);
	rc = files_prune(t, t->bytes_max / DTSS_TRACE_SEGMENTS);
	if (rc < 0)
		return rc;
	posix_segment_name(t->number + 1, name);
	t->file = openat(t->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (t->file < 0)
		return files_error(errno);
	t->number++;
	t->written = 0;
	return 0;
}

static int files_write(struct dtss_trace *trace, const void *frame, size_t len)
{
	struct trace_files *t = files_of(trace);
	int rc;

	DTSS_ASSERT(t->file >= 0);
	t->written += len;
	if (t->others > 0 && t->others + t->written > t->bytes_max) {
		rc = files_prune(t, t->written);
		if (rc < 0)
			return rc;
	}
	if (t->written > t->bytes_max)
		return DTSS_E_FULL;
	while (len > 0) {
		size_t part = TRACE_BUFFER - t->len < len ? TRACE_BUFFER - t->len : len;

		memcpy(t->buf + t->len, frame, part);
		t->len += part;
		frame = (const uint8_t *)frame + part;
		len -= part;
		rc = t->len == TRACE_BUFFER ? files_flush(trace) : 0;
		if (rc < 0)
			return rc;
	}
	return t->written >= t->bytes_max / DTSS_TRACE_SEGMENTS;
}

static void files_close(struct dtss_trace *trace)
{
	struct trace_files *t = files_of(trace);
	struct dtss_mem mem = t->mem;

	files_end(t);
	if (t->dir >= 0)
		(void)close(t->dir);
	mem.release(mem.ctx, t, sizeof *t);
}

static const struct dtss_trace_ops files_ops = {
	sizeof files_ops, "files", files_begin, files_write, files_flush, files_close,
};

static int files_open_dir(struct trace_files *t, const char *dir)
{
	struct posix_segments have;
	int rc;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return files_error(errno);
	t->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->dir < 0)
		return files_error(errno);
	rc = files_look(t, &have);
	if (rc < 0)
		return rc;
	t->number = have.count > 0 ? have.at[have.count - 1].number : 0;
	posix_segments_free(&have);
	return 0;
}

int dtss_trace_open(struct dtss_trace **ret_trace, const char *dir, uint64_t bytes_max, const struct dtss_mem *mem,
		    char *message, size_t message_cap)
{
	struct trace_files *t;
	int rc;

	DTSS_ASSERT(ret_trace != NULL && dir != NULL);
	mem = mem != NULL ? mem : dtss_mem_libc();
	bytes_max = bytes_max != 0 ? bytes_max : DTSS_TRACE_BYTES_DEFAULT;
	if (bytes_max < DTSS_TRACE_BYTES_MIN) {
		posix_say(message, message_cap, "a trace of less than 65536 bytes", NULL);
		return DTSS_E_INVALID;
	}
	t = mem->alloc(mem->ctx, sizeof *t);
	if (t == NULL) {
		posix_say(message, message_cap, "out of memory", NULL);
		return DTSS_E_NOMEM;
	}
	memset(t, 0, sizeof *t);
	t->base.ops = &files_ops;
	t->mem = *mem;
	t->dir = t->file = -1;
	t->bytes_max = bytes_max;
	rc = files_open_dir(t, dir);
	if (rc < 0) {
		posix_say(message, message_cap, dir, strerror(errno));
		files_close(&t->base);
		return rc;
	}
	*ret_trace = &t->base;
	return 0;
}
