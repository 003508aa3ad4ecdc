/* SPDX-License-Identifier: MIT */
#include "support/raw.h"

#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

uint64_t raw_now_ms(void)
{
	struct timespec now;

	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void raw_start(struct dtssd_run *run, const char *conf)
{
	char path[] = "/tmp/dtss-conf-XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, conf, strlen(conf)), (ssize_t)strlen(conf));
	close(fd);
	dtssd_start(run, "--config", path, NULL);
	unlink(path);
}

int raw_connect(const struct dtssd_run *run)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)run->port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_msg(fd >= 0, "socket: %s", strerror(errno));
	ck_assert_msg(connect(fd, (struct sockaddr *)&to, sizeof to) == 0, "connect: %s", strerror(errno));
	ck_assert_int_eq(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), 0);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

/* ---- responses ---- */

void raw_reader_fini(struct raw_reader *reader)
{
	free(reader->text);
	memset(reader, 0, sizeof *reader);
}

void raw_take(struct raw_reader *reader, int fd, int ms)
{
	struct pollfd at = { .fd = fd, .events = POLLIN };
	ssize_t n;

	ck_assert_int_ge(poll(&at, 1, ms), 0);
	do {
		if (reader->cap - reader->len < 4096) {
			reader->cap = reader->cap ? reader->cap * 2 : 8192;
			reader->text = realloc(reader->text, reader->cap);
			ck_assert(reader->text != NULL);
		}
		n = recv(fd, reader->text + reader->len, reader->cap - reader->len - 1, MSG_DONTWAIT);
		if (n > 0)
			reader->len += (size_t)n;
	} while (n > 0);
	reader->text[reader->len] = '\0';
	reader->ended |= n == 0 || errno != EAGAIN;
}

int raw_response(struct raw_reader *reader, const char **ret_body, size_t *ret_len)
{
	for (;;) {
		char *head = reader->text ? reader->text + reader->at : "", *end = strstr(head, "\r\n\r\n");
		const char *length = strcasestr(head, "\r\nContent-Length: ");
		size_t len = end && length && length < end ? strtoull(length + 18, NULL, 10) : 0;
		int status;

		if (!end || reader->text + reader->len < end + 4 + len)
			return 0;
		ck_assert_msg(sscanf(head, "HTTP/1.%*d %d", &status) == 1, "no response: %.80s", head);
		reader->at = (size_t)(end + 4 - reader->text) + len;
		*ret_body = end + 4;
		*ret_len = len;
		if (status >= 200)
			return status;
	}
}

int raw_closed(int fd, unsigned from_ms)
{
	struct raw_reader reader = { 0 };
	uint64_t begun_ms = raw_now_ms();
	int status, last = 0;
	const char *body;
	size_t len;

	while (!reader.ended) {
		ck_assert_msg(raw_now_ms() - begun_ms < RAW_MS, "the server does not close");
		raw_take(&reader, fd, 1000);
	}
	ck_assert_uint_ge(raw_now_ms() - begun_ms, from_ms);
	while ((status = raw_response(&reader, &body, &len)) != 0)
		last = status;
	raw_reader_fini(&reader);
	return last;
}

/* ---- the healthy client ---- */

void healthy_open(struct healthy *healthy, const struct dtssd_run *run)
{
	*healthy = (struct healthy){ .run = run, .fd = raw_connect(run) };
}

void healthy_close(struct healthy *healthy)
{
	close(healthy->fd);
	raw_reader_fini(&healthy->reader);
}

unsigned healthy_submitted(struct healthy *healthy, unsigned ms)
{
	static const char request[] = "GET /api/v2/stats HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct raw_reader *reader = &healthy->reader;
	uint64_t begun_ms = raw_now_ms(), until_ms = begun_ms + ms;
	const char *body, *number;
	size_t len;
	unsigned submitted;
	int status;

	reader->len = reader->at = 0;
	ck_assert_int_eq(send(healthy->fd, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
	do {
		uint64_t now_ms = raw_now_ms();

		ck_assert_msg(now_ms < until_ms, "a healthy client was not answered within %u ms", ms);
		raw_take(reader, healthy->fd, (int)(until_ms - now_ms));
		status = raw_response(reader, &body, &len);
		ck_assert_msg(status || !reader->ended, "a healthy client lost its connection");
	} while (!status);
	ck_assert_int_eq(status, 200);
	number = strstr(body, "\"submitted\":");
	ck_assert(number != NULL);
	submitted = (unsigned)atoi(number + 12);
	healthy->asked++;
	if (raw_now_ms() - begun_ms > healthy->slowest_ms)
		healthy->slowest_ms = (unsigned)(raw_now_ms() - begun_ms);
	if (strcasestr(reader->text, "\r\nConnection: close")) { /* it had its thousand requests */
		close(healthy->fd);
		healthy->fd = raw_connect(healthy->run);
	}
	return submitted;
}

void healthy_tell(const struct healthy *healthy, const char *name, size_t count)
{
	if (getenv("DTSS_FIGURES"))
		printf("http %s=%zu asked=%u slowest_answer_ms=%u\n", name, count, healthy->asked, healthy->slowest_ms);
}

/* ---- what the server holds ---- */

unsigned raw_descriptors(const struct dtssd_run *run)
{
	char path[64];
	unsigned count = 0;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)run->pid);
	dir = opendir(path);
	ck_assert(dir != NULL);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

unsigned raw_memory_kib(const struct dtssd_run *run)
{
	char path[64], line[256];
	unsigned kib = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", (int)run->pid);
	file = fopen(path, "r");
	ck_assert(file != NULL);
	while (kib == 0 && fgets(line, sizeof line, file))
		if (sscanf(line, "VmRSS: %u kB", &kib) == 1)
			break;
	fclose(file);
	ck_assert_uint_gt(kib, 0);
	return kib;
}

void raw_settled(const struct dtssd_run *run, unsigned descriptors)
{
	uint64_t until_ms = raw_now_ms() + RAW_MS;

	while (raw_descriptors(run) > descriptors) {
		ck_assert_msg(raw_now_ms() < until_ms, "%u descriptors, not %u", raw_descriptors(run), descriptors);
		poll(NULL, 0, 10);
	}
}
