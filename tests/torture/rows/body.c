/* SPDX-License-Identifier: MIT */
#include "torture/rows/rows.h"

/* Bodies that are no task. */

#define TASK(name, body, legal, tasks) SEND(name, POST HOST, body, legal, tasks)
#define TYPED(name, field, body, legal, tasks) SEND(name, POST HOST field "\r\n", body, legal, tasks)
#define V1(name, path, body, legal) SEND(name, "POST /api/v1/" path " HTTP/1.1\r\n" HOST, body, legal, 0)

static const struct http_row rows[] = {
	TASK("a task", "{\"argv\":[\"true\"]}", "201 200+", 1),
	TASK("a task with a space behind", "{\"argv\":[\"true\"]} ", "201 200+", 1),
	TASK("a task with NUL behind", "{\"argv\":[\"true\"]}\0", "400 200+", 0),
	TASK("a task with a word behind", "{\"argv\":[\"true\"]}ab", "400 200+", 0),
	TASK("two tasks", BODY BODY, "400 200+", 0),
	TASK("a task and half another", BODY "{", "400 200+", 0),
	TASK("a task behind a mark", "\xEF\xBB\xBF" BODY, "400 200+", 0),
	TASK("half a task", "{\"argv\":[\"true\"]", "400 200+", 0),
	TASK("a comment", "{\"argv\":[\"true\"]}/*abc*/", "400 200+", 0),
	TASK("a trailing comma", "{\"argv\":[\"true\"],}", "400 200+", 0),
	TASK("single quotes", "{'argv':['true']}", "400 200+", 0),
	TASK("a name without quotes", "{argv:[\"true\"]}", "400 200+", 0),
	TASK("a field twice", "{\"argv\":[\"true\"],\"argv\":[\"false\"]}", "400 200+", 0),
	TASK("a field twice, once escaped", "{\"argv\":[\"true\"],\"\\u0061rgv\":[\"false\"]}", "400 200+", 0),
	TASK("a string that is no UTF-8", "{\"argv\":[\"tru\xFF\"]}", "400 200+", 0),
	TASK("a string with an overlong slash", "{\"argv\":[\"tr\xC0\xAF\"]}", "400 200+", 0),
	TASK("a string with half a pair", "{\"argv\":[\"t\xED\xA0\x80\"]}", "400 200+", 0),
	TASK("a string with half an escaped pair", "{\"argv\":[\"\\ud800\"]}", "400 200+", 0),
	TASK("a string with NUL", "{\"argv\":[\"t\0ue\"]}", "400 200+", 0),
	TASK("a string with an escaped NUL", "{\"argv\":[\"tr\\u0000\"]}", "400 200+", 0),
	TASK("a string with a line end", "{\"argv\":[\"tr\ne\"]}", "400 200+", 0),
	TASK("a string with an escape nobody knows", "{\"argv\":[\"tr\\q\"]}", "400 200+", 0),
	TASK("a field with an escaped NUL", "{\"argv\\u0000\":[\"tru\"]}", "400 200+", 0),
	TASK("a number of 400 digits", "{\"argv\":[\"true\"],\"priority\":{{9*400}}}", "400 200+", 0),
	TASK("a number beyond all others", "{\"argv\":[\"true\"],\"priority\":1e99999}", "400 200+", 0),
	TASK("a number with +", "{\"argv\":[\"true\"],\"priority\": +1}", "400 200+", 0),
	TASK("a number with a zero in front", "{\"argv\":[\"true\"],\"priority\": 01}", "400 200+", 0),
	TASK("a number in hex", "{\"argv\":[\"true\"],\"priority\":0x1}", "400 200+", 0),
	TASK("NaN", "{\"argv\":[\"true\"],\"priority\":NaN}", "400 200+", 0),
	TASK("minus nothing", "{\"argv\":[\"true\"],\"priority\":  -}", "400 200+", 0),
	TASK("32 levels", "{\"argv\":[\"true\"],\"name\":{{[*31}}{{]*31}}   }", "400 200+", 0),
	TASK("33 levels", "{\"argv\":[\"true\"],\"name\":{{[*32}}{{]*32}} }", "400 200+", 0),
	TASK("100,000 levels", "{{[*100000}}", "400 200+", 0),
	TASK("100,000 objects", "{{{\"a\":*100000}}", "400 200+", 0),
	TASK("a hundred thousand strings", "{\"argv\":[{{\"a\",*100000}}\"b\"]}", "400 200+", 0),
	TASK("a string of a megabyte", "{\"argv\":[\"true\",\"{{a*1048576}}\"]}", "400 200+", 0),
	TASK("an array of nothing", "[]", "400 200+", 0),
	TASK("an array of arrays", "[[]]", "400 200+", 0),
	TASK("an array of which one is wrong", "[{\"argv\":[\"true\"]},{\"argv\":[]}]", "400 200+", 0),
	TASK("a number", "1", "400 200+", 0),
	TASK("a string", "\"\"", "400 200+", 0),
	TASK("white space", " \t\r\n", "400 200+", 0),

	/* how it is said to be */
	ROW("no body", POST HOST "Content-Length: 0\r\n\r\n" FINE, "400 200+", 0),
	ROW("a body for GET", GET HOST "Content-Length: 85\r\n\r\n" HIDDEN, "400", 0),
	ROW("a body of nothing for GET", GET HOST "Content-Length: 0\r\n\r\n" FINE, "200 200+", 0),
	ROW("a body for HEAD", "HEAD /healthz HTTP/1.1\r\n" HOST "Content-Length: 85\r\n\r\n" HIDDEN, "400", 0),
	TYPED("a body that is said to be a form", "Content-Type: application/x-www-form-urlencoded", BODY, "201 200+",
	      1),
	TYPED("a body that is a form", "Content-Type: application/x-www-form-urlencoded", "argv=true", "400 200+", 0),
	TYPED("a body in parts", "Content-Type: multipart/form-data; boundary=a", "--a\r\n\r\n\r\n--a--", "400 200+",
	      0),
	TYPED("a body that is said to be compressed", "Content-Encoding: gzip", "\x1F\x8B\x08\0", "400 200+", 0),
	TYPED("lines of which one is wrong", "Content-Type: application/x-ndjson", BODY "\n\0\n" BODY, "200 200+", 2),
	TYPED("lines with NUL between", "Content-Type: application/x-ndjson", BODY "\0" BODY, "200 200+", 0),
	ROW("half a body", POST HOST "Content-Length: 17\r\n\r\n{\"argv\":[", "-", 0),
	ROW("a body without its first byte", POST HOST "Content-Length: 17\r\n\r\n", "-", 0),
	ROW("half a body in HTTP/1.0", "POST /api/v2/tasks HTTP/1.0\r\nContent-Length: 18\r\n\r\n" BODY, "-", 0),

	/* how long */
	TASK("a body of 8,388,607 bytes", BODY "{{ *8388590}}", "201 200+", 1),
	TASK("a body of 8,388,608 bytes", BODY "{{ *8388591}}", "201 200+", 1),
	TASK("a body of 8,388,609 bytes", BODY "{{ *8388592}}", "413 200+", 0),
	ROW("a body of 8,388,609 bytes in a chunk",
	    POST HOST "Transfer-Encoding: chunked\r\n\r\n800001\r\n" BODY "{{ *8388592}}\r\n0\r\n\r\n" FINE, "413 200+",
	    0),

	/* the older API, which forgives more, but not this */
	V1("a worker that is no UTF-8", "heartbeat", "{\"worker_id\":\"\xFF\"}", "400 200+"),
	V1("a worker without a name", "heartbeat", "{\"worker_id\":\"\"}", "400 200+"),
	V1("a worker with NUL", "heartbeat", "{\"worker_id\":\"\\u0000\"}", "400 200+"),
	V1("a worker below zero", "heartbeat", "{\"worker_id\":\"a\",\"max_tasks\":-1 }", "400 200+"),
	V1("a worker beyond bounds", "heartbeat", "{\"worker_id\":\"a\",\"max_tasks\":65536}", "400 200+"),
	V1("a worker twice", "heartbeat", "{\"worker_id\":\"a\",\"worker_id\":\"b\"}", "400 200+"),
	V1("a placement without a task", "schedule", "{}", "503 200+"),
	V1("a placement of no JSON", "schedule", "hello", "400 200+"),
	V1("a placement of deep JSON", "schedule", "{{[*5000}}", "400 200+"),
	V1("a placement with a parameter", "schedule?x=1&x=2", "{}", "503 200+"),
};

const struct http_rows http_rows_body = ROWS(rows);
