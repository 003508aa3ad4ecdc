/* SPDX-License-Identifier: MIT */
/* What every store does, over every implementation, and over each of them behind a shim. */
#include <check.h>
#include <string.h>
#include "support/store_kit.h"

Suite *suite_conform_store(void);

static struct store_kit k;

static void begin(int kind)
{
	kit_open(&k, (enum store_kind)kind);
}

static void end(void)
{
	kit_close(&k);
}

/* A little of everything, all live. */
static void commit_some(void)
{
	kit_meta(&k, 3);
	kit_task(&k, 1, DTSS_TASK_READY, 0);
	kit_spec(&k, 1, "q", "one", NULL);
	kit_task(&k, 2, DTSS_TASK_RUNNING, 0);
	kit_spec(&k, 2, "q", "two", NULL);
	kit_attempt(&k, 2, 1, 7);
	kit_attempt(&k, 2, 2, 8);
	kit_key(&k, "q", "k", 1, 0);
	kit_worker(&k, "w1", 100, 0);
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
}

START_TEST(it_says_what_it_is)
{
	static const uint8_t none[DTSS_IDENTITY_LEN];
	struct dtss_store_info info, again;

	begin(_i);
	ck_assert_int_eq(k.store->ops->info(k.store, &info), DTSS_OK);
	ck_assert_int_eq(k.store->ops->info(k.store, &again), DTSS_OK);
	ck_assert_mem_eq(info.identity, again.identity, DTSS_IDENTITY_LEN);
	ck_assert_mem_ne(info.identity, none, DTSS_IDENTITY_LEN);
	ck_assert_uint_eq(info.durability, kit_is_sqlite(&k) ? DTSS_DURABILITY_D2 : DTSS_DURABILITY_D0);
	ck_assert_uint_gt(strlen(k.store->ops->name), 0);
	ck_assert_uint_ge(k.store->ops->size, sizeof *k.store->ops);
	ck_assert_int_ge(k.store->ops->fd(k.store), -1);
	end();
	begin(_i);
	ck_assert_int_eq(k.store->ops->info(k.store, &again), DTSS_OK);
	ck_assert_mem_ne(info.identity, again.identity, DTSS_IDENTITY_LEN);
	end();
}
END_TEST

START_TEST(a_new_one_is_empty)
{
	struct dtss_task_filter all = { .limit = 10 };
	struct dtss_store_done done;
	uint64_t sum;

	begin(_i);
	ck_assert_int_eq(kit_load(&k, &sum), 0);
	ck_assert_int_eq(kit_list(&k, &all, &done), DTSS_OK);
	ck_assert_uint_eq(done.u.rows.count, 0);
	ck_assert_uint_eq(done.u.rows.next, 0);
	ck_assert_int_eq(kit_get(&k, 1, &done), DTSS_E_NOT_FOUND);
	end();
}
END_TEST

static int renew(uint32_t type, uint64_t epoch)
{
	struct dtss_store_op op = { .size = sizeof op, .type = type };
	struct dtss_store_done done;

	op.u.renew.epoch = epoch;
	kit_do(&k, &op, &done);
	return done.result;
}

START_TEST(epochs_only_grow_and_an_old_one_writes_nothing)
{
	uint64_t old, sum, same;

	begin(_i);
	commit_some();
	ck_assert_int_gt(kit_load(&k, &sum), 0);
	old = k.epoch;
	ck_assert_int_eq(renew(DTSS_STORE_RENEW, old), DTSS_OK);
	ck_assert_int_eq(kit_lead(&k), DTSS_OK); /* and asserts that it grew */
	ck_assert_int_eq(renew(DTSS_STORE_RENEW, old), DTSS_E_EPOCH);
	kit_task(&k, 1, DTSS_TASK_CANCELLED, DTSS_RECORD_DONE);
	ck_assert_int_eq(kit_commit_epoch(&k, old), DTSS_E_EPOCH);
	kit_task(&k, 1, DTSS_TASK_CANCELLED, DTSS_RECORD_DONE);
	ck_assert_int_eq(kit_commit_epoch(&k, k.epoch + 1), DTSS_E_EPOCH);
	ck_assert_int_gt(kit_load(&k, &same), 0);
	ck_assert_uint_eq(sum, same);
	end();
}
END_TEST

START_TEST(who_resigned_writes_no_more)
{
	begin(_i);
	ck_assert_int_eq(renew(DTSS_STORE_RESIGN, k.epoch + 1), DTSS_E_EPOCH);
	ck_assert_int_eq(renew(DTSS_STORE_RESIGN, k.epoch), DTSS_OK);
	kit_meta(&k, 2);
	ck_assert_int_eq(kit_commit(&k), DTSS_E_EPOCH);
	ck_assert_int_eq(renew(DTSS_STORE_RENEW, k.epoch), DTSS_E_EPOCH);
	ck_assert_int_eq(kit_lead(&k), DTSS_OK);
	kit_meta(&k, 2);
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	end();
}
END_TEST

START_TEST(load_gives_the_newest_of_each_record)
{
	uint64_t sum, again;

	begin(_i);
	commit_some();
	kit_meta(&k, 4);
	kit_task(&k, 1, DTSS_TASK_HELD, 0);
	kit_attempt(&k, 2, 2, 9);
	kit_key(&k, "q", "k", 2, 0);
	kit_key(&k, "q2", "k", 5, 0); /* another key of that name */
	kit_worker(&k, "w1", 101, 0);
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	ck_assert_int_eq(kit_load(&k, &sum), 10);
	ck_assert_int_eq(kit_load(&k, &again), 10); /* it begins anew */
	ck_assert_uint_eq(sum, again);
	ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_META, 0, 0, NULL, 0), 4);
	ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_TASK, 1, 0, NULL, 0), DTSS_TASK_HELD);
	ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_TASK, 2, 0, NULL, 0), DTSS_TASK_RUNNING);
	ck_assert_uint_ne(kit_find(&k, DTSS_RECORD_SPEC, 2, 0, NULL, 0), KIT_ABSENT);
	ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_ATTEMPT, 2, 1, NULL, 0), 7);
	ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_ATTEMPT, 2, 2, NULL, 0), 9);
	ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_KEY, 0, 0, "q\0k", 3), 2);
	ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_KEY, 0, 0, "q2\0k", 4), 5);
	ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_WORKER, 0, 0, "w1", 2), 101);
	end();
}
END_TEST

START_TEST(deleted_records_are_gone)
{
	struct dtss_store_done done;
	uint64_t sum;

	begin(_i);
	commit_some();
	kit_key(&k, "q", "k", 1, DTSS_RECORD_DELETE);
	kit_key(&k, "q", "unknown", 1, DTSS_RECORD_DELETE);
	kit_worker(&k, "w1", 100, DTSS_RECORD_DELETE);
	kit_task(&k, 1, DTSS_TASK_READY, DTSS_RECORD_DELETE);
	kit_task(&k, 99, DTSS_TASK_READY, DTSS_RECORD_DELETE);
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_KEY, 0, 0, "q\0k", 3), KIT_ABSENT);
	ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_WORKER, 0, 0, "w1", 2), KIT_ABSENT);
	ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_TASK, 1, 0, NULL, 0), KIT_ABSENT);
	ck_assert_int_eq(kit_get(&k, 1, &done), DTSS_E_NOT_FOUND);
	kit_finished(&k, 7, DTSS_TASK_FAILED, "seven");
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	ck_assert_int_eq(kit_get(&k, 7, &done), DTSS_OK);
	kit_task(&k, 7, DTSS_TASK_FAILED, DTSS_RECORD_DELETE);
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	ck_assert_int_eq(kit_get(&k, 7, &done), DTSS_E_NOT_FOUND);
	ck_assert_int_ge(kit_load(&k, &sum), 0);
	end();
}
END_TEST

/* TASK, SPEC, then the attempts in their order, whatever order they were written in. */
static void check_rows(const struct dtss_store_done *done, uint64_t id, uint32_t attempts)
{
	uint32_t n;

	ck_assert_uint_eq(done->u.rows.count, 2 + attempts);
	ck_assert_uint_eq(done->u.rows.records[0].kind, DTSS_RECORD_TASK);
	ck_assert_uint_eq(done->u.rows.records[1].kind, DTSS_RECORD_SPEC);
	for (n = 0; n < 2 + attempts; n++)
		ck_assert_uint_eq(done->u.rows.records[n].id, id);
	for (n = 1; n <= attempts; n++) {
		ck_assert_uint_eq(done->u.rows.records[1 + n].kind, DTSS_RECORD_ATTEMPT);
		ck_assert_uint_eq(done->u.rows.records[1 + n].sub, n);
	}
}

START_TEST(a_finished_task_is_history_with_all_that_belongs_to_it)
{
	struct dtss_store_done done;
	struct dtss_task_view *view;
	size_t used;
	uint64_t sum;

	begin(_i);
	kit_attempt(&k, 5, 3, 30); /* before its task, and not in order */
	kit_attempt(&k, 5, 1, 10);
	kit_attempt(&k, 5, 2, 20);
	kit_spec(&k, 5, "q", "five", NULL);
	kit_task(&k, 5, DTSS_TASK_RUNNING, 0);
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	ck_assert_int_eq(kit_load(&k, &sum), 5);
	ck_assert_int_eq(kit_get(&k, 5, &done), DTSS_OK); /* live tasks too */
	check_rows(&done, 5, 3);
	kit_task(&k, 5, DTSS_TASK_SUCCEEDED, DTSS_RECORD_DONE);
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	ck_assert_int_eq(kit_load(&k, &sum), 0);
	ck_assert_int_eq(kit_get(&k, 5, &done), DTSS_OK);
	check_rows(&done, 5, 3);
	ck_assert_int_eq(dtss_task_view_decode(done.u.rows.records, done.u.rows.count, dtss_mem_libc(), &view, &used),
			 0);
	ck_assert_uint_eq(used, 5);
	ck_assert_uint_eq(view->state, DTSS_TASK_SUCCEEDED);
	ck_assert_str_eq(view->spec->name, "five");
	ck_assert_uint_eq(view->attempts[2].fence, 30);
	dtss_task_view_free(view, dtss_mem_libc());
	end();
}
END_TEST

START_TEST(a_task_may_come_and_go_in_one_batch)
{
	struct dtss_store_done done;
	uint64_t sum;

	begin(_i);
	kit_finished(&k, 1, DTSS_TASK_CANCELLED, "short");
	ck_assert_int_eq(kit_commit(&k), DTSS_OK);
	ck_assert_int_eq(kit_load(&k, &sum), 0);
	ck_assert_int_eq(kit_get(&k, 1, &done), DTSS_OK);
	check_rows(&done, 1, 0);
	end();
}
END_TEST

START_TEST(answers_come_in_the_order_of_submission)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_GET };
	struct dtss_store_done done;
	uint64_t first, i;

	begin(_i);
	ck_assert_int_eq(k.store->ops->poll(k.store, &done), 0);
	op.u.get.id = 1;
	first = k.token + 1;
	for (i = 0; i < 10; i++) {
		kit_task(&k, 1, i % 2 ? DTSS_TASK_HELD : DTSS_TASK_READY, 0);
		kit_spec(&k, 1, "q", "one", NULL);
		ck_assert_int_eq(kit_submit_batch(&k), DTSS_OK);
		ck_assert_int_eq(k.store->ops->submit(k.store, &op, ++k.token), DTSS_OK);
	}
	for (i = 0; i < 20; i++) {
		kit_wait(&k, &done);
		ck_assert_uint_eq(done.token, first + i);
		ck_assert_uint_eq(done.type, i % 2 ? DTSS_STORE_GET : DTSS_STORE_COMMIT);
		ck_assert_int_eq(done.result, DTSS_OK); /* a read sees what was written before it */
	}
	ck_assert_int_eq(k.store->ops->poll(k.store, &done), 0);
	ck_assert_uint_eq(kit_find(&k, DTSS_RECORD_TASK, 1, 0, NULL, 0), DTSS_TASK_HELD);
	end();
}
END_TEST

START_TEST(what_was_not_polled_is_abandoned_by_close)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_LIST };

	begin(_i);
	commit_some();
	kit_meta(&k, 9);
	ck_assert_int_eq(kit_submit_batch(&k), DTSS_OK);
	op.u.list.limit = 1;
	op.u.list.queue = "q";
	ck_assert_int_eq(k.store->ops->submit(k.store, &op, 1), DTSS_OK);
	end(); /* and leaks nothing */
}
END_TEST

START_TEST(operations_out_of_range_are_not_begun)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_LIST };
	struct dtss_store_done done;

	begin(_i);
	ck_assert_int_eq(k.store->ops->submit(k.store, &op, 1), DTSS_E_INVALID);
	op.u.list.limit = DTSS_LIST_MAX + 1;
	ck_assert_int_eq(k.store->ops->submit(k.store, &op, 1), DTSS_E_INVALID);
	op.type = DTSS_STORE_LOG_READ + 1;
	ck_assert_int_eq(k.store->ops->submit(k.store, &op, 1), DTSS_E_INVALID);
	op.size = 0;
	op.type = DTSS_STORE_GET;
	ck_assert_int_eq(k.store->ops->submit(k.store, &op, 1), DTSS_E_INVALID);
	ck_assert_int_eq(k.store->ops->poll(k.store, &done), 0);
	end();
}
END_TEST

START_TEST(too_many_operations_are_not_begun)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_RENEW };
	struct dtss_store_done done;
	size_t i;

	begin(_i);
	op.u.renew.epoch = k.epoch;
	for (i = 0; i < DTSS_STORE_OPS_MAX; i++)
		ck_assert_int_eq(k.store->ops->submit(k.store, &op, i), DTSS_OK);
	ck_assert_int_eq(k.store->ops->submit(k.store, &op, i), DTSS_E_FULL);
	for (i = 0; i < DTSS_STORE_OPS_MAX; i++) {
		kit_wait(&k, &done);
		ck_assert_uint_eq(done.token, i);
	}
	ck_assert_int_eq(renew(DTSS_STORE_RENEW, k.epoch), DTSS_OK);
	end();
}
END_TEST

static int follow(uint64_t seq, struct dtss_store_done *ret_done)
{
	struct dtss_store_op op = { .size = sizeof op, .type = DTSS_STORE_FOLLOW };

	op.u.follow.seq = seq;
	kit_do(&k, &op, ret_done);
	return ret_done->result;
}

/* A store may keep no batches, but then it says so. */
START_TEST(a_follower_gets_the_next_batch_or_learns_that_it_cannot)
{
	struct dtss_store_done done;
	uint64_t seq;
	int result;

	begin(_i);
	ck_assert_int_eq(follow(0, &done), DTSS_E_AGAIN);
	commit_some();
	commit_some();
	ck_assert_int_eq(follow(k.seq, &done), DTSS_E_AGAIN);
	ck_assert_int_eq(follow(k.seq + 1, &done), DTSS_E_COMPACTED);
	for (seq = 0; seq < k.seq; seq++) {
		result = follow(seq, &done);
		ck_assert(result == DTSS_OK || result == DTSS_E_COMPACTED);
		ck_assert(result == DTSS_OK || kit_is_sqlite(&k));
		if (result < 0)
			continue;
		ck_assert_uint_eq(done.u.batch->first_seq, seq + 1);
		ck_assert_uint_eq(done.u.batch->epoch, k.epoch);
		ck_assert_uint_eq(done.u.batch->record_count, 9);
		ck_assert_uint_eq(done.u.batch->event_count, 1);
		ck_assert_uint_eq(done.u.batch->records[1].id, 1);
	}
	end();
}
END_TEST

Suite *suite_conform_store(void)
{
	Suite *s = suite_create("conform/store");
	TCase *tc = tcase_create("every store");

	tcase_add_loop_test(tc, it_says_what_it_is, 0, STORE_KINDS);
	tcase_add_loop_test(tc, a_new_one_is_empty, 0, STORE_KINDS);
	tcase_add_loop_test(tc, epochs_only_grow_and_an_old_one_writes_nothing, 0, STORE_KINDS);
	tcase_add_loop_test(tc, who_resigned_writes_no_more, 0, STORE_KINDS);
	tcase_add_loop_test(tc, load_gives_the_newest_of_each_record, 0, STORE_KINDS);
	tcase_add_loop_test(tc, deleted_records_are_gone, 0, STORE_KINDS);
	tcase_add_loop_test(tc, a_finished_task_is_history_with_all_that_belongs_to_it, 0, STORE_KINDS);
	tcase_add_loop_test(tc, a_task_may_come_and_go_in_one_batch, 0, STORE_KINDS);
	tcase_add_loop_test(tc, answers_come_in_the_order_of_submission, 0, STORE_KINDS);
	tcase_add_loop_test(tc, what_was_not_polled_is_abandoned_by_close, 0, STORE_KINDS);
	tcase_add_loop_test(tc, operations_out_of_range_are_not_begun, 0, STORE_KINDS);
	tcase_add_loop_test(tc, too_many_operations_are_not_begun, STORE_MEMORY, STORE_SQLITE + 1);
	tcase_add_loop_test(tc, a_follower_gets_the_next_batch_or_learns_that_it_cannot, 0, STORE_KINDS);
	suite_add_tcase(s, tc);
	return s;
}
