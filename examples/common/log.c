/* SPDX-License-Identifier: MIT */
#include "common/log.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <dtss.h>
#include "common/limits.h"
#include "common/rfc3339.h"
#include "common/utf8.h"

static struct {
	const char *program;
	enum log_format format;
	enum log_level most;
} log_settings = { "dtss", LOG_TEXT, LOG_INFO };

static const char *const level_names[] = { "error", "warning", "info", "debug" };

void log_open(const char *program, enum log_format format, enum log_level most)
{
	log_settings.program = program;
	log_settings.format = format;
	log_settings.most = most;
}

void log_escape(char *out, size_t cap, const char *text)
{
	char *end = out + cap;

	while (*text && end - out > 17) { /* the longest step: four bytes as \xNN, and the NUL */
		uint32_t point = 0;
		size_t len = utf8_decode(text, &point), n = len ? len : 1;

		if (len > 0 && !utf8_unsafe(point)) {
			memcpy(out, text, n);
			out += n;
		} else {
			for (size_t i = 0; i < n; i++)
				out += sprintf(out, "\\x%02x", (unsigned char)text[i]);
		}
		text += n;
	}
	*out = '\0';
}

/* One write(2) a line, so that lines of several processes do not mix. */
static void write_line(const char *line, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDERR_FILENO, line, len);

		if (n <= 0)
			return; /* nobody reads it: there is no better place to say so */
		line += n;
		len -= (size_t)n;
	}
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char message[LOG_LINE_MAX], clean[LOG_LINE_MAX], at[RFC3339_LEN], line[LOG_LINE_MAX + 128];
	json_t *object;
	char *json;
	va_list args;
	int len;

	if (level > log_settings.most)
		return;
	va_start(args, fmt);
	vsnprintf(message, sizeof message, fmt, args);
	va_end(args);
	log_escape(clean, sizeof clean, message);
	rfc3339_format(at, dtss_now().wall_ns, 3);
	if (log_settings.format == LOG_TEXT) {
		len = snprintf(line, sizeof line, "%s %s: %s: %s\n", at, log_settings.program, level_names[level],
			       clean);
		write_line(line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
		return;
	}
	object = json_pack("{s:s, s:s, s:s, s:s}", "time", at, "program", log_settings.program, "level",
			   level_names[level], "message", clean);
	json = object ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	if (json) {
		write_line(json, strlen(json));
		write_line("\n", 1);
	}
	free(json);
	json_decref(object);
}
