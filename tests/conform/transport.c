/* SPDX-License-Identifier: MIT */
#include "conform/transport.h"

Suite *suite_conform_transport(void);

/* The library's own transport. Those of the programs stand in files of their own beside this. */

static void loop_pair_open(struct transport_pair *pair)
{
	ck_assert_int_eq(dtss_loop_open(&pair->scheduler, &pair->worker, TRANSPORT_WORKER, NULL), 0);
}

static void loop_pair_close(struct transport_pair *pair)
{
	if (pair->scheduler != NULL)
		pair->scheduler->ops->close(pair->scheduler);
	if (pair->worker != NULL)
		pair->worker->ops->close(pair->worker);
}

static const struct transport_factory loop_factory = { loop_pair_open, NULL, loop_pair_close };

Suite *suite_conform_transport(void)
{
	return transport_conform("conform_transport", &loop_factory);
}
