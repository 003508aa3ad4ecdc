/* SPDX-License-Identifier: MIT */
#ifndef DTSS_BOUNDS_H
#define DTSS_BOUNDS_H

/* Every bound of the client, with its reason; those that the programs share are in common/limits.h. */
#define COMMAND_OPTIONS_MAX 24
#define CALL_CONNECT_MS 5000     /* a host that is switched off says nothing at all */
#define CALL_TIMEOUT_MS 30000    /* of one question; a body of 8 MiB takes its time */
#define CALL_REPLY_MAX 536870912 /* a page of 1,000 tasks at their largest is half of it */
#define CALL_PATH_MAX 8192       /* all filters, each byte of them as %XX */
#define BACKOFF_MS_MIN 100       /* when the scheduler is away */
#define BACKOFF_MS_MAX 2000      /* a person may be watching */
#define EXPLAIN_MS 300           /* what starts at once needs no explanation */
#define EXPLAIN_AGAIN_MS 1000
#define WAIT_MS_MIN 50 /* between two looks at a task; doubles */
#define WAIT_MS_MAX 1000
#define SINK_WRITE_MAX 4096 /* PIPE_BUF: does not block where poll() says that there is room */
#define LIST_PAGE 1000      /* DTSS_LIST_MAX */
#define LIST_GROWTH 8       /* so much further back goes each further look for enough tasks */
#define TABLE_CELL_MAX 512  /* bytes of a cell, with all that is escaped */
#define TABLE_WIDTH_MAX 40  /* columns of a cell on a terminal */
#define SENTENCE_MAX 512
#define COMMAND_TEXT_MAX 4096 /* of a command line that is shown */

#endif
