/* SPDX-License-Identifier: MIT */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stddef.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

/* Lines go to stderr. Whatever a stranger may have written is escaped: one call is one line, always. */
void log_open(const char *program, enum log_format format, enum log_level most);
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Text that may come from a stranger, fit for a terminal: controls, marks of direction and broken UTF-8 become \xNN. */
void log_escape(char *out, size_t cap, const char *text);

#endif
