/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CORE_INTERN_H
#define DTSS_CORE_INTERN_H

#include <stddef.h>
#include <stdint.h>
#include <dtss/mem.h>
#include "core/map.h"

/* A text kept once, with a small number that is used again when nobody holds it any more. */
struct intern {
	uint64_t hash;
	uint32_t refs;
	uint32_t number;
	size_t len;
	char text[]; /* ends with NUL */
};

struct interns {
	struct map map;
	struct intern **at; /* by number; a free one holds NULL */
	size_t cap, count;  /* numbers below count were given out */
	uint32_t free;      /* how many of them are free */
	uint32_t lowest;    /* none below this is free */
	uint64_t key0, key1;
};

void interns_init(struct interns *t, uint64_t key0, uint64_t key1);
void interns_fini(struct interns *t, const struct dtss_mem *mem);
struct intern *intern_get(struct interns *t, const struct dtss_mem *mem, const char *text); /* +1; NULL: no memory */
struct intern *intern_find(const struct interns *t, const char *text);                      /* NULL: not there */
void intern_put(struct interns *t, const struct dtss_mem *mem, struct intern *i);           /* -1; NULL is fine */

#endif
