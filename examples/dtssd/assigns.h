/* SPDX-License-Identifier: MIT */
#ifndef DTSSD_ASSIGNS_H
#define DTSSD_ASSIGNS_H

#include <dtss.h>
#include <jansson.h>

/* Assignments on their way to one worker. */
struct assigns {
	json_t *list; /* an array, by growing fence */
	size_t bytes; /* of the specifications in it, at least */
};

/* 0, DTSS_E_FULL or DTSS_E_NOMEM. One that is in it already is fine. */
int assigns_put(struct assigns *assigns, const struct dtss_message *message);
/* Those that come first, as many as an agent takes in one answer. The caller owns the array. */
json_t *assigns_take(struct assigns *assigns);

#endif
