/* SPDX-License-Identifier: MIT */
#ifndef DTSSD_ASSIGNS_H
#define DTSSD_ASSIGNS_H

#include <dtss.h>
#include "common/text.h"

/* Assignments on their way to one worker, by growing fence. */
struct assigns {
	struct assign *list;
	size_t count;
	size_t cap;
};

void assigns_fini(struct assigns *assigns);
/* 0, DTSS_E_FULL or DTSS_E_NOMEM. One that is in it already is fine. */
int assigns_put(struct assigns *assigns, const struct dtss_message *message);
/* Writes those that come first, as many as an agent takes in one answer, as an array. */
void assigns_take(struct assigns *assigns, struct text *t);

/* What it is to stop. */
struct stops {
	struct text text; /* with commas between */
	size_t count;
};

void stops_fini(struct stops *stops);
/* 0, DTSS_E_FULL or DTSS_E_NOMEM: then the others are gone too, and heartbeats repair that. */
int stops_put(struct stops *stops, const struct dtss_message *message);
/* Writes them all, as an array. */
void stops_take(struct stops *stops, struct text *t);

#endif
