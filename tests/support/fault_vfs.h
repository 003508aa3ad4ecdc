/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_FAULT_VFS_H
#define TESTS_SUPPORT_FAULT_VFS_H

/*
 * A disk for SQLite that fails when it is told: the real one, but the nth write or fsync answers with an error. A write
 * that fails has written its first half.
 */
enum fault_vfs_call { FAULT_VFS_WRITE, FAULT_VFS_SYNC, FAULT_VFS_READ };

struct fault_vfs_plan {
	enum fault_vfs_call call;
	int rc; /* SQLITE_FULL, SQLITE_IOERR_FSYNC, ... */
	int at; /* which of them fails, from 1; 0: none */
	int on; /* 1: all from there on */
};

/* From now on every file that SQLite opens is on it; calls are counted anew. */
void fault_vfs_plan(const struct fault_vfs_plan *plan);
/* How many calls of the planned sort there were. */
int fault_vfs_count(void);

#endif
