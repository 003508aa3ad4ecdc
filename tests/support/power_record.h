/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_POWER_RECORD_H
#define TESTS_SUPPORT_POWER_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* What power.c notes and power_cut.c makes of it. */
#define POWER_FILES 64
#define POWER_NAME 64

enum power_type {
	POWER_CREATE,
	POWER_UNLINK,
	POWER_RENAME,
	POWER_DIRSYNC,
	POWER_WRITE,
	POWER_TRUNCATE,
	POWER_SYNC,
	POWER_LOST,
	POWER_SHM,
	POWER_OTHER
};

struct power_op {
	enum power_type type;
	int file;
	const char *label;     /* OTHER */
	char name[POWER_NAME]; /* of the entry */
	char to[POWER_NAME];   /* RENAME */
	unsigned char *data;   /* WRITE, SHM */
	uint64_t offset;       /* TRUNCATE: the size */
	size_t len;
};

struct power_file {
	unsigned char *bytes;
	size_t len;
	size_t cap;
	size_t synced; /* its operations before this one are in bytes */
};

struct power_names {
	char name[POWER_FILES][POWER_NAME];
	int file[POWER_FILES];
	int count;
};

struct power_record {
	int on;
	char dir[128];
	struct stat st;
	struct power_op *ops;
	size_t count, cap;
	struct power_names start, now;
	struct power_file first[POWER_FILES]; /* as they were at the beginning */
	int files;
};

extern struct power_record power_record;

int power_find(const struct power_names *names, const char *name);
void power_names_apply(struct power_names *names, const struct power_op *op);

#endif
