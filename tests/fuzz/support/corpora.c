/* SPDX-License-Identifier: MIT */
/*
 * corpora TARGET FILE...: one target over files, without libFuzzer. Every name is told before its file is fed, so that
 * the last line says which one it was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz/support/corpora.h"

static int feed(const struct corpora_target *target, const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	long size;
	int failed;

	if (!file || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0 || fseek(file, 0, SEEK_SET) != 0)
		return -1;
	data = malloc((size_t)size + 1);
	failed = !data || fread(data, 1, (size_t)size, file) != (size_t)size;
	failed |= fclose(file) != 0;
	if (!failed)
		target->run(data, (size_t)size);
	free(data);
	return failed ? -1 : 0;
}

int main(int argc, char **argv)
{
	const struct corpora_target *target = corpora_targets;
	int i;

	while (argc > 1 && target->name && strcmp(target->name, argv[1]) != 0)
		target++;
	if (argc < 3 || !target->name) {
		fprintf(stderr, "corpora: expected TARGET FILE...; the targets are:\n");
		for (target = corpora_targets; target->name; target++)
			fprintf(stderr, "  %s\n", target->name);
		return 2;
	}
	for (i = 2; i < argc; i++) {
		fprintf(stderr, "%s %s\n", target->name, argv[i]);
		if (feed(target, argv[i]) != 0) {
			perror(argv[i]);
			return 1;
		}
	}
	return 0;
}
