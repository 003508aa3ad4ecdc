/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CONFORM_TRANSPORT_H
#define TESTS_CONFORM_TRANSPORT_H

#include <check.h>
#include <dtss.h>

/*
 * What every transport must do, checked over each: a file tests/conform/transport_NAME.c gives a factory, and its suite is
 *
 *      Suite *suite_conform_transport_NAME(void)
 *      {
 *              return transport_conform("conform_transport_NAME", &factory);
 *      }
 *
 * A transport that carries one side only (a server's) brings the other itself.
 */
struct transport_pair {
	struct dtss_transport *scheduler;
	struct dtss_transport *worker; /* announces itself as TRANSPORT_WORKER */
	void *ctx;                     /* the factory's */
};

#define TRANSPORT_WORKER "worker-1"

struct transport_factory {
	void (*open)(struct transport_pair *pair);
	/* Lets what is on its way go on; may wait for it, at most about 10 ms. NULL: nothing needs that. */
	void (*pump)(struct transport_pair *pair);
	/* Closes what is not NULL, and frees ctx. */
	void (*close)(struct transport_pair *pair);
};

/* At most 8 in one runner. */
Suite *transport_conform(const char *name, const struct transport_factory *factory);

#endif
