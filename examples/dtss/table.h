/* SPDX-License-Identifier: MIT */
#ifndef DTSS_TABLE_H
#define DTSS_TABLE_H

#include "dtss/cli.h"

/* On a terminal with a head and aligned columns; elsewhere lines of fields with tabs between them, for other programs. */
struct table {
	const char *const *heads;
	size_t columns;
	char (*cells)[TABLE_CELL_MAX]; /* row by row */
	size_t count;
	size_t cap;
};

/* The texts may be a stranger's; "" becomes "-". */
void table_add(struct table *t, const char *const *texts);
/* Prints and empties it. */
void table_print(struct table *t, const struct cli *cli);

#endif
