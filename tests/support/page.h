/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_PAGE_H
#define TESTS_SUPPORT_PAGE_H

/* The text of a source file, such as "man/dtss_errname.3", for tests that compare it with what it describes; to free. */
char *page_read(const char *path);

#endif
