/* SPDX-License-Identifier: MIT */
#ifndef BENCH_WRK_H
#define BENCH_WRK_H

#include <stddef.h>
#include "bench/support/daemon.h"

/* What wrk asks for, again and again: a script that this is written to. */
struct wrk_script {
	char path[96];
};

/* Bodies are taken in turn. 0, or -1. */
int wrk_script_make(struct wrk_script *script, const char *dir, const char *name, const char *path,
		    const char *const *bodies, size_t count);

struct wrk_figures {
	double requests;
	double per_s;
	double per_cpu_s; /* a second of the server's computing */
	double p50_us;
	double p99_us;
	double errors; /* answers that are none, or refusals */
};

/* 1 when there is a wrk. */
int wrk_found(void);
/* So many connections to the server for so many seconds. 0, or -1. */
int wrk_run(const struct wrk_script *script, const struct daemon *server, unsigned connections, double seconds,
	    struct wrk_figures *ret);

#endif
