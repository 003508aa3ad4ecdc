/* SPDX-License-Identifier: MIT */
#include "dtssd/head.h"

#include <microhttpd.h>
#include "common/limits.h"

void body_begin(struct body *body, const struct head *head)
{
	*body = (struct body){ head->chunked ? BODY_CHUNK_SIZE : BODY_LENGTH, 0, head->body_len };
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Extensions mean nothing to anybody, and have hidden many a request: a size is digits alone. */
static int feed_size(struct body *body, char c)
{
	int value = hex_value(c);

	if (value >= 0 && body->digits < HTTP_CHUNK_DIGITS_MAX) {
		body->left = body->left << 4 | (uint64_t)value;
		body->digits++;
		return 0;
	}
	if (c != '\r' || body->digits == 0)
		return -1;
	body->state = BODY_CHUNK_SIZE_LF;
	return 0;
}

/* One byte that is no data. 0, 1 at the end of the body, -1 when it must not be there. */
static int feed_byte(struct body *body, char c)
{
	switch (body->state) {
	case BODY_CHUNK_SIZE:
		return feed_size(body, c);
	case BODY_CHUNK_SIZE_LF:
		body->state = body->left > 0 ? BODY_CHUNK_DATA : BODY_LAST_CR;
		return c == '\n' ? 0 : -1;
	case BODY_CHUNK_CR:
		body->state = BODY_CHUNK_LF;
		return c == '\r' ? 0 : -1;
	case BODY_CHUNK_LF:
		*body = (struct body){ BODY_CHUNK_SIZE, 0, 0 };
		return c == '\n' ? 0 : -1;
	case BODY_LAST_CR: /* a trailer would stand here: nobody would read it */
		body->state = BODY_LAST_LF;
		return c == '\r' ? 0 : -1;
	default:
		return c == '\n' ? 1 : -1;
	}
}

int body_feed(struct body *body, const char *bytes, size_t len, size_t *ret_taken, const char **ret_why)
{
	size_t at = 0;
	int rc = body->state == BODY_LENGTH && body->left == 0;

	while (rc == 0 && at < len) {
		if (body->state == BODY_LENGTH || body->state == BODY_CHUNK_DATA) {
			size_t n = body->left < len - at ? (size_t)body->left : len - at;

			at += n;
			body->left -= n;
			rc = body->state == BODY_LENGTH && body->left == 0;
			if (body->state == BODY_CHUNK_DATA && body->left == 0)
				body->state = BODY_CHUNK_CR;
		} else {
			rc = feed_byte(body, bytes[at++]);
		}
	}
	*ret_taken = at;
	*ret_why = "the body: expected chunks of SIZE CR LF DATA CR LF, without extensions and trailers";
	return rc < 0 ? MHD_HTTP_BAD_REQUEST : rc;
}
