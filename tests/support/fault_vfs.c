/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include <sqlite3.h>
#include "fault_vfs.h"

struct fault_file {
	sqlite3_file base;
	sqlite3_file *real; /* behind this struct */
};

static struct fault_vfs_plan fault_plan;
static int fault_calls;
static sqlite3_vfs fault_vfs, *fault_real;

static sqlite3_file *fault_file(sqlite3_file *file)
{
	return ((struct fault_file *)file)->real;
}

/* SQLITE_OK, or what the plan says. */
static int fault_due(enum fault_vfs_call call)
{
	if (fault_plan.call != call || fault_plan.at == 0)
		return SQLITE_OK;
	fault_calls++;
	return fault_calls == fault_plan.at || (fault_plan.on && fault_calls > fault_plan.at) ? fault_plan.rc :
												SQLITE_OK;
}

static int fault_close(sqlite3_file *file)
{
	return fault_file(file)->pMethods->xClose(fault_file(file));
}

static int fault_read(sqlite3_file *file, void *data, int len, sqlite3_int64 offset)
{
	int rc = fault_due(FAULT_VFS_READ);

	return rc != SQLITE_OK ? rc : fault_file(file)->pMethods->xRead(fault_file(file), data, len, offset);
}

static int fault_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 offset)
{
	int rc = fault_due(FAULT_VFS_WRITE);

	if (rc == SQLITE_OK)
		return fault_file(file)->pMethods->xWrite(fault_file(file), data, len, offset);
	if (len > 1)
		(void)fault_file(file)->pMethods->xWrite(fault_file(file), data, len / 2, offset); /* it fails anyway */
	return rc;
}

static int fault_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return fault_file(file)->pMethods->xTruncate(fault_file(file), size);
}

static int fault_sync(sqlite3_file *file, int flags)
{
	int rc = fault_due(FAULT_VFS_SYNC);

	return rc != SQLITE_OK ? rc : fault_file(file)->pMethods->xSync(fault_file(file), flags);
}

static int fault_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	return fault_file(file)->pMethods->xFileSize(fault_file(file), ret_size);
}

static int fault_lock(sqlite3_file *file, int level)
{
	return fault_file(file)->pMethods->xLock(fault_file(file), level);
}

static int fault_unlock(sqlite3_file *file, int level)
{
	return fault_file(file)->pMethods->xUnlock(fault_file(file), level);
}

static int fault_reserved(sqlite3_file *file, int *ret_locked)
{
	return fault_file(file)->pMethods->xCheckReservedLock(fault_file(file), ret_locked);
}

static int fault_control(sqlite3_file *file, int op, void *argument)
{
	return fault_file(file)->pMethods->xFileControl(fault_file(file), op, argument);
}

static int fault_sector(sqlite3_file *file)
{
	return fault_file(file)->pMethods->xSectorSize(fault_file(file));
}

static int fault_device(sqlite3_file *file)
{
	return fault_file(file)->pMethods->xDeviceCharacteristics(fault_file(file));
}

static int fault_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret_memory)
{
	return fault_file(file)->pMethods->xShmMap(fault_file(file), page, size, extend, ret_memory);
}

static int fault_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return fault_file(file)->pMethods->xShmLock(fault_file(file), offset, n, flags);
}

static void fault_shm_barrier(sqlite3_file *file)
{
	fault_file(file)->pMethods->xShmBarrier(fault_file(file));
}

static int fault_shm_unmap(sqlite3_file *file, int delete)
{
	return fault_file(file)->pMethods->xShmUnmap(fault_file(file), delete);
}

static const sqlite3_io_methods fault_methods = {
	.iVersion = 2,
	.xClose = fault_close,
	.xRead = fault_read,
	.xWrite = fault_write,
	.xTruncate = fault_truncate,
	.xSync = fault_sync,
	.xFileSize = fault_size,
	.xLock = fault_lock,
	.xUnlock = fault_unlock,
	.xCheckReservedLock = fault_reserved,
	.xFileControl = fault_control,
	.xSectorSize = fault_sector,
	.xDeviceCharacteristics = fault_device,
	.xShmMap = fault_shm_map,
	.xShmLock = fault_shm_lock,
	.xShmBarrier = fault_shm_barrier,
	.xShmUnmap = fault_shm_unmap,
};

static int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	struct fault_file *f = (struct fault_file *)file;
	int rc;

	(void)vfs;
	f->real = (sqlite3_file *)(f + 1);
	rc = fault_real->xOpen(fault_real, name, f->real, flags, ret_flags);
	f->base.pMethods = f->real->pMethods != NULL ? &fault_methods : NULL;
	return rc;
}

void fault_vfs_plan(const struct fault_vfs_plan *plan)
{
	fault_plan = *plan;
	fault_calls = 0;
	if (fault_real != NULL)
		return;
	fault_real = sqlite3_vfs_find(NULL);
	ck_assert_ptr_nonnull(fault_real);
	fault_vfs = *fault_real; /* all but open is its own */
	fault_vfs.pNext = NULL;
	fault_vfs.zName = "fault";
	fault_vfs.szOsFile += (int)sizeof(struct fault_file);
	fault_vfs.xOpen = fault_open;
	ck_assert_int_eq(sqlite3_vfs_register(&fault_vfs, 1), SQLITE_OK);
}

int fault_vfs_count(void)
{
	return fault_calls;
}
