/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "core/check.h"
#include "core/hash.h"
#include "store/memory.h"

#define MEMORY_LOG_STREAM_MAX (DTSS_LOG_STREAM_MAX + DTSS_LOG_NOTICE_MAX + DTSS_LOG_TAIL_MAX)
#define MEMORY_LOG_CAP_MIN 256

struct memory_stream {
	struct memory_stream *older; /* by their last append */
	struct memory_stream *newer;
	uint64_t fence;
	uint32_t stream;
	unsigned char *data;
	size_t len;
	size_t cap; /* 0: no data yet */
};

static uint64_t memory_log_hash(uint64_t fence, uint32_t stream)
{
	return hash_word(fence ^ (uint64_t)stream << 56);
}

static int memory_log_equal(const void *item, const void *key)
{
	const struct memory_stream *s = item;
	const struct dtss_log_chunk *chunk = key;

	return s->fence == chunk->fence && s->stream == chunk->stream;
}

static struct memory_stream *memory_log_find(const struct memory_log *l, const struct dtss_log_chunk *chunk)
{
	return map_find(&l->streams, memory_log_hash(chunk->fence, chunk->stream), memory_log_equal, chunk);
}

static void memory_log_unlink(struct memory_log *l, struct memory_stream *s)
{
	if (s->older != NULL)
		s->older->newer = s->newer;
	else
		l->oldest = s->newer;
	if (s->newer != NULL)
		s->newer->older = s->older;
	else
		l->newest = s->older;
}

static void memory_log_link(struct memory_log *l, struct memory_stream *s)
{
	s->older = l->newest;
	s->newer = NULL;
	if (l->newest != NULL)
		l->newest->newer = s;
	else
		l->oldest = s;
	l->newest = s;
}

static void memory_log_drop(struct memory_log *l, const struct dtss_mem *mem, struct memory_stream *s)
{
	DTSS_ASSERT(l->bytes >= s->cap + sizeof *s);
	memory_log_unlink(l, s);
	map_remove(&l->streams, memory_log_hash(s->fence, s->stream), s);
	l->bytes -= s->cap + sizeof *s;
	if (s->cap > 0)
		mem->release(mem->ctx, s->data, s->cap);
	mem->release(mem->ctx, s, sizeof *s);
}

static int memory_log_grow(struct memory_log *l, const struct dtss_mem *mem, struct memory_stream *s, size_t len)
{
	size_t cap = s->cap > 0 ? s->cap : MEMORY_LOG_CAP_MIN;
	unsigned char *data;

	if (len <= s->cap)
		return DTSS_OK;
	while (cap < len)
		cap *= 2;
	data = s->cap > 0 ? mem->realloc(mem->ctx, s->data, s->cap, cap) : mem->alloc(mem->ctx, cap);
	if (data == NULL)
		return DTSS_E_NOMEM;
	l->bytes += cap - s->cap;
	s->data = data;
	s->cap = cap;
	return DTSS_OK;
}

static int memory_log_make(struct memory_log *l, const struct dtss_mem *mem, const struct dtss_log_chunk *chunk,
			   struct memory_stream **ret_stream)
{
	struct memory_stream *s;
	int error = map_reserve(&l->streams, mem, 1);

	if (error < 0)
		return error;
	s = mem->alloc(mem->ctx, sizeof *s);
	if (s == NULL)
		return DTSS_E_NOMEM;
	memset(s, 0, sizeof *s);
	s->fence = chunk->fence;
	s->stream = chunk->stream;
	l->bytes += sizeof *s;
	map_insert(&l->streams, memory_log_hash(s->fence, s->stream), s);
	memory_log_link(l, s);
	*ret_stream = s;
	return DTSS_OK;
}

/* Not the newest: that is the one that was just appended to. */
static void memory_log_trim(struct memory_log *l, const struct dtss_mem *mem)
{
	while (l->bytes > DTSS_MEMORY_LOG_BYTES_MAX && l->oldest != l->newest)
		memory_log_drop(l, mem, l->oldest);
}

int memory_log_append(struct memory_log *l, const struct dtss_mem *mem, const struct dtss_log_chunk *chunk,
		      uint64_t *ret_offset)
{
	struct memory_stream *s = memory_log_find(l, chunk);
	size_t len = s != NULL ? s->len : 0, known;
	int error;

	*ret_offset = len;
	if (chunk->offset > len)
		return DTSS_E_OFFSET;
	known = len - (size_t)chunk->offset; /* stored already: appending again changes nothing */
	if (chunk->len <= known)
		return DTSS_OK;
	if (chunk->offset + chunk->len > MEMORY_LOG_STREAM_MAX)
		return DTSS_E_TOO_BIG;
	error = s != NULL ? DTSS_OK : memory_log_make(l, mem, chunk, &s);
	if (error < 0)
		return error;
	error = memory_log_grow(l, mem, s, (size_t)chunk->offset + chunk->len);
	if (error < 0) {
		if (s->cap == 0)
			memory_log_drop(l, mem, s);
		return error;
	}
	memcpy(s->data + len, (const unsigned char *)chunk->data + known, chunk->len - known);
	s->len = (size_t)chunk->offset + chunk->len;
	memory_log_unlink(l, s);
	memory_log_link(l, s);
	memory_log_trim(l, mem);
	*ret_offset = s->len;
	return DTSS_OK;
}

void memory_log_read(const struct memory_log *l, struct dtss_log_chunk *chunk)
{
	const struct memory_stream *s = memory_log_find(l, chunk);
	size_t left = s != NULL && chunk->offset < s->len ? s->len - (size_t)chunk->offset : 0;

	if (chunk->len > left)
		chunk->len = left;
	if (chunk->len > DTSS_LOG_CHUNK_MAX)
		chunk->len = DTSS_LOG_CHUNK_MAX;
	chunk->data = chunk->len > 0 ? s->data + chunk->offset : NULL;
}

void memory_log_init(struct memory_log *l)
{
	memset(l, 0, sizeof *l);
	map_init(&l->streams);
}

void memory_log_fini(struct memory_log *l, const struct dtss_mem *mem)
{
	while (l->oldest != NULL)
		memory_log_drop(l, mem, l->oldest);
	map_fini(&l->streams, mem);
}
