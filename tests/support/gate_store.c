/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "support/gate_store.h"

static struct gate_store *gate_of(struct dtss_store *store)
{
	return (struct gate_store *)store;
}

static int gate_info(struct dtss_store *store, struct dtss_store_info *ret_info)
{
	struct dtss_store *inner = gate_of(store)->inner;
	int rc = inner->ops->info(inner, ret_info);

	ret_info->lead_expires = gate_of(store)->lead_expires != 0;
	return rc;
}

static int gate_load(struct dtss_store *store, const void **ret_data, size_t *ret_len)
{
	struct gate_store *g = gate_of(store);
	int rc = g->inner->ops->load(g->inner, ret_data, ret_len);

	if (rc != 0)
		return rc;
	g->loads++;
	return g->load;
}

static int32_t gate_result(const struct gate_store *g, uint32_t type)
{
	switch (type) {
	case DTSS_STORE_LEAD:
		return g->lead;
	case DTSS_STORE_COMMIT:
		return g->commit;
	case DTSS_STORE_LOG_APPEND:
		return g->append;
	case DTSS_STORE_RENEW:
		return g->renew;
	default:
		return 0;
	}
}

/* What must not be written becomes a question that changes nothing, so that its answer comes in its turn. */
static int gate_submit(struct dtss_store *store, const struct dtss_store_op *op, uint64_t token)
{
	struct gate_store *g = gate_of(store);
	int32_t result = gate_result(g, op->type);
	struct dtss_store_op nothing;

	if (g->refuse < 0)
		return g->refuse;
	if (op->type == DTSS_STORE_GET)
		g->gets++;
	g->renews += op->type == DTSS_STORE_RENEW;
	g->resigns += op->type == DTSS_STORE_RESIGN;
	if (result == 0 || (op->type == DTSS_STORE_COMMIT && g->commit_applied)) {
		if (op->type == DTSS_STORE_COMMIT) {
			g->commits++;
			g->last_seq = op->u.commit->last_seq;
		}
		return g->inner->ops->submit(g->inner, op, token);
	}
	memset(&nothing, 0, sizeof nothing);
	nothing.size = sizeof nothing;
	nothing.type = DTSS_STORE_GET;
	nothing.u.get.id = UINT64_MAX;
	/* the high bits remember what it was */
	return g->inner->ops->submit(g->inner, &nothing, token | (uint64_t)op->type << 56);
}

static int gate_poll(struct dtss_store *store, struct dtss_store_done *ret_done)
{
	struct gate_store *g = gate_of(store);
	uint32_t type;

	if (g->shut || g->inner->ops->poll(g->inner, ret_done) != 1)
		return 0;
	type = (uint32_t)(ret_done->token >> 56);
	if (type != 0) {
		uint64_t token = ret_done->token & (((uint64_t)1 << 56) - 1);

		memset(ret_done, 0, sizeof *ret_done);
		ret_done->size = sizeof *ret_done;
		ret_done->token = token;
		ret_done->type = type;
		ret_done->result = gate_result(g, type);
		ck_assert_int_lt(ret_done->result, 0);
	} else if (ret_done->type == DTSS_STORE_COMMIT && g->commit_applied) {
		ret_done->result = g->commit;
	} else if (g->mix != NULL) {
		g->mix(ret_done);
	}
	return 1;
}

static int gate_fd(struct dtss_store *store)
{
	(void)store;
	return -1;
}

static void gate_close(struct dtss_store *store)
{
	struct gate_store *g = gate_of(store);

	g->inner->ops->close(g->inner);
	free(g);
}

static const struct dtss_store_ops gate_ops = {
	sizeof(struct dtss_store_ops), "gate", gate_info, gate_load, gate_submit, gate_poll, gate_fd, gate_close
};

struct gate_store *gate_store_open(void)
{
	struct gate_store *g = calloc(1, sizeof *g);

	ck_assert_ptr_nonnull(g);
	g->base.ops = &gate_ops;
	ck_assert_int_eq(dtss_memory_open(&g->inner, dtss_mem_libc()), 0);
	return g;
}
