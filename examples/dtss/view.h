/* SPDX-License-Identifier: MIT */
#ifndef DTSS_VIEW_H
#define DTSS_VIEW_H

#include "dtss/cli.h"

/* Tasks as the API shows them. */

/* A member that is a string, or ""; a member that is an integer, or -1. */
const char *task_text(const json_t *object, const char *name);
json_int_t task_number(const json_t *object, const char *name);
int task_is_final(const json_t *task);
/* A shell's status for a task that has ended; and a sentence on it when it is not the command's own, else "". */
int task_status(const json_t *task, char *sentence, size_t cap);
/* "exit 7", "signal 9", "lost", or "" for what has not ended. object is a task or an attempt. */
void task_end(const json_t *object, char *buf, size_t cap);
/* Its arguments, as a shell would take them. */
void task_command(const json_t *task, char *buf, size_t cap);
/* "340ms", "12.3s", "5m12s", "3h05m", "4d03h" from one time to another, "" when there is no first; no second: now. */
void task_span(const json_t *object, const char *from, const char *to, char *buf, size_t cap);

/* Completes cli->task from the operands; gives it a key, so that it may be submitted again when an answer is lost. */
int task_complete(struct cli *cli, char **ret_body);

#endif
