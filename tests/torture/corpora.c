/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "support/dtssd.h"

Suite *suite_torture_corpora(void);

/*
 * Whatever the fuzzers have found worth keeping is fed to the targets again, with the compiler and the sanitizers of this
 * build. A corpus is a directory; it is fed by a program of its own, in which a failure is an abort.
 */
#define TARGETS_MAX 64
#define FILES_MAX 512

static char targets[TARGETS_MAX][64];
static int target_count;

/* The directory of a target's corpus, or of all; to be freed. */
static char *corpus(const char *target)
{
	const char *source = getenv("DTSS_SOURCE");
	char *path;

	if (asprintf(&path, "%s/tests/fuzz/corpus/%s", source ? source : ".", target) < 0)
		abort();
	return path;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void find_targets(void)
{
	struct dirent **entries;
	char *all = corpus("");
	int i, n = scandir(all, &entries, visible, alphasort);

	for (i = 0; i < n; i++) {
		if (target_count < TARGETS_MAX)
			snprintf(targets[target_count++], sizeof targets[0], "%.63s", entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	free(all);
}

/* The program's arguments: itself, the target, its files. */
static size_t arguments(char **args, const char *target)
{
	struct dirent **entries;
	char *dir = corpus(target);
	int i, n = scandir(dir, &entries, visible, alphasort);

	ck_assert_msg(n > 0 && n <= FILES_MAX, "%s has %d files", dir, n);
	args[0] = strdup(program_path("corpora"));
	args[1] = strdup(target);
	for (i = 0; i < n; i++) {
		ck_assert_int_gt(asprintf(&args[2 + i], "%s/%s", dir, entries[i]->d_name), 0);
		free(entries[i]);
	}
	free(entries);
	free(dir);
	args[2 + n] = NULL;
	return (size_t)n + 2;
}

/* The last lines of what it said. */
static const char *said(int fd)
{
	static char text[4096];
	off_t end = lseek(fd, 0, SEEK_END), from = end > 2000 ? end - 2000 : 0;
	ssize_t n = pread(fd, text, sizeof text - 1, from);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

START_TEST(every_file_of_a_corpus_is_taken)
{
	char *args[FILES_MAX + 3], name[] = "/tmp/dtss-corpora-XXXXXX";
	size_t count = arguments(args, targets[_i]);
	int err = mkstemp(name), status;
	pid_t pid;

	ck_assert_int_ge(err, 0);
	ck_assert_int_eq(unlink(name), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (dup2(err, 2) >= 0)
			execv(args[0], args);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: status %d\n%s", targets[_i], status,
		      said(err));
	close(err);
	while (count > 0)
		free(args[--count]);
}
END_TEST

START_TEST(there_are_corpora)
{
	ck_assert_int_gt(target_count, 0);
}
END_TEST

Suite *suite_torture_corpora(void)
{
	Suite *s = suite_create("torture_corpora");
	TCase *c = tcase_create("corpora");

	find_targets();
	tcase_add_test(c, there_are_corpora);
	tcase_add_loop_test(c, every_file_of_a_corpus_is_taken, 0, target_count);
	suite_add_tcase(s, c);
	return s;
}
