/* SPDX-License-Identifier: MIT */
#ifndef DTSSD_LISTEN_H
#define DTSSD_LISTEN_H

#include <stddef.h>

/*
 * A socket that listens at HOST:PORT, and its URL in where. Only loopback unless anywhere is 1. A peer that
 * takes nothing for write_ms is given up. Below zero: minus the exit
 * status, and the reason was told on stderr.
 */
int listen_open(const char *host_port, int anywhere, unsigned write_ms, char *where, size_t cap);

#endif
