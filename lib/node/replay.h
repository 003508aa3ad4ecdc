/* SPDX-License-Identifier: MIT */
#ifndef DTSS_NODE_REPLAY_H
#define DTSS_NODE_REPLAY_H

#include <dtss/trace.h>
#include "core/check.h"
#include "node/trace.h"

#define REPLAY_VERSION_MAX 64

struct dtss_replay {
	struct dtss_mem mem;
	struct dtss_sched *sched; /* NULL: no segment was begun */
	struct dtss_replay_info info;
	char version[REPLAY_VERSION_MAX];
	int broken;      /* 1: what follows an error means nothing */
	int continues;   /* 1: the next mark is of the engine before, too */
	uint64_t digest; /* of which this is the digest */
	uint8_t *specs;  /* of a submit: how many there are stands in spec_count */
	size_t spec_cap;
	size_t spec_len;
	size_t spec_count;
	int partial; /* 1: the frame was not the last of its submit */
};

static inline int replay_whole(const struct wire_in *in) /* nothing may be left over */
{
	return wire_close(in) == DTSS_OK;
}

/* replay_verb.c: its result. What it was given does not fit: then in has failed, or something is left of it. */
int replay_verb(struct dtss_replay *r, uint32_t kind, struct wire_in *in, uint32_t flags);

#endif
