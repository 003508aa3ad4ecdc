/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "support/desk.h"
#include "support/power.h"

#define DESK_MS INT64_C(1000000)

void desk_close(struct desk *d)
{
	dtss_sched_destroy(d->s);
	d->s = NULL;
	if (d->store != NULL)
		d->store->ops->close(d->store);
	d->store = NULL;
	d->given_count = 0;
}

void desk_fini(struct desk *d)
{
	DIR *dir = opendir(d->dir);
	struct dirent *entry;

	desk_close(d);
	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			ck_assert_int_eq(unlinkat(dirfd(dir), entry->d_name, 0), 0);
	ck_assert_int_eq(closedir(dir), 0);
	ck_assert_int_eq(rmdir(d->dir), 0);
}

/* ---- the store ---- */

static int desk_wait(struct desk *d, struct dtss_store_done *ret_done)
{
	ck_assert_int_eq(d->store->ops->poll(d->store, ret_done), 1);
	return ret_done->result;
}

int desk_ask(struct desk *d, const struct dtss_store_op *op, struct dtss_store_done *ret_done)
{
	ck_assert_int_eq(d->store->ops->submit(d->store, op, ++d->token), DTSS_OK);
	return desk_wait(d, ret_done);
}

int desk_lead(struct desk *d)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_LEAD };
	struct dtss_store_done done;
	int error;

	op.u.lead.holder = "desk";
	op.u.lead.ttl_ms = 10000;
	error = desk_ask(d, &op, &done);
	if (error == DTSS_OK)
		d->epoch = done.u.epoch;
	return error;
}

/* An engine with what is in the store, which does not lead yet. */
int desk_load(struct desk *d)
{
	const void *data;
	size_t len;
	int result;

	ck_assert_int_eq(dtss_sched_create(&d->s, NULL, dtss_mem_libc()), 0);
	while ((result = d->store->ops->load(d->store, &data, &len)) == 1)
		ck_assert_int_eq(dtss_sched_load(d->s, data, len), 0);
	return result;
}

/* The newest state of the ledger that was asked for by then and has this digest. */
struct desk_state *desk_find(struct desk *d, size_t after)
{
	uint64_t digest = dtss_sched_digest(d->s);
	size_t i = d->state_count;

	while (i-- > 0)
		if (d->states[i].digest == digest && d->states[i].asked <= after)
			return &d->states[i];
	return NULL;
}

void desk_cut(struct desk *d, size_t after)
{
	size_t i;

	for (i = 0; i < d->state_count; i++) {
		d->states[i].asked = d->states[i].asked <= after ? 0 : SIZE_MAX;
		d->states[i].said = d->states[i].said <= after ? 0 : SIZE_MAX;
	}
}

static struct desk_state *desk_note(struct desk *d, size_t asked, size_t said)
{
	struct desk_state *state = &d->states[d->state_count++];
	struct dtss_stats stats;

	ck_assert_uint_le(d->state_count, DESK_STATES);
	dtss_sched_stats(d->s, &stats);
	state->digest = dtss_sched_digest(d->s);
	state->tasks = stats.totals[0];
	state->log = d->log_asked;
	state->asked = asked;
	state->said = said;
	return state;
}

void desk_init(struct desk *d)
{
	const char *tmp = getenv("TMPDIR");

	memset(d, 0, sizeof *d);
	if (tmp == NULL || strlen(tmp) > 40)
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; /* the plug is pulled by hand */
	snprintf(d->dir, sizeof d->dir, "%s/dtss-desk-XXXXXX", tmp);
	ck_assert_ptr_nonnull(mkdtemp(d->dir));
	snprintf(d->path, sizeof d->path, "%s/store", d->dir);
	d->now.mono_ns = 1000 * DESK_MS;
	d->now.wall_ns = INT64_C(1700000000) * 1000 * DESK_MS;
	ck_assert_int_eq(dtss_sched_create(&d->s, NULL, dtss_mem_libc()), 0);
	(void)desk_note(d, 0, 0); /* an empty store is what there is at first */
	dtss_sched_destroy(d->s);
	d->s = NULL;
}

/* What was asked and not found again will never come. */
static void desk_forget(struct desk *d, const struct desk_state *found)
{
	struct desk_state *state = &d->states[d->state_count];

	while (--state > found)
		if (state->said == SIZE_MAX)
			state->asked = SIZE_MAX;
}

int desk_open_store(struct desk *d)
{
	char message[512] = "";
	int error = dtss_sqlite_open(&d->store, d->path, message, sizeof message);

	if (error < 0)
		d->store = NULL;
	return error;
}

int desk_open(struct desk *d)
{
	struct desk_state *state;
	int error = desk_open_store(d);

	if (error == DTSS_OK)
		error = desk_lead(d);
	if (error == DTSS_OK)
		error = desk_load(d);
	if (error < 0)
		return error;
	state = desk_find(d, power_count());
	ck_assert_ptr_nonnull(state);
	desk_forget(d, state);
	if (state->said == SIZE_MAX)
		state->said = power_count();
	d->log_asked = state->log;
	ck_assert_int_eq(dtss_sched_lead(d->s, d->now, d->epoch), 0);
	return desk_store(d, 0);
}

static void desk_log(struct desk *d, size_t len)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_LOG_APPEND };
	unsigned char bytes[4096];
	size_t i;

	ck_assert_uint_le(len, sizeof bytes);
	for (i = 0; i < len; i++)
		bytes[i] = (unsigned char)((d->log_asked + i) % 251);
	op.u.log.fence = DESK_LOG_FENCE;
	op.u.log.stream = 1;
	op.u.log.offset = d->log_asked;
	op.u.log.data = bytes;
	op.u.log.len = len;
	ck_assert_int_eq(d->store->ops->submit(d->store, &op, ++d->token), DTSS_OK);
	d->log_asked += len;
}

static void desk_act(struct desk *d)
{
	struct dtss_action action;

	while (dtss_sched_next_action(d->s, &action)) {
		const struct dtss_message *message = action.u.send.message;

		if (action.type != DTSS_ACTION_SEND || message->type != DTSS_MESSAGE_ASSIGN)
			continue;
		ck_assert_uint_lt(d->given_count, DESK_GIVEN);
		d->given[d->given_count++] = message->u.assign;
		d->fence_seen = message->u.assign.fence;
	}
}

/* One group: a batch, and log bytes. */
static int desk_group(struct desk *d, const struct dtss_batch *batch, size_t log_len)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_COMMIT };
	struct dtss_store_done done;
	size_t asked = power_count();
	struct desk_state *state;
	uint64_t last = batch->last_seq;
	int error, logged = DTSS_OK;

	op.u.commit = batch;
	ck_assert_int_eq(d->store->ops->submit(d->store, &op, ++d->token), DTSS_OK);
	if (log_len > 0)
		desk_log(d, log_len);
	state = desk_note(d, asked, SIZE_MAX);
	error = desk_wait(d, &done);
	if (log_len > 0)
		logged = desk_wait(d, &done);
	if (error < 0 && log_len > 0 && logged == DTSS_OK)
		d->log_alone = d->log_asked; /* the store was opened again between the two */
	if (error < 0)
		return error;
	ck_assert_int_eq(logged, DTSS_OK); /* one transaction */
	state->said = power_count();
	dtss_sched_stored(d->s, d->now, last);
	desk_act(d);
	return DTSS_OK;
}

int desk_store(struct desk *d, size_t log_len)
{
	struct dtss_batch batch;
	int error = 0;

	do {
		ck_assert_int_eq(dtss_sched_tick(d->s, d->now), 0);
		while (error == 0 && dtss_sched_batch(d->s, &batch))
			error = desk_group(d, &batch, log_len);
	} while (error == 0 && dtss_sched_next_ns(d->s) <= d->now.mono_ns);
	return error;
}

/* ---- verbs ---- */

int desk_submit(struct desk *d, size_t count, size_t payload)
{
	static const char bytes[65536];
	struct dtss_task_spec specs[32] = { 0 };
	dtss_task_id ids[32];
	size_t i;

	ck_assert_uint_le(count, 32);
	for (i = 0; i < count; i++) {
		specs[i].size = sizeof specs[i];
		specs[i].name = "desk";
		specs[i].payload = bytes;
		specs[i].payload_len = payload;
	}
	ck_assert_int_eq(dtss_sched_submit_many(d->s, d->now, specs, count, ids, NULL), 0);
	return desk_store(d, 0);
}

int desk_flip(struct desk *d, uint64_t task)
{
	dtss_task_id id = { task };

	if (dtss_sched_hold(d->s, d->now, id) != 0)
		ck_assert_int_eq(dtss_sched_release(d->s, d->now, id), 0);
	return desk_store(d, 0);
}

int desk_work(struct desk *d, uint32_t slots)
{
	struct dtss_heartbeat hb = { .size = sizeof hb, .name = "w", .incarnation = 1, .kind = DTSS_WORKER_AGENT };
	struct dtss_held held[DESK_GIVEN] = { 0 };
	size_t i;

	d->now.mono_ns += 1000 * DESK_MS;
	d->now.wall_ns += 1000 * DESK_MS;
	for (i = 0; i < d->given_count; i++) {
		held[i].task = d->given[i].task;
		held[i].fence = d->given[i].fence;
		held[i].attempt = d->given[i].attempt;
		held[i].state = DTSS_ATTEMPT_RUNNING;
	}
	hb.number = ++d->number;
	hb.fence_seen = d->fence_seen;
	hb.max_tasks = slots;
	hb.used = (uint32_t)d->given_count;
	hb.held = held;
	hb.held_count = d->given_count;
	ck_assert_int_eq(dtss_sched_heartbeat(d->s, d->now, &hb), 0);
	return desk_store(d, 300);
}

int desk_end(struct desk *d, int32_t exit_code)
{
	struct dtss_report report = { .size = sizeof report, .kind = DTSS_REPORT_ENDED };

	report.outcome.cause = DTSS_CAUSE_EXIT;
	report.outcome.exit_code = exit_code;
	while (d->given_count > 0) {
		d->given_count--;
		report.task = d->given[d->given_count].task;
		report.fence = d->given[d->given_count].fence;
		report.attempt = d->given[d->given_count].attempt;
		ck_assert_int_eq(dtss_sched_report(d->s, d->now, &report), 0);
	}
	return desk_store(d, 0);
}
