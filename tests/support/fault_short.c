/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <errno.h>
#include <string.h>
#include <sqlite3.h>
#include <unistd.h>
#include "support/fault_vfs.h"

static int short_calls, short_count;

/* How much of it is done; 0: it is interrupted. */
static size_t short_part(size_t len)
{
	short_calls++;
	if (short_calls % 7 == 0) {
		short_count++;
		errno = EINTR;
		return 0;
	}
	if (short_calls % 2 == 0 || len < 2)
		return len;
	short_count++;
	return len / 2;
}

static ssize_t short_pread(int fd, void *data, size_t len, off_t offset)
{
	size_t part = short_part(len);

	return part == 0 ? -1 : pread(fd, data, part, offset);
}

static ssize_t short_pwrite(int fd, const void *data, size_t len, off_t offset)
{
	size_t part = short_part(len);

	return part == 0 ? -1 : pwrite(fd, data, part, offset);
}

static void short_set(sqlite3_vfs *vfs, const char *name, sqlite3_syscall_ptr call)
{
	if (vfs->xGetSystemCall(vfs, name) != NULL || call == NULL)
		ck_assert_int_eq(vfs->xSetSystemCall(vfs, name, call), SQLITE_OK);
}

int fault_vfs_short(int on)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find("unix");

	ck_assert_ptr_nonnull(vfs);
	if (on)
		short_calls = short_count = 0;
	short_set(vfs, "pread", on ? (sqlite3_syscall_ptr)short_pread : NULL);
	short_set(vfs, "pread64", on ? (sqlite3_syscall_ptr)short_pread : NULL);
	short_set(vfs, "pwrite", on ? (sqlite3_syscall_ptr)short_pwrite : NULL);
	short_set(vfs, "pwrite64", on ? (sqlite3_syscall_ptr)short_pwrite : NULL);
	return short_count;
}
