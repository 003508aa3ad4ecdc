/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include "support/rig.h"

#define RIG_STEPS_MAX 64
#define RIG_WALL_NS INT64_C(1700000000000000000)

struct dtss_time rig_now(const struct rig *r)
{
	struct dtss_time now = { 1000000000 + r->ms * 1000000, RIG_WALL_NS + (int64_t)r->ms * 1000000 };

	return now;
}

void rig_open(struct rig *r)
{
	struct dtss_node_config cfg = { .size = sizeof cfg };
	struct dtss_config sched = r->sched;
	int lead_expires = r->lead_expires;
	FILE *copy = r->copy;

	memset(r, 0, sizeof *r);
	r->sched = sched;
	r->lead_expires = lead_expires;
	r->copy = copy;
	r->sched.size = sizeof r->sched;
	r->gate = gate_store_open();
	r->gate->lead_expires = lead_expires;
	cfg.store = &r->gate->base;
	r->mirror = mirror_trace_open();
	r->mirror->copy = copy;
	cfg.trace = &r->mirror->base;
	cfg.sched = &r->sched;
	ck_assert_int_eq(dtss_loop_open(&cfg.transport, &r->far, "w", NULL), 0);
	ck_assert_int_eq(dtss_node_open(&r->node, &cfg, rig_now(r)), 0);
	rig_step(r);
}

void rig_close(struct rig *r)
{
	dtss_node_close(r->node);
	r->far->ops->close(r->far);
	r->node = NULL;
}

void rig_step(struct rig *r)
{
	int i;

	for (i = 0; i < RIG_STEPS_MAX; i++) {
		int rc = dtss_node_step(r->node, rig_now(r));

		ck_assert_int_eq(rc, rig_state(r) == DTSS_NODE_FAILED ? rig_error(r) : 0);
		mirror_same(r->mirror, r->node);
		if (dtss_node_next_ns(r->node) > rig_now(r).mono_ns || r->gate->shut)
			return;
	}
	ck_abort_msg("the node never comes to rest");
}

void rig_pass(struct rig *r, uint64_t ms)
{
	uint64_t end = r->ms + ms;

	while (r->ms < end) {
		uint64_t next = dtss_node_next_ns(r->node), due;

		due = next > rig_now(r).mono_ns ? (next - 1000000000 + 999999) / 1000000 : r->ms + 1;
		r->ms = next == DTSS_NEVER || due > end ? end : due;
		rig_step(r);
	}
}

uint32_t rig_state(const struct rig *r)
{
	struct dtss_node_info info = { .size = sizeof info };

	dtss_node_info(r->node, &info);
	return info.state;
}

int32_t rig_error(const struct rig *r)
{
	struct dtss_node_info info = { .size = sizeof info };

	dtss_node_info(r->node, &info);
	return info.error;
}

struct dtss_request rig_request(uint32_t type)
{
	struct dtss_request request;

	memset(&request, 0, sizeof request);
	request.size = sizeof request;
	request.type = type;
	return request;
}

struct dtss_task_spec rig_spec(const char *name)
{
	struct dtss_task_spec spec;

	memset(&spec, 0, sizeof spec);
	spec.size = sizeof spec;
	spec.name = name;
	spec.payload = "x";
	spec.payload_len = 1;
	return spec;
}

uint64_t rig_begin(struct rig *r, struct dtss_request *request)
{
	request->token = ++r->token;
	ck_assert_int_eq(dtss_node_request(r->node, rig_now(r), request), 0);
	return request->token;
}

int rig_answered(struct rig *r, uint64_t token, struct dtss_answer *ret_answer)
{
	ret_answer->size = sizeof *ret_answer;
	if (dtss_node_answer(r->node, ret_answer) != 1)
		return 0;
	ck_assert_uint_eq(ret_answer->token, token);
	return 1;
}

int rig_ask(struct rig *r, struct dtss_request *request, struct dtss_answer *ret_answer)
{
	uint64_t token = rig_begin(r, request);
	int i;

	for (i = 0; i < RIG_STEPS_MAX; i++) {
		if (rig_answered(r, token, ret_answer)) {
			ck_assert_uint_eq(ret_answer->type, request->type);
			return ret_answer->result;
		}
		(void)dtss_node_step(r->node, rig_now(r));
	}
	ck_abort_msg("no answer");
	return 0;
}

dtss_task_id rig_submit(struct rig *r, const char *name)
{
	struct dtss_request request = rig_request(DTSS_REQUEST_SUBMIT);
	struct dtss_task_spec spec = rig_spec(name);
	struct dtss_answer answer;

	request.u.submit.specs = &spec;
	request.u.submit.count = 1;
	ck_assert_int_eq(rig_ask(r, &request, &answer), 0);
	ck_assert_uint_eq(answer.u.submit.count, 1);
	return answer.u.submit.ids[0];
}

int rig_ask_task(struct rig *r, uint32_t type, dtss_task_id id, struct dtss_answer *ret_answer)
{
	struct dtss_request request = rig_request(type);

	request.u.task = id;
	return rig_ask(r, &request, ret_answer);
}

uint32_t rig_task_state(struct rig *r, dtss_task_id id)
{
	struct dtss_answer answer;

	ck_assert_int_eq(rig_ask_task(r, DTSS_REQUEST_GET, id, &answer), 0);
	ck_assert_uint_eq(answer.u.task->id.v, id.v);
	return answer.u.task->state;
}

dtss_task_id rig_local_submit(struct rig *r, const struct dtss_task_spec *spec)
{
	dtss_task_id id = { 0 };

	ck_assert_int_eq(dtss_node_submit(r->node, rig_now(r), spec, &id), 0);
	return id;
}

int rig_take(struct rig *r, struct dtss_work *ret_work)
{
	return dtss_node_take(r->node, rig_now(r), ret_work);
}

int rig_finish(struct rig *r, uint64_t fence, const struct dtss_outcome *outcome)
{
	return dtss_node_finish(r->node, rig_now(r), fence, outcome);
}

void rig_heartbeat(struct rig *r)
{
	struct dtss_message message;
	struct dtss_heartbeat *hb = &message.u.heartbeat.heartbeat;

	memset(&message, 0, sizeof message);
	message.size = sizeof message;
	message.type = DTSS_MESSAGE_HEARTBEAT;
	hb->size = sizeof *hb;
	hb->name = "w";
	hb->incarnation = 7;
	hb->number = ++r->number;
	hb->fence_seen = r->fence_seen;
	hb->kind = DTSS_WORKER_AGENT;
	hb->max_tasks = r->slots;
	hb->held = r->held;
	hb->held_count = r->held_count;
	message.u.heartbeat.reports = r->reports;
	message.u.heartbeat.report_count = r->report_count;
	ck_assert_int_eq(r->far->ops->send(r->far, NULL, &message), 0);
	r->held_count = r->report_count = 0;
	rig_step(r);
	rig_listen(r);
}

static void rig_hear_answer(struct rig *r, const struct dtss_message_answer *answer)
{
	r->answers++;
	r->answer = *answer;
	r->answer.acks = r->acks;
	ck_assert_uint_le(answer->ack_count, sizeof r->acks / sizeof *r->acks);
	if (answer->ack_count > 0)
		memcpy(r->acks, answer->acks, answer->ack_count * sizeof *r->acks);
}

void rig_listen(struct rig *r)
{
	const struct dtss_message *message;
	const char *peer;

	while (r->far->ops->poll(r->far, &message, &peer) == 1) {
		if (message->type == DTSS_MESSAGE_ANSWER) {
			rig_hear_answer(r, &message->u.answer);
		} else if (message->type == DTSS_MESSAGE_ASSIGN) {
			r->assigns++;
			r->assign = message->u.assign;
			r->fence_seen = message->u.assign.fence;
		} else {
			r->stops++;
			r->stop = message->u.stop;
		}
	}
}

void rig_holds(struct rig *r, dtss_task_id task, uint64_t fence, uint32_t state)
{
	struct dtss_held *held = &r->held[r->held_count++];

	memset(held, 0, sizeof *held);
	held->task = task;
	held->fence = fence;
	held->attempt = 1;
	held->state = state;
}

void rig_reports(struct rig *r, dtss_task_id task, uint64_t fence, uint32_t kind, int32_t exit_code)
{
	struct dtss_report *report = &r->reports[r->report_count++];

	memset(report, 0, sizeof *report);
	report->size = sizeof *report;
	report->task = task;
	report->fence = fence;
	report->attempt = 1;
	report->kind = kind;
	if (kind != DTSS_REPORT_ENDED)
		return;
	report->outcome.cause = DTSS_CAUSE_EXIT;
	report->outcome.exit_code = exit_code;
}

dtss_task_id rig_history(struct rig *r, const char *name, int32_t exit_code)
{
	dtss_task_id id = rig_submit(r, name);
	int assigns = r->assigns;

	r->slots = 1;
	rig_heartbeat(r);
	ck_assert_int_eq(r->assigns, assigns + 1);
	ck_assert_uint_eq(r->assign.task.v, id.v);
	r->slots = 0;
	rig_reports(r, id, r->assign.fence, DTSS_REPORT_ENDED, exit_code);
	rig_heartbeat(r);
	ck_assert_int_eq(r->acks[0].result, 0);
	return id;
}
