/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "core/check.h"
#include "store/memory.h"

static const char *memory_op_string(char **room, const char *s)
{
	char *copy = *room;
	size_t len;

	if (s == NULL)
		return NULL;
	len = strlen(s) + 1;
	memcpy(copy, s, len);
	*room += len;
	return copy;
}

static size_t memory_op_string_size(const char *s)
{
	return s != NULL ? strlen(s) + 1 : 0;
}

static size_t memory_op_filter_size(const struct dtss_task_filter *f)
{
	return memory_op_string_size(f->queue) + memory_op_string_size(f->name) + memory_op_string_size(f->label_name) +
	       memory_op_string_size(f->label_value);
}

static void memory_op_filter_copy(struct dtss_task_filter *f, char *room)
{
	f->queue = memory_op_string(&room, f->queue);
	f->name = memory_op_string(&room, f->name);
	f->label_name = memory_op_string(&room, f->label_name);
	f->label_value = memory_op_string(&room, f->label_value);
}

int memory_op_check(const struct dtss_store_op *op)
{
	if (op->size < sizeof *op || op->type < DTSS_STORE_LEAD || op->type > DTSS_STORE_LOG_READ)
		return DTSS_E_INVALID;
	if (op->type == DTSS_STORE_LIST && (op->u.list.limit == 0 || op->u.list.limit > DTSS_LIST_MAX))
		return DTSS_E_INVALID;
	if (op->type == DTSS_STORE_LOG_APPEND && op->u.log.len > DTSS_LOG_CHUNK_MAX)
		return DTSS_E_TOO_BIG;
	return DTSS_OK;
}

struct memory_op *memory_op_new(const struct dtss_mem *mem, const struct dtss_store_op *op, uint64_t token)
{
	size_t len = sizeof(struct memory_op) + (op->type == DTSS_STORE_LIST ? memory_op_filter_size(&op->u.list) : 0);
	struct memory_op *o = mem->alloc(mem->ctx, len);

	if (o == NULL)
		return NULL;
	memset(o, 0, sizeof *o);
	o->block_len = len;
	o->token = token;
	o->type = op->type;
	if (op->type == DTSS_STORE_LIST) {
		o->u.list = op->u.list;
		memory_op_filter_copy(&o->u.list, (char *)(o + 1));
	} else if (op->type == DTSS_STORE_LOG_APPEND || op->type == DTSS_STORE_LOG_READ) {
		o->u.log = op->u.log;
	} else if (op->type == DTSS_STORE_GET) {
		o->u.id = op->u.get.id;
	} else if (op->type == DTSS_STORE_FOLLOW) {
		o->u.seq = op->u.follow.seq;
	}
	return o;
}

void memory_op_free(struct memory_op *o, const struct dtss_mem *mem)
{
	mem->release(mem->ctx, o, o->block_len);
}
