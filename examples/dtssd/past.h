/* SPDX-License-Identifier: MIT */
#ifndef DTSSD_PAST_H
#define DTSSD_PAST_H

#include <stdint.h>

struct exchange;
struct server;

/*
 * Why a task stood as it did after an event: the trace is carried out again up to there, in a thread of its own, with an
 * engine of its own. One at a time; another one is told to come again.
 */
/* Replies, now or later. */
void past_explain(struct exchange *x, uint64_t id, uint64_t seq);
/* Becomes readable when past_answer() has something to do; -1: never. */
int past_fd(const struct server *s);
void past_answer(struct server *s);
/* Waits for the thread; for when nobody waits for it any more. */
void past_close(struct server *s);

#endif
