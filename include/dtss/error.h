/* SPDX-License-Identifier: MIT */
#ifndef DTSS_ERROR_H
#define DTSS_ERROR_H

#include <dtss/version.h>

/*
 * Operating errors are returned as negative int; 0 (or a positive count) is success. Programmer errors are asserted.
 * A value, once published, keeps its number and its meaning for ever. X(name, value, sentence)
 */
#define DTSS_ERROR_MAP(X)                                                                                              \
	X(DTSS_OK, 0, "success")                                                                                       \
	X(DTSS_E_NOMEM, -1, "out of memory; nothing was changed")                                                      \
	X(DTSS_E_INVALID, -2, "an argument is not valid")                                                              \
	X(DTSS_E_TOO_BIG, -3, "an argument is over its limit")                                                         \
	X(DTSS_E_FULL, -4, "a table or queue is full; it may work later")                                              \
	X(DTSS_E_NOT_FOUND, -5, "there is no such object")                                                             \
	X(DTSS_E_CONFLICT, -6, "the key is already used for another task")                                             \
	X(DTSS_E_FENCED, -7, "the fence is stale: this attempt was superseded or has ended")                           \
	X(DTSS_E_STATE, -8, "the state of the object does not allow it")                                               \
	X(DTSS_E_NO_WORKER, -9, "no available worker matching requirements")                                           \
	X(DTSS_E_STALE, -10, "a newer incarnation of this worker is registered")                                       \
	X(DTSS_E_EPOCH, -11, "another scheduler leads with a newer epoch")                                             \
	X(DTSS_E_NOT_LEADER, -12, "this scheduler does not lead")                                                      \
	X(DTSS_E_CORRUPT, -13, "the data is damaged")                                                                  \
	X(DTSS_E_VERSION, -14, "the data was written by a newer version")                                              \
	X(DTSS_E_IO, -15, "input or output failed")                                                                    \
	X(DTSS_E_BUSY, -16, "the store is in use by another process")                                                  \
	X(DTSS_E_NOSPC, -17, "no space is left on the device")                                                         \
	X(DTSS_E_UNKNOWN, -18, "the outcome is unknown; repeating it with the same key is safe")                       \
	X(DTSS_E_COMPACTED, -19, "the requested history has been compacted")                                           \
	X(DTSS_E_AGAIN, -20, "not now; try again")                                                                     \
	X(DTSS_E_CLOSED, -21, "the object is closed")                                                                  \
	X(DTSS_E_BUG, -22, "an internal invariant does not hold; please report it")                                    \
	X(DTSS_E_UNSUPPORTED, -23, "not supported here")                                                               \
	X(DTSS_E_NOT_OURS, -24, "the file is not a store of this library")                                             \
	X(DTSS_E_OFFSET, -25, "the offset does not follow what is stored")

enum dtss_error {
#define DTSS_ERROR_ENUM(name, value, text) name = value,
	DTSS_ERROR_MAP(DTSS_ERROR_ENUM)
#undef DTSS_ERROR_ENUM
		DTSS_ERROR_ENUM_END = 1
};

#ifdef __cplusplus
extern "C" {
#endif

/* "DTSS_E_NOMEM"; for a number that is no error of ours "DTSS_E_?". Static storage. */
DTSS_API const char *dtss_errname(int error);
/* The sentence above; for a number that is no error of ours "unknown error". Static storage. */
DTSS_API const char *dtss_strerror(int error);
/*
 * Never returns. The library calls it when one of its own invariants does not hold. The definition that comes with the
 * library prints the place to stderr and aborts; a program that takes core.o or the amalgamation may define its own.
 */
DTSS_API void dtss_assert_failed(const char *file, int line, const char *condition) DTSS_NORETURN;

#ifdef __cplusplus
}
#endif
#endif
