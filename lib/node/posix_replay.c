/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "node/posix_trace.h"
#include "node/replay.h"

/* Traces from files. They are mapped, so that a segment may be written, and even deleted, while it is read. */
struct posix_replay {
	struct dtss_replay *replay;
	uint64_t until;
	const char *path; /* for messages */
	char *message;
	size_t cap;
};

static int posix_failed(const struct posix_replay *p, int error)
{
	posix_say(p->message, p->cap, p->path, strerror(errno));
	return error;
}

static int posix_differs(const struct posix_replay *p, int error, size_t at)
{
	struct dtss_replay_info info;
	char text[192];

	memset(&info, 0, sizeof info);
	info.size = sizeof info;
	dtss_replay_info(p->replay, &info);
	if (info.segments == 0)
		(void)snprintf(text, sizeof text, "is no trace: %s", dtss_strerror(error));
	else
		(void)snprintf(text, sizeof text,
			       "at byte %zu, after %" PRIu64 " calls, event %" PRIu64 " and a %s: %s", at, info.verbs,
			       info.seq, info.verb[0] != '\0' ? info.verb : "head", dtss_strerror(error));
	posix_say(p->message, p->cap, p->path, text);
	return error;
}

static int posix_reached(const struct posix_replay *p)
{
	struct dtss_replay_info info;

	info.size = sizeof info;
	dtss_replay_info(p->replay, &info);
	return info.seq >= p->until && info.verbs > 0;
}

/* 1: the event that was asked for was made. */
static int posix_bytes(const struct posix_replay *p, const uint8_t *data, size_t len)
{
	size_t at = 0, used;
	int rc;

	while ((rc = dtss_replay_feed(p->replay, data + at, len - at, &used)) == 1) {
		at += used;
		if (posix_reached(p))
			return 1;
	}
	return rc < 0 ? posix_differs(p, rc, at) : 0;
}

static int posix_map(const struct posix_replay *p, int fd,
		     int (*use)(const struct posix_replay *, const uint8_t *, size_t))
{
	struct stat st;
	void *data;
	int rc;

	if (fstat(fd, &st) < 0)
		return posix_failed(p, DTSS_E_IO);
	if (st.st_size == 0)
		return use(p, (const uint8_t *)"", 0);
	if ((uintmax_t)st.st_size > SIZE_MAX) {
		errno = EFBIG;
		return posix_failed(p, DTSS_E_IO);
	}
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return posix_failed(p, DTSS_E_IO);
	rc = use(p, data, (size_t)st.st_size);
	(void)munmap(data, (size_t)st.st_size);
	return rc;
}

static int posix_segment(const struct posix_replay *p, int dir, uint64_t number,
			 int (*use)(const struct posix_replay *, const uint8_t *, size_t))
{
	char name[POSIX_SEGMENT_NAME];
	int fd, rc;

	posix_segment_name(number, name);
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return DTSS_E_COMPACTED; /* it went meanwhile */
	if (fd < 0)
		return posix_failed(p, DTSS_E_IO);
	rc = posix_map(p, fd, use);
	(void)close(fd);
	return rc;
}

/* The head alone: info.begin says where the segment begins. */
static int posix_head(const struct posix_replay *p, const uint8_t *data, size_t len)
{
	size_t used;
	int rc = dtss_replay_feed(p->replay, data, len, &used);

	return rc < 0 ? posix_differs(p, rc, 0) : rc;
}

static uint64_t posix_begin(const struct posix_replay *p)
{
	struct dtss_replay_info info;

	info.size = sizeof info;
	dtss_replay_info(p->replay, &info);
	return info.begin;
}

static int posix_compacted(const struct posix_replay *p, uint64_t oldest)
{
	char text[96];

	(void)snprintf(text, sizeof text, "compacted: the oldest recorded event is %" PRIu64, oldest);
	posix_say(p->message, p->cap, text, NULL);
	return DTSS_E_COMPACTED;
}

static int posix_gap(const struct posix_replay *p, int newest)
{
	char text[96];

	(void)snprintf(text, sizeof text,
		       newest ? "event %" PRIu64 " was not made yet, or not yet recorded" :
				"event %" PRIu64 " was made while nothing was recorded",
		       p->until);
	posix_say(p->message, p->cap, text, NULL);
	return newest ? DTSS_E_NOT_FOUND : DTSS_E_COMPACTED;
}

/* The newest segment that begins before the event; one that was cut off before its head was written has none. */
static int posix_at(const struct posix_replay *p, int dir, const struct posix_segments *s)
{
	uint64_t oldest = 0;
	size_t i;
	int rc;

	for (i = s->count; i > 0; i--) {
		rc = posix_segment(p, dir, s->at[i - 1].number, posix_head);
		if (rc == DTSS_E_COMPACTED)
			break;
		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		oldest = posix_begin(p) + 1;
		if (oldest > p->until)
			continue;
		rc = posix_segment(p, dir, s->at[i - 1].number, posix_bytes);
		return rc == 0 ? posix_gap(p, i == s->count) : rc;
	}
	if (oldest != 0)
		return posix_compacted(p, oldest);
	posix_say(p->message, p->cap, p->path, "nothing was recorded yet");
	return DTSS_E_NOT_FOUND;
}

static int posix_all(const struct posix_replay *p, int dir, const struct posix_segments *s)
{
	size_t i;
	int rc = 0;

	if (s->count == 0) {
		posix_say(p->message, p->cap, p->path, "no trace is there");
		return DTSS_E_NOT_FOUND;
	}
	for (i = 0; i < s->count && rc >= 0; i++)
		rc = posix_segment(p, dir, s->at[i].number, posix_bytes);
	return rc;
}

static int posix_dir(const struct posix_replay *p, int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;
	struct posix_segments s;

	if (copy < 0)
		return posix_failed(p, DTSS_E_IO);
	rc = posix_segments_read(copy, &s);
	if (rc < 0)
		return posix_failed(p, rc);
	rc = p->until != DTSS_NEVER ? posix_at(p, dir, &s) : posix_all(p, dir, &s);
	posix_segments_free(&s);
	return rc;
}

int dtss_replay_path(struct dtss_replay *replay, const char *path, uint64_t seq, char *message, size_t message_cap)
{
	struct posix_replay p = { replay, seq, path, message, message_cap };
	struct stat st;
	int fd, rc;

	DTSS_ASSERT(replay != NULL && path != NULL);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		rc = posix_failed(&p, errno == ENOENT ? DTSS_E_NOT_FOUND : DTSS_E_IO);
	} else if (S_ISDIR(st.st_mode)) {
		rc = posix_dir(&p, fd);
	} else {
		rc = posix_map(&p, fd, posix_bytes);
		if (rc == 0 && seq != DTSS_NEVER)
			rc = posix_gap(&p, 1);
	}
	if (fd >= 0)
		(void)close(fd);
	return rc < 0 ? rc : 0;
}
