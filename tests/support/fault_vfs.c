/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include <sqlite3.h>
#include "support/fault_vfs.h"
#include "support/power.h"

struct fault_file {
	sqlite3_file base;
	sqlite3_file *real; /* behind this struct */
	int number;         /* for power.h */
	const void *shm;
	size_t shm_len;
};

static struct fault_vfs_plan fault_plan;
static int fault_calls;
static sqlite3_vfs fault_vfs, *fault_real;

static sqlite3_file *fault_file(sqlite3_file *file)
{
	return ((struct fault_file *)file)->real;
}

static int fault_number(sqlite3_file *file)
{
	return ((struct fault_file *)file)->number;
}

static int fault_planned(enum fault_vfs_call call)
{
	if (fault_plan.call == FAULT_VFS_ANY || fault_plan.call == call)
		return 1;
	return fault_plan.call == FAULT_VFS_CHANGE &&
	       (call == FAULT_VFS_WRITE || call == FAULT_VFS_SYNC || call == FAULT_VFS_OPEN ||
		call == FAULT_VFS_TRUNCATE || call == FAULT_VFS_DELETE || call == FAULT_VFS_SHM);
}

/* 1: this one fails. */
static int fault_now(enum fault_vfs_call call)
{
	if (fault_plan.at == 0 || !fault_planned(call))
		return 0;
	fault_calls++;
	return fault_calls == fault_plan.at || (fault_plan.on && fault_calls > fault_plan.at);
}

/* What it answers: what the plan says, or, of a plan for many sorts of calls, what is natural for this one. */
static int fault_rc(enum fault_vfs_call call)
{
	static const int natural[] = { SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC,    SQLITE_IOERR_READ,
				       SQLITE_CANTOPEN,    SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_DELETE,
				       SQLITE_IOERR_FSTAT, SQLITE_IOERR_ACCESS,   SQLITE_IOERR_SHMMAP,
				       SQLITE_IOERR_LOCK };

	return fault_plan.call < FAULT_VFS_CHANGE || fault_plan.rc == SQLITE_FULL ? fault_plan.rc : natural[call];
}

/* SQLITE_OK, or what the plan says. */
static int fault_due(enum fault_vfs_call call)
{
	return fault_now(call) ? fault_rc(call) : SQLITE_OK;
}

static int fault_close(sqlite3_file *file)
{
	return fault_file(file)->pMethods->xClose(fault_file(file));
}

static int fault_read(sqlite3_file *file, void *data, int len, sqlite3_int64 offset)
{
	int rc = fault_due(FAULT_VFS_READ);

	if (rc == SQLITE_OK)
		return fault_file(file)->pMethods->xRead(fault_file(file), data, len, offset);
	memset(data, 0, (size_t)len);
	if (rc == SQLITE_IOERR_SHORT_READ)
		(void)fault_file(file)->pMethods->xRead(fault_file(file), data, len / 2, offset); /* it fails anyway */
	return rc;
}

static int fault_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 offset)
{
	int rc = fault_due(FAULT_VFS_WRITE), done = rc == SQLITE_OK ? len : len / 2;

	if (done > 0) {
		power_write(fault_number(file), data, (size_t)done, (uint64_t)offset);
		if (rc == SQLITE_OK)
			return fault_file(file)->pMethods->xWrite(fault_file(file), data, len, offset);
		(void)fault_file(file)->pMethods->xWrite(fault_file(file), data, done, offset); /* it fails anyway */
	}
	return rc;
}

static int fault_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int rc = fault_due(FAULT_VFS_TRUNCATE);

	if (rc != SQLITE_OK)
		return rc;
	power_truncate(fault_number(file), (uint64_t)size);
	return fault_file(file)->pMethods->xTruncate(fault_file(file), size);
}

static int fault_sync(sqlite3_file *file, int flags)
{
	int rc;

	if (fault_now(FAULT_VFS_SYNC)) {
		rc = fault_rc(FAULT_VFS_SYNC);
		if (rc != SQLITE_OK)
			power_sync_failed(fault_number(file));
		return rc;
	}
	rc = fault_file(file)->pMethods->xSync(fault_file(file), flags);
	if (rc == SQLITE_OK)
		power_sync(fault_number(file));
	return rc;
}

static int fault_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	int rc = fault_due(FAULT_VFS_SIZE);

	return rc != SQLITE_OK ? rc : fault_file(file)->pMethods->xFileSize(fault_file(file), ret_size);
}

static int fault_lock(sqlite3_file *file, int level)
{
	int rc = fault_due(FAULT_VFS_LOCK);

	return rc != SQLITE_OK ? rc : fault_file(file)->pMethods->xLock(fault_file(file), level);
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

/* The WAL index may have changed: it is noted. */
static void fault_shm_note(sqlite3_file *file)
{
	const struct fault_file *f = (const struct fault_file *)file;

	if (f->shm != NULL && f->number >= 0)
		power_shm(f->shm, f->shm_len);
}

static int fault_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret_memory)
{
	struct fault_file *f = (struct fault_file *)file;
	int rc = fault_due(FAULT_VFS_SHM);

	if (rc == SQLITE_OK)
		rc = f->real->pMethods->xShmMap(f->real, page, size, extend, ret_memory);
	power_other(f->number, "map of the WAL index");
	if (rc == SQLITE_OK && page == 0 && *ret_memory != NULL) {
		f->shm = (const void *)(uintptr_t)*ret_memory;
		f->shm_len = (size_t)size;
	}
	return rc;
}

static int fault_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	int rc = (flags & SQLITE_SHM_LOCK) != 0 ? fault_due(FAULT_VFS_LOCK) : SQLITE_OK;

	if (rc != SQLITE_OK)
		return rc;
	fault_shm_note(file);
	return fault_file(file)->pMethods->xShmLock(fault_file(file), offset, n, flags);
}

static void fault_shm_barrier(sqlite3_file *file)
{
	fault_shm_note(file);
	fault_file(file)->pMethods->xShmBarrier(fault_file(file));
}

static int fault_shm_unmap(sqlite3_file *file, int delete)
{
	((struct fault_file *)file)->shm = NULL;
	power_other(fault_number(file), "unmap of the WAL index");
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
	int rc = fault_due(FAULT_VFS_OPEN);

	(void)vfs;
	memset(f, 0, sizeof *f);
	f->real = (sqlite3_file *)(f + 1);
	f->number = -1;
	if (rc != SQLITE_OK)
		return rc;
	rc = fault_real->xOpen(fault_real, name, f->real, flags, ret_flags);
	if (f->real->pMethods == NULL)
		return rc;
	f->base.pMethods = &fault_methods;
	if (rc == SQLITE_OK)
		f->number = power_open(name);
	return rc;
}

/* Its unlink, and its fsync of the directory, are noted by power.h. */
static int fault_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
	int rc = fault_due(FAULT_VFS_DELETE);

	(void)vfs;
	return rc != SQLITE_OK ? rc : fault_real->xDelete(fault_real, name, sync_directory);
}

static int fault_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret_result)
{
	int rc = fault_due(FAULT_VFS_LOOK);

	(void)vfs;
	return rc != SQLITE_OK ? rc : fault_real->xAccess(fault_real, name, flags, ret_result);
}

void fault_vfs_plan(const struct fault_vfs_plan *plan)
{
	fault_plan = *plan;
	fault_calls = 0;
	if (fault_real != NULL)
		return;
	fault_real = sqlite3_vfs_find(NULL);
	ck_assert_ptr_nonnull(fault_real);
	fault_vfs = *fault_real; /* all but these is its own */
	fault_vfs.pNext = NULL;
	fault_vfs.zName = "fault";
	fault_vfs.szOsFile += (int)sizeof(struct fault_file);
	fault_vfs.xOpen = fault_open;
	fault_vfs.xDelete = fault_delete;
	fault_vfs.xAccess = fault_access;
	ck_assert_int_eq(sqlite3_vfs_register(&fault_vfs, 1), SQLITE_OK);
}

int fault_vfs_count(void)
{
	return fault_calls;
}
