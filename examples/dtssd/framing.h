/* SPDX-License-Identifier: MIT */
#ifndef DTSSD_FRAMING_H
#define DTSSD_FRAMING_H

#include <microhttpd.h>

/* What is wrong with how the request says where it ends, and whom it is for; NULL: nothing. libmicrohttpd takes the first
 * of several, a proxy in front may take the last: whoever sends such a request wants the two to disagree. */
const char *framing_fault(struct MHD_Connection *connection);

#endif
