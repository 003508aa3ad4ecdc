/* SPDX-License-Identifier: MIT */
#include "fuzz/support/liar.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define LIAR_ROWS 256
#define LIAR_LOG 4096
#define CODE_SHIFT 56                        /* a token's high bits: what it is to be answered with */
#define CODE_APPLIED (UINT64_C(1) << 55)     /* it was written all the same */
#define TOKEN_MASK ((UINT64_C(1) << 55) - 1) /* what the node counts */

struct liar {
	struct dtss_store base;
	struct dtss_store *inner;
	struct fuzz_in *in;
	struct liar_truth *truth;
	struct dtss_record rows[LIAR_ROWS];
	uint8_t *bytes[LIAR_ROWS]; /* copies of those that were changed */
	size_t byte_count;
	uint8_t *loaded;
	char log[LIAR_LOG];
};

/* Only after the last three may it have been written. */
static const int32_t codes[] = { DTSS_E_NOSPC,      DTSS_E_EPOCH,     DTSS_E_NOMEM, DTSS_E_AGAIN,
				 DTSS_E_NOT_LEADER, DTSS_E_NOT_FOUND, DTSS_E_FULL,  DTSS_E_BUSY,
				 DTSS_E_INVALID,    DTSS_E_UNKNOWN,   DTSS_E_IO,    DTSS_E_CORRUPT };
#define CODES (sizeof codes / sizeof *codes)
#define CODES_MAYBE 3

static struct liar *of(struct dtss_store *store)
{
	return (struct liar *)(void *)store;
}

static void forget(struct liar *l)
{
	while (l->byte_count > 0)
		free(l->bytes[--l->byte_count]);
	free(l->loaded);
	l->loaded = NULL;
}

static int liar_info(struct dtss_store *store, struct dtss_store_info *ret_info)
{
	struct liar *l = of(store);

	if (fuzz_below(l->in, 64) == 63)
		return DTSS_E_IO;
	return l->inner->ops->info(l->inner, ret_info);
}

/* ---- load ---- */

static int liar_load(struct dtss_store *store, const void **ret_data, size_t *ret_len)
{
	struct liar *l = of(store);
	uint64_t how = fuzz_below(l->in, 32);
	int rc = l->inner->ops->load(l->inner, ret_data, ret_len);

	forget(l);
	if (rc != 1 || how < 30)
		return rc;
	if (how == 31) {
		while (l->inner->ops->load(l->inner, ret_data, ret_len) == 1)
			continue; /* the next load begins anew */
		return codes[fuzz_below(l->in, CODES)];
	}
	l->loaded = fuzz_copy(*ret_data, *ret_len);
	l->loaded[fuzz_below(l->in, *ret_len)] ^= (uint8_t)(1 + fuzz_below(l->in, 255));
	if (fuzz_below(l->in, 2))
		fuzz_seal_record(l->loaded, *ret_len);
	*ret_data = l->loaded;
	return 1;
}

/* ---- submit ---- */

static void written(struct liar_truth *truth, const struct dtss_batch *batch)
{
	struct dtss_record_body *body;
	size_t i;

	for (i = 0; i < batch->record_count; i++) {
		const struct dtss_record *record = &batch->records[i];

		if (record->kind != DTSS_RECORD_TASK || record->id >= LIAR_TASKS)
			continue;
		ck_assert_int_eq(dtss_record_decode(record->data, record->len, dtss_mem_libc(), &body), 0);
		truth->states[record->id] |= (uint32_t)1 << body->u.task.state;
		dtss_record_free(body, dtss_mem_libc());
	}
}

/* A question that changes nothing stands in its place in the queue. */
static int submit_nothing(struct liar *l, uint64_t token, uint64_t code)
{
	struct dtss_store_op nothing = { .size = sizeof nothing, .type = DTSS_STORE_GET, .u.get = { UINT64_MAX } };

	return l->inner->ops->submit(l->inner, &nothing, token | (code + 1) << CODE_SHIFT);
}

static int liar_submit(struct dtss_store *store, const struct dtss_store_op *op, uint64_t token)
{
	struct liar *l = of(store);
	uint64_t how = fuzz_below(l->in, 32), code;

	ck_assert_uint_le(token, TOKEN_MASK);
	if (how >= 30)
		return how == 30 ? DTSS_E_FULL : DTSS_E_NOMEM;
	if (how == 29)
		return submit_nothing(l, token, fuzz_below(l->in, CODES));
	if (op->type == DTSS_STORE_COMMIT)
		written(l->truth, op->u.commit);
	if (how == 28) {
		code = CODES - CODES_MAYBE + fuzz_below(l->in, CODES_MAYBE);
		token |= CODE_APPLIED | (code + 1) << CODE_SHIFT;
	}
	return l->inner->ops->submit(l->inner, op, token);
}

/* ---- poll ---- */

static void damage_row(struct liar *l, struct dtss_record *row)
{
	uint8_t *copy = fuzz_copy(row->data, row->len);

	l->bytes[l->byte_count++] = copy;
	copy[fuzz_below(l->in, row->len)] ^= (uint8_t)(1 + fuzz_below(l->in, 255));
	if (fuzz_below(l->in, 4))
		fuzz_seal_record(copy, row->len);
	row->data = copy;
	if (fuzz_below(l->in, 2))
		(void)dtss_record_peek(copy, row->len, row); /* the columns say the same, or what they said */
}

static void lie_about_rows(struct liar *l, struct dtss_store_done *done)
{
	size_t count = done->u.rows.count < LIAR_ROWS ? done->u.rows.count : LIAR_ROWS, at;

	if (count == 0)
		return;
	memcpy(l->rows, done->u.rows.records, count * sizeof *l->rows);
	at = fuzz_below(l->in, count);
	switch (fuzz_below(l->in, 5)) {
	case 0:
		damage_row(l, &l->rows[at]);
		break;
	case 1:
		count = at;
		break;
	case 2:
		l->rows[at] = l->rows[fuzz_below(l->in, count)];
		break;
	case 3:
		done->u.rows.next = fuzz_u64(l->in);
		break;
	default:
		memmove(l->rows + at, l->rows + at + 1, (--count - at) * sizeof *l->rows);
	}
	done->u.rows.records = l->rows;
	done->u.rows.count = count;
}

static void lie(struct liar *l, struct dtss_store_done *done)
{
	switch (done->type) {
	case DTSS_STORE_LEAD:
		done->u.epoch = fuzz_u64(l->in);
		break;
	case DTSS_STORE_GET:
	case DTSS_STORE_LIST:
		if (done->result == 0)
			lie_about_rows(l, done);
		break;
	case DTSS_STORE_LOG_APPEND:
	case DTSS_STORE_LOG_READ:
		done->u.log.offset = fuzz_u64(l->in);
		done->u.log.data = fuzz_below(l->in, 4) ? l->log : NULL;
		done->u.log.len = fuzz_below(l->in, LIAR_LOG + 1);
		break;
	default:
		break;
	}
}

static void answer_code(struct dtss_store_done *done, uint32_t type)
{
	uint64_t code = (done->token >> CODE_SHIFT) - 1, token = done->token & TOKEN_MASK;

	memset(done, 0, sizeof *done);
	done->size = sizeof *done;
	done->token = token;
	done->type = type;
	done->result = codes[code];
}

static int liar_poll(struct dtss_store *store, struct dtss_store_done *ret_done)
{
	struct liar *l = of(store);
	uint64_t how = fuzz_below(l->in, 16);

	forget(l);
	if (how == 15 || l->inner->ops->poll(l->inner, ret_done) != 1)
		return 0;
	if (ret_done->token >> CODE_SHIFT)
		answer_code(ret_done, ret_done->type);
	else if (how == 14)
		lie(l, ret_done);
	return 1;
}

static int liar_fd(struct dtss_store *store)
{
	(void)store;
	return -1;
}

static void liar_close(struct dtss_store *store)
{
	struct liar *l = of(store);

	forget(l);
	l->inner->ops->close(l->inner);
	free(l);
}

static const struct dtss_store_ops liar_ops = {
	sizeof(struct dtss_store_ops), "liar", liar_info, liar_load, liar_submit, liar_poll, liar_fd, liar_close
};

struct dtss_store *liar_open(struct fuzz_in *in, struct liar_truth *truth)
{
	struct liar *l = calloc(1, sizeof *l);

	ck_assert_ptr_nonnull(l);
	l->base.ops = &liar_ops;
	l->in = in;
	l->truth = truth;
	memset(truth, 0, sizeof *truth);
	ck_assert_int_eq(dtss_memory_open(&l->inner, dtss_mem_libc()), 0);
	return &l->base;
}
