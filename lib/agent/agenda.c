/* SPDX-License-Identifier: MIT */
#include "agent/agent.h"
#include "core/check.h"

/* First in, first out; an attempt stands in it once, however much happened to it meanwhile. */
void agent_agenda_add(struct dtss_agent *a, struct agent_attempt *t)
{
	DTSS_ASSERT((a->agenda_first == NULL) == (a->agenda_last == NULL));
	if (t->on_agenda)
		return;
	t->agenda_next = NULL;
	t->agenda_prev = a->agenda_last;
	if (a->agenda_last != NULL)
		a->agenda_last->agenda_next = t;
	else
		a->agenda_first = t;
	a->agenda_last = t;
	t->on_agenda = 1;
	DTSS_ASSERT(a->agenda_first != NULL);
}

void agent_agenda_remove(struct dtss_agent *a, struct agent_attempt *t)
{
	if (!t->on_agenda)
		return;
	DTSS_ASSERT(a->agenda_first != NULL);
	DTSS_ASSERT(a->agenda_last != NULL);
	if (t->agenda_prev != NULL)
		t->agenda_prev->agenda_next = t->agenda_next;
	else
		a->agenda_first = t->agenda_next;
	if (t->agenda_next != NULL)
		t->agenda_next->agenda_prev = t->agenda_prev;
	else
		a->agenda_last = t->agenda_prev;
	t->agenda_prev = NULL;
	t->agenda_next = NULL;
	t->on_agenda = 0;
}
