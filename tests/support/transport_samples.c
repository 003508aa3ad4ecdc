/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "conform/transport.h"
#include "support/transport_samples.h"

static struct dtss_message message_of(uint32_t type)
{
	struct dtss_message m;

	memset(&m, 0, sizeof m);
	m.size = sizeof m;
	m.type = type;
	return m;
}

void fill_heartbeat(struct dtss_message *m, uint64_t number)
{
	static const char *const tags[] = { "cuda-12.0", "gpu" };
	static const struct dtss_resource resources[] = { { "cpu", 4000 }, { "ram", DTSS_RESOURCE_AMOUNT_MAX } };
	static const struct dtss_held held[] = { { { 7 }, 70, 1, DTSS_ATTEMPT_RUNNING },
						 { { DTSS_TASK_ID_MAX }, 71, 1000, DTSS_ATTEMPT_ENDED } };
	static const struct dtss_report reports[] = {
		{ sizeof(struct dtss_report), { 7 }, 70, 1, DTSS_REPORT_STARTED, { 0, 0, 0, 0, NULL } },
		{ sizeof(struct dtss_report),
		  { DTSS_TASK_ID_MAX },
		  71,
		  1000,
		  DTSS_REPORT_ENDED,
		  { DTSS_CAUSE_SIGNAL, -1, 9, 2, "killed \xe2\x80\x93 \"quoted\"\n" } }
	};
	struct dtss_heartbeat *hb = &m->u.heartbeat.heartbeat;

	*m = message_of(DTSS_MESSAGE_HEARTBEAT);
	hb->size = sizeof *hb;
	hb->name = TRANSPORT_WORKER;
	hb->incarnation = 1700000000000;
	hb->number = number;
	hb->epoch = 3;
	hb->fence_seen = 71;
	hb->kind = DTSS_WORKER_AGENT;
	hb->flags = DTSS_HEARTBEAT_STOPPING;
	hb->max_tasks = DTSS_WORKER_TASKS_MAX;
	hb->used = 2;
	hb->address = "10.0.0.1:9000";
	hb->tags = tags;
	hb->tag_count = 2;
	hb->resources = resources;
	hb->resource_count = 2;
	hb->held = held;
	hb->held_count = 2;
	hb->sent_wall_ns = 1700000000123456789;
	memset(m->u.heartbeat.identity, 0xe7, DTSS_IDENTITY_LEN);
	m->u.heartbeat.reports = reports;
	m->u.heartbeat.report_count = 2;
}

void fill_answer(struct dtss_message *m, uint64_t number)
{
	static const struct dtss_ack acks[] = { { { 7 }, 70, DTSS_REPORT_STARTED, DTSS_OK },
						{ { DTSS_TASK_ID_MAX }, 71, DTSS_REPORT_ENDED, DTSS_E_FENCED } };

	*m = message_of(DTSS_MESSAGE_ANSWER);
	m->u.answer.number = number;
	m->u.answer.incarnation = 1700000000000;
	m->u.answer.epoch = 4;
	memset(m->u.answer.identity, 0x5a, DTSS_IDENTITY_LEN);
	m->u.answer.result = DTSS_E_STALE;
	m->u.answer.lease_ms = 30000;
	m->u.answer.heartbeat_ms = 3000;
	m->u.answer.acks = acks;
	m->u.answer.ack_count = 2;
}

void fill_stop(struct dtss_message *m, uint64_t fence)
{
	*m = message_of(DTSS_MESSAGE_STOP);
	m->u.stop.task.v = 7;
	m->u.stop.fence = fence;
	m->u.stop.epoch = 4;
	m->u.stop.incarnation = 1700000000000;
	m->u.stop.cause = DTSS_CAUSE_TIMEOUT;
}

void fill_assign(struct dtss_message *m, unsigned char *spec, size_t spec_len)
{
	*m = message_of(DTSS_MESSAGE_ASSIGN);
	m->u.assign.task.v = 8;
	m->u.assign.fence = 72;
	m->u.assign.epoch = 4;
	m->u.assign.incarnation = 1700000000000;
	m->u.assign.lease_ms = 30000;
	m->u.assign.attempt = 2;
	m->u.assign.spec = spec;
	m->u.assign.spec_len = spec_len;
}

size_t make_spec(unsigned char **ret_spec, const char *argument)
{
	static const char *const tags[] = { "gpu" };
	static const struct dtss_pair env[] = { { "A", "1" } };
	const char *argv[2];
	struct dtss_task_spec spec;
	size_t len;

	memset(&spec, 0, sizeof spec);
	spec.size = sizeof spec;
	argv[0] = "/bin/echo";
	argv[1] = argument;
	spec.name = "n";
	spec.argv = argv;
	spec.argc = 2;
	spec.env = env;
	spec.env_count = 1;
	spec.tags = tags;
	spec.tag_count = 1;
	spec.timeout_ms = 5000;
	len = dtss_spec_encode(&spec, NULL, 0);
	*ret_spec = malloc(len);
	ck_assert_ptr_nonnull(*ret_spec);
	ck_assert_uint_eq(dtss_spec_encode(&spec, *ret_spec, len), len);
	return len;
}
