/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "support/raw.h"
#include "torture/rows/rows.h"

/*
 * Every row of the table against a real dtssd, whole, in two halves, and byte by byte. After each, a client that does
 * nothing wrong is answered soon, and exactly the tasks are stored that the row may store.
 */
#define HEALTHY_MS 5000 /* the machine may be busy; a server that hangs takes longer */
#define PIECES_MAX 2048 /* of a long row, byte by byte */
#ifdef __SANITIZE_ADDRESS__
#define LEFT_KIB_MAX 524288 /* what was freed is kept for a while, to find who still uses it */
#else
#define LEFT_KIB_MAX 8192
#endif
#define PROBE "GET /api/v2/tasks/999999999 HTTP/1.1\r\n" HOST "\r\n"
#define PROBE_ANSWER "there is no task 999999999"

enum delivery { WHOLE, HALVES, BYTES };

static const struct http_rows *const tables[] = { &http_rows_framing, &http_rows_chunks, &http_rows_head,
						  &http_rows_target, &http_rows_body };

static struct dtssd_run run;
static struct healthy healthy;

static void setup(void)
{
	raw_start(&run, "hosts = other.example, scheduler.example\n");
	healthy_open(&healthy, &run);
}

static void teardown(void)
{
	healthy_close(&healthy);
	dtssd_clean(&run);
}

/* ---- what is sent ---- */

/* With {{TEXT*N}} written out, into out, which may be NULL; gives the length. */
static size_t write_out(char *out, const char *bytes, size_t len)
{
	const char *end = bytes + len;
	size_t n = 0;

	while (bytes < end) {
		if (end - bytes > 4 && memcmp(bytes, "{{", 2) == 0) {
			const char *text = bytes + 2, *star = memchr(text, '*', (size_t)(end - text));
			size_t text_len = (size_t)(star - text), count = strtoul(star + 1, (char **)&bytes, 10);

			ck_assert_msg(memcmp(bytes, "}}", 2) == 0, "bad row: %s", text);
			bytes += 2;
			for (size_t i = 0; i < count; i++, n += text_len)
				if (out)
					memcpy(out + n, text, text_len);
		} else {
			if (out)
				out[n] = *bytes;
			n++;
			bytes++;
		}
	}
	return n;
}

static char *row_bytes(const struct http_row *row, size_t *ret_len)
{
	size_t head_len = write_out(NULL, row->bytes, row->len), body_len = write_out(NULL, row->body, row->body_len);
	char *bytes = malloc(head_len + body_len + 512), *at = bytes;

	ck_assert(bytes != NULL);
	at += write_out(at, row->bytes, row->len);
	if (row->body) {
		at += sprintf(at, "Content-Length: %zu\r\n\r\n", body_len);
		at += write_out(at, row->body, row->body_len);
		at += sprintf(at, "%s", FINE);
	}
	if (strchr(row->legal, '+'))
		at += sprintf(at, "%s", PROBE);
	*ret_len = (size_t)(at - bytes);
	return bytes;
}

/* ---- what comes back ---- */

/* The statuses in the words of the table. */
struct outcome {
	char text[256];
	int last;
	unsigned again;
};

static void outcome_flush(struct outcome *o)
{
	size_t len = strlen(o->text);

	if (o->again > 3)
		snprintf(o->text + len, sizeof o->text - len, "%s%d*%u", len ? " " : "", o->last, o->again);
	for (unsigned i = 0; o->again <= 3 && i < o->again; i++, len = strlen(o->text))
		snprintf(o->text + len, sizeof o->text - len, "%s%d", len ? " " : "", o->last);
	o->again = 0;
}

static void outcome_add(struct outcome *o, int status)
{
	if (status != o->last)
		outcome_flush(o);
	o->last = status;
	o->again++;
}

static void listen_to(struct raw_reader *reader, int fd, int ms, struct outcome *o)
{
	const char *body;
	size_t len;
	int status;

	raw_take(reader, fd, ms);
	while ((status = raw_response(reader, &body, &len)) != 0) {
		if (memmem(body, len, PROBE_ANSWER, strlen(PROBE_ANSWER))) {
			outcome_flush(o);
			strcat(o->text, "+");
		} else {
			outcome_add(o, status);
		}
	}
}

/* Sends all of it, however slowly it is taken, and listens meanwhile. A server that does not want it may close. */
static void say(int fd, const char *bytes, size_t len, struct raw_reader *reader, struct outcome *o)
{
	uint64_t until_ms = raw_now_ms() + RAW_MS;

	while (len > 0) {
		struct pollfd at = { .fd = fd, .events = POLLIN | POLLOUT };
		ssize_t n;

		ck_assert_msg(raw_now_ms() < until_ms, "the server neither reads nor closes");
		poll(&at, 1, 1000);
		listen_to(reader, fd, 0, o);
		n = send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
		if (reader->ended)
			return;
	}
}

static void deliver(int fd, const char *bytes, size_t len, enum delivery how, struct raw_reader *reader,
		    struct outcome *o)
{
	size_t piece = how == WHOLE ? len : how == HALVES ? len / 2 + 1 : len / PIECES_MAX + 1;

	for (size_t at = 0; at < len && !reader->ended; at += piece) {
		say(fd, bytes + at, len - at < piece ? len - at : piece, reader, o);
		if (how == HALVES && at == 0) /* its answer shows that the first half was seen */
			healthy_submitted(&healthy, HEALTHY_MS);
	}
}

static void converse(const struct http_row *row, enum delivery how, struct outcome *o)
{
	struct raw_reader reader = { 0 };
	uint64_t until_ms = raw_now_ms() + RAW_MS;
	int fd = raw_connect(&run);
	size_t len;
	char *bytes = row_bytes(row, &len);

	deliver(fd, bytes, len, how, &reader, o);
	shutdown(fd, SHUT_WR);
	while (!reader.ended) {
		if (raw_now_ms() > until_ms) {
			strcat(o->text, " and is not closed");
			break;
		}
		listen_to(&reader, fd, 1000, o);
	}
	outcome_flush(o);
	close(fd);
	free(bytes);
	raw_reader_fini(&reader);
}

/* ---- the table ---- */

static int is_legal(const char *legal, const char *outcome)
{
	size_t len = strlen(outcome);

	for (const char *at = legal; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
		if (strcspn(at, "|") == len && memcmp(at, outcome, len) == 0)
			return 1;
	return 0;
}

static unsigned check_row(const struct http_row *row, enum delivery how)
{
	unsigned before = healthy_submitted(&healthy, HEALTHY_MS), stored;
	struct outcome o = { 0 };
	int legal;

	converse(row, how, &o);
	if (o.text[0] == '\0')
		strcpy(o.text, "-");
	stored = healthy_submitted(&healthy, HEALTHY_MS) - before;
	legal = is_legal(row->legal, o.text) && stored == row->tasks;
	if (!legal)
		fprintf(stderr, "%s (delivery %d): expected %s and %u tasks, got %s and %u\n", row->name, how,
			row->legal, row->tasks, o.text, stored);
	return !legal;
}

static void whole_table(enum delivery how)
{
	unsigned count = 0, bad = 0;

	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
		for (size_t j = 0; j < tables[i]->count; j++, count++)
			bad += check_row(&tables[i]->rows[j], how);
	ck_assert_uint_ge(count, 120);
	ck_assert_msg(bad == 0, "%u of %u rows", bad, count);
	healthy_tell(&healthy, "requests", count);
}

START_TEST(each_row_in_halves)
{
	whole_table(HALVES);
}
END_TEST

START_TEST(each_row_byte_by_byte)
{
	whole_table(BYTES);
}
END_TEST

/* The second time finds what the first has left. */
START_TEST(each_row_whole_and_nothing_is_left_behind)
{
	unsigned descriptors, kib;

	whole_table(WHOLE);
	kib = raw_memory_kib(&run);
	descriptors = raw_descriptors(&run);
	whole_table(WHOLE);
	raw_settled(&run, descriptors);
	ck_assert_uint_le(raw_memory_kib(&run), kib + LEFT_KIB_MAX);
}
END_TEST

Suite *suite_torture_http_table(void);
Suite *suite_torture_http_table(void)
{
	Suite *suite = suite_create("torture/http_table");
	TCase *tc = tcase_create("table");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, each_row_in_halves);
	tcase_add_test(tc, each_row_byte_by_byte);
	tcase_add_test(tc, each_row_whole_and_nothing_is_left_behind);
	suite_add_tcase(suite, tc);
	return suite;
}
