/* SPDX-License-Identifier: MIT */
#ifndef DTSS_SIM_JUDGE_IMPL_H
#define DTSS_SIM_JUDGE_IMPL_H

#include <string.h>
#include "core/check.h"
#include "sim/sim.h"

/* What the files of the judge offer to each other. since: 0.1, every identifier */
#define JUDGE_MS UINT64_C(1000000)
#define JUDGE_SLACK_NS (50 * JUDGE_MS) /* clocks are at most a hundredth off, and what is due is done at once */

enum judge_list { JUDGE_NONE = 0, JUDGE_READY = 1, JUDGE_LIVE = 2, JUDGE_WAITS = 3 };

/* --- judge.c --- */
struct dtss_time judge_now(const struct sim *s, uint32_t scheduler);
struct judge_task *judge_task(struct sim *s, uint64_t id);
struct judge_fence *judge_fence(struct sim *s, uint64_t fence); /* NULL: too old, or never granted */
struct judge_worker *judge_worker_number(struct sim *s, uint64_t number);
struct judge_worker *judge_worker_named(struct sim *s, const char *name); /* made when there is none */

/* --- judge_list.c --- */
void judge_list_put(struct sim *s, uint64_t id, enum judge_list list);
/* By the worker's record, and what it runs: has it all tags, a free slot, and enough of each resource? */
int judge_fits(const struct judge_worker *w, const struct judge_need *n);
/* Beyond doubt online, open, and with a load that is known, at that time; ns is on the leader's clock. */
int judge_open(const struct sim *s, const struct judge_worker *w, uint64_t at_ns, uint64_t at_true_ns);
uint32_t judge_need_intern(struct sim *s, const struct dtss_task_spec *spec);
uint32_t judge_tag_bit(struct sim *s, const char *tag); /* 0: too many tags */
uint32_t judge_resource(struct sim *s, const char *name);

/* --- judge_spec.c --- */
void judge_spec(struct sim *s, uint64_t id, const void *data, size_t len);

/* --- judge_task.c --- */
void judge_task_event(struct sim *s, const struct dtss_event *e);
void judge_attempt_event(struct sim *s, const struct dtss_event *e);
void judge_retired_event(struct sim *s, const struct dtss_event *e);
void judge_task_record(struct sim *s, const struct dtss_task_record *r, uint32_t flags);
uint32_t judge_missing(struct sim *s, const struct judge_task *t); /* parents that have not succeeded */
int judge_doomed(struct sim *s, const struct judge_task *t);       /* 1: one of them never will */

/* --- judge_grant.c --- */
void judge_grant(struct sim *s, uint64_t id, const struct dtss_event *e);

/* --- judge_attempt.c --- */
void judge_attempt_record(struct sim *s, const struct dtss_attempt_record *r);
/* It has ended with this event: does that follow from what was reported, and does the task go where its policy says? */
void judge_attempt_ended(struct sim *s, uint64_t id, const struct dtss_event *e);
void judge_attempt_free(struct sim *s, struct judge_task *t); /* its slot is free again */
void judge_late_success(struct sim *s, uint64_t id, const struct dtss_event *e);

/* --- judge_worker.c --- */
void judge_worker_record(struct sim *s, const struct dtss_worker_view *v, uint32_t flags);
void judge_worker_prepare(struct sim *s, const struct dtss_batch *b); /* which of them change in it */
void judge_worker_event(struct sim *s, const struct dtss_event *e);
void judge_worker_settle(struct sim *s); /* the batch is over */

/* --- judge_key.c --- */
void judge_key_begin(struct sim *s, uint64_t id);
void judge_key_ended(struct sim *s, uint64_t id, const struct dtss_event *e);
void judge_key_event(struct sim *s, const struct dtss_event *e);
void judge_key_lead(struct sim *s);
void judge_key_record(struct sim *s, const struct dtss_key_record *r, uint32_t flags);
void judge_key_settle(struct sim *s); /* the batch is over */
void judge_key_rest(struct sim *s, uint64_t now_ns);

/* --- judge_owed.c --- */
void judge_owes(struct sim *s, const struct judge_worker *w, const struct dtss_heartbeat *hb); /* the leader took it */
void judge_owes_no_more(struct sim *s, const struct dtss_message *m);                          /* it is told */

/* --- judge_rest.c --- */
uint64_t judge_continued(const struct sim *s, int64_t since_wall, uint64_t wait_ns);
void judge_reign(struct sim *s, uint32_t scheduler, uint64_t epoch, const struct dtss_event *e);
void judge_rest(struct sim *s, struct dtss_time now); /* the leader has nothing left to do */

/* --- judge_view.c: S26 --- */
uint32_t judge_why(struct sim *s, uint64_t id, struct dtss_time now, uint32_t *ret_count); /* 0: not known */
void judge_view_stats(struct sim *s, const struct dtss_stats *stats);
void judge_view_workers(struct sim *s, const struct dtss_answer *a, int rest);
void judge_view_task(struct sim *s, const struct dtss_task_view *v, uint64_t since_seq, int rest);

/* --- judge_fold.c: S20 --- */
void judge_fold_apply(struct sim *s, const struct dtss_batch *b);
void judge_fold_compare(struct sim *s, const struct dtss_sched *sched);
void judge_fold_store(struct sim *s);
void judge_meta_record(struct sim *s, const struct dtss_meta_record *r);

#endif
