/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "node/node.h"

/* Every request gets exactly one answer, and not before what it rests on is stored. */

static void node_answer_ready(struct dtss_node *n, struct node_request *r)
{
	if (r->waited == NODE_GIVEN_UP)
		node_request_free(n, r);
	else
		node_queue_push(r->waited ? &n->waited : &n->ready, r);
}

void node_answer(struct dtss_node *n, struct node_request *r, int result, uint64_t seq)
{
	DTSS_ASSERT(r->queue == NULL);
	r->stage = NODE_STAGE_ANSWER;
	r->seq = seq;
	if (r->keep.failed && result >= 0)
		result = DTSS_E_NOMEM; /* only queries make copies after the fact */
	r->answer.result = result < 0 ? result : 0;
	if (seq > n->stored)
		node_queue_push_by_seq(&n->held, r);
	else
		node_answer_ready(n, r);
}

static void node_answer_text(char *to, size_t cap, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	if (len >= cap)
		len = cap - 1;
	if (len > 0)
		memcpy(to, text, len);
	to[len] = '\0';
}

/* The engine's words last only until its next call. */
static void node_answer_words(struct node_request *r, const struct dtss_problem *problem)
{
	node_answer_text(r->field, sizeof r->field, problem->field);
	node_answer_text(r->expected, sizeof r->expected, problem->expected);
	r->answer.problem.field = r->field;
	r->answer.problem.expected = r->expected;
	r->answer.problem.index = problem->index;
}

void node_answer_problem(struct dtss_node *n, struct node_request *r, int result, const struct dtss_problem *problem)
{
	DTSS_ASSERT(result < 0);
	node_answer_words(r, problem);
	node_answer(n, r, result, 0);
}

void node_answer_invalid(struct dtss_node *n, struct node_request *r, const char *field, const char *expected)
{
	struct dtss_problem problem;

	problem.field = field;
	problem.expected = expected;
	problem.index = 0;
	node_answer_problem(n, r, DTSS_E_INVALID, &problem);
}

/* A refusal rests on what was seen as much as a success does: the key that is taken may not be stored yet. */
void node_answer_engine(struct dtss_node *n, struct node_request *r, int result, uint64_t seq)
{
	struct dtss_problem problem;

	DTSS_ASSERT(n->sched != NULL);
	switch (result) {
	case DTSS_E_INVALID:
	case DTSS_E_TOO_BIG:
	case DTSS_E_FULL:
	case DTSS_E_CONFLICT:
	case DTSS_E_NOT_FOUND:
	case DTSS_E_STATE:
		dtss_sched_problem(n->sched, &problem);
		node_answer_words(r, &problem);
		break;
	default:
		break;
	}
	node_answer(n, r, result, seq);
}

/* Everything that the engine has done so far is to be stored first; then it goes on at stage. */
void node_hold(struct dtss_node *n, struct node_request *r, uint32_t stage)
{
	DTSS_ASSERT(stage != NODE_STAGE_ANSWER);
	r->stage = stage;
	r->seq = node_engine_seq(n);
	DTSS_ASSERT(r->seq > n->stored);
	node_queue_push_by_seq(&n->held, r);
}

int node_answers_release(struct dtss_node *n, struct dtss_time now)
{
	int count = 0;

	while (n->held.head != NULL && n->held.head->seq <= n->stored) {
		struct node_request *r = n->held.head;

		node_queue_remove(r);
		count++;
		if (r->stage == NODE_STAGE_ANSWER)
			node_answer_ready(n, r);
		else
			node_request_resume(n, now, r, NULL);
	}
	return count > 0;
}

static void node_answer_fail(struct dtss_node *n, struct node_queue *queue, int error)
{
	struct node_request *r, *next;

	for (r = queue->head; r != NULL; r = next) {
		next = r->next;
		if (r->seq <= n->stored)
			continue;
		node_queue_remove(r);
		memset(&r->answer.problem, 0, sizeof r->answer.problem);
		node_answer(n, r, error, 0);
	}
}

void node_answers_fail(struct dtss_node *n, int error)
{
	DTSS_ASSERT(error < 0);
	node_answer_fail(n, &n->held, error);
	node_answer_fail(n, &n->asked, error);
	DTSS_ASSERT(n->held.head == NULL || n->held.head->seq <= n->stored);
}

int dtss_node_answer(struct dtss_node *node, struct dtss_answer *ret_answer)
{
	struct node_request *r;

	DTSS_ASSERT(ret_answer != NULL);
	node_enter(node);
	r = node->ready.head;
	if (r == NULL)
		return 0;
	node_queue_remove(r);
	*ret_answer = r->answer;
	node->given = r;
	return 1;
}
