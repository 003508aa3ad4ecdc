/* SPDX-License-Identifier: MIT */
#ifndef COMMON_FILES_H
#define COMMON_FILES_H

#include <stddef.h>
#include "common/limits.h"
#include "common/problem.h"

/* Opens 0, 1 and 2 where they are not: else a socket or a store would get their number, and what is logged. 0, or -1. */
int files_standard(void);

/* The state directory, made with mode 0700 when it is not there: $XDG_STATE_HOME/dtss when that is set, else
 * /var/lib/dtss for root and ~/.local/state/dtss for others. 0, or a negative DTSS_E_* with the problem. */
int statedir_open(char path[PATH_LEN_MAX], struct problem *p);

/* A secret, and how to compare it. */
struct token {
	char text[TOKEN_LEN_MAX + 1]; /* "" when there is none */
};

/* The file's first line. Refuses one that others may write, warns of one that they may read. */
int token_read(struct token *token, const char *path, struct problem *p);
/* As token_read(), from an environment variable. */
int token_set(struct token *token, const char *text, struct problem *p);
/* 1 when text is the token. Takes the same time whatever text says. */
int token_equals(const struct token *token, const char *text);

/* The whole of a small file, with a NUL behind it; the caller frees it. */
int file_read(const char *path, size_t max, char **ret_text, size_t *ret_len, struct problem *p);

#endif
