/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_MEMORY_CASE_H
#define TESTS_SUPPORT_MEMORY_CASE_H

#include "support/fail_mem.h"

/*
 * A scenario in which each allocation fails in turn, once and for good from there on: set up with all the memory there
 * is, then one verb. A verb that had none must have changed nothing (trace), and works when there is memory again.
 */
struct memory_case {
	const char *name;
	struct fail_mem *(*open)(const struct memory_case *c); /* the world before; whose allocations fail */
	int (*verb)(const struct memory_case *c);              /* DTSS_E_NOMEM, or what it comes to */
	uint64_t (*trace)(void);                               /* of what may not change; NULL: it cannot be seen */
	void (*close)(void);
	int expected;   /* from the verb, in the end: this, or any success when it is 0 */
	uint32_t which; /* for verbs that several cases share */
};

extern const struct memory_case memory_load[], memory_core[], memory_codec[], memory_agent[], memory_node[],
	memory_sqlite[];
extern const size_t memory_load_count, memory_core_count, memory_codec_count, memory_agent_count, memory_node_count,
	memory_sqlite_count;

/* An engine in which every verb has something to do; and what ends it. */
struct engine *memory_core_world(void);
void memory_core_close(void);

#endif
