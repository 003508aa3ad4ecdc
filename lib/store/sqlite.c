/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "store/sqlite.h"

/*
 * The vtable. A write goes into the open transaction when it is submitted, straight from the caller's memory; the first
 * poll after that commits. So everything that was submitted together shares one fsync.
 *
 *      submit  COMMIT ─┐                       poll ── COMMIT (fsync) ── answers
 *      submit  LOG ────┼──► open transaction ──┘
 *      submit  LOG ────┘    of the writer      poll ── GET, LIST, LOG_READ: the reader, after the commit
 */

/* ---- operations that wait for poll ---- */

static const char *sqlite_string(char **room, const char *text)
{
	char *copy = *room;
	size_t len;

	if (text == NULL)
		return NULL;
	len = strlen(text) + 1;
	memcpy(copy, text, len);
	*room += len;
	return copy;
}

static size_t sqlite_string_size(const char *text)
{
	return text != NULL ? strlen(text) + 1 : 0;
}

static size_t sqlite_filter_size(const struct dtss_task_filter *f)
{
	return sqlite_string_size(f->queue) + sqlite_string_size(f->name) + sqlite_string_size(f->label_name) +
	       sqlite_string_size(f->label_value);
}

static void sqlite_filter_copy(struct dtss_task_filter *f, char *room)
{
	f->queue = sqlite_string(&room, f->queue);
	f->name = sqlite_string(&room, f->name);
	f->label_name = sqlite_string(&room, f->label_name);
	f->label_value = sqlite_string(&room, f->label_value);
}

static int sqlite_op_check(const struct dtss_store_op *op)
{
	if (op->size < sizeof *op || op->type < DTSS_STORE_LEAD || op->type > DTSS_STORE_LOG_READ)
		return DTSS_E_INVALID;
	if (op->type == DTSS_STORE_LIST && (op->u.list.limit == 0 || op->u.list.limit > DTSS_LIST_MAX))
		return DTSS_E_INVALID;
	if (op->type == DTSS_STORE_LOG_APPEND && op->u.log.len > DTSS_LOG_CHUNK_MAX)
		return DTSS_E_TOO_BIG;
	return DTSS_OK;
}

static struct sqlite_op *sqlite_op_new(const struct dtss_store_op *op, uint64_t token)
{
	size_t strings = op->type == DTSS_STORE_LIST ? sqlite_filter_size(&op->u.list) : 0;
	struct sqlite_op *o = calloc(1, sizeof *o + strings);

	if (o == NULL)
		return NULL;
	o->token = token;
	o->type = op->type;
	if (op->type == DTSS_STORE_LIST) {
		o->u.list = op->u.list;
		sqlite_filter_copy(&o->u.list, (char *)(o + 1));
	} else if (op->type == DTSS_STORE_LOG_APPEND || op->type == DTSS_STORE_LOG_READ) {
		o->u.log = op->u.log;
	} else if (op->type == DTSS_STORE_GET) {
		o->u.id = op->u.get.id;
	} else if (op->type == DTSS_STORE_FOLLOW) {
		o->u.seq = op->u.follow.seq;
	}
	return o;
}

/* ---- leadership ends with the process, so that keeping it needs no write ---- */

static int sqlite_renew(struct sqlite_store *s, uint32_t type, uint64_t epoch)
{
	struct sqlite_head *head = s->group_open ? &s->group : &s->head;

	if (s->failed)
		return s->failed;
	if (!head->leads || epoch != head->epoch)
		return DTSS_E_EPOCH;
	if (type == DTSS_STORE_RESIGN)
		s->head.leads = s->group.leads = 0;
	return DTSS_OK;
}

/* There is one process and it needs no follower, so batches are not kept. */
static int sqlite_follow(const struct sqlite_store *s, uint64_t seq)
{
	return seq == s->head.seq ? DTSS_E_AGAIN : DTSS_E_COMPACTED;
}

static int sqlite_read(struct sqlite_store *s, const struct sqlite_op *o, struct dtss_store_done *done)
{
	int error = sqlite_ready(s);

	if (error < 0)
		return error;
	switch (o->type) {
	case DTSS_STORE_GET:
		return sqlite_get(s, o->u.id, done);
	case DTSS_STORE_LIST:
		return sqlite_list(s, &o->u.list, done);
	case DTSS_STORE_LOG_READ:
		return sqlite_log_read(s, &o->u.log, done);
	}
	return sqlite_follow(s, o->u.seq);
}

/* ---- the vtable ---- */

static struct sqlite_store *sqlite_of(struct dtss_store *store)
{
	return (struct sqlite_store *)store;
}

static int sqlite_info(struct dtss_store *store, struct dtss_store_info *ret_info)
{
	memset(ret_info, 0, sizeof *ret_info);
	ret_info->size = sizeof *ret_info;
	memcpy(ret_info->identity, sqlite_of(store)->identity, DTSS_IDENTITY_LEN);
	ret_info->durability = DTSS_DURABILITY_D2;
	return DTSS_OK;
}

static int sqlite_submit(struct dtss_store *store, const struct dtss_store_op *op, uint64_t token)
{
	struct sqlite_store *s = sqlite_of(store);
	struct sqlite_op *o;
	int error = sqlite_op_check(op);

	sqlite_forget(s);
	if (error < 0)
		return error;
	if (s->op_count == DTSS_STORE_OPS_MAX)
		return DTSS_E_FULL;
	o = sqlite_op_new(op, token);
	if (o == NULL)
		return DTSS_E_NOMEM;
	*s->last = o;
	s->last = &o->next;
	s->op_count++;
	if (op->type == DTSS_STORE_LEAD || op->type == DTSS_STORE_COMMIT || op->type == DTSS_STORE_LOG_APPEND)
		sqlite_write(s, op, o);
	else if (op->type == DTSS_STORE_RENEW || op->type == DTSS_STORE_RESIGN)
		o->result = sqlite_renew(s, op->type, op->u.renew.epoch);
	return DTSS_OK;
}

static void sqlite_complete(struct sqlite_store *s, const struct sqlite_op *o, struct dtss_store_done *done)
{
	DTSS_ASSERT(!o->grouped);
	memset(done, 0, sizeof *done);
	done->size = sizeof *done;
	done->token = o->token;
	done->type = o->type;
	done->result = o->result;
	if (o->type == DTSS_STORE_LEAD)
		done->u.epoch = o->u.epoch;
	else if (o->type == DTSS_STORE_LOG_APPEND)
		done->u.log = o->u.log;
	else if (o->type == DTSS_STORE_FOLLOW || o->type == DTSS_STORE_GET || o->type == DTSS_STORE_LIST ||
		 o->type == DTSS_STORE_LOG_READ)
		done->result = sqlite_read(s, o, done);
}

static int sqlite_poll(struct dtss_store *store, struct dtss_store_done *ret_done)
{
	struct sqlite_store *s = sqlite_of(store);
	struct sqlite_op *o = s->first;

	sqlite_forget(s);
	if (o == NULL)
		return 0;
	sqlite_group_commit(s);
	DTSS_ASSERT(s->op_count > 0);
	s->first = o->next;
	if (s->first == NULL)
		s->last = &s->first;
	s->op_count--;
	sqlite_complete(s, o, ret_done);
	free(o);
	return 1;
}

static int sqlite_fd(struct dtss_store *store)
{
	(void)store;
	return -1;
}

/* A transaction that nobody polled for is rolled back by closing. */
static void sqlite_close(struct dtss_store *store)
{
	struct sqlite_store *s = sqlite_of(store);
	struct sqlite_op *o;

	while ((o = s->first) != NULL) {
		s->first = o->next;
		free(o);
	}
	sqlite_forget(s);
	sqlite_disconnect(s);
	free(s->records);
	if (s->lock_fd >= 0)
		(void)close(s->lock_fd); /* nothing was written to it */
	free(s);
}

static const struct dtss_store_ops sqlite_ops = { sizeof(struct dtss_store_ops),
						  "sqlite",
						  sqlite_info,
						  sqlite_load,
						  sqlite_submit,
						  sqlite_poll,
						  sqlite_fd,
						  sqlite_close };

/* An existing lock is tried first: looking into a file that this process has open would drop SQLite's locks on it. A new
 * one is made only next to a file that is ours, or where nothing is yet. */
static int sqlite_open_file(struct sqlite_store *s, const struct sqlite_message *message)
{
	int error = sqlite_file_lock(message, 0, &s->lock_fd);

	if (error < 0)
		return error;
	error = sqlite_file_check(message);
	if (error >= 0 && s->lock_fd < 0) {
		error = sqlite_file_lock(message, 1, &s->lock_fd);
		if (error == DTSS_OK)
			error = sqlite_file_check(message); /* another process may have made it meanwhile */
	}
	if (error == 1)
		error = sqlite_file_create(message);
	if (error == DTSS_OK)
		error = sqlite_file_settle(message);
	return error == DTSS_OK ? sqlite_connect(s, message) : error;
}

int dtss_sqlite_open(struct dtss_store **ret_store, const char *path, char *message, size_t message_cap)
{
	struct sqlite_message say = { message, message_cap, path };
	struct sqlite_store *s = calloc(1, sizeof *s);
	int error;

	if (s == NULL)
		return sqlite_say(&say, DTSS_E_NOMEM, "cannot open it: out of memory");
	s->base.ops = &sqlite_ops;
	s->lock_fd = -1;
	s->last = &s->first;
	error = sqlite_file_resolve(&say, path, s->path);
	if (error == DTSS_OK) {
		say.path = s->path;
		error = sqlite_open_file(s, &say);
	}
	if (error < 0) {
		sqlite_close(&s->base);
		return error;
	}
	*ret_store = &s->base;
	return DTSS_OK;
}
