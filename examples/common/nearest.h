/* SPDX-License-Identifier: MIT */
#ifndef COMMON_NEAREST_H
#define COMMON_NEAREST_H

/* The known name that somebody may have meant: start with { word }, offer each with nearest_try(), read best (NULL). */
struct nearest {
	const char *word;
	const char *best;
	unsigned distance;
};

void nearest_try(struct nearest *n, const char *known);

#endif
