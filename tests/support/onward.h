/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_ONWARD_H
#define TESTS_SUPPORT_ONWARD_H

#include <dtss.h>

/*
 * An engine that leads, whatever it was made of, goes on: every reason is asked, time passes as it asks for it, each
 * worker speaks and gives back what it has; after every step each invariant holds. *refused (NULL: never) is 1 when it
 * was denied memory: then a step may fail for that.
 */
void onward(struct dtss_sched *s, struct dtss_time now, int rounds, const int *refused);

#endif
