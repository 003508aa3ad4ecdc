/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_POWER_H
#define TESTS_SUPPORT_POWER_H

#include <stddef.h>
#include <stdint.h>

/*
 * The power is cut. While it records, every change of the files of one directory is noted in its order: fault_vfs tells
 * what SQLite does, and rename, unlink and the fsync of the directory are noted by themselves. Later the files can be
 * made as they would stand there if the power had been cut after any of these operations:
 *
 *      write  write  SYNC  write  truncate │ cut
 *      └─ durable ──────┘  └─ not synced ─┘  each of these is kept, dropped, or torn: of a write some sectors are there
 *
 * A sector has its old bytes or its new ones, and bytes beside a write stay (what SQLite calls powersafe overwrite). A
 * name is durable when the directory was synced after it was made.
 */
enum { POWER_SECTOR = 512 };

enum power_keep {
	POWER_KEEP, /* all that was not synced is there all the same */
	POWER_DROP, /* nothing of it */
	POWER_TEAR, /* some sectors of it, some names; by the seed */
	POWER_KEEPS
};

/* From now on; what is in the directory now is durable. The record of before is forgotten. */
void power_begin(const char *dir);
void power_end(void); /* records no more */
void power_forget(void);
/* How many operations were noted so far: cuts are possible after 0 to this many. */
size_t power_count(void);
/* What the operation with this number is, from 0, for messages. */
const char *power_name(size_t number);
/* Makes the directory as it would be. Recording has ended, and nobody has files open there. */
void power_cut(size_t after, enum power_keep keep, uint64_t seed);

/* For fault_vfs. path may be of another directory: then it is ignored, and its file is -1. */
int power_open(const char *path);
void power_write(int file, const void *data, size_t len, uint64_t offset);
void power_truncate(int file, uint64_t size);
void power_sync(int file);
void power_sync_failed(int file); /* what was not synced is never written, though it can still be read */
void power_shm(const void *data, size_t len);
void power_other(int file, const char *name); /* an operation that changes no file */

#endif
