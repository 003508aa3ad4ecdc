/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/node.h"

/*
 * A page is what the engine holds and what is history, merged by id.
 *
 *      engine:   4   7   9            asked first, up to live_end
 *      history:  2   3   4   8        asked when all that had left the engine by then is stored, up to next
 *      page:     2   3   4   7   8    4 left the engine in between: history is right; the page ends where one of the
 *                                     two ends, at the limit, or where it is long enough
 *
 * So a task that leaves the engine meanwhile is in one of the two at least.
 */
static int node_list_live(struct dtss_node *n, struct node_request *r)
{
	struct dtss_task_filter filter = r->filter;
	struct dtss_task_view view;
	int rc;

	r->live = keep_array(&r->keep, filter.limit, sizeof *r->live);
	r->live_end = DTSS_NEVER;
	for (;;) {
		memset(&view, 0, sizeof view);
		rc = dtss_sched_task_next(n->sched, &filter, &view);
		if (rc == DTSS_E_NOT_FOUND)
			return 0;
		if (rc < 0)
			return rc;
		if (r->live_count == filter.limit || (r->live_count > 0 && r->keep.total >= DTSS_LIST_BYTES_MAX)) {
			r->live_end = filter.after; /* there are more */
			return 0;
		}
		filter.after = view.id.v;
		if (r->live != NULL)
			r->live[r->live_count] = keep_task(&r->keep, &view);
		if (r->keep.failed)
			return DTSS_E_NOMEM;
		r->live_count++;
	}
}

void node_list_begin(struct dtss_node *n, struct node_request *r, const struct dtss_task_filter *filter)
{
	int rc;

	if (filter->limit < 1 || filter->limit > DTSS_LIST_MAX) {
		node_answer_invalid(n, r, "limit", "1..1000");
		return;
	}
	keep_filter(&r->keep, &r->filter, filter);
	rc = node_list_live(n, r);
	if (rc < 0) {
		node_answer_engine(n, r, rc, 0);
		return;
	}
	r->seq = node_engine_seq(n);
	if (!n->quiet && r->seq > n->stored)
		node_hold(n, r, NODE_STAGE_LIST_STORED);
	else
		node_list_ask(n, r);
}

void node_list_ask(struct dtss_node *n, struct node_request *r)
{
	struct dtss_store_op op;
	int rc;

	memset(&op, 0, sizeof op);
	op.type = DTSS_STORE_LIST;
	op.u.list = r->filter;
	rc = node_store_submit(n, &op, &r->serial);
	if (rc < 0) {
		node_answer(n, r, rc, 0);
		return;
	}
	r->stage = NODE_STAGE_LIST;
	node_queue_push(&n->asked, r);
}

struct node_page {
	const struct dtss_task_view **tasks;
	size_t count;
	uint64_t end;   /* ids above it belong to a later page */
	size_t live_at; /* the next of the engine's */
	int more;       /* some did not fit */
};

static void node_list_add(const struct node_request *r, struct node_page *page, const struct dtss_task_view *view)
{
	if (page->count == r->filter.limit)
		page->more = 1;
	else
		page->tasks[page->count++] = view;
}

/* The engine's tasks below id. */
static void node_list_live_below(const struct node_request *r, struct node_page *page, uint64_t id)
{
	while (page->live_at < r->live_count) {
		const struct dtss_task_view *view = r->live[page->live_at];

		if (view->id.v >= id || view->id.v > page->end)
			return;
		node_list_add(r, page, view);
		page->live_at++;
	}
}

static int node_list_history(struct dtss_node *n, struct node_request *r, struct node_page *page,
			     const struct dtss_record *records, size_t count)
{
	struct dtss_task_view *view;
	uint64_t last = r->filter.after;
	size_t used;
	int rc;

	for (; count > 0; records += used, count -= used) {
		rc = dtss_task_view_decode(records, count, &n->mem, &view, &used);
		if (rc < 0)
			return rc;
		DTSS_ASSERT(used > 0 && used <= count);
		if (view->id.v <= last) { /* a page that goes back would be asked for again and again */
			dtss_task_view_free(view, &n->mem);
			return DTSS_E_CORRUPT;
		}
		last = view->id.v;
		node_list_live_below(r, page, view->id.v);
		if (page->live_at < r->live_count && r->live[page->live_at]->id.v == view->id.v)
			page->live_at++;
		if (view->id.v <= page->end)
			node_list_add(r, page, keep_task(&r->keep, view));
		dtss_task_view_free(view, &n->mem);
		if (r->keep.failed)
			return DTSS_E_NOMEM;
	}
	return 0;
}

void node_list_rows(struct dtss_node *n, struct node_request *r, const struct dtss_store_done *done)
{
	struct node_page page;
	int rc = done->result;

	memset(&page, 0, sizeof page);
	page.end = r->live_end;
	if (rc == 0 && done->u.rows.next != 0 && done->u.rows.next <= r->filter.after)
		rc = DTSS_E_CORRUPT;
	if (rc == 0 && done->u.rows.next != 0 && done->u.rows.next < page.end)
		page.end = done->u.rows.next;
	page.tasks = keep_array(&r->keep, r->filter.limit, sizeof *page.tasks);
	if (rc == 0 && page.tasks != NULL)
		rc = node_list_history(n, r, &page, done->u.rows.records, done->u.rows.count);
	if (rc < 0 || page.tasks == NULL) {
		node_answer(n, r, rc < 0 ? rc : DTSS_E_NOMEM, 0);
		return;
	}
	node_list_live_below(r, &page, DTSS_NEVER);
	r->answer.u.list.tasks = page.tasks;
	r->answer.u.list.count = page.count;
	if (page.more)
		r->answer.u.list.next = page.tasks[page.count - 1]->id.v;
	else if (page.end != DTSS_NEVER)
		r->answer.u.list.next = page.end;
	node_answer(n, r, 0, r->seq);
}
