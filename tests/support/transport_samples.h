/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_TRANSPORT_SAMPLES_H
#define TESTS_SUPPORT_TRANSPORT_SAMPLES_H

#include <dtss.h>

/* A message of each kind, with a value of its own in each field. Static storage, but for the specification. */
void fill_heartbeat(struct dtss_message *m, uint64_t number); /* of TRANSPORT_WORKER */
void fill_answer(struct dtss_message *m, uint64_t number);
void fill_stop(struct dtss_message *m, uint64_t fence);
void fill_assign(struct dtss_message *m, unsigned char *spec, size_t spec_len);
/* The bytes of a specification with this argument, from malloc; their length. */
size_t make_spec(unsigned char **ret_spec, const char *argument);

#endif
