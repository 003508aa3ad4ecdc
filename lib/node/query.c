/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/node.h"

/* What asks and changes nothing that is stored. Answers about volatile things are not held. */

void node_get_begin(struct dtss_node *n, struct node_request *r)
{
	struct dtss_task_view view;
	int rc;

	memset(&view, 0, sizeof view);
	rc = dtss_sched_task_get(n->sched, r->task, &view);
	if (rc == DTSS_E_NOT_FOUND) {
		node_lookup(n, r);
		return;
	}
	if (rc == 0)
		r->answer.u.task = keep_task(&r->keep, &view);
	node_answer_engine(n, r, rc, dtss_sched_seq(n->sched));
}

void node_get_task(struct dtss_node *n, struct node_request *r, const struct dtss_task_view *view)
{
	r->answer.u.task = keep_task(&r->keep, view);
	node_answer(n, r, 0, 0);
}

void node_explain_begin(struct dtss_node *n, struct dtss_time now, struct node_request *r)
{
	struct dtss_explanation explanation;
	int rc;

	memset(&explanation, 0, sizeof explanation);
	explanation.size = sizeof explanation;
	rc = dtss_sched_explain(n->sched, now, r->task, &explanation);
	if (rc == DTSS_E_NOT_FOUND) {
		node_lookup(n, r);
		return;
	}
	if (rc == 0)
		r->answer.u.explanation = keep_explanation(&r->keep, &explanation);
	node_answer_engine(n, r, rc, dtss_sched_seq(n->sched));
}

/* The one thing that there is to say about history. */
void node_explain_task(struct dtss_node *n, struct node_request *r, const struct dtss_task_view *view)
{
	struct dtss_explanation *e = keep_take(&r->keep, sizeof *e);
	const char *name = dtss_task_state_name(view->state);
	const char *begin = "it has ended: ";
	char *text = keep_take(&r->keep, strlen(begin) + strlen(name) + 1);

	if (text != NULL) {
		memcpy(text, begin, strlen(begin));
		memcpy(text + strlen(begin), name, strlen(name) + 1);
		e->size = sizeof *e;
		e->why = DTSS_WHY_FINISHED;
		e->text = text;
		r->answer.u.explanation = e;
	}
	node_answer(n, r, 0, 0);
}

/* It counts at once, so the room for the answer comes first. */
void node_place(struct dtss_node *n, struct dtss_time now, struct node_request *r, const struct dtss_request *request)
{
	char *worker = keep_take(&r->keep, DTSS_NAME_LEN_MAX + 1);
	char *address = keep_take(&r->keep, DTSS_ADDRESS_LEN_MAX + 1);
	struct dtss_placement placement;
	int rc;

	if (r->keep.failed) {
		node_answer(n, r, DTSS_E_NOMEM, 0);
		return;
	}
	memset(&placement, 0, sizeof placement);
	rc = node_engine_place(n, now, request->u.place.tags, request->u.place.tag_count, &placement);
	if (rc == 0) {
		DTSS_ASSERT(strlen(placement.worker) <= DTSS_NAME_LEN_MAX);
		memcpy(worker, placement.worker, strlen(placement.worker) + 1);
		r->answer.u.placement.worker = worker;
		if (placement.address != NULL) {
			DTSS_ASSERT(strlen(placement.address) <= DTSS_ADDRESS_LEN_MAX);
			memcpy(address, placement.address, strlen(placement.address) + 1);
			r->answer.u.placement.address = address;
		}
	}
	node_answer_engine(n, r, rc, 0); /* a reservation is never stored */
}

/* Only a heartbeat that made a durable change, such as the first one, waits for the store. */
void node_heartbeat(struct dtss_node *n, struct dtss_time now, struct node_request *r,
		    const struct dtss_heartbeat *heartbeat)
{
	uint64_t before = node_engine_seq(n);
	int rc;

	if (heartbeat == NULL) {
		node_answer_invalid(n, r, "heartbeat", "a heartbeat");
		return;
	}
	rc = node_engine_heartbeat(n, now, heartbeat);
	if (rc == 0)
		node_answer(n, r, 0, node_engine_seq(n) != before ? node_engine_seq(n) : 0);
	else
		node_answer_engine(n, r, rc, dtss_sched_seq(n->sched));
}

static size_t node_workers_count(struct dtss_node *n)
{
	struct dtss_stats stats;
	size_t count = 0;
	int i;

	memset(&stats, 0, sizeof stats);
	stats.size = sizeof stats;
	dtss_sched_stats(n->sched, &stats);
	for (i = 0; i < DTSS_WORKER_STATUSES; i++)
		count += stats.workers[i];
	return count;
}

void node_workers(struct dtss_node *n, struct node_request *r)
{
	size_t cap = node_workers_count(n), count = 0;
	struct dtss_worker_view *workers = keep_array(&r->keep, cap, sizeof *workers);
	struct dtss_worker_view view;
	const char *after = NULL;

	while (count < cap && !r->keep.failed) {
		memset(&view, 0, sizeof view);
		if (dtss_sched_worker_next(n->sched, after, &view) != 0)
			break;
		keep_worker(&r->keep, &workers[count], &view);
		after = workers[count++].name;
	}
	r->answer.u.workers.workers = workers;
	r->answer.u.workers.count = count;
	node_answer(n, r, 0, 0);
}

void node_stats(struct dtss_node *n, struct node_request *r)
{
	struct dtss_stats *stats = keep_take(&r->keep, sizeof *stats);

	if (stats != NULL) {
		stats->size = sizeof *stats;
		dtss_sched_stats(n->sched, stats);
		r->answer.u.stats = stats;
	}
	node_answer(n, r, 0, 0);
}
