/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CODEC_WIRE_H
#define DTSS_CODEC_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <dtss/error.h>

/*
 * What all encodings have in common. Numbers are little-endian and of fixed width.
 *
 *      0         4        5      6       8        12
 *      +---------+--------+------+-------+--------+------------------
 *      | crc-32c | format | kind | flags | length | body ...
 *      +---------+--------+------+-------+--------+------------------
 *                \_______________ the sum covers _________________/
 *
 *      length   of all, header included: nothing may follow
 *      string   u32 length, the bytes, NUL: so that a decoded string can be used in place. NULL is the length 2^32 - 1
 *      array    a count, then its elements
 *      record   first its key (id; id and sub; or a string), then its value
 *
 * The first twelve bytes never change, so that any version can tell damage (the sum) from news (the format).
 *
 * To change anything in the body of any kind, a new value of an enumeration and a lower limit included:
 *      1. increase WIRE_FORMAT;
 *      2. let wire_open() accept the two formats before it, give the format to the reader that changes, and read there
 *         what those formats wrote; writers write the newest alone;
 *      3. keep tests/golden/NAME_vN.bin of the old formats, which must decode for ever as they do now, and add the files
 *         of the new one (DTSS_GOLDEN_WRITE=1 writes those that do not exist);
 *      4. say so in dtss_persistence(7).
 */
#define WIRE_FORMAT 1
#define WIRE_HEADER 12
#define WIRE_NULL UINT32_MAX

/* Kinds below 16 are those of enum dtss_record_kind. */
enum wire_kind {
	WIRE_SPEC = 16,
	WIRE_MESSAGE = 32, /* + enum dtss_message_type */
	WIRE_ASSIGN = 40,  /* an ASSIGN that names a heartbeat: its number, then as the one without */
	WIRE_BATCH = 48,
	WIRE_STATE = 64, /* a piece of a snapshot: lib/core/snapshot.h */
	WIRE_TRACE = 128 /* + enum trace_kind: lib/node/trace.h */
};

/* Writes while there is room, and counts in any case. */
struct wire_out {
	uint8_t *buf;
	size_t cap;
	size_t len;
};

void wire_begin(struct wire_out *out, void *buf, size_t cap, uint32_t kind, uint32_t flags);
/* The length; fills in the header when all of it was written. */
size_t wire_end(struct wire_out *out);
/* The same but for the sum, which is made later: of two at once it takes little longer than of one. */
size_t wire_finish(struct wire_out *out);
void wire_seal(uint8_t *data, size_t len);
void wire_seal_two(uint8_t *a, size_t a_len, uint8_t *b, size_t b_len);
void wire_put_bytes(struct wire_out *out, const void *data, size_t len);
void wire_put_string(struct wire_out *out, const char *s); /* NULL is fine */

/* Room for the next len bytes, or NULL: there is none. They are counted in any case. */
static inline uint8_t *wire_room(struct wire_out *out, size_t len)
{
	size_t at = out->len;

	out->len += len;
	return out->len <= out->cap ? out->buf + at : NULL;
}

static inline void wire_put8(struct wire_out *out, uint32_t v)
{
	if (out->len < out->cap)
		out->buf[out->len] = (uint8_t)v;
	out->len++;
}

static inline void wire_store32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

static inline uint8_t *wire_add8(uint8_t *p, uint32_t v)
{
	*p = (uint8_t)v;
	return p + 1;
}

static inline uint8_t *wire_add16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	return p + 2;
}

static inline uint8_t *wire_add64(uint8_t *p, uint64_t v)
{
	wire_store32(p, (uint32_t)v);
	wire_store32(p + 4, (uint32_t)(v >> 32));
	return p + 8;
}

static inline void wire_put16(struct wire_out *out, uint32_t v)
{
	wire_put8(out, v & 0xff);
	wire_put8(out, v >> 8 & 0xff);
}

static inline void wire_put32(struct wire_out *out, uint32_t v)
{
	if (out->len + 4 <= out->cap)
		wire_store32(out->buf + out->len, v);
	out->len += 4;
}

static inline void wire_put64(struct wire_out *out, uint64_t v)
{
	if (out->len + 8 <= out->cap) {
		wire_store32(out->buf + out->len, (uint32_t)v);
		wire_store32(out->buf + out->len + 4, (uint32_t)(v >> 32));
	}
	out->len += 8;
}

/* The first thing that does not fit or is out of range sets failed; from then on everything read is 0 or NULL. */
struct wire_in {
	const uint8_t *p;
	size_t left;
	int failed;
};

/* What it says that it is, of at least WIRE_HEADER bytes; nothing is checked. */
static inline uint32_t wire_kind(const uint8_t *data)
{
	return data[5];
}

/* Are length and sum right? */
int wire_whole(const uint8_t *data, size_t len);
/* Of both: the sums are made at once, which takes little longer than of one. */
int wire_whole_two(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
/* Reads the header of what is whole. DTSS_E_CORRUPT, DTSS_E_VERSION. */
int wire_enter(struct wire_in *in, const uint8_t *data, size_t len, uint32_t *ret_kind, uint32_t *ret_flags);
/* wire_whole() and wire_enter(). DTSS_E_CORRUPT, DTSS_E_VERSION. */
int wire_open(struct wire_in *in, const void *data, size_t len, uint32_t *ret_kind, uint32_t *ret_flags);
/* DTSS_E_CORRUPT: something failed, or something is left over. */
int wire_close(const struct wire_in *in);
/* NULL only when it failed. */
const void *wire_get_bytes(struct wire_in *in, size_t len);
/* Of at most max bytes; a NULL one fails. */
const char *wire_get_string(struct wire_in *in, size_t max);
/* Likewise, but NULL is fine. */
const char *wire_get_optional(struct wire_in *in, size_t max);
/* Fails when the value is not in that range. */
uint32_t wire_in_range(struct wire_in *in, uint32_t v, uint32_t min, uint32_t max);
/* A u32, the number of elements of at least min_size bytes each that follow later; fails when they cannot all be there. */
size_t wire_get_count(struct wire_in *in, size_t max, size_t min_size);

/* The next len bytes, or NULL and failed. */
static inline const uint8_t *wire_take(struct wire_in *in, size_t len)
{
	const uint8_t *p = in->p;

	if (len > in->left || in->failed) {
		in->failed = 1;
		return NULL;
	}
	in->p += len;
	in->left -= len;
	return p;
}

static inline uint32_t wire_load32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t wire_load64(const uint8_t *p)
{
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
	       (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

/* Of bytes that were taken together, one number after the other. */
static inline uint32_t wire_next8(const uint8_t **p)
{
	return *(*p)++;
}

static inline uint32_t wire_next16(const uint8_t **p)
{
	*p += 2;
	return (uint32_t)(*p)[-2] | (uint32_t)(*p)[-1] << 8;
}

static inline uint32_t wire_next32(const uint8_t **p)
{
	*p += 4;
	return wire_load32(*p - 4);
}

static inline uint64_t wire_next64(const uint8_t **p)
{
	*p += 8;
	return wire_load64(*p - 8);
}

static inline uint32_t wire_get8(struct wire_in *in)
{
	const uint8_t *p = wire_take(in, 1);

	return p == NULL ? 0 : p[0];
}

static inline uint32_t wire_get16(struct wire_in *in)
{
	const uint8_t *p = wire_take(in, 2);

	return p == NULL ? 0 : (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static inline uint32_t wire_get32(struct wire_in *in)
{
	const uint8_t *p = wire_take(in, 4);

	return p == NULL ? 0 : wire_load32(p);
}

static inline uint64_t wire_get64(struct wire_in *in)
{
	const uint8_t *p = wire_take(in, 8);

	return p == NULL ? 0 : wire_load64(p);
}

#endif
