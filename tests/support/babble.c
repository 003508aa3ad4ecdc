/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "support/babble.h"

static uint64_t dice(struct babble *b, uint64_t sides)
{
	return rand_below(&b->rnd, sides);
}

static dtss_task_id babble_task(struct babble *b)
{
	struct dtss_sched *s = dtss_node_sched(b->rig->node);
	struct dtss_stats stats = { .size = sizeof stats };

	if (s != NULL)
		dtss_sched_stats(s, &stats);
	return (dtss_task_id){ stats.totals[0] > 0 ? 1 + dice(b, stats.totals[0]) : 1 };
}

/* It is answered now or never: who does not know is fine. */
static void babble_ask(struct babble *b, struct dtss_request *request)
{
	struct dtss_answer answer;
	int i;

	request->token = ++b->rig->token;
	if (dtss_node_request(b->rig->node, rig_now(b->rig), request) != 0)
		return;
	for (i = 0; i < 8 && dice(b, 4) != 0; i++)
		rig_step(b->rig);
	while (dtss_node_answer(b->rig->node, &answer) == 1)
		ck_assert_uint_le(answer.token, b->rig->token);
}

static void babble_submit(struct babble *b)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_SUBMIT);
	struct dtss_after after[2] = { { babble_task(b), 0, 0 }, { babble_task(b), 0, 0 } };
	struct dtss_task_spec specs[5];
	char keys[5][8];
	size_t i, count = dice(b, 4) != 0 ? 1 : 1 + dice(b, 5);

	for (i = 0; i < count; i++) {
		specs[i] = rig_spec("job");
		snprintf(keys[i], sizeof keys[i], "%u", (unsigned)dice(b, 20));
		specs[i].key = dice(b, 3) != 0 ? NULL : keys[i];
		specs[i].priority = (int32_t)dice(b, 4);
		specs[i].after = after;
		specs[i].after_count = dice(b, 3) != 0 ? 0 : 1 + dice(b, 2);
		specs[i].flags = dice(b, 15) == 0 ? DTSS_SPEC_HELD : 0;
		specs[i].timeout_ms = dice(b, 5) != 0 ? 0 : 500 + dice(b, 20000);
		specs[i].start_deadline_ms = dice(b, 6) != 0 ? 0 : 1 + dice(b, 100000);
		specs[i].retry.attempts_max = (uint32_t)dice(b, 4);
	}
	request.u.submit.specs = specs;
	request.u.submit.count = count;
	babble_ask(b, &request);
}

static void babble_task_verb(struct babble *b)
{
	static const uint32_t types[] = { DTSS_REQUEST_CANCEL,  DTSS_REQUEST_RETRY, DTSS_REQUEST_HOLD,
					  DTSS_REQUEST_RELEASE, DTSS_REQUEST_GET,   DTSS_REQUEST_EXPLAIN };
	struct dtss_request request = rig_request(types[dice(b, 6)]);

	request.u.task = babble_task(b);
	babble_ask(b, &request);
}

static void babble_worker_verb(struct babble *b)
{
	static const char *const names[] = { "w", "p", "q", "nobody" };
	static const uint32_t types[] = { DTSS_REQUEST_DRAIN, DTSS_REQUEST_CORDON, DTSS_REQUEST_UNCORDON,
					  DTSS_REQUEST_UNCORDON };
	static const char *const tags[] = { "fast" };
	struct dtss_heartbeat hb = { .size = sizeof hb };
	struct dtss_request request = rig_request(types[dice(b, 4)]);

	request.u.worker = names[dice(b, 4)];
	if (dice(b, 3) == 0) {
		request = rig_request(DTSS_REQUEST_PLACE);
		request.u.place.tags = tags;
		request.u.place.tag_count = dice(b, 2);
	} else if (dice(b, 2) == 0) {
		hb.name = names[1 + dice(b, 2)];
		hb.kind = DTSS_WORKER_PLACEMENT;
		hb.max_tasks = (uint32_t)dice(b, 5);
		hb.used = (uint32_t)dice(b, 3);
		hb.address = "1.2.3.4:5";
		hb.tags = tags;
		hb.tag_count = dice(b, 2);
		request = rig_request(DTSS_REQUEST_HEARTBEAT);
		request.u.heartbeat = &hb;
	}
	babble_ask(b, &request);
}

/* What it was given, it has; mostly. */
static void babble_agent(struct babble *b)
{
	struct rig *r = b->rig;
	int assigns = r->assigns;
	size_t i;

	r->slots = 1 + (uint32_t)dice(b, 4);
	for (i = 0; i < b->held_count; i++)
		r->held[r->held_count++] = b->held[i];
	if (b->held_count > 0 && dice(b, 2) == 0) {
		size_t at = dice(b, b->held_count);
		struct dtss_held h = b->held[at];

		rig_reports(r, h.task, h.fence, dice(b, 2) != 0 ? DTSS_REPORT_ENDED : DTSS_REPORT_STARTED,
			    (int32_t)dice(b, 2));
		if (r->reports[0].kind == DTSS_REPORT_ENDED || dice(b, 9) == 0)
			b->held[at] = b->held[--b->held_count];
	}
	rig_heartbeat(r);
	if (r->assigns > assigns && b->held_count < BABBLE_HELD && dice(b, 10) != 0)
		b->held[b->held_count++] =
			(struct dtss_held){ r->assign.task, r->assign.fence, r->assign.attempt, DTSS_ATTEMPT_LEASED };
}

/* What is under way is answered first, as it was to be. */
static void babble_trouble(struct babble *b)
{
	static const int32_t errors[] = { DTSS_E_UNKNOWN, DTSS_E_NOSPC, 0, 0 };
	struct gate_store *gate = b->rig->gate;

	gate->shut = 0;
	rig_step(b->rig);
	gate->commit = gate->commit != 0 ? 0 : errors[dice(b, 4)];
	gate->commit_applied = gate->commit == DTSS_E_UNKNOWN && dice(b, 2) != 0;
	gate->shut = dice(b, 3) == 0;
}

void babble_step(struct babble *b)
{
	const struct gate_store *gate = b->rig->gate;
	uint64_t d = dice(b, 100);

	if ((gate->shut || gate->commit != 0) && dice(b, 6) == 0)
		d = 99;
	if (d < 25)
		babble_submit(b);
	else if (d < 40)
		babble_task_verb(b);
	else if (d < 50)
		babble_worker_verb(b);
	else if (d < 80)
		babble_agent(b);
	else if (d < 97 || b->calm)
		rig_pass(b->rig, dice(b, 12) != 0 ? dice(b, 2000) : dice(b, 40000));
	else
		babble_trouble(b);
}
