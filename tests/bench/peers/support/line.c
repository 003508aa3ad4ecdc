/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "bench/bench.h"
#include "bench/peers/support/peer.h"

void line_add(struct line *line, const void *bytes, size_t len)
{
	bench_must(line->out_len + len <= sizeof line->out ? 0 : DTSS_E_TOO_BIG, "a line's output");
	memcpy(line->out + line->out_len, bytes, len);
	line->out_len += len;
}

void line_say(struct line *line, const char *fmt, ...)
{
	char text[512];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	line_add(line, text, (size_t)len);
}

int line_flush(struct line *line)
{
	size_t at = 0;

	while (at < line->out_len) {
		ssize_t n = write(line->fd, line->out + at, line->out_len - at);

		if (n <= 0)
			return -1;
		at += (size_t)n;
	}
	line->out_len = 0;
	return 0;
}

/* More bytes behind those that are there. 0, or -1. */
static int line_fill(struct line *line)
{
	ssize_t n;

	if (line->in_at == line->in_len)
		line->in_at = line->in_len = 0;
	if (line->in_at > LINE_BYTES / 2) {
		memmove(line->in, line->in + line->in_at, line->in_len - line->in_at);
		line->in_len -= line->in_at;
		line->in_at = 0;
	}
	n = read(line->fd, line->in + line->in_len, LINE_BYTES - line->in_len);
	if (n <= 0)
		return -1;
	line->in_len += (size_t)n;
	return 0;
}

const char *line_bytes(struct line *line, size_t len)
{
	const char *bytes;

	while (line->in_len - line->in_at < len)
		if (line_fill(line) != 0)
			return NULL;
	bytes = line->in + line->in_at;
	line->in_at += len;
	return bytes;
}

char *line_text(struct line *line)
{
	char *text, *end;

	while (!(end = memmem(line->in + line->in_at, line->in_len - line->in_at, "\r\n", 2)))
		if (line_fill(line) != 0)
			return NULL;
	text = line->in + line->in_at;
	*end = '\0';
	line->in_at = (size_t)(end + 2 - line->in);
	return text;
}

void line_payload(struct line *line, char payload[PEER_PAYLOAD + 1])
{
	int len = snprintf(payload, PEER_PAYLOAD + 1, "%04u-%016llx-", line->index, (unsigned long long)line->number++);

	memset(payload + len, 'x', PEER_PAYLOAD - (size_t)len);
	payload[PEER_PAYLOAD] = '\0';
}
