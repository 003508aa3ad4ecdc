/* SPDX-License-Identifier: MIT */
#include "support/forgetful_store.h"

#include <signal.h>
#include <stddef.h>

/* The tables of the open store are those of its struct forgetful. */
static struct forgetful *forgetful_of(struct dtss_store *store)
{
	return (struct forgetful *)(void *)((char *)(uintptr_t)store->ops - offsetof(struct forgetful, broken));
}

static int forgetful_submit(struct dtss_store *store, const struct dtss_store_op *op, uint64_t token)
{
	struct forgetful *f = forgetful_of(store);
	struct dtss_store_op less = *op;
	struct dtss_batch empty;

	if (op->type == DTSS_STORE_COMMIT && f->every && ++f->commits % f->every == 0) {
		if (f->kills)
			raise(SIGKILL);
		empty = *op->u.commit;
		empty.record_count = 0;
		less.u.commit = &empty;
	}
	return f->healthy.submit(store, &less, token);
}

/* What was stored outlives the process that has it open. */
static void forgetful_close(struct dtss_store *store)
{
	(void)store;
}

void forgetful_fini(struct forgetful *f)
{
	if (f->store)
		f->healthy.close(f->store);
	f->store = NULL;
}

int forgetful_open(void *ctx, int fresh, struct dtss_store **ret_store)
{
	struct forgetful *f = ctx;
	int error;

	if (fresh) {
		forgetful_fini(f);
		f->commits = 0;
		error = dtss_memory_open(&f->store, NULL);
		if (error)
			return error;
		f->broken = f->healthy = *f->store->ops;
		f->broken.submit = forgetful_submit;
		f->broken.close = forgetful_close;
		f->store->ops = &f->broken;
	}
	*ret_store = f->store;
	return 0;
}
