/* SPDX-License-Identifier: MIT */
#include "core/engine.h"

/*
 * The workers by name: a treap (Seidel, Aragon: Randomized Search Trees, 1996), ordered by name, a heap by the keyed hash
 * of the name, so that its depth is logarithmic for whoever does not know the key; and a list, for going through all.
 *
 *                   m (97)
 *                  /      \
 *            b (80)        z (61)          list   b <-> k <-> m <-> q <-> z
 *                  \      /
 *            k (12)        q (43)
 *
 * The links stand in the workers: to enter or leave cannot fail.
 */
static int roster_order(const struct worker *w, const char *name)
{
	return strcmp(worker_said(w) + 1, name);
}

/* Goes in above the first on its way that is not above it, and splits the subtree there into those before and after. */
void roster_insert(struct dtss_sched *s, struct worker *w)
{
	struct worker **at = &s->roster, **lower = &w->lower, **higher = &w->higher;
	struct worker *before = NULL, *after = NULL, *rest;

	DTSS_ASSERT(!w->prev && !w->next);
	DTSS_ASSERT(!s->roster == !s->first_worker);
	while (*at && (*at)->hash > w->hash) {
		if (roster_order(*at, w->name->text) < 0) {
			before = *at;
			at = &before->higher;
		} else {
			after = *at;
			at = &after->lower;
		}
	}
	rest = *at;
	*at = w;
	while (rest) {
		if (roster_order(rest, w->name->text) < 0) {
			*lower = before = rest;
			lower = &rest->higher;
			rest = rest->higher;
		} else {
			*higher = after = rest;
			higher = &rest->lower;
			rest = rest->lower;
		}
	}
	*lower = *higher = NULL;
	w->prev = before;
	w->next = after;
	*(before ? &before->next : &s->first_worker) = w;
	if (after)
		after->prev = w;
	s->worker_count++;
}

void roster_remove(struct dtss_sched *s, struct worker *w)
{
	struct worker **at = &s->roster, *lower = w->lower, *higher = w->higher;

	DTSS_ASSERT(s->worker_count);
	while (*at != w) {
		DTSS_ASSERT(*at);
		at = roster_order(*at, w->name->text) < 0 ? &(*at)->higher : &(*at)->lower;
	}
	while (lower && higher) {
		if (lower->hash > higher->hash) {
			*at = lower;
			at = &lower->higher;
			lower = lower->higher;
		} else {
			*at = higher;
			at = &higher->lower;
			higher = higher->lower;
		}
	}
	*at = lower ? lower : higher;
	*(w->prev ? &w->prev->next : &s->first_worker) = w->next;
	if (w->next)
		w->next->prev = w->prev;
	s->worker_count--;
}

struct worker *roster_above(const struct dtss_sched *s, const char *after)
{
	struct worker *w = s->roster, *above = NULL;

	if (!after)
		return s->first_worker;
	while (w) {
		if (roster_order(w, after) > 0) {
			above = w;
			w = w->lower;
		} else {
			w = w->higher;
		}
	}
	return above;
}
