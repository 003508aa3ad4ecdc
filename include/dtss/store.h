/* SPDX-License-Identifier: MIT */
#ifndef DTSS_STORE_H
#define DTSS_STORE_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/message.h>

/*
 * ---- records: the unit of state ----
 *
 * A record's bytes are self-contained: format version, kind, checksum, key and value. A store keeps the newest of each
 * (kind, key) and gives them back at load; it needs to look inside only for the columns of its history.
 */
enum dtss_record_kind {
	DTSS_RECORD_META = 1,    /* one: next ids, fence, seq, totals */
	DTSS_RECORD_TASK = 2,    /* key: id. Small, rewritten at each transition */
	DTSS_RECORD_SPEC = 3,    /* key: id. Written once; the bytes of dtss_spec_encode() inside */
	DTSS_RECORD_ATTEMPT = 4, /* key: id, sub = attempt */
	DTSS_RECORD_KEY = 5,     /* key: queue and key of a finished task */
	DTSS_RECORD_WORKER = 6   /* key: name */
};

enum dtss_record_flag {
	DTSS_RECORD_DELETE = 1, /* drop the record of this key; data is the last value */
	DTSS_RECORD_DONE = 2 /* TASK only: leaves the live set; from now on it, its SPEC and its ATTEMPTs are history,
	                           are not given at load, and are found by get and list */
};

struct dtss_record {
	uint32_t kind;  /* enum dtss_record_kind */
	uint32_t flags; /* enum dtss_record_flag */
	uint64_t id;    /* TASK, SPEC, ATTEMPT: the task; else 0 */
	uint32_t sub;   /* ATTEMPT: which */
	uint32_t reserved;
	const void *key; /* KEY: queue NUL key; WORKER: name; else NULL. No NUL at the end */
	size_t key_len;
	const void *data;
	size_t len;
};

struct dtss_meta_record {
	uint64_t next_task;
	uint64_t fence; /* the last that was granted */
	uint64_t seq;   /* the last event */
	uint64_t hash;  /* of the batch that ended there */
	uint64_t next_worker;
	uint64_t totals[DTSS_TASK_STATES]; /* how many tasks ever reached each terminal state; [0]: ever submitted */
	uint64_t grants;
	uint64_t retries; /* attempts after a task's first */
	uint64_t losses;  /* attempts that ended as lost */
};

struct dtss_task_record {
	uint64_t id;
	uint64_t retry_of;
	uint32_t state;
	uint32_t cause;
	uint32_t done; /* 1: history */
	uint32_t failed_count;
	uint32_t lost_count;
	uint32_t free_count; /* ends that counted nowhere */
	uint32_t attempt_count;
	int64_t created_ns;
	int64_t started_ns;
	int64_t finished_ns;
	int64_t due_since_ns; /* while delayed by a backoff: when it began */
	uint64_t due_wait_ns; /* and how long it is; 0: not by a backoff */
};

struct dtss_attempt_record {
	uint64_t id;
	struct dtss_attempt_view view;
	uint64_t worker_number;
};

struct dtss_key_record {
	const char *queue;
	const char *key;
	uint64_t id;
	uint64_t spec_hash;
	int64_t finished_ns;
};

struct dtss_worker_record {
	struct dtss_worker_view view; /* the durable fields: name to kind, draining, cordoned, max_tasks, address, tags,
	                                 resources; status is OFFLINE or ONLINE */
};

/* A record, decoded. One block from the allocator; strings point into the bytes, which must outlive it. */
struct dtss_record_body {
	uint32_t kind;
	uint32_t flags;
	union {
		struct dtss_meta_record meta;
		struct dtss_task_record task;
		struct {
			uint64_t id;
			const void *data; /* dtss_spec_encode() */
			size_t len;
		} spec;
		struct dtss_attempt_record attempt;
		struct dtss_key_record key;
		struct dtss_worker_record worker;
	} u;
};

/* X(enumerator, value, name): what an event says */
#define DTSS_EVENT_MAP(X)                                                                                              \
	X(DTSS_EVENT_TASK, 1, "task")       /* a transition; the first has from = DTSS_TASK_NEW */                     \
	X(DTSS_EVENT_ATTEMPT, 2, "attempt") /* an attempt that is stopping has ended */                                \
	X(DTSS_EVENT_RETIRED, 3, "retired") /* a finished task left the engine */                                      \
	X(DTSS_EVENT_WORKER, 4, "worker")   /* registered, changed, drained, cordoned, offline, back, forgotten */     \
	X(DTSS_EVENT_KEY, 5, "key")         /* the key of a finished task was forgotten */                             \
	X(DTSS_EVENT_LEAD, 6, "lead")       /* a scheduler began to lead with a new epoch */

enum dtss_event_type {
#define DTSS_EVENT_ENUM(name, value, text) name = value,
	DTSS_EVENT_MAP(DTSS_EVENT_ENUM)
#undef DTSS_EVENT_ENUM
		DTSS_EVENT_ENUM_END = 64
};

/* One durable change. seq has no gaps. */
struct dtss_event {
	uint64_t seq;
	uint64_t task;   /* 0: none */
	uint64_t fence;  /* 0: none */
	uint64_t worker; /* number; 0: none */
	uint64_t incarnation;
	int64_t wall_ns;
	uint32_t type; /* enum dtss_event_type */
	uint32_t attempt;
	uint32_t from; /* enum dtss_task_state, or enum dtss_worker_status */
	uint32_t to;
	uint32_t cause; /* enum dtss_cause */
	uint32_t reserved;
};

/* The unit of persistence, replication, watching and recovery. Borrowed; named by last_seq. */
struct dtss_batch {
	size_t size;
	uint64_t epoch;
	uint64_t first_seq;
	uint64_t last_seq;
	uint64_t prev_hash;                /* of the batch before */
	uint64_t hash;                     /* of prev_hash, the events and the sums of the records but META */
	const struct dtss_record *records; /* the newest value of each record that changed, once */
	size_t record_count;
	const struct dtss_event *events;
	size_t event_count;
};

/*
 * ---- the store vtable ----
 *
 * One completion model: submit, then poll. A store that works synchronously has the answer ready at the next poll. It
 * never calls up. One thread at a time. Operations are carried out and answered in the order of their submission; a read
 * sees every write submitted before it, and may see those submitted after it and before its answer. Writes that wait
 * together may share one fsync; if that fails, each of them has failed.
 */
enum dtss_durability {
	DTSS_DURABILITY_D0 = 0, /* memory */
	DTSS_DURABILITY_D1 = 1, /* fsync later, or a failover may lose what was acknowledged */
	DTSS_DURABILITY_D2 = 2, /* local fsync before the answer */
	DTSS_DURABILITY_D3 = 3  /* fsync by a majority before the answer */
};

struct dtss_store_info {
	size_t size;
	uint8_t identity[DTSS_IDENTITY_LEN]; /* random, given at creation, renewed by a restore */
	uint32_t durability;                 /* enum dtss_durability */
	uint32_t lead_expires; /* 1: leadership ends unless it is renewed within its ttl_ms; 0: it ends with the
	                                        process, or by another LEAD */
};

enum dtss_store_op_type {
	DTSS_STORE_LEAD =
		1, /* -> u.epoch, greater than any before; DTSS_E_NOT_LEADER: somebody else does. Who is holder
	                              already gets a new epoch at once, so the holder's name must be his own */
	DTSS_STORE_RENEW = 2, /* for ttl_ms more, from when it is carried out. DTSS_E_EPOCH: lost */
	DTSS_STORE_RESIGN = 3,
	DTSS_STORE_COMMIT = 4, /* all or nothing. DTSS_E_EPOCH: deposed, nothing was written. DTSS_E_NOSPC: nothing was
	                              written. DTSS_E_UNKNOWN: it may have been. DTSS_E_IO, DTSS_E_CORRUPT: the store is failed
	                              until the process starts again, every further operation says so */
	DTSS_STORE_FOLLOW = 5, /* batches after u.follow.seq -> u.batch, one per done; DTSS_E_AGAIN: none yet;
	                              DTSS_E_COMPACTED */
	DTSS_STORE_GET = 6,    /* -> u.rows, live or history; DTSS_E_NOT_FOUND */
	DTSS_STORE_LIST = 7,   /* -> u.rows, history only */
	DTSS_STORE_LOG_APPEND =
		8, /* idempotent: what is stored already is skipped; DTSS_E_OFFSET: a gap, u.log.offset is where
	                              it goes on; DTSS_E_TOO_BIG: the stream is full */
	DTSS_STORE_LOG_READ = 9 /* -> u.log; len 0 at the end of what is stored */
};

/* Which tasks of the history. Zero, or NULL: any. */
struct dtss_task_filter {
	uint32_t states; /* bit set of 1 << enum dtss_task_state */
	uint32_t limit;  /* 1 to DTSS_LIST_MAX */
	uint64_t after;  /* ids greater than this, in growing order */
	const char *queue;
	const char *name;
	const char *label_name;
	const char *label_value; /* with label_name; NULL: any value */
};

struct dtss_log_chunk {
	uint64_t fence;  /* the attempt */
	uint32_t stream; /* 1 stdout, 2 stderr */
	uint32_t reserved;
	uint64_t offset;
	const void *data; /* NULL in a request to read */
	size_t len;       /* to read: at most */
};

/* Everything it points to is borrowed for the call of submit; the store copies what it keeps. */
struct dtss_store_op {
	size_t size;
	uint32_t type; /* enum dtss_store_op_type */
	uint32_t reserved;
	union {
		struct {
			const char *holder; /* who leads */
			uint64_t ttl_ms;
		} lead;
		struct {
			uint64_t epoch;
		} renew; /* and RESIGN */
		const struct dtss_batch *commit;
		struct {
			uint64_t seq;
		} follow;
		struct {
			uint64_t id;
		} get;
		struct dtss_task_filter list;
		struct dtss_log_chunk log;
	} u;
};

/* A completion. What it points to is valid until the next call on the store. */
struct dtss_store_done {
	size_t size;
	uint64_t token;
	uint32_t type;  /* of the operation */
	int32_t result; /* 0 or DTSS_E_* */
	union {
		uint64_t epoch;
		const struct dtss_batch *batch;
		struct {
			const struct dtss_record *records; /* for each task, by id: TASK, SPEC, then its ATTEMPTs */
			size_t count;
			uint64_t next; /* LIST: the cursor to go on with; 0: that was all */
		} rows;
		struct dtss_log_chunk log;
	} u;
};

struct dtss_store {
	const struct dtss_store_ops *ops; /* first in every implementation */
};

struct dtss_store_ops {
	size_t size;
	const char *name; /* "sqlite" */
	int (*info)(struct dtss_store *store, struct dtss_store_info *ret_info);
	/*
	 * The live records, one per call, in any order: 1 and a record, 0 at the end (the next call begins anew), or an
	 * error: DTSS_E_CORRUPT, DTSS_E_IO, DTSS_E_NOMEM. Between first and last call the caller submits nothing. The
	 * bytes are valid until the next call; who takes a record checks its sum, the store need not.
	 */
	int (*load)(struct dtss_store *store, const void **ret_data, size_t *ret_len);
	/*
	 * 0: the completion will come, whatever happens. DTSS_E_FULL (more than DTSS_STORE_OPS_MAX wait), DTSS_E_NOMEM,
	 * DTSS_E_INVALID, DTSS_E_TOO_BIG (a chunk over DTSS_LOG_CHUNK_MAX): not begun.
	 */
	int (*submit)(struct dtss_store *store, const struct dtss_store_op *op, uint64_t token);
	/* Never waits. 1 and a completion, or 0: none now. */
	int (*poll)(struct dtss_store *store, struct dtss_store_done *ret_done);
	/* A descriptor that becomes readable when poll has something, or -1: it always has its answers at the next poll. */
	int (*fd)(struct dtss_store *store);
	/* Frees the store. What was submitted and not polled is abandoned: its outcome is unknown. */
	void (*close)(struct dtss_store *store);
};

#ifdef __cplusplus
extern "C" {
#endif

/* Length as for dtss_spec_encode(). A body with flags DTSS_RECORD_DELETE or DTSS_RECORD_DONE keeps them. */
DTSS_API size_t dtss_record_encode(const struct dtss_record_body *body, void *buf, size_t cap);
DTSS_API int dtss_record_decode(const void *data, size_t len, const struct dtss_mem *mem,
				struct dtss_record_body **ret_body);
DTSS_API void dtss_record_free(struct dtss_record_body *body, const struct dtss_mem *mem);
/* Only what stands in front of the value: kind, flags, id, sub and key, with data and len as given; checks the sum. */
DTSS_API int dtss_record_peek(const void *data, size_t len, struct dtss_record *ret_record);

/* A batch as bytes, for stores that keep them whole. */
DTSS_API size_t dtss_batch_encode(const struct dtss_batch *batch, void *buf, size_t cap);
DTSS_API int dtss_batch_decode(const void *data, size_t len, const struct dtss_mem *mem, struct dtss_batch **ret_batch);
DTSS_API void dtss_batch_free(struct dtss_batch *batch, const struct dtss_mem *mem);

/* A view of the rows of one task: its TASK, its SPEC, then its ATTEMPTs. Sets *ret_used to how many records it took.
 * Strings point into their data, which must outlive it. DTSS_E_CORRUPT, DTSS_E_VERSION, DTSS_E_NOMEM. */
DTSS_API int dtss_task_view_decode(const struct dtss_record *records, size_t count, const struct dtss_mem *mem,
				   struct dtss_task_view **ret_view, size_t *ret_used);
DTSS_API void dtss_task_view_free(struct dtss_task_view *view, const struct dtss_mem *mem);
/* 1 when the task passes states, queue, name and label of the filter (after and limit are the list's business). */
DTSS_API int dtss_task_filter_match(const struct dtss_task_filter *filter, const struct dtss_task_view *view);

/* In memory, durability D0. DTSS_E_NOMEM. mem NULL: dtss_mem_libc(). */
DTSS_API int dtss_memory_open(struct dtss_store **ret_store, const struct dtss_mem *mem);

/*
 * In libdtss-sqlite: a file in WAL mode with synchronous=FULL, durability D2, locked by PATH.lock. Made with mode 0600
 * when it does not exist. message (may be NULL) receives a sentence on failure.
 * DTSS_E_BUSY, DTSS_E_NOT_OURS, DTSS_E_VERSION, DTSS_E_CORRUPT, DTSS_E_IO, DTSS_E_NOSPC, DTSS_E_NOMEM.
 */
DTSS_API int dtss_sqlite_open(struct dtss_store **ret_store, const char *path, char *message, size_t message_cap);

#ifdef __cplusplus
}
#endif
#endif
