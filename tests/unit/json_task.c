/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "common/json.h"

/* What the bad input over HTTP does not reach: the way back, and what goes on between scheduler and agent. */

static json_t *parse(const char *text)
{
	json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	ck_assert_msg(value != NULL, "%s", text);
	return value;
}

/* What was written; and the text is over. */
static json_t *take(struct text *text)
{
	json_t *value = json_loadb(text->bytes, text->len, JSON_REJECT_DUPLICATES, NULL);

	ck_assert_msg(value != NULL, "%.*s", (int)text->len, text->bytes);
	text_fini(text);
	return value;
}

static json_t *task_value(const struct dtss_task_spec *spec)
{
	struct text text = { 0 };

	json_write_task(&text, spec);
	return take(&text);
}

START_TEST(a_task_comes_back_as_it_was)
{
	json_t *sent = parse(
		"{\"name\":\"n\",\"key\":\"k\",\"queue\":\"q\",\"argv\":[\"a\"],\"env\":{\"A\":\"1\"},\"cwd\":\"/\","
		"\"tags\":[\"t\"],\"resources\":{\"m\":4503599627370496},\"priority\":-2147483648,"
		"\"not_before\":\"2026-01-02T03:04:05.678Z\",\"timeout_ms\":1,\"start_deadline_ms\":2,"
		"\"after\":[1,1099511627775],\"retry\":{\"attempts_max\":1000,\"multiplier\":2.125,"
		"\"jitter\":true,\"rules\":[{\"on\":[\"signal\"],\"action\":\"quarantine\"}]},"
		"\"labels\":{\"l\":\"\"},\"hold\":true}");
	struct json_reader r = { 0 };
	struct dtss_task_spec spec;
	json_t *back;

	ck_assert_int_eq(json_read_task(&r, sent, 0, &spec), 0);
	ck_assert_uint_eq(spec.retry.multiplier_milli, 2125);
	ck_assert_uint_eq(spec.retry.rules[0].causes, 1u << DTSS_CAUSE_SIGNAL);
	ck_assert_uint_eq(spec.flags, DTSS_SPEC_HELD);
	back = task_value(&spec);
	ck_assert_msg(json_equal(sent, back), "%s", json_dumps(back, 0));
	json_reader_fini(&r);
	json_decref(sent);
	json_decref(back);
}
END_TEST

START_TEST(bytes_that_are_no_utf8_become_legible)
{
	const char *argv[] = { "a\xFF\xC3\xA4\xED\xA0\x80" };
	struct dtss_task_spec spec = { .size = sizeof spec, .argv = argv, .argc = 1 };
	json_t *task = task_value(&spec);

	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(task, "argv"), 0)),
			 "a\xEF\xBF\xBD\xC3\xA4\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
	json_decref(task);
}
END_TEST

/* They differ, and nobody reads a name twice: of those that look alike when they are sent, the first one is. */
START_TEST(names_that_look_alike_are_told_once)
{
	const struct dtss_pair env[] = {
		{ "A\xFF", "1" }, { "A", "2" }, { "A\xFE", "3" }, { "A\xEF\xBF\xBD", "4" }, { "\xFF\xFE", "5" }
	};
	struct dtss_task_spec spec = { .size = sizeof spec, .env = env, .env_count = 5 };
	json_t *task = task_value(&spec), *told = json_object_get(task, "env");

	ck_assert_uint_eq(json_object_size(told), 3);
	ck_assert_str_eq(json_string_value(json_object_get(told, "A\xEF\xBF\xBD")), "1");
	ck_assert_str_eq(json_string_value(json_object_get(told, "\xEF\xBF\xBD\xEF\xBF\xBD")), "5");
	json_decref(task);
}
END_TEST

START_TEST(every_character_is_written_so_that_it_is_read)
{
	const char *argv[] = { "\"\\/\b\f\n\r\t\x01\x1F\x7F\xC3\xA4\xF0\x9F\x98\x80", "" };
	struct dtss_task_spec spec = { .size = sizeof spec, .argv = argv, .argc = 2, .priority = INT32_MIN };
	json_t *task = task_value(&spec), *told = json_object_get(task, "argv");

	ck_assert_str_eq(json_string_value(json_array_get(told, 0)), argv[0]);
	ck_assert_str_eq(json_string_value(json_array_get(told, 1)), "");
	ck_assert_int_eq(json_integer_value(json_object_get(task, "priority")), INT32_MIN);
	json_decref(task);
}
END_TEST

START_TEST(a_multiplier_is_written_without_zeros_at_its_end)
{
	static const struct {
		uint32_t milli;
		const char *written;
	} all[] = { { 1000, ":1}}" },     { 1001, ":1.001}}" }, { 1010, ":1.01}}" },   { 1100, ":1.1}}" },
		    { 2125, ":2.125}}" }, { 10000, ":10}}" },   { 20050, ":20.05}}" }, { 1000000, ":1000}}" } };

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct dtss_task_spec spec = { .size = sizeof spec, .retry.multiplier_milli = all[i].milli };
		struct text text = { 0 };

		json_write_task(&text, &spec);
		text_add(&text, "", 1);
		ck_assert_str_eq(strrchr(text.bytes, ':'), all[i].written);
		text_fini(&text);
	}
}
END_TEST

/* Shown to the millisecond, it was another specification: sent again with its key it was a conflict. */
START_TEST(not_before_keeps_its_nanoseconds)
{
	json_t *sent = parse("{\"argv\":[\"a\"],\"not_before\":\"2026-01-02T03:04:05.607800001Z\"}");
	struct json_reader r = { 0 };
	struct dtss_task_spec spec;
	json_t *back;

	ck_assert_int_eq(json_read_task(&r, sent, 0, &spec), 0);
	back = task_value(&spec);
	ck_assert_msg(json_equal(sent, back), "%s", json_dumps(back, 0));
	json_reader_fini(&r);
	json_decref(sent);
	json_decref(back);
}
END_TEST

/* An empty line looked at all that follows it: a body of empty lines with blanks at its end took hours. */
START_TEST(an_empty_line_costs_nothing)
{
	const size_t behind = 8 << 20;
	char *text = malloc(behind + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, ' ', behind);
	text[behind] = '\0';
	for (int i = 0; i < 100000; i++) {
		struct json_reader r = { 0 };

		ck_assert_ptr_null(json_read_text(&r, text, 0));
		ck_assert_int_eq(r.problem.code, DTSS_E_INVALID);
	}
	free(text);
}
END_TEST

/* The parser stepped over it behind a word or a number: /api/v1 took what was no JSON for a heartbeat. */
START_TEST(a_nul_behind_a_word_is_not_stepped_over)
{
	static const char *const texts[] = { "{\"a\":null@}", "{\"a\":1@}", "[true@]", "{}@", "@{}", "{\"a@\":1}}" };
	char text[32];
	struct json_reader r = { 0 };

	strcpy(text, texts[_i]);
	*strchr(text, '@') = '\0';
	ck_assert_ptr_null(json_read_text(&r, text, strlen(texts[_i])));
	ck_assert_int_eq(r.problem.code, DTSS_E_INVALID);
	ck_assert_ptr_nonnull(strstr(r.problem.sentence, "is NUL"));
}
END_TEST

START_TEST(a_heartbeat_comes_back_as_it_was)
{
	static const char text[] =
		"{\"name\":\"a\",\"incarnation\":1765000000000,\"number\":7,\"epoch\":3,\"fence_seen\":9,"
		"\"identity\":\"000102030405060708090a0b0c0d0eff\",\"stopping\":true,\"max_tasks\":4,\"used\":1,"
		"\"address\":\"h:1\",\"tags\":[\"t\"],\"resources\":{\"m\":5},\"held\":[{\"task\":1,\"fence\":9,\"attempt\":2,"
		"\"state\":\"stopping\"}],\"sent_wall_ns\":1765000000123456789,\"reports\":[{\"task\":1,\"fence\":9,\"attempt\":2,"
		"\"kind\":\"ended\",\"cause\":\"start_failed\",\"err\":2,\"detail\":\"no such file\"},{\"task\":1,\"fence\":9,"
		"\"attempt\":2,\"kind\":\"started\"}]}";
	json_t *sent = parse(text), *back;
	struct json_reader r = { 0 };
	struct dtss_message message;

	ck_assert_int_eq(json_read_heartbeat(&r, sent, &message), 0);
	ck_assert_int_eq(message.u.heartbeat.heartbeat.sent_wall_ns, INT64_C(1765000000123456789));
	ck_assert_uint_eq(message.u.heartbeat.reports[0].outcome.cause, DTSS_CAUSE_START_FAILED);
	ck_assert_uint_eq(message.u.heartbeat.identity[15], 0xff);
	back = json_from_heartbeat(&message.u.heartbeat);
	ck_assert_msg(json_equal(sent, back), "%s", json_dumps(back, 0));
	json_reader_fini(&r);
	json_decref(sent);
	json_decref(back);
}
END_TEST

/* The messages as a poll's answer, and read again. */
static struct dtss_message *through_json(struct json_reader *r, json_t **ret_body, const struct dtss_ack *ack,
					 const struct dtss_task_spec *spec, size_t *ret_count)
{
	static uint8_t bytes[1024];
	struct dtss_message answer = { .size = sizeof answer, .type = DTSS_MESSAGE_ANSWER };
	struct dtss_message assign = { .size = sizeof assign, .type = DTSS_MESSAGE_ASSIGN };
	struct dtss_message stop = { .size = sizeof stop, .type = DTSS_MESSAGE_STOP };
	struct dtss_message *messages = NULL;
	struct text texts[3] = { 0 };

	answer.u.answer = (struct dtss_message_answer){ .number = 7,
							.incarnation = 8,
							.epoch = 9,
							.identity = { 1 },
							.result = DTSS_E_EPOCH,
							.lease_ms = 10,
							.heartbeat_ms = 11,
							.acks = ack,
							.ack_count = 1 };
	assign.u.assign = (struct dtss_message_assign){
		.task = { 1 }, .fence = 2, .epoch = 3, .incarnation = 4, .lease_ms = 5, .attempt = 6, .spec = bytes
	};
	assign.u.assign.spec_len = dtss_spec_encode(spec, bytes, sizeof bytes);
	stop.u.stop = (struct dtss_message_stop){ { 1 }, 2, 3, 4, DTSS_CAUSE_TIMEOUT, 0 };
	json_write_answer(&texts[0], &answer.u.answer);
	json_write_assign(&texts[1], &assign.u.assign, assign.u.assign.lease_ms);
	json_write_stop(&texts[2], &stop.u.stop);
	*ret_body = json_pack("{s:o, s:[o], s:[o], s:i}", "answer", take(&texts[0]), "assign", take(&texts[1]), "stop",
			      take(&texts[2]), "later", 1);
	ck_assert_msg(json_read_poll(r, *ret_body, &messages, ret_count) == 0, "%s", r->problem.sentence);
	return messages;
}

START_TEST(what_the_scheduler_says_comes_to_the_agent)
{
	const char *argv[] = { "a", "b" };
	struct dtss_task_spec spec = { .size = sizeof spec, .argv = argv, .argc = 2, .timeout_ms = 12 }, *read;
	struct dtss_ack ack = { { 1 }, 2, DTSS_REPORT_ENDED, DTSS_E_FENCED };
	struct json_reader r = { 0 };
	struct dtss_message *m;
	json_t *body;
	size_t count;

	m = through_json(&r, &body, &ack, &spec, &count);
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(m[0].type, DTSS_MESSAGE_ANSWER);
	ck_assert_int_eq(m[0].u.answer.result, DTSS_E_EPOCH);
	ck_assert_uint_eq(m[0].u.answer.heartbeat_ms, 11);
	ck_assert_uint_eq(m[0].u.answer.identity[0], 1);
	ck_assert_int_eq(m[0].u.answer.acks[0].result, DTSS_E_FENCED);
	ck_assert_uint_eq(m[0].u.answer.acks[0].kind, DTSS_REPORT_ENDED);
	ck_assert_uint_eq(m[1].type, DTSS_MESSAGE_STOP);
	ck_assert_uint_eq(m[1].u.stop.cause, DTSS_CAUSE_TIMEOUT);
	ck_assert_uint_eq(m[1].u.stop.incarnation, 4);
	ck_assert_uint_eq(m[2].type, DTSS_MESSAGE_ASSIGN);
	ck_assert_uint_eq(m[2].u.assign.attempt, 6);
	ck_assert_int_eq(dtss_spec_decode(m[2].u.assign.spec, m[2].u.assign.spec_len, dtss_mem_libc(), &read), 0);
	ck_assert_str_eq(read->argv[1], "b");
	ck_assert_uint_eq(read->timeout_ms, 12);
	dtss_spec_free(read, dtss_mem_libc());
	json_reader_fini(&r);
	json_decref(body);
}
END_TEST

Suite *suite_unit_json_task(void);
Suite *suite_unit_json_task(void)
{
	Suite *suite = suite_create("unit/json_task");
	TCase *tc = tcase_create("mapping");

	tcase_add_test(tc, a_task_comes_back_as_it_was);
	tcase_add_test(tc, bytes_that_are_no_utf8_become_legible);
	tcase_add_test(tc, names_that_look_alike_are_told_once);
	tcase_add_test(tc, every_character_is_written_so_that_it_is_read);
	tcase_add_test(tc, a_multiplier_is_written_without_zeros_at_its_end);
	tcase_add_test(tc, not_before_keeps_its_nanoseconds);
	tcase_add_test(tc, an_empty_line_costs_nothing);
	tcase_add_loop_test(tc, a_nul_behind_a_word_is_not_stepped_over, 0, 6);
	tcase_add_test(tc, a_heartbeat_comes_back_as_it_was);
	tcase_add_test(tc, what_the_scheduler_says_comes_to_the_agent);
	suite_add_tcase(suite, tc);
	return suite;
}
