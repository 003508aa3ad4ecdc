/* SPDX-License-Identifier: MIT */
#include "common/nearest.h"

#include <stdlib.h>
#include <string.h>

#define NEAREST_LEN_MAX 64

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Edit distance in which two letters that changed places count once: the most frequent slip of the fingers. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned row[3][NEAREST_LEN_MAX + 1];
	unsigned *before = row[0], *above = row[1], *here = row[2];

	for (size_t j = 0; j <= b_len; j++)
		above[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		here[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned differ = a[i - 1] != b[j - 1];

			here[j] = least(above[j] + 1, here[j - 1] + 1, above[j - 1] + differ);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < here[j])
				here[j] = before[j - 2] + 1;
		}
		unsigned *spare = before;

		before = above;
		above = here;
		here = spare;
	}
	return above[b_len];
}

void nearest_try(struct nearest *n, const char *known)
{
	size_t word_len = strlen(n->word), known_len = strlen(known);
	unsigned d;

	if (word_len > NEAREST_LEN_MAX || known_len > NEAREST_LEN_MAX)
		return;
	d = distance(n->word, word_len, known, known_len);
	/* more than a third wrong is another word, not a slip */
	if (d * 3 > known_len + 1 || (n->best && d >= n->distance))
		return;
	n->best = known;
	n->distance = d;
}
