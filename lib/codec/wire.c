/* SPDX-License-Identifier: MIT */
#include "codec/wire.h"
#include "core/check.h"
#include "core/hash.h"

void wire_begin(struct wire_out *out, void *buf, size_t cap, uint32_t kind, uint32_t flags)
{
	DTSS_ASSERT(buf != NULL || cap == 0);
	DTSS_ASSERT(kind <= UINT8_MAX && flags <= UINT16_MAX);
	out->buf = buf;
	out->cap = cap;
	out->len = 0;
	wire_put32(out, 0);
	wire_put8(out, WIRE_FORMAT);
	wire_put8(out, kind);
	wire_put16(out, flags);
	wire_put32(out, 0);
}

size_t wire_finish(struct wire_out *out)
{
	DTSS_ASSERT(out->len >= WIRE_HEADER);
	DTSS_ASSERT(out->len < UINT32_MAX);
	if (out->len <= out->cap)
		wire_store32(out->buf + 8, (uint32_t)out->len);
	return out->len;
}

void wire_seal(uint8_t *data, size_t len)
{
	DTSS_ASSERT(len >= WIRE_HEADER);
	wire_store32(data, hash_crc32c(0, data + 4, len - 4));
}

void wire_seal_two(uint8_t *a, size_t a_len, uint8_t *b, size_t b_len)
{
	uint32_t crc[2];

	DTSS_ASSERT(a_len >= WIRE_HEADER && b_len >= WIRE_HEADER);
	hash_crc32c_two(a + 4, a_len - 4, b + 4, b_len - 4, crc);
	wire_store32(a, crc[0]);
	wire_store32(b, crc[1]);
}

size_t wire_end(struct wire_out *out)
{
	size_t len = wire_finish(out);

	if (len <= out->cap)
		wire_seal(out->buf, len);
	return len;
}

void wire_put_bytes(struct wire_out *out, const void *data, size_t len)
{
	if (len > 0 && out->len + len <= out->cap)
		memcpy(out->buf + out->len, data, len);
	out->len += len;
}

void wire_put_string(struct wire_out *out, const char *s)
{
	size_t len;

	if (s == NULL) {
		wire_put32(out, WIRE_NULL);
		return;
	}
	len = strlen(s);
	DTSS_ASSERT(len < WIRE_NULL);
	wire_put32(out, (uint32_t)len);
	wire_put_bytes(out, s, len + 1);
}

static int wire_long(const uint8_t *data, size_t len)
{
	return len >= WIRE_HEADER && wire_load32(data + 8) == len;
}

int wire_whole(const uint8_t *data, size_t len)
{
	return wire_long(data, len) && wire_load32(data) == hash_crc32c(0, data + 4, len - 4);
}

int wire_whole_two(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	uint32_t crc[2];

	if (!wire_long(a, a_len) || !wire_long(b, b_len))
		return 0;
	hash_crc32c_two(a + 4, a_len - 4, b + 4, b_len - 4, crc);
	return wire_load32(a) == crc[0] && wire_load32(b) == crc[1];
}

int wire_enter(struct wire_in *in, const uint8_t *data, size_t len, uint32_t *ret_kind, uint32_t *ret_flags)
{
	DTSS_ASSERT(len >= WIRE_HEADER);
	if (data[4] != WIRE_FORMAT)
		return data[4] > WIRE_FORMAT ? DTSS_E_VERSION : DTSS_E_CORRUPT;
	*ret_kind = wire_kind(data);
	*ret_flags = (uint32_t)data[6] | (uint32_t)data[7] << 8;
	in->p = data + WIRE_HEADER;
	in->left = len - WIRE_HEADER;
	in->failed = 0;
	return DTSS_OK;
}

int wire_open(struct wire_in *in, const void *data, size_t len, uint32_t *ret_kind, uint32_t *ret_flags)
{
	return wire_whole(data, len) ? wire_enter(in, data, len, ret_kind, ret_flags) : DTSS_E_CORRUPT;
}

int wire_close(const struct wire_in *in)
{
	return in->failed || in->left > 0 ? DTSS_E_CORRUPT : DTSS_OK;
}

const void *wire_get_bytes(struct wire_in *in, size_t len)
{
	return wire_take(in, len);
}

static const char *wire_get_chars(struct wire_in *in, uint32_t len, size_t max)
{
	const uint8_t *p;

	if (len > max) {
		in->failed = 1;
		return NULL;
	}
	p = wire_take(in, (size_t)len + 1);
	/* the only NUL is the last byte */
	if (p != NULL && memchr(p, 0, (size_t)len + 1) != p + len) {
		in->failed = 1;
		p = NULL;
	}
	return (const char *)p;
}

const char *wire_get_string(struct wire_in *in, size_t max)
{
	return wire_get_chars(in, wire_get32(in), max);
}

const char *wire_get_optional(struct wire_in *in, size_t max)
{
	uint32_t len = wire_get32(in);

	return len == WIRE_NULL ? NULL : wire_get_chars(in, len, max);
}

uint32_t wire_in_range(struct wire_in *in, uint32_t v, uint32_t min, uint32_t max)
{
	if (v < min || v > max)
		in->failed = 1;
	return v;
}

size_t wire_get_count(struct wire_in *in, size_t max, size_t min_size)
{
	size_t count = wire_get32(in);

	DTSS_ASSERT(min_size > 0);
	if (count > max || (uint64_t)count * min_size > in->left) {
		in->failed = 1;
		return 0;
	}
	return count;
}
