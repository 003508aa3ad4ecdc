/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/sqlite.h"

#define SQLITE_FILE_MAGIC "SQLite format 3" /* with its NUL */
#define SQLITE_FILE_HEADER 100
#define SQLITE_FILE_ROOM 65536 /* of the WAL at a time */

/* Where things stand in the header; numbers are big-endian. See "The SQLite database file format", 1.3. */
enum sqlite_file_offset {
	SQLITE_FILE_PAGE_SIZE = 16,
	SQLITE_FILE_CHANGES = 24,
	SQLITE_FILE_PAGES = 28,
	SQLITE_FILE_USER_VERSION = 60,
	SQLITE_FILE_APPLICATION = 68,
	SQLITE_FILE_PAGES_VALID_FOR = 92
};

int sqlite_say(const struct sqlite_message *message, int error, const char *format, ...)
{
	va_list args;
	int used;

	if (message->text == NULL || message->cap == 0)
		return error;
	used = snprintf(message->text, message->cap, "%s: ", message->path);
	if (used < 0 || (size_t)used >= message->cap)
		return error;
	va_start(args, format);
	if (vsnprintf(message->text + used, message->cap - (size_t)used, format, args) < 0)
		message->text[0] = '\0';
	va_end(args);
	return error;
}

int sqlite_file_error(int err)
{
	if (err == ENOSPC || err == EDQUOT || err == EFBIG)
		return DTSS_E_NOSPC;
	return err == ENOMEM ? DTSS_E_NOMEM : DTSS_E_IO;
}

/* Says what errno says. */
static int sqlite_file_say(const struct sqlite_message *message, const char *what)
{
	int err = errno;

	return sqlite_say(message, sqlite_file_error(err), "%s: %s", what, strerror(err));
}

/* The file is not there yet: its directory must be. */
static int sqlite_file_resolve_new(const char *path, char *ret_path)
{
	char directory[SQLITE_FILE_PATH_MAX], real[SQLITE_FILE_PATH_MAX];
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	int len = slash == NULL ? snprintf(directory, sizeof directory, ".") :
				  snprintf(directory, sizeof directory, "%.*s/", (int)(slash - path), path);

	if (len < 0 || (size_t)len >= sizeof directory || name[0] == '\0') {
		errno = name[0] == '\0' ? EINVAL : ENAMETOOLONG;
		return -1;
	}
	if (realpath(directory, real) == NULL)
		return -1;
	len = snprintf(ret_path, SQLITE_FILE_PATH_MAX, "%s/%s", strcmp(real, "/") == 0 ? "" : real, name);
	errno = ENAMETOOLONG;
	return len < 0 || len >= SQLITE_FILE_PATH_MAX ? -1 : 0;
}

int sqlite_file_resolve(const struct sqlite_message *message, const char *path, char *ret_path)
{
	if (realpath(path, ret_path) != NULL)
		return DTSS_OK;
	if (errno != ENOENT || sqlite_file_resolve_new(path, ret_path) < 0)
		return sqlite_file_say(message, "cannot open it");
	return DTSS_OK;
}

static uint32_t sqlite_file_number(const unsigned char *header, enum sqlite_file_offset at)
{
	const unsigned char *p = header + at;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

/* While a WAL is there, what the file lacks may be in it. */
static int sqlite_file_check_length(const struct sqlite_message *message, const unsigned char *header, off_t size)
{
	char wal[SQLITE_FILE_PATH_MAX + 8];
	struct stat st;
	uint64_t page = sqlite_file_number(header, SQLITE_FILE_PAGE_SIZE) >> 16;
	uint64_t pages = sqlite_file_number(header, SQLITE_FILE_PAGES);

	if (snprintf(wal, sizeof wal, "%s-wal", message->path) < 0 || (stat(wal, &st) == 0 && st.st_size > 0))
		return DTSS_OK;
	if (page == 1)
		page = 65536;
	if (sqlite_file_number(header, SQLITE_FILE_CHANGES) !=
		    sqlite_file_number(header, SQLITE_FILE_PAGES_VALID_FOR) ||
	    (uint64_t)size >= page * pages)
		return DTSS_OK;
	return sqlite_say(message, DTSS_E_CORRUPT, "the store is damaged: it has %llu bytes of %llu",
			  (unsigned long long)size, (unsigned long long)(page * pages));
}

static int sqlite_file_check_header(const struct sqlite_message *message, const unsigned char *header, off_t size)
{
	uint32_t version = sqlite_file_number(header, SQLITE_FILE_USER_VERSION);

	if (size < SQLITE_FILE_HEADER || memcmp(header, SQLITE_FILE_MAGIC, sizeof SQLITE_FILE_MAGIC) != 0)
		return sqlite_say(message, DTSS_E_NOT_OURS, "not a store: it is no SQLite database");
	if (sqlite_file_number(header, SQLITE_FILE_APPLICATION) != SQLITE_FILE_ID)
		return sqlite_say(message, DTSS_E_NOT_OURS,
				  "not a store: it is the SQLite database of another program");
	if (version > SQLITE_FILE_VERSION)
		return sqlite_say(message, DTSS_E_VERSION, "the store has format %lu, this version knows up to %d",
				  (unsigned long)version, SQLITE_FILE_VERSION);
	if (version == 0)
		return sqlite_say(message, DTSS_E_CORRUPT, "the store is damaged: its header has no format");
	return sqlite_file_check_length(message, header, size);
}

int sqlite_file_check(const struct sqlite_message *message)
{
	unsigned char header[SQLITE_FILE_HEADER];
	struct stat st;
	ssize_t got;
	int fd;

	if (stat(message->path, &st) < 0)
		return errno == ENOENT ? 1 : sqlite_file_say(message, "cannot open it");
	if (!S_ISREG(st.st_mode))
		return sqlite_say(message, DTSS_E_NOT_OURS, "not a store: it is no regular file");
	if (st.st_size == 0)
		return 1;
	fd = open(message->path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return sqlite_file_say(message, "cannot open it");
	memset(header, 0, sizeof header);
	got = pread(fd, header, sizeof header, 0);
	if (close(fd) < 0 || got < 0)
		return sqlite_file_say(message, "cannot read it");
	return sqlite_file_check_header(message, header, st.st_size);
}

int sqlite_file_lock(const struct sqlite_message *message, int create, int *ret_fd)
{
	char path[SQLITE_FILE_PATH_MAX + 8];
	int fd;

	if (snprintf(path, sizeof path, "%s.lock", message->path) < 0)
		return DTSS_E_IO;
	/* no link: two names would be one lock, or somebody else's file would be made */
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0600);
	if (fd < 0 && errno == ENOENT && !create) {
		*ret_fd = -1;
		return DTSS_OK;
	}
	if (fd < 0)
		return sqlite_file_say(message, "cannot make its lock file");
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int error = errno == EWOULDBLOCK ?
				    sqlite_say(message, DTSS_E_BUSY, "the store is in use by another process") :
				    sqlite_file_say(message, "cannot lock it");
		close(fd);
		return error;
	}
	*ret_fd = fd;
	return DTSS_OK;
}

/* The new name must survive a power cut too. */
static int sqlite_file_sync_directory(const char *path)
{
	char directory[SQLITE_FILE_PATH_MAX];
	int fd, result;

	if (snprintf(directory, sizeof directory, "%.*s/", (int)(strrchr(path, '/') - path), path) < 0)
		return -1;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	result = fsync(fd);
	return close(fd) < 0 ? -1 : result;
}

/* Without a journal: until it has its name nobody misses it, and a journal would have to be moved together with it. */
static int sqlite_file_fill(const struct sqlite_message *message, const char *path)
{
	static const char format[] =
		"PRAGMA journal_mode=OFF; PRAGMA synchronous=FULL; BEGIN; PRAGMA application_id=%d;"
		" PRAGMA user_version=%d; " SQLITE_STORE_SCHEMA
		" INSERT INTO meta VALUES('epoch', 0), ('seq', 0); COMMIT";
	char sql[sizeof format + sizeof SQLITE_STORE_SCHEMA + 32];
	sqlite3 *db = NULL;
	int rc, error = DTSS_OK;

	if (snprintf(sql, sizeof sql, format, SQLITE_FILE_ID, SQLITE_FILE_VERSION) < 0)
		return DTSS_E_IO;
	rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		error = sqlite_say(message, sqlite_error(db, rc), "cannot make a store there: %s", sqlite3_errmsg(db));
	rc = sqlite3_close(db);
	DTSS_ASSERT(rc == SQLITE_OK);
	return error;
}

int sqlite_file_create(const struct sqlite_message *message)
{
	char path[SQLITE_FILE_PATH_MAX + 8];
	int fd, error;

	if (snprintf(path, sizeof path, "%s.new", message->path) < 0)
		return DTSS_E_IO;
	if (unlink(path) < 0 && errno != ENOENT) /* of somebody who was killed at this */
		return sqlite_file_say(message, "cannot make a store there");
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || close(fd) < 0)
		return sqlite_file_say(message, "cannot make a store there");
	error = sqlite_file_fill(message, path);
	if (error == DTSS_OK && (rename(path, message->path) < 0 || sqlite_file_sync_directory(message->path) < 0))
		error = sqlite_file_say(message, "cannot make a store there");
	if (error < 0)
		(void)unlink(path);
	return error;
}

static int sqlite_file_rewrite(sqlite3_file *wal, unsigned char *room)
{
	sqlite3_int64 size, at;
	int rc = wal->pMethods->xFileSize(wal, &size);

	for (at = 0; rc == SQLITE_OK && at < size; at += SQLITE_FILE_ROOM) {
		int len = size - at < SQLITE_FILE_ROOM ? (int)(size - at) : SQLITE_FILE_ROOM;

		rc = wal->pMethods->xRead(wal, room, len, at);
		if (rc == SQLITE_OK)
			rc = wal->pMethods->xWrite(wal, room, len, at);
	}
	return rc == SQLITE_OK && size > 0 ? wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL) : rc;
}

/*
 * What an fsync could not write, the kernel takes for written: it can still be read, and no later fsync brings it to the
 * disk. So a WAL that somebody left is written once more as it stands, and synced, before anything may follow in it.
 */
int sqlite_file_settle(const struct sqlite_message *message)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	char path[SQLITE_FILE_PATH_MAX + 8];
	unsigned char *room;
	sqlite3_file *wal;
	int rc, there = 0;

	if (snprintf(path, sizeof path, "%s-wal", message->path) < 0)
		return DTSS_E_IO;
	rc = vfs->xAccess(vfs, path, SQLITE_ACCESS_EXISTS, &there);
	if (rc == SQLITE_OK && !there)
		return DTSS_OK;
	room = malloc(SQLITE_FILE_ROOM + (size_t)vfs->szOsFile);
	if (room == NULL)
		return sqlite_say(message, DTSS_E_NOMEM, "cannot open it: out of memory");
	wal = (sqlite3_file *)(void *)(room + SQLITE_FILE_ROOM);
	memset(wal, 0, (size_t)vfs->szOsFile);
	if (rc == SQLITE_OK)
		rc = vfs->xOpen(vfs, path, wal, SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite_file_rewrite(wal, room);
	if (wal->pMethods != NULL)
		(void)wal->pMethods->xClose(wal); /* it is synced */
	free(room);
	if (rc == SQLITE_OK)
		return DTSS_OK;
	return sqlite_say(message, rc == SQLITE_FULL ? DTSS_E_NOSPC : DTSS_E_IO, "cannot write its WAL: %s",
			  sqlite3_errstr(rc));
}
