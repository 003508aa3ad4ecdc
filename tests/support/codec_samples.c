/* SPDX-License-Identifier: MIT */
#include "codec_samples.h"

/* 2023-11-14T22:13:20Z */
#define SAMPLE_NS INT64_C(1700000000000000000)

static const char *const sample_argv[] = { "sh", "-c", "exit \"$1\"", "" };
static const char *const sample_tags[] = { "linux", "gpu", "linux" };
static const struct dtss_pair sample_env[] = { { "PATH", "/usr/bin" }, { "EMPTY", "" } };
static const struct dtss_pair sample_labels[] = { { "team", "blue" }, { "app", "w\xc3\xb6rk" } };
static const struct dtss_resource sample_resources[] = { { "mem", 1ULL << 33 }, { "gpu", 2 } };
static const struct dtss_after sample_after[] = { { { 77 }, DTSS_TASK_SUCCEEDED, 0 }, { { 12 }, 0, 0 } };
static const struct dtss_retry_rule sample_rules[] = { { 1u << DTSS_CAUSE_EXIT, DTSS_RETRY_IGNORE, 75, 78 },
						       { 1u << DTSS_CAUSE_OOM, DTSS_RETRY_QUARANTINE, 0, 0 } };
static const uint8_t sample_payload[] = { 0, 1, 254, 255 };

const struct dtss_task_spec sample_spec = {
	.size = sizeof sample_spec,
	.name = "build",
	.queue = "night",
	.key = "build-2023-11-14",
	.payload = sample_payload,
	.payload_len = sizeof sample_payload,
	.argv = sample_argv,
	.argc = 4,
	.env = sample_env,
	.env_count = 2,
	.cwd = "/srv/work",
	.tags = sample_tags,
	.tag_count = 3,
	.resources = sample_resources,
	.resource_count = 2,
	.after = sample_after,
	.after_count = 2,
	.labels = sample_labels,
	.label_count = 2,
	.priority = -5,
	.flags = DTSS_SPEC_HELD,
	.not_before_ns = SAMPLE_NS,
	.start_deadline_ms = 3600000,
	.timeout_ms = 60000,
	.retry = { .attempts_max = 5,
		   .lost_max = 7,
		   .backoff_ms_min = 250,
		   .backoff_ms_max = 10000,
		   .multiplier_milli = 1500,
		   .jitter = DTSS_JITTER_OFF,
		   .rules = sample_rules,
		   .rule_count = 2 },
};

const struct dtss_record_body sample_meta = {
	.kind = DTSS_RECORD_META,
	.u.meta = { .next_task = 43,
		    .fence = 91,
		    .seq = 301,
		    .hash = 0x0123456789abcdef,
		    .next_worker = 4,
		    .totals = { 42, 0, 0, 0, 0, 0, 0, 30, 5, 3, 2, 1, 1 },
		    .grants = 91,
		    .retries = 49,
		    .losses = 6 },
};

const struct dtss_record_body sample_task = {
	.kind = DTSS_RECORD_TASK,
	.flags = DTSS_RECORD_DONE,
	.u.task = { .id = 42,
		    .retry_of = 41,
		    .state = DTSS_TASK_QUARANTINED,
		    .cause = DTSS_CAUSE_LOST_MAX,
		    .done = 1,
		    .failed_count = 999,
		    .lost_count = 1000,
		    .free_count = 3,
		    .attempt_count = 998,
		    .created_ns = SAMPLE_NS,
		    .started_ns = SAMPLE_NS + 1,
		    .finished_ns = SAMPLE_NS + 2,
		    .due_since_ns = SAMPLE_NS + 3,
		    .due_wait_ns = 4000000000 },
};

const struct dtss_record_body sample_attempt = {
	.kind = DTSS_RECORD_ATTEMPT,
	.u.attempt = { .id = 42,
		       .view = { .attempt = 2,
				 .state = DTSS_ATTEMPT_ENDED,
				 .fence = 91,
				 .worker = "worker-001",
				 .incarnation = 1700000000000,
				 .granted_ns = SAMPLE_NS,
				 .started_ns = SAMPLE_NS + 1,
				 .ended_ns = SAMPLE_NS + 2,
				 .outcome = { DTSS_CAUSE_TIMEOUT, -1, 9, 2, "took too long" } },
		       .worker_number = 3 },
};

const struct dtss_record_body sample_key = {
	.kind = DTSS_RECORD_KEY,
	.flags = DTSS_RECORD_DELETE,
	.u.key = { .queue = "night",
		   .key = "build-2023-11-14",
		   .id = 42,
		   .spec_hash = 0xfedcba9876543210,
		   .finished_ns = SAMPLE_NS },
};

static const char *const sample_worker_tags[] = { "gpu", "linux" };

const struct dtss_record_body sample_worker = {
	.kind = DTSS_RECORD_WORKER,
	.u.worker.view = { .name = "worker-001",
			   .number = 3,
			   .incarnation = 1700000000000,
			   .kind = DTSS_WORKER_AGENT,
			   .status = DTSS_WORKER_OFFLINE,
			   .draining = 1,
			   .cordoned = 1,
			   .max_tasks = 65535,
			   .address = "192.0.2.7:9000",
			   .tags = sample_worker_tags,
			   .tag_count = 2,
			   .resources = sample_resources,
			   .resource_count = 2 },
};

static const struct dtss_held sample_held[] = { { { 42 }, 91, 2, DTSS_ATTEMPT_RUNNING },
						{ { 40 }, 88, 1, DTSS_ATTEMPT_ENDED } };
static const struct dtss_report sample_reports[] = {
	{ sizeof(struct dtss_report), { 42 }, 91, 2, DTSS_REPORT_STARTED, { 0, 0, 0, 0, NULL } },
	{ sizeof(struct dtss_report),
	  { 40 },
	  88,
	  1,
	  DTSS_REPORT_ENDED,
	  { DTSS_CAUSE_START_FAILED, 0, 0, 2, "no such file" } }
};

const struct dtss_message sample_heartbeat = {
	.size = sizeof sample_heartbeat,
	.type = DTSS_MESSAGE_HEARTBEAT,
	.u.heartbeat = { .heartbeat = { .size = sizeof(struct dtss_heartbeat),
					.name = "worker-001",
					.incarnation = 1700000000000,
					.number = 17,
					.epoch = 5,
					.fence_seen = 91,
					.kind = DTSS_WORKER_AGENT,
					.flags = DTSS_HEARTBEAT_STOPPING,
					.max_tasks = 30,
					.used = 2,
					.address = NULL,
					.tags = sample_worker_tags,
					.tag_count = 2,
					.resources = sample_resources,
					.resource_count = 2,
					.held = sample_held,
					.held_count = 2,
					.sent_wall_ns = SAMPLE_NS },
			 .identity = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
			 .reports = sample_reports,
			 .report_count = 2 },
};

static const struct dtss_ack sample_acks[] = { { { 42 }, 91, DTSS_REPORT_STARTED, DTSS_OK },
					       { { 40 }, 88, DTSS_REPORT_ENDED, DTSS_E_FENCED } };

const struct dtss_message sample_answer = {
	.size = sizeof sample_answer,
	.type = DTSS_MESSAGE_ANSWER,
	.u.answer = { .number = 17,
		      .incarnation = 1700000000000,
		      .epoch = 5,
		      .identity = { 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1 },
		      .result = DTSS_E_STALE,
		      .lease_ms = 30000,
		      .heartbeat_ms = 3000,
		      .acks = sample_acks,
		      .ack_count = 2 },
};

const struct dtss_message sample_stop = {
	.size = sizeof sample_stop,
	.type = DTSS_MESSAGE_STOP,
	.u.stop = { .task = { 42 },
		    .fence = 91,
		    .epoch = 5,
		    .incarnation = 1700000000000,
		    .cause = DTSS_CAUSE_TIMEOUT },
};
