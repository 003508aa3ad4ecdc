/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_FAULT_VFS_H
#define TESTS_SUPPORT_FAULT_VFS_H

/*
 * A disk for SQLite that fails when it is told: the real one, but the nth write or fsync answers with an error. A write
 * that fails has written its first half, a read that fails with SQLITE_IOERR_SHORT_READ has read its first half. What is
 * done is told to power.h, which can make of it what a power cut would have left.
 */
enum fault_vfs_call {
	FAULT_VFS_WRITE,
	FAULT_VFS_SYNC,
	FAULT_VFS_READ,
	FAULT_VFS_OPEN,
	FAULT_VFS_TRUNCATE,
	FAULT_VFS_DELETE,
	FAULT_VFS_SIZE,   /* of a file */
	FAULT_VFS_LOOK,   /* is there such a file? */
	FAULT_VFS_SHM,    /* a page of the WAL index is mapped */
	FAULT_VFS_LOCK,   /* of the file, or of the WAL index */
	FAULT_VFS_CHANGE, /* each that changes something: WRITE, SYNC, OPEN, TRUNCATE, DELETE, SHM */
	FAULT_VFS_ANY     /* each of all */
};

struct fault_vfs_plan {
	enum fault_vfs_call call;
	int rc; /* SQLITE_FULL, SQLITE_IOERR_FSYNC, ...; SQLITE_OK for a sync: it says so, and was none */
	int at; /* which of them fails, from 1; 0: none */
	int on; /* 1: all from there on */
};

/* From now on every file that SQLite opens is on it; calls are counted anew. */
void fault_vfs_plan(const struct fault_vfs_plan *plan);
/* How many calls of the planned sort there were. */
int fault_vfs_count(void);

/*
 * 1: of each second read and write of more than a byte the kernel does half, and each seventh is interrupted. 0: as usual
 * again; how many that were.
 */
int fault_vfs_short(int on);

#endif
