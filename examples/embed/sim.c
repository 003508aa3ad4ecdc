/* SPDX-License-Identifier: MIT */
/* Tests a store in simulated clusters: a memory store that loses some batches, or, called with "good", none. */
#include <dtss.h>
#include <stdio.h>
#include <string.h>

static struct dtss_store *mine;
static struct dtss_store_ops healthy, broken;

static int submit(struct dtss_store *store, const struct dtss_store_op *op, uint64_t token)
{
	struct dtss_store_op less = *op;
	struct dtss_batch empty;

	if (op->type == DTSS_STORE_COMMIT && op->u.commit->last_seq % 50 == 0) {
		empty = *op->u.commit;
		empty.record_count = 0;
		less.u.commit = &empty;
	}
	return healthy.submit(store, &less, token);
}

static void keep(struct dtss_store *store) /* what is stored outlives the process */
{
	(void)store;
}

static int my_open(void *ctx, int fresh, struct dtss_store **ret_store)
{
	if (fresh) {
		if (mine)
			healthy.close(mine);
		if (dtss_memory_open(&mine, NULL) < 0)
			return DTSS_E_NOMEM;
		broken = healthy = *mine->ops;
		broken.close = keep;
		broken.submit = *(int *)ctx ? submit : healthy.submit;
		mine->ops = &broken;
	}
	*ret_store = mine;
	return 0;
}

int main(int argc, char **argv)
{
	int bad = argc < 2 || strcmp(argv[1], "good") != 0, found = 0;
	struct dtss_sim_config cfg = { .size = sizeof cfg, .store_open = my_open, .store_ctx = &bad };
	struct dtss_sim_result result = { .size = sizeof result };
	struct dtss_sim *sim;

	for (cfg.seed = 1; cfg.seed <= 100 && !found && dtss_sim_create(&sim, &cfg, NULL) == 0; cfg.seed++) {
		found = dtss_sim_run(sim);
		dtss_sim_result(sim, &result);
		if (found == 1)
			printf("%s seed %u: %s\n", result.violation, (unsigned)cfg.seed, result.text);
		dtss_sim_destroy(sim);
	}
	return found;
}
