/* SPDX-License-Identifier: MIT */
#include "dtss-agent/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/limits.h"
#include "dtss-agent/limits.h"

#define NS_PER_MS UINT64_C(1000000)

void stream_init(struct stream *s, const char *name)
{
	*s = (struct stream){ .fd = -1, .spool = -1, .name = name };
}

void stream_fini(struct stream *s, struct post_client *client)
{
	post_fini(client, &s->post);
	if (s->fd >= 0)
		close(s->fd);
	if (s->spool >= 0)
		close(s->spool);
	free(s->ring);
	free(s->tail);
	stream_init(s, s->name);
}

/* Without a name, so that nothing is left behind whatever happens to us. */
static int spool_open(const char *dir)
{
	char path[PATH_LEN_MAX];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	snprintf(path, sizeof path, "%.*s/spool-XXXXXX", PATH_LEN_MAX - 16,
		 dir); /* not every file system can do that */
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(path);
	return fd;
}

static void ring_put(struct stream *s, const char *data, size_t len)
{
	if (!s->ring)
		s->ring = malloc(DTSS_LOG_TAIL_MAX);
	for (size_t i = 0; i < len;) {
		size_t at = (size_t)((s->beyond + i) % DTSS_LOG_TAIL_MAX);
		size_t n = DTSS_LOG_TAIL_MAX - at < len - i ? DTSS_LOG_TAIL_MAX - at : len - i;

		if (s->ring)
			memcpy(s->ring + at, data + i, n);
		i += n;
	}
	s->beyond += len;
}

/* What does not fit, or a disk that is full, goes to the ring: the process must not notice. */
static void stream_put(struct stream *s, const char *dir, const char *data, size_t len)
{
	size_t room = s->size < DTSS_LOG_STREAM_MAX ? (size_t)(DTSS_LOG_STREAM_MAX - s->size) : 0;
	size_t n = s->full ? 0 : len < room ? len : room;

	if (s->spool < 0 && n > 0)
		s->spool = spool_open(dir);
	if (n > 0) {
		ssize_t written = s->spool < 0 ? -1 : pwrite(s->spool, data, n, (off_t)s->size);

		n = written > 0 ? (size_t)written : 0;
		s->size += n;
	}
	if (n == len)
		return;
	s->full = 1;
	ring_put(s, data + n, len - n);
}

void stream_read(struct stream *s, const char *dir, int all)
{
	static char buf[65536]; /* not on the stack, which hardened compilers clear for each call */
	size_t total = 0;
	ssize_t n = 1;

	while (s->fd >= 0 && n > 0 && (all || total < STREAM_READ_MAX)) {
		n = read(s->fd, buf, sizeof buf);
		if (n > 0) {
			stream_put(s, dir, buf, (size_t)n);
			total += (size_t)n;
		} else if (n < 0 && errno == EINTR) {
			n = 1;
		}
	}
	if (s->fd >= 0 && (all || n == 0 || (n < 0 && errno != EAGAIN))) {
		close(s->fd);
		s->fd = -1;
	}
}

void stream_end(struct stream *s, uint64_t now_ns)
{
	size_t kept = s->beyond < DTSS_LOG_TAIL_MAX ? (size_t)s->beyond : DTSS_LOG_TAIL_MAX;
	uint64_t left_out = s->beyond - kept;

	s->ended = 1;
	s->moved_ns = now_ns;
	s->retry_ns = 0;
	if (!s->beyond || !s->ring)
		return;
	s->tail = malloc(DTSS_LOG_NOTICE_MAX + kept);
	if (!s->tail)
		return;
	if (left_out > 0)
		s->tail_len = (size_t)snprintf(s->tail, DTSS_LOG_NOTICE_MAX,
					       "\n[dtss-agent: %llu bytes are left out here; the last %zu follow]\n",
					       (unsigned long long)left_out, kept);
	for (size_t i = 0; i < kept; i++)
		s->tail[s->tail_len + i] = s->ring[(left_out + i) % DTSS_LOG_TAIL_MAX];
	s->tail_len += kept;
}

/* At most a chunk of what comes next, malloc'd. */
static char *stream_chunk(struct stream *s, size_t *ret_len)
{
	uint64_t end = s->size + s->tail_len;
	size_t len = end - s->sent < STREAM_CHUNK_MAX ? (size_t)(end - s->sent) : STREAM_CHUNK_MAX;
	char *chunk = malloc(len);
	ssize_t n;

	if (!chunk)
		return NULL;
	if (s->sent >= s->size) {
		memcpy(chunk, s->tail + (s->sent - s->size), len);
		*ret_len = len;
		return chunk;
	}
	n = pread(s->spool, chunk, s->size - s->sent < len ? (size_t)(s->size - s->sent) : len, (off_t)s->sent);
	if (n <= 0) {
		free(chunk);
		return NULL;
	}
	*ret_len = (size_t)n;
	return chunk;
}

static void stream_failed(struct stream *s, uint64_t now_ns)
{
	uint64_t wait_ms = (uint64_t)RETRY_MS_MIN << (s->failures < 8 ? s->failures : 8);

	s->failures++;
	s->retry_ns = now_ns + (wait_ms < RETRY_MS_MAX ? wait_ms : RETRY_MS_MAX) * NS_PER_MS;
}

/* 200 and 409 OFFSET say where it goes on; other refusals are for ever, but for those that a restart or a new disk cures. */
static void stream_answered(struct stream *s, uint64_t now_ns)
{
	json_t *answer = s->post.len ? json_loadb(s->post.response, s->post.len, 0, NULL) : NULL;
	const json_t *offset = json_object_get(answer, "offset");
	uint64_t next = json_is_integer(offset) ? (uint64_t)json_integer_value(offset) : UINT64_MAX;

	s->post.state = POST_IDLE;
	if (s->post.status >= 200 && s->post.status < 300 && next > s->size + s->tail_len)
		next = s->sent + s->sending;
	if ((s->post.status == 409 || (s->post.status >= 200 && s->post.status < 300)) &&
	    next <= s->size + s->tail_len) {
		if (next > s->sent)
			s->moved_ns = now_ns;
		s->failures = next > s->sent ? 0 : s->failures + 1;
		s->sent = next;
		if (s->failures > 3)
			stream_failed(s, now_ns);
	} else if (s->post.status >= 400 && s->post.status < 500 && s->post.status != 429 && s->post.status != 401) {
		s->over = 1;
	} else {
		stream_failed(s, now_ns);
	}
	json_decref(answer);
}

static void stream_send(struct stream *s, struct post_client *client, const char *path, uint64_t now_ns)
{
	char full[PATH_LEN_MAX];
	size_t len = 0;
	char *chunk = stream_chunk(s, &len);

	if (!chunk) {
		stream_failed(s, now_ns);
		return;
	}
	snprintf(full, sizeof full, "%s&stream=%s&offset=%llu", path, s->name, (unsigned long long)s->sent);
	s->sending = len;
	if (post_begin(client, &s->post, full, POST_BYTES, chunk, len, POST_TIMEOUT_MS) < 0)
		stream_failed(s, now_ns);
}

int stream_step(struct stream *s, struct post_client *client, const char *path, uint64_t now_ns, uint64_t *ret_again_ns)
{
	if (s->post.state == POST_DONE)
		stream_answered(s, now_ns);
	if (s->ended && now_ns >= s->moved_ns + STREAM_GIVE_UP_MS * NS_PER_MS)
		s->over = 1;
	if (s->over) {
		post_cancel(client, &s->post);
		return (int)s->ended;
	}
	if (s->post.state == POST_BUSY)
		return 0;
	if (s->sent == s->size + s->tail_len)
		return (int)s->ended;
	if (now_ns >= s->retry_ns)
		stream_send(s, client, path, now_ns);
	if (s->post.state != POST_BUSY && s->retry_ns < *ret_again_ns)
		*ret_again_ns = s->retry_ns;
	return 0;
}

uint64_t stream_lost(const struct stream *s)
{
	return s->size + s->tail_len - s->sent;
}
