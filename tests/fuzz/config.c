/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dtssd/settings.h"
#include "fuzz/support/fuzz.h"

/*
 * dtssd.conf: a file is refused with one sentence, that names file and line, or what it says makes an engine. Read again
 * it says the same.
 */
static char dir[] = "/tmp/dtss-fuzz-XXXXXX", path[64];

static void remove_dir(void)
{
	unlink(path); /* not there when the first input could not be written */
	rmdir(dir);
}

static void write_file(const uint8_t *data, size_t size)
{
	FILE *file;

	if (!path[0]) {
		ck_assert_ptr_nonnull(mkdtemp(dir));
		snprintf(path, sizeof path, "%s/dtssd.conf", dir);
		atexit(remove_dir);
	}
	file = fopen(path, "wb");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(data, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
}

/* The result; what it says on stderr goes to said. */
static int read_settings(struct settings *s, char *said, size_t cap)
{
	char *argv[] = { "dtssd", "--config", path, NULL };
	int keep = dup(2), out[2], rc;
	ssize_t n;

	memset(s, 0, sizeof *s);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(dup2(out[1], 2), 2);
	rc = settings_read(s, 3, argv);
	ck_assert_int_eq(dup2(keep, 2), 2);
	n = read(out[0], said, cap - 1);
	said[n > 0 ? n : 0] = '\0';
	close(keep);
	close(out[0]);
	close(out[1]);
	return rc;
}

static void is_refused(const char *said)
{
	const char *newline = strchr(said, '\n');

	ck_assert_msg(strncmp(said, "dtssd: ", 7) == 0, "%s", said);
	ck_assert_ptr_nonnull(newline);
	ck_assert_msg(strstr(said, "dtssd.conf") != NULL, "%s", said);
}

static void makes_an_engine(const struct settings *s)
{
	struct dtss_sched *sched;

	ck_assert_int_eq(dtss_sched_create(&sched, &s->sched, dtss_mem_libc()), DTSS_OK);
	dtss_sched_destroy(sched);
}

static int same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings first, second;
	char said[2048];
	int rc;

	write_file(data, size);
	rc = read_settings(&first, said, sizeof said);
	if (rc < 0)
		is_refused(said);
	else
		makes_an_engine(&first);
	ck_assert_int_eq(read_settings(&second, said, sizeof said), rc);
	ck_assert(same(first.listen, second.listen) && same(first.store, second.store));
	ck_assert_mem_eq(&first.sched, &second.sched, sizeof first.sched);
	settings_fini(&first);
	settings_fini(&second);
	return 0;
}
