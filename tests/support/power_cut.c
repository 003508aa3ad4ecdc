/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/hash.h"
#include "support/power.h"
#include "support/power_record.h"

static struct power_file files[POWER_FILES];
static struct power_names names;

static void power_size(struct power_file *f, uint64_t size)
{
	if (size > f->cap) {
		f->cap = 2 * (size_t)size;
		f->bytes = realloc(f->bytes, f->cap);
		ck_assert_ptr_nonnull(f->bytes);
	}
	if (size > f->len)
		memset(f->bytes + f->len, 0, (size_t)size - f->len);
	f->len = (size_t)size;
}

static void power_put(struct power_file *f, const struct power_op *op, size_t from, size_t len)
{
	if (op->offset + from + len > f->len)
		power_size(f, op->offset + from + len);
	memcpy(f->bytes + op->offset + from, op->data + from, len);
}

static void power_apply(const struct power_op *op)
{
	struct power_file *f = &files[op->file];

	if (op->type == POWER_WRITE)
		power_put(f, op, 0, op->len);
	else
		power_size(f, op->offset);
}

static int power_chance(uint64_t seed, size_t number, size_t part)
{
	const uint64_t in[2] = { number, part };

	return (int)(hash_bytes(seed, seed, in, sizeof in) >> 20 & 1);
}

/* Of a write, each sector that it touches by itself. */
static void power_tear(size_t number, uint64_t seed)
{
	const struct power_op *op = &power_record.ops[number];
	size_t from = 0, part;

	if (op->type == POWER_TRUNCATE) {
		if (power_chance(seed, number, 0))
			power_apply(op);
		return;
	}
	while (from < op->len) {
		part = POWER_SECTOR - (size_t)(op->offset + from) % POWER_SECTOR;
		if (part > op->len - from)
			part = op->len - from;
		if (power_chance(seed, number, from))
			power_put(&files[op->file], op, from, part);
		from += part;
	}
}

static int power_changes(const struct power_op *op, int file)
{
	return op->file == file && (op->type == POWER_WRITE || op->type == POWER_TRUNCATE);
}

static int power_names_something(const struct power_op *op)
{
	return op->type == POWER_CREATE || op->type == POWER_UNLINK || op->type == POWER_RENAME;
}

/* What a sync made durable. */
static void power_settle(int file, size_t until)
{
	size_t i;

	for (i = files[file].synced; i < until; i++)
		if (power_changes(&power_record.ops[i], file))
			power_apply(&power_record.ops[i]);
	files[file].synced = until;
}

static size_t power_fold(size_t after)
{
	size_t i, k, names_synced = 0;

	for (i = 0; i < after; i++) {
		const struct power_op *op = &power_record.ops[i];

		if (op->type == POWER_SYNC)
			power_settle(op->file, i);
		else if (op->type == POWER_LOST)
			files[op->file].synced = i;
		if (op->type != POWER_DIRSYNC)
			continue;
		for (k = names_synced; k < i; k++)
			if (power_names_something(&power_record.ops[k]))
				power_names_apply(&names, &power_record.ops[k]);
		names_synced = i;
	}
	return names_synced;
}

static void power_rest(size_t after, size_t names_synced, enum power_keep keep, uint64_t seed)
{
	size_t i;

	if (keep == POWER_DROP)
		return;
	for (i = 0; i < after; i++) {
		const struct power_op *op = &power_record.ops[i];

		if (power_names_something(op)) {
			if (i >= names_synced && (keep == POWER_KEEP || power_chance(seed, i, 0)))
				power_names_apply(&names, op);
		} else if ((op->type == POWER_WRITE || op->type == POWER_TRUNCATE) && i >= files[op->file].synced) {
			if (keep == POWER_KEEP)
				power_apply(op);
			else
				power_tear(i, seed);
		}
	}
}

/* ---- the directory ---- */

static void power_clear(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.' && strstr(entry->d_name, ".lock") == NULL)
			ck_assert_int_eq(unlinkat(dirfd(d), entry->d_name, 0), 0);
	ck_assert_int_eq(closedir(d), 0);
}

static void power_make(const char *name, const void *bytes, size_t len)
{
	char path[256];
	int fd;

	snprintf(path, sizeof path, "%s/%s", power_record.dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	ck_assert_int_eq(close(fd), 0);
}

/* The WAL index is never synced: it is as it was, it is gone, or it is older than the rest. */
static void power_make_shm(size_t after, enum power_keep keep, uint64_t seed)
{
	size_t i, skip = keep == POWER_TEAR ? (size_t)(seed % 7) : 0;

	if (keep == POWER_DROP)
		return;
	for (i = after; i > 0; i--)
		if (power_record.ops[i - 1].type == POWER_SHM && skip-- == 0)
			break;
	if (i > 0)
		power_make("store-shm", power_record.ops[i - 1].data, power_record.ops[i - 1].len);
}

void power_cut(size_t after, enum power_keep keep, uint64_t seed)
{
	static const unsigned char nothing[1];
	size_t names_synced;
	int i;

	ck_assert(!power_record.on);
	ck_assert_uint_le(after, power_record.count);
	names = power_record.start;
	memset(files, 0, sizeof files);
	for (i = 0; i < power_record.files; i++) {
		power_size(&files[i], power_record.first[i].len);
		if (files[i].len > 0)
			memcpy(files[i].bytes, power_record.first[i].bytes, files[i].len);
	}
	names_synced = power_fold(after);
	power_rest(after, names_synced, keep, seed);
	power_clear(power_record.dir);
	for (i = 0; i < names.count; i++) {
		const struct power_file *f = &files[names.file[i]];

		power_make(names.name[i], f->bytes ? f->bytes : nothing, f->len);
	}
	power_make_shm(after, keep, seed);
	for (i = 0; i < power_record.files; i++)
		free(files[i].bytes);
}
