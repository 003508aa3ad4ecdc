/* SPDX-License-Identifier: MIT */
#ifndef DTSSD_SETTINGS_H
#define DTSSD_SETTINGS_H

#include <dtss.h>
#include "common/log.h"
#include "common/options.h"
#include "common/problem.h"
#include "dtssd/guard.h"

/* What the command line and the configuration file say. Strings are owned. */
struct settings {
	char *listen; /* "HOST:PORT" */
	char *store;  /* "memory", "sqlite:PATH"; NULL: in the state directory */
	char *config;
	char *token_file;
	enum log_format log_format;
	int log_format_set;       /* on the command line */
	char *trace;              /* "off", a directory; NULL: beside the database */
	uint64_t trace_bytes_max; /* 0: the default */
	char *hosts;              /* names with commas between them */
	struct guard_limits http;
	struct dtss_config sched;
};

extern const struct option_def settings_options[];
extern const size_t settings_option_count;

/* The command line over the file over the defaults. As options_parse(): below zero the program ends. */
int settings_read(struct settings *settings, int argc, char **argv);
void settings_fini(struct settings *settings);

#endif
