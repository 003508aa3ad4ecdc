/* SPDX-License-Identifier: MIT */
#include "torture/rows/rows.h"

/* Where does the body end, says each chunk anew. */

#define SIZED(name, size, legal, tasks)                                                                                \
	ROW(name, POST HOST "Transfer-Encoding: chunked\r\n\r\n" size BODY "\r\n0\r\n\r\n" HIDDEN, legal, tasks)
#define CHUNKED(name, body, legal, tasks)                                                                              \
	ROW(name, POST HOST "Transfer-Encoding: chunked\r\n\r\n" body HIDDEN, legal, tasks)

static const struct http_row rows[] = {
	SIZED("a chunk", "11\r\n", "201 201+", 2),
	SIZED("a size with zeros in front", "0011\r\n", "201 201+", 2),
	SIZED("a size with +", "+11\r\n", "400", 0),
	SIZED("a size with -", "-11\r\n", "400", 0),
	SIZED("a size with 0x", "0x11\r\n", "400", 0),
	SIZED("a size behind a space", " 11\r\n", "400", 0),
	SIZED("a size before a space", "11 \r\n", "400", 0),
	SIZED("a size before a tab", "11\t\r\n", "400", 0),
	SIZED("a size with an underscore", "1_1\r\n", "400", 0),
	SIZED("a size with NUL", "11\0\r\n", "400", 0),
	SIZED("a size with a letter", "11g\r\n", "400", 0),
	SIZED("a size that is a letter", "g\r\n", "400", 0),
	SIZED("no size", "\r\n", "400", 0),
	SIZED("a size with an extension", "11;a=b\r\n", "400", 0),
	SIZED("a size with an empty extension", "11;\r\n", "400", 0),
	SIZED("a size with an extension that hides a line", "11;a\n0\r\n", "400", 0),
	SIZED("a size with an extension without end", "11;{{a*20000}}\r\n", "400", 0),
	SIZED("a size that ends with LF", "11\n", "400", 0),
	SIZED("a size that ends with CR", "11\r", "400", 0),
	SIZED("a size that ends with CR CR LF", "11\r\r\n", "400", 0),
	SIZED("a size of 2^64 + 17", "10000000000000011\r\n", "400", 0),
	SIZED("a size of 2^64 - 1", "ffffffffffffffff\r\n", "400", 0),
	SIZED("a size of 2^63", "8000000000000000\r\n", "400", 0),
	SIZED("a size of 2^32 + 17", "100000011\r\n", "-", 0),
	SIZED("a size of a hundred zeros", "{{0*100}}11\r\n", "400", 0),
	SIZED("a size that is too small", "10\r\n", "400", 0),
	SIZED("a size that is too large", "12\r\n", "400", 0),
	CHUNKED("many chunks", "1\r\n{\r\n10\r\n\"argv\":[\"true\"]}\r\n0\r\n\r\n", "201 201+", 2),
	CHUNKED("chunks of one byte", "{{1\r\n \r\n*300}}11\r\n" BODY "\r\n0\r\n\r\n", "201 201+", 2),
	CHUNKED("no CR LF behind a chunk", "11\r\n" BODY "0\r\n\r\n", "400", 0),
	CHUNKED("LF behind a chunk", "11\r\n" BODY "\n0\r\n\r\n", "400", 0),
	CHUNKED("CR behind a chunk", "11\r\n" BODY "\r0\r\n\r\n", "400", 0),
	CHUNKED("the end in capitals", "11\r\n" BODY "\r\n000\r\n\r\n", "201 201+", 2),
	CHUNKED("an end with LF", "11\r\n" BODY "\r\n0\n\n", "400", 0),
	CHUNKED("an end with CR LF LF", "11\r\n" BODY "\r\n0\r\n\n", "400", 0),
	CHUNKED("an end without an empty line", "11\r\n" BODY "\r\n0\r\n", "400", 0),
	CHUNKED("an end with an extension", "11\r\n" BODY "\r\n0;a\r\n\r\n", "400", 0),
	CHUNKED("a trailer", "11\r\n" BODY "\r\n0\r\nX: y\r\n\r\n", "400", 0),
	CHUNKED("a trailer with a length", "11\r\n" BODY "\r\n0\r\nContent-Length: 1\r\n\r\n", "400", 0),
	CHUNKED("a trailer without end", "11\r\n" BODY "\r\n0\r\nX: {{y*20000}}", "400", 0),
	CHUNKED("an end at once", "0\r\n\r\n", "400 201+", 1),
	CHUNKED("two ends", "0\r\n\r\n0\r\n\r\n", "400 400", 0),
	CHUNKED("a body that is not chunked", BODY, "400", 0),
	ROW("chunks without end", POST HOST "Transfer-Encoding: chunked\r\n\r\n11\r\n" BODY "\r\n", "-", 0),
	ROW("a chunk without end", POST HOST "Transfer-Encoding: chunked\r\n\r\n11\r\n{\"argv\":", "-", 0),
	ROW("a size without end", POST HOST "Transfer-Encoding: chunked\r\n\r\n11", "-", 0),
	ROW("an end without end", POST HOST "Transfer-Encoding: chunked\r\n\r\n11\r\n" BODY "\r\n0\r\n", "-", 0),
	ROW("a submit to v1 with a faulty chunk",
	    "POST /api/v1/heartbeat HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n-1\r\n" HIDDEN, "400", 0),
};

const struct http_rows http_rows_chunks = ROWS(rows);
