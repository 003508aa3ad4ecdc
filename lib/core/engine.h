/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CORE_ENGINE_H
#define DTSS_CORE_ENGINE_H

#include "core/objects.h"

/* What the files of the engine offer to each other. */

/* --- sched.c: memory --- */
void *sched_alloc(struct dtss_sched *s, size_t size);
void sched_free(struct dtss_sched *s, void *block, size_t size);
/* Room for at least want elements: grows by doubling. DTSS_E_NOMEM: unchanged. */
int sched_grow(struct dtss_sched *s, void **array, size_t *cap, size_t want, size_t element);
int sched_problem(struct dtss_sched *s, int error, const char *field, const char *expected, size_t index);
void *sched_view_room(struct dtss_sched *s, size_t size); /* NULL: no memory */

/* --- batch.c: the open batch --- */
/* Room for so many transitions, and for so many bytes of records that they write, so that they cannot fail. */
int batch_reserve(struct dtss_sched *s, size_t transitions, size_t bytes);
#define BATCH_TASK_BYTES 256
#define BATCH_ATTEMPT_BYTES 896
#define BATCH_KEY_BYTES 1280
#define BATCH_BYTES (BATCH_TASK_BYTES + BATCH_ATTEMPT_BYTES + BATCH_KEY_BYTES) /* of one transition of a task */
void batch_mark_task(struct dtss_sched *s, struct task *t, unsigned marks);
void batch_mark_worker(struct dtss_sched *s, struct worker *w);
void batch_mark_key(struct dtss_sched *s, struct key *k);
void batch_event(struct dtss_sched *s, struct dtss_time now, struct dtss_event *e); /* numbers it; queues the action */
size_t worker_record_bound(const struct worker *w);
uint64_t batch_hash(const struct dtss_batch *b);

/* --- action.c --- */
int ring_reserve(struct dtss_sched *s, size_t extra);
struct pending *ring_push(struct dtss_sched *s, uint32_t type, uint64_t seq); /* to be filled in; of no cause */
void action_assign(struct dtss_sched *s, struct task *t, uint64_t lease_ms);  /* so long it has from now */
void action_stop(struct dtss_sched *s, struct worker *w, uint64_t task, uint64_t fence, uint32_t cause);

/* --- task_fsm.c, task.c --- */
void task_move(struct dtss_sched *s, struct dtss_time now, struct task *t, uint32_t to, uint32_t cause);
struct task *task_find(const struct dtss_sched *s, uint64_t id); /* not done */
struct task *task_any(const struct dtss_sched *s, uint64_t id);  /* or done and not yet stored */
struct attempt *task_live(const struct task *t);                 /* the live or stopping attempt, or NULL */
const struct tries *task_tries(const struct task *t);            /* of one that has none, all 0 */
int task_waits(uint32_t state);                                  /* blocked, held, delayed or ready */
void task_free(struct dtss_sched *s, struct task *t);
void task_put_parts(struct dtss_sched *s, struct need *n, struct policy *p, struct queue *q); /* or NULL */
void task_arm(struct dtss_sched *s, struct dtss_time now, struct task *t);
void task_due(struct dtss_sched *s, struct dtss_time now, struct task *t); /* its timer fired */
void task_ready_or_delayed(struct dtss_sched *s, struct dtss_time now, struct task *t, uint32_t cause);
const uint8_t *task_spec(const struct task *t);
void task_retire(struct dtss_sched *s, struct dtss_time now, struct task *t); /* if it may leave */
void task_unlink_live(struct task *t);

/* --- attempt.c, backoff.c --- */
int attempt_reserve(struct dtss_sched *s, struct task *t, uint32_t count); /* room for so many */
void attempt_link(struct dtss_sched *s, struct task *t, struct worker *w); /* the last attempt is on that worker */
void attempt_unlink(struct dtss_sched *s, struct task *t, struct worker *w);
void attempt_capacity(struct worker *w); /* its resources changed: what is taken of them, added up anew */
uint64_t attempt_lease_left_ms(const struct dtss_sched *s, struct dtss_time now, const struct task *t);
void attempt_grant(struct dtss_sched *s, struct dtss_time now, struct task *t, struct worker *w);
/* detail is a copy that the task takes over, or NULL. */
void attempt_end(struct dtss_sched *s, struct dtss_time now, struct task *t, const struct dtss_outcome *o,
		 char *detail);
uint64_t backoff_ns(uint64_t seed, uint64_t task, uint32_t attempt, const struct dtss_retry *r, uint32_t failures);
uint64_t backoff_free_ns(uint32_t ends);
uint32_t retry_decide(const struct dtss_retry *r, const struct dtss_outcome *o); /* enum dtss_retry_action */

/* --- depend.c --- */
void depend_link(struct task *child, struct dep *d, struct task *parent);
void depend_unlink_all(struct dtss_sched *s, struct task *child);
void depend_enqueue(struct dtss_sched *s, struct task *parent); /* it has ended: tell its children, then it leaves */
void depend_ended(struct dtss_sched *s, struct task *parent);   /* its children are to be told, in ticks */
int depend_resolve(struct dtss_sched *s, struct dtss_time now, size_t *budget); /* DTSS_E_NOMEM: not all yet */

/* --- key.c --- */
struct key *key_find(const struct dtss_sched *s, const char *queue, const char *text);
struct key *key_new(struct dtss_sched *s, struct queue *q,
		    const char *text); /* not yet in the table; NULL: no memory */
void key_free(struct dtss_sched *s, struct key *k);
void key_finish(struct dtss_sched *s, struct dtss_time now, struct key *k);
void key_forget(struct dtss_sched *s, struct dtss_time now, struct key *k);
void key_append(struct dtss_sched *s, struct key *k);
void key_arm(struct dtss_sched *s);

/* --- shared.c: queues, policies and needs, interned with counts --- */
struct queue *queue_get(struct dtss_sched *s, const char *name); /* +1; NULL: see *error */
struct queue *queue_share(struct queue *q);                      /* +1 */
struct queue *queue_find(const struct dtss_sched *s, const char *name);
void queue_put(struct dtss_sched *s, struct queue *q);
struct policy *policy_get(struct dtss_sched *s, const struct dtss_retry *r);
void policy_put(struct dtss_sched *s, struct policy *p);
struct need *need_get(struct dtss_sched *s, const struct dtss_task_spec *spec);
void need_put(struct dtss_sched *s, struct need *n);

/* --- heartbeat_check.c --- */
#define HEARTBEAT_HELD_MAX (2 * DTSS_WORKER_TASKS_MAX)
int heartbeat_check(struct dtss_sched *s, const struct dtss_heartbeat *hb); /* says what is wrong */

/* --- roster.c: the workers by name, from s->first_worker on --- */
void roster_insert(struct dtss_sched *s, struct worker *w);
void roster_remove(struct dtss_sched *s, struct worker *w);
struct worker *roster_above(const struct dtss_sched *s, const char *after); /* NULL: none */

/* --- worker.c --- */
struct worker *worker_find(const struct dtss_sched *s, const char *name);
int worker_shape_make(struct dtss_sched *s, struct worker_shape *ret, const char *name, const char *address,
		      const char *const *tags, size_t tag_count, const struct dtss_resource *resources,
		      size_t resource_count);
void worker_shape_free(struct dtss_sched *s, struct worker_shape *shape);
int worker_shape_equal(const struct worker_shape *a, const struct worker_shape *b);
/* Its words in place of those that said the same in another order, or with repetitions. */
void worker_shape_resay(struct worker_shape *shape, struct worker_shape *equal);
/* shape receives the old one. */
void worker_shape_swap(struct dtss_sched *s, struct worker *w, struct worker_shape *shape);
void worker_say(struct worker *w); /* its shape says something new: a copy side by side */
void worker_deafen(struct worker *w, uint64_t task, uint64_t fence); /* 0: it hears again */
void worker_seen(struct dtss_sched *s, struct dtss_time now, struct worker *w);
struct worker *worker_new(struct dtss_sched *s, const char *name, struct worker_shape *shape); /* takes it over */
void worker_free(struct dtss_sched *s, struct worker *w);
void worker_insert(struct dtss_sched *s, struct worker *w);
void worker_extract(struct dtss_sched *s, struct worker *w);
/* Slots, resources, status or switches changed: tells the pool, and who waits for it to improve. */
void worker_refresh(struct dtss_sched *s, struct worker *w);
void worker_event(struct dtss_sched *s, struct dtss_time now, struct worker *w, uint32_t from);
void worker_due(struct dtss_sched *s, struct dtss_time now, struct worker *w); /* its timer fired */
void worker_arm(struct dtss_sched *s, struct worker *w);
uint32_t worker_used(const struct worker *w);

/* --- place.c --- */
uint64_t young_from_ns(const struct dtss_sched *s, const struct worker *w); /* where its oldest bucket begins */
void young_expire(struct dtss_sched *s, struct dtss_time now, struct worker *w);

/* --- dispatch.c --- */
void dispatch_queue(struct dtss_sched *s, struct task *t);   /* it became ready; room was reserved */
void dispatch_unqueue(struct dtss_sched *s, struct task *t); /* it is ready no more */
void dispatch_remove_need(struct dtss_sched *s, struct need *n);
int dispatch_run(struct dtss_sched *s, struct dtss_time now, size_t *budget); /* DTSS_E_NOMEM: not all yet */
int dispatch_pending(const struct dtss_sched *s);
void dispatch_park(struct dtss_sched *s, struct need *n); /* it is in the heap: no worker fits it now */
void dispatch_renumber(struct dtss_sched *s);
void dispatch_improved(struct dtss_sched *s, struct worker *w);
void dispatch_forget(struct dtss_sched *s, struct worker *w);

/* --- load_task.c: before it leads --- */
struct task *load_task_slot(struct dtss_sched *s, uint64_t id); /* made if there is none; NULL: no memory */
int load_task_undo(struct dtss_sched *s, struct task *t);       /* DTSS_E_NOMEM */
int load_task(struct dtss_sched *s, const struct dtss_task_record *r, uint32_t flags); /* enum dtss_record_flag */
struct load_spec { /* a SPEC record, and the specification in it */
	uint64_t id;
	const void *record, *spec;
	size_t record_len, spec_len;
};
int load_spec(struct dtss_sched *s, const struct load_spec *in);

/* --- lead.c: of what was loaded --- */
int lead_counted(const struct dtss_meta_record *meta);
int lead_whole(const struct dtss_sched *s, const struct task *t); /* all its records, of an id that was given out? */
/* Its specification, to be freed, or NULL; and its key, if it has one. DTSS_E_NOMEM, DTSS_E_CORRUPT. */
int lead_key(struct dtss_sched *s, struct task *t, struct dtss_task_spec **ret_spec);
int lead_sound(const struct dtss_sched *s, const struct task *t); /* do its attempts fit what it does? */
/* Its live attempt is on that worker, which it names. DTSS_E_CORRUPT: it cannot be. */
int lead_link(struct dtss_sched *s, struct task *t, struct worker *w);

/* --- restored.c: of what was restored --- */
int restored_sound(const struct dtss_sched *s);

/* --- submit.c; specifications are resolved --- */
uint64_t submit_spec_hash(const void *spec, size_t len);
int submit_many(struct dtss_sched *s, struct dtss_time now, const struct dtss_task_spec *specs, size_t count,
		struct task **tasks, dtss_task_id *ret_ids, uint8_t *ret_known);

/* --- encode.c --- */
size_t encode_task(const struct task *t, void *buf, size_t cap);
void attempt_view(const struct task *t, uint32_t index, struct dtss_attempt_view *ret_view);
size_t encode_attempt(const struct task *t, uint32_t index, void *buf, size_t cap);
size_t encode_key(const struct key *k, void *buf, size_t cap);
size_t encode_worker(const struct worker *w, void *buf, size_t cap);
size_t encode_meta(const struct dtss_sched *s, void *buf, size_t cap);
#define RECORD_SMALL_MAX 1024 /* every record but SPEC and WORKER fits */

#endif
