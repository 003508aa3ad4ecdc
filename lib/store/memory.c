/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "core/check.h"
#include "core/hash.h"
#include "store/memory.h"

/*
 * The store for programs that need no durability, and for tests. Writes take effect when they are submitted, so that
 * nothing need be copied twice; reads are carried out when they are polled.
 */
struct memory_store {
	struct dtss_store base;
	const struct dtss_mem *mem;
	uint8_t identity[DTSS_IDENTITY_LEN];
	uint64_t epoch;
	int leads;
	struct memory_rows rows;
	struct memory_ring ring;
	struct memory_log log;
	struct memory_cursor cursor;
	struct memory_op *head; /* submitted and not yet polled */
	struct memory_op **tail;
	size_t op_count;
	/* what the last completion points to */
	struct dtss_record *records;
	size_t record_cap;
};

/* ---- writes ---- */

static int memory_commit(struct memory_store *m, const struct dtss_batch *batch, int32_t *ret_result)
{
	struct memory_batch copy;
	int error;

	if (!m->leads || batch->epoch != m->epoch) {
		*ret_result = DTSS_E_EPOCH;
		return DTSS_OK;
	}
	error = memory_ring_prepare(&m->ring, m->mem, batch, &copy);
	if (error < 0)
		return error;
	error = memory_rows_commit(&m->rows, m->mem, batch->records, batch->record_count);
	if (error < 0) {
		if (copy.batch != NULL)
			m->mem->release(m->mem->ctx, copy.batch, copy.len);
		return error;
	}
	memory_ring_push(&m->ring, m->mem, &copy, batch->last_seq);
	*ret_result = DTSS_OK;
	return DTSS_OK;
}

static void memory_renew(struct memory_store *m, struct memory_op *o, uint64_t epoch)
{
	o->result = m->leads && epoch == m->epoch ? DTSS_OK : DTSS_E_EPOCH;
	if (o->type == DTSS_STORE_RESIGN && o->result == DTSS_OK)
		m->leads = 0;
}

static int memory_append(struct memory_store *m, struct memory_op *o)
{
	uint64_t end;
	int error = memory_log_append(&m->log, m->mem, &o->u.log, &end);

	o->u.log.data = NULL;
	o->u.log.offset = end;
	o->result = error;
	return error == DTSS_E_NOMEM ? error : DTSS_OK;
}

/* DTSS_E_NOMEM: it was not begun. */
static int memory_apply(struct memory_store *m, const struct dtss_store_op *op, struct memory_op *o)
{
	switch (op->type) {
	case DTSS_STORE_LEAD:
		m->leads = 1;
		o->u.epoch = ++m->epoch;
		break;
	case DTSS_STORE_RENEW:
	case DTSS_STORE_RESIGN:
		memory_renew(m, o, op->u.renew.epoch);
		break;
	case DTSS_STORE_COMMIT:
		return memory_commit(m, op->u.commit, &o->result);
	case DTSS_STORE_FOLLOW:
		m->ring.followed = 1; /* and is, this first time, told to load what there is */
		break;
	case DTSS_STORE_LOG_APPEND:
		return memory_append(m, o);
	}
	return DTSS_OK;
}

/* ---- reads ---- */

static int memory_room(struct memory_store *m, size_t used, size_t need)
{
	struct dtss_record *records;
	size_t cap = m->record_cap > 0 ? m->record_cap : 16;

	if (need <= m->record_cap)
		return DTSS_OK;
	while (cap < need)
		cap *= 2;
	records = m->mem->alloc(m->mem->ctx, cap * sizeof records[0]);
	if (records == NULL)
		return DTSS_E_NOMEM;
	if (m->records != NULL) {
		memcpy(records, m->records, used * sizeof records[0]);
		m->mem->release(m->mem->ctx, m->records, m->record_cap * sizeof records[0]);
	}
	m->records = records;
	m->record_cap = cap;
	return DTSS_OK;
}

/* The records of a task, behind the used ones. */
static int memory_collect(struct memory_store *m, const struct memory_task *t, size_t used, size_t *ret_count)
{
	size_t count = memory_rows_of(t, NULL, 0);
	int error = memory_room(m, used, used + count);

	if (error == DTSS_OK)
		*ret_count = memory_rows_of(t, m->records + used, count);
	return error;
}

static int memory_get(struct memory_store *m, uint64_t id, struct dtss_store_done *done)
{
	const struct memory_task *t = memory_rows_task(&m->rows, id);
	int error;

	if (t == NULL || t->task == NULL)
		return DTSS_E_NOT_FOUND;
	error = memory_collect(m, t, 0, &done->u.rows.count);
	done->u.rows.records = m->records;
	return error;
}

/* 1 when it passes, 0, or an error. */
static int memory_match(const struct memory_store *m, const struct dtss_task_filter *f,
			const struct dtss_record *records, size_t count)
{
	struct dtss_task_view *view;
	size_t used;
	int error, match;

	if (f->states == 0 && f->queue == NULL && f->name == NULL && f->label_name == NULL)
		return 1;
	error = dtss_task_view_decode(records, count, m->mem, &view, &used);
	if (error < 0)
		return error;
	match = dtss_task_filter_match(f, view);
	dtss_task_view_free(view, m->mem);
	return match;
}

static size_t memory_bytes(const struct dtss_record *records, size_t count)
{
	size_t i, bytes = 0;

	for (i = 0; i < count; i++)
		bytes += records[i].len;
	return bytes;
}

static int memory_list(struct memory_store *m, const struct dtss_task_filter *f, struct dtss_store_done *done)
{
	const struct memory_history *h = &m->rows.history;
	size_t i, used = 0, bytes = 0, scanned = 0, count = 0;
	uint32_t found = 0;

	for (i = memory_history_after(h, f->after); i < h->slot_count; i++, scanned++) {
		int match = h->slots[i].task != NULL;

		if (found == f->limit || scanned == DTSS_SCAN_MAX || bytes >= DTSS_LIST_BYTES_MAX) {
			done->u.rows.next = h->slots[i - 1].id;
			break;
		}
		if (match)
			match = memory_collect(m, h->slots[i].task, used, &count);
		if (match == DTSS_OK && h->slots[i].task != NULL)
			match = memory_match(m, f, m->records + used, count);
		if (match < 0)
			return match;
		if (match > 0) {
			bytes += memory_bytes(m->records + used, count);
			used += count;
			found++;
		}
	}
	done->u.rows.records = m->records;
	done->u.rows.count = used;
	return DTSS_OK;
}

static void memory_log(struct memory_store *m, const struct memory_op *o, struct dtss_store_done *done)
{
	done->u.log = o->u.log;
	if (o->type == DTSS_STORE_LOG_READ)
		memory_log_read(&m->log, &done->u.log);
}

static void memory_complete(struct memory_store *m, const struct memory_op *o, struct dtss_store_done *done)
{
	done->size = sizeof *done;
	done->token = o->token;
	done->type = o->type;
	done->result = o->result;
	switch (o->type) {
	case DTSS_STORE_LEAD:
		done->u.epoch = o->u.epoch;
		break;
	case DTSS_STORE_FOLLOW:
		done->result = memory_ring_find(&m->ring, o->u.seq, &done->u.batch);
		break;
	case DTSS_STORE_GET:
		done->result = memory_get(m, o->u.id, done);
		break;
	case DTSS_STORE_LIST:
		done->result = memory_list(m, &o->u.list, done);
		break;
	case DTSS_STORE_LOG_APPEND:
	case DTSS_STORE_LOG_READ:
		memory_log(m, o, done);
		break;
	}
}

/* ---- the vtable ---- */

static struct memory_store *memory_of(struct dtss_store *store)
{
	return (struct memory_store *)store;
}

static int memory_info(struct dtss_store *store, struct dtss_store_info *ret_info)
{
	memset(ret_info, 0, sizeof *ret_info);
	ret_info->size = sizeof *ret_info;
	memcpy(ret_info->identity, memory_of(store)->identity, DTSS_IDENTITY_LEN);
	ret_info->durability = DTSS_DURABILITY_D0;
	return DTSS_OK;
}

static int memory_load(struct dtss_store *store, const void **ret_data, size_t *ret_len)
{
	struct memory_store *m = memory_of(store);
	const struct memory_row *row = memory_rows_next(&m->rows, &m->cursor);

	if (row == NULL) {
		memset(&m->cursor, 0, sizeof m->cursor);
		return 0;
	}
	*ret_data = row->record.data;
	*ret_len = row->record.len;
	return 1;
}

static int memory_submit(struct dtss_store *store, const struct dtss_store_op *op, uint64_t token)
{
	struct memory_store *m = memory_of(store);
	struct memory_op *o;
	int error = memory_op_check(op);

	if (error < 0)
		return error;
	if (m->op_count == DTSS_STORE_OPS_MAX)
		return DTSS_E_FULL;
	o = memory_op_new(m->mem, op, token);
	if (o == NULL)
		return DTSS_E_NOMEM;
	error = memory_apply(m, op, o);
	if (error < 0) {
		memory_op_free(o, m->mem);
		return error;
	}
	*m->tail = o;
	m->tail = &o->next;
	m->op_count++;
	return DTSS_OK;
}

static int memory_poll(struct dtss_store *store, struct dtss_store_done *ret_done)
{
	struct memory_store *m = memory_of(store);
	struct memory_op *o = m->head;

	if (o == NULL)
		return 0;
	DTSS_ASSERT(m->op_count > 0);
	m->head = o->next;
	if (m->head == NULL)
		m->tail = &m->head;
	m->op_count--;
	memset(ret_done, 0, sizeof *ret_done);
	memory_complete(m, o, ret_done);
	memory_op_free(o, m->mem);
	return 1;
}

static int memory_fd(struct dtss_store *store)
{
	(void)store;
	return -1;
}

static void memory_close(struct dtss_store *store)
{
	struct memory_store *m = memory_of(store);
	const struct dtss_mem *mem = m->mem;
	struct memory_op *o, *next;

	for (o = m->head; o != NULL; o = next) {
		next = o->next;
		memory_op_free(o, mem);
	}
	if (m->records != NULL)
		mem->release(mem->ctx, m->records, m->record_cap * sizeof m->records[0]);
	memory_rows_fini(&m->rows, mem);
	memory_ring_fini(&m->ring, mem);
	memory_log_fini(&m->log, mem);
	mem->release(mem->ctx, m, sizeof *m);
}

static const struct dtss_store_ops memory_ops = { sizeof(struct dtss_store_ops),
						  "memory",
						  memory_info,
						  memory_load,
						  memory_submit,
						  memory_poll,
						  memory_fd,
						  memory_close };

/* Two stores must not look like one to an agent: the system's randomness, or else the time and where we are. */
static void memory_identity(struct memory_store *m)
{
	FILE *f = fopen("/dev/urandom", "rb");
	uint64_t words[2] = { 0, 0 }, seed[3];
	size_t i;

	if (f != NULL) {
		setbuf(f, NULL);
		if (fread(words, sizeof words, 1, f) != 1)
			words[0] = words[1] = 0;
		(void)fclose(f);
	}
	seed[0] = (uint64_t)time(NULL);
	seed[1] = (uint64_t)clock();
	seed[2] = (uint64_t)(uintptr_t)m;
	for (i = 0; i < 2; i++)
		words[i] ^= hash_bytes(i, words[i], seed, sizeof seed);
	memcpy(m->identity, words, sizeof m->identity);
}

int dtss_memory_open(struct dtss_store **ret_store, const struct dtss_mem *mem)
{
	struct memory_store *m;

	if (mem == NULL)
		mem = dtss_mem_libc();
	m = mem->alloc(mem->ctx, sizeof *m);
	if (m == NULL)
		return DTSS_E_NOMEM;
	memset(m, 0, sizeof *m);
	m->base.ops = &memory_ops;
	m->mem = mem;
	m->tail = &m->head;
	memory_identity(m);
	memory_rows_init(&m->rows);
	memory_log_init(&m->log);
	*ret_store = &m->base;
	return DTSS_OK;
}
