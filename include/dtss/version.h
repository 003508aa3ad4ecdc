/* SPDX-License-Identifier: MIT */
#ifndef DTSS_VERSION_H
#define DTSS_VERSION_H

/* The one home of the version: the Makefile, the .pc files and --version read it from here. */
#define DTSS_VERSION_MAJOR 0
#define DTSS_VERSION_MINOR 1
#define DTSS_VERSION_PATCH 0
#define DTSS_VERSION "0.1.0"

/* Every function that a program may call carries this mark; all other symbols stay inside the shared library. */
#if defined(__GNUC__) && __GNUC__ >= 4
#define DTSS_API __attribute__((visibility("default")))
#define DTSS_NORETURN __attribute__((__noreturn__, __cold__))
#else
#define DTSS_API
#define DTSS_NORETURN
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that is running, for example "0.1.0"; static storage. */
DTSS_API const char *dtss_version(void);

#ifdef __cplusplus
}
#endif
#endif
