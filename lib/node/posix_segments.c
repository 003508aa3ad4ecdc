/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <dtss/error.h>
#include "node/posix_trace.h"

void posix_segment_name(uint64_t number, char name[POSIX_SEGMENT_NAME])
{
	(void)snprintf(name, POSIX_SEGMENT_NAME, "%012" PRIu64 ".trace", number);
}

/* 0: it is no segment's. */
static uint64_t segment_number(const char *name)
{
	char again[POSIX_SEGMENT_NAME];
	uint64_t number = strtoull(name, NULL, 10);

	posix_segment_name(number, again);
	return strcmp(name, again) == 0 ? number : 0;
}

static int segments_add(struct posix_segments *s, uint64_t number, uint64_t bytes)
{
	size_t cap = s->cap != 0 ? s->cap * 2 : 32;
	struct posix_segment *at;

	if (s->count == s->cap) {
		at = realloc(s->at, cap * sizeof *at);
		if (at == NULL)
			return DTSS_E_NOMEM;
		s->at = at;
		s->cap = cap;
	}
	s->at[s->count].number = number;
	s->at[s->count++].bytes = bytes;
	return 0;
}

static int segment_compare(const void *a, const void *b)
{
	uint64_t x = ((const struct posix_segment *)a)->number, y = ((const struct posix_segment *)b)->number;

	return x < y ? -1 : x > y;
}

int posix_segments_read(int dir, struct posix_segments *ret)
{
	struct posix_segments s = { NULL, 0, 0 };
	const struct dirent *entry;
	DIR *stream = fdopendir(dir);
	struct stat st;
	int rc = 0;

	if (stream == NULL) {
		(void)close(dir);
		return DTSS_E_IO;
	}
	while (rc == 0 && (entry = readdir(stream)) != NULL) {
		uint64_t number = segment_number(entry->d_name);

		if (number != 0 && fstatat(dir, entry->d_name, &st, 0) == 0 && S_ISREG(st.st_mode))
			rc = segments_add(&s, number, (uint64_t)st.st_size);
	}
	(void)closedir(stream);
	if (rc < 0) {
		posix_segments_free(&s);
		return rc;
	}
	if (s.count > 1)
		qsort(s.at, s.count, sizeof *s.at, segment_compare);
	*ret = s;
	return 0;
}

void posix_segments_free(struct posix_segments *s)
{
	free(s->at);
	memset(s, 0, sizeof *s);
}

void posix_say(char *message, size_t cap, const char *what, const char *why)
{
	if (message == NULL || cap == 0)
		return;
	(void)snprintf(message, cap, "%s%s%s", what, why != NULL ? ": " : "", why != NULL ? why : "");
}
