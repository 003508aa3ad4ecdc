/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "support/power.h"
#include "support/power_record.h"

struct power_record power_record;

/* ---- names ---- */

int power_find(const struct power_names *names, const char *name)
{
	int i;

	for (i = 0; i < names->count; i++)
		if (strcmp(names->name[i], name) == 0)
			return i;
	return -1;
}

static void power_names_drop(struct power_names *names, const char *name)
{
	int i = power_find(names, name);

	if (i < 0)
		return;
	names->count--;
	memmove(names->name[i], names->name[names->count], POWER_NAME);
	names->file[i] = names->file[names->count];
}

static void power_names_put(struct power_names *names, const char *name, int file)
{
	power_names_drop(names, name);
	ck_assert_int_lt(names->count, POWER_FILES);
	snprintf(names->name[names->count], POWER_NAME, "%s", name);
	names->file[names->count++] = file;
}

void power_names_apply(struct power_names *names, const struct power_op *op)
{
	if (op->type == POWER_CREATE)
		power_names_put(names, op->name, op->file);
	else
		power_names_drop(names, op->name);
	if (op->type == POWER_RENAME)
		power_names_put(names, op->to, op->file);
}

/* The part of the path below the directory that is recorded, or NULL. */
static const char *power_below(const char *path)
{
	size_t len = strlen(power_record.dir);

	if (!power_record.on || path == NULL || strncmp(path, power_record.dir, len) != 0 || path[len] != '/')
		return NULL;
	return path + len + 1;
}

/* ---- the record ---- */

static struct power_op *power_add(enum power_type type, int file)
{
	struct power_op *op;

	if (power_record.count == power_record.cap) {
		power_record.cap = power_record.cap ? 2 * power_record.cap : 1024;
		power_record.ops = realloc(power_record.ops, power_record.cap * sizeof *power_record.ops);
		ck_assert_ptr_nonnull(power_record.ops);
	}
	op = &power_record.ops[power_record.count++];
	memset(op, 0, sizeof *op);
	op->type = type;
	op->file = file;
	return op;
}

static void power_read(struct power_file *f, const char *name)
{
	char path[256];
	FILE *stream;
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", power_record.dir, name);
	stream = fopen(path, "re");
	ck_assert_ptr_nonnull(stream);
	ck_assert_int_eq(fstat(fileno(stream), &st), 0);
	f->len = f->cap = (size_t)st.st_size;
	f->bytes = malloc(f->cap + 1);
	ck_assert_ptr_nonnull(f->bytes);
	ck_assert_uint_eq(fread(f->bytes, 1, f->len, stream), f->len);
	ck_assert_int_eq(fclose(stream), 0);
}

void power_begin(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	power_forget();
	ck_assert_ptr_nonnull(d);
	snprintf(power_record.dir, sizeof power_record.dir, "%s", dir);
	ck_assert_int_eq(stat(dir, &power_record.st), 0);
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.' || strstr(entry->d_name, "-shm") || strstr(entry->d_name, ".lock"))
			continue;
		ck_assert_int_lt(power_record.files, POWER_FILES);
		power_read(&power_record.first[power_record.files], entry->d_name);
		power_names_put(&power_record.start, entry->d_name, power_record.files++);
	}
	ck_assert_int_eq(closedir(d), 0);
	power_record.now = power_record.start;
	power_record.on = 1;
}

void power_end(void)
{
	power_record.on = 0;
}

void power_forget(void)
{
	size_t i;
	int f;

	for (i = 0; i < power_record.count; i++)
		free(power_record.ops[i].data);
	free(power_record.ops);
	for (f = 0; f < power_record.files; f++)
		free(power_record.first[f].bytes);
	memset(&power_record, 0, sizeof power_record);
}

size_t power_count(void)
{
	return power_record.count;
}

const char *power_name(size_t number)
{
	static const char *const names[] = { "create", "unlink",   "rename", "fsync of the directory",
					     "write",  "truncate", "sync",   "failed sync",
					     "shm" };

	ck_assert_uint_lt(number, power_record.count);
	return power_record.ops[number].type == POWER_OTHER ? power_record.ops[number].label :
							      names[power_record.ops[number].type];
}

int power_open(const char *path)
{
	const char *name = power_below(path);
	struct power_op *op;
	int i;

	if (name == NULL)
		return -1;
	i = power_find(&power_record.now, name);
	if (i >= 0)
		return power_record.now.file[i];
	ck_assert_int_lt(power_record.files, POWER_FILES);
	op = power_add(POWER_CREATE, power_record.files++);
	snprintf(op->name, sizeof op->name, "%s", name);
	power_names_apply(&power_record.now, op);
	return op->file;
}

void power_write(int file, const void *data, size_t len, uint64_t offset)
{
	struct power_op *op;

	if (!power_record.on || file < 0)
		return;
	op = power_add(POWER_WRITE, file);
	op->offset = offset;
	op->len = len;
	op->data = malloc(len + 1);
	ck_assert_ptr_nonnull(op->data);
	memcpy(op->data, data, len);
}

void power_truncate(int file, uint64_t size)
{
	if (power_record.on && file >= 0)
		power_add(POWER_TRUNCATE, file)->offset = size;
}

void power_sync(int file)
{
	if (power_record.on && file >= 0)
		power_add(POWER_SYNC, file);
}

void power_sync_failed(int file)
{
	if (power_record.on && file >= 0)
		power_add(POWER_LOST, file);
}

void power_shm(const void *data, size_t len)
{
	struct power_op *op;

	if (!power_record.on)
		return;
	op = power_add(POWER_SHM, -1);
	op->len = len;
	op->data = malloc(len);
	ck_assert_ptr_nonnull(op->data);
	memcpy(op->data, data, len);
}

void power_other(int file, const char *name)
{
	if (power_record.on && file >= 0)
		power_add(POWER_OTHER, file)->label = name;
}

/* ---- what is done to the directory without SQLite's VFS: these stand in front of libc's ---- */

int rename(const char *from, const char *to)
{
	const char *a = power_below(from), *b = power_below(to);
	int i, result = renameat(AT_FDCWD, from, AT_FDCWD, to);
	struct power_op *op;

	if (result < 0 || a == NULL || b == NULL || (i = power_find(&power_record.now, a)) < 0)
		return result;
	op = power_add(POWER_RENAME, power_record.now.file[i]);
	snprintf(op->name, sizeof op->name, "%s", a);
	snprintf(op->to, sizeof op->to, "%s", b);
	power_names_apply(&power_record.now, op);
	return result;
}

int unlink(const char *path)
{
	const char *name = power_below(path);
	int i, result = unlinkat(AT_FDCWD, path, 0);
	struct power_op *op;

	if (result < 0 || name == NULL || (i = power_find(&power_record.now, name)) < 0)
		return result;
	op = power_add(POWER_UNLINK, power_record.now.file[i]);
	snprintf(op->name, sizeof op->name, "%s", name);
	power_names_apply(&power_record.now, op);
	return result;
}

static void power_synced(int fd)
{
	struct stat st;

	if (power_record.on && fstat(fd, &st) == 0 && st.st_dev == power_record.st.st_dev &&
	    st.st_ino == power_record.st.st_ino)
		(void)power_add(POWER_DIRSYNC, -1);
}

int fsync(int fd)
{
	int result = (int)syscall(SYS_fsync, fd);

	if (result == 0)
		power_synced(fd);
	return result;
}

int fdatasync(int fd)
{
	int result = (int)syscall(SYS_fdatasync, fd);

	if (result == 0)
		power_synced(fd);
	return result;
}
