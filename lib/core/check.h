/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CORE_CHECK_H
#define DTSS_CORE_CHECK_H

#include <dtss/error.h>

/*
 * Programmer errors and broken invariants stop the program; operating errors are returned. Assertions stay on in a
 * release. DTSS_NO_ASSERT is for measuring coverage alone.
 */
#ifdef DTSS_NO_ASSERT
#define DTSS_ASSERT(condition) ((void)sizeof((condition) ? 1 : 0))
#else
#define DTSS_ASSERT(condition) ((condition) ? (void)0 : dtss_assert_failed(__FILE__, __LINE__, #condition))
#endif

#endif
