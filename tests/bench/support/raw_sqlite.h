/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_SUPPORT_RAW_SQLITE_H
#define TESTS_BENCH_SUPPORT_RAW_SQLITE_H

#include <sqlite3.h>
#include "bench/support/tape.h"

/*
 * The yardstick of the SQLite store: a program that does nothing but write rows, prepared once, in WAL mode, with an fsync
 * for each commit; and one that reads every row. No checks, no errors to be survived.
 */
struct raw_sqlite {
	sqlite3 *db;
	sqlite3_stmt *statements[16];
};

/* Makes a file with the tables of the store. */
void raw_sqlite_open(struct raw_sqlite *raw, const char *path);
void raw_sqlite_write(struct raw_sqlite *raw, const struct tape *t); /* its batches, a transaction each */
void raw_sqlite_close(struct raw_sqlite *raw);
uint64_t raw_sqlite_scan(const char *path);             /* how many bytes stand in the rows of live tasks */
double raw_fdatasync(const char *path, double seconds); /* how many a second, of a page that is appended */

#endif
