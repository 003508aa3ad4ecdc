/* SPDX-License-Identifier: MIT */
#include "dtssd/head.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <microhttpd.h>
#include "common/limits.h"

/* What a byte may be part of. */
enum { TOKEN = 1, VALUE = 2, TARGET = 4, HOST = 8 };

static const uint8_t kinds[256] = {
	['\t'] = VALUE,
	[' '] = VALUE,
	['!'] = TOKEN | VALUE | TARGET,
	['"'] = VALUE,
	['#'] = TOKEN | VALUE,
	['$'] = TOKEN | VALUE | TARGET,
	['%'] = TOKEN | VALUE | TARGET,
	['&'] = TOKEN | VALUE | TARGET,
	['\''] = TOKEN | VALUE | TARGET,
	['('] = VALUE | TARGET,
	[')'] = VALUE | TARGET,
	['*'] = TOKEN | VALUE | TARGET,
	['+'] = TOKEN | VALUE | TARGET,
	[','] = VALUE | TARGET,
	['-'] = TOKEN | VALUE | TARGET | HOST,
	['.'] = TOKEN | VALUE | TARGET | HOST,
	['/'] = VALUE | TARGET,
	['0' ... '9'] = TOKEN | VALUE | TARGET | HOST,
	[':'] = VALUE | TARGET | HOST,
	[';'] = VALUE | TARGET,
	['<'] = VALUE,
	['='] = VALUE | TARGET,
	['>'] = VALUE,
	['?'] = VALUE | TARGET,
	['@'] = VALUE | TARGET,
	['A' ... 'Z'] = TOKEN | VALUE | TARGET | HOST,
	['['] = VALUE | HOST | TARGET,
	['\\'] = VALUE,
	[']'] = VALUE | HOST | TARGET,
	['^'] = TOKEN | VALUE,
	['_'] = TOKEN | VALUE | TARGET | HOST,
	['`'] = TOKEN | VALUE,
	['a' ... 'z'] = TOKEN | VALUE | TARGET | HOST,
	['{'] = VALUE,
	['|'] = TOKEN | VALUE,
	['}'] = VALUE,
	['~'] = TOKEN | VALUE | TARGET | HOST,
	[0x80 ... 0xFF] = VALUE,
};

/* What has been read of the head. */
struct reading {
	const char *at;
	const char *end;
	unsigned fields;
	unsigned hosts;
	unsigned lengths;
	unsigned encodings;
	int old;  /* HTTP/1.0 */
	int bare; /* GET or HEAD, which have no body */
	uint64_t length;
	const char *why;
};

static int refuse(struct reading *r, int status, const char *why)
{
	r->why = why;
	return status;
}

static const char *skip(const char *at, const char *end, unsigned kind)
{
	while (at < end && (kinds[(uint8_t)*at] & kind))
		at++;
	return at;
}

static int is(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

/* ---- the request line ---- */

static int is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static int check_escapes(struct reading *r, const char *at, const char *end)
{
	unsigned parameters = 0;

	for (const char *and = at; (and = memchr(and, '&', (size_t)(end - and))); and++)
		if (++parameters >= HTTP_PARAMETERS_MAX)
			return refuse(r, MHD_HTTP_BAD_REQUEST, "the target: expected at most 64 parameters");
	while ((at = memchr(at, '%', (size_t)(end - at)))) {
		if (end - at < 3 || !is_hex(at[1]) || !is_hex(at[2]))
			return refuse(r, MHD_HTTP_BAD_REQUEST, "the target: expected two hexadecimal digits behind %");
		if (at[1] == '0' && at[2] == '0')
			return refuse(r, MHD_HTTP_BAD_REQUEST, "the target: expected no NUL");
		at += 3;
	}
	return 0;
}

static int check_target(struct reading *r, const char *at, const char *end)
{
	if (end - at > HTTP_TARGET_MAX)
		return refuse(r, MHD_HTTP_URI_TOO_LONG, "the target: expected at most 2048 bytes");
	if (at == end || (at[0] != '/' && (at[0] != '*' || end - at > 1)))
		return refuse(r, MHD_HTTP_BAD_REQUEST, "the target: expected a path that begins with /");
	if (skip(at, end, TARGET) != end)
		return refuse(r, MHD_HTTP_BAD_REQUEST, "the target: expected it percent-encoded");
	return check_escapes(r, at, end);
}

/* METHOD SP TARGET SP HTTP/1.x */
static int request_line(struct reading *r, const char *line, const char *end)
{
	const char *method = skip(line, end, TOKEN);
	const char *target = method + 1, *version = memchr(line, ' ', (size_t)(end - line));

	version = version ? memchr(version + 1, ' ', (size_t)(end - version - 1)) : NULL;
	if (method == line || method == end || *method != ' ' || method - line > HTTP_METHOD_MAX)
		return refuse(r, MHD_HTTP_BAD_REQUEST, "the first line: expected METHOD TARGET HTTP/1.1");
	if (!version)
		return refuse(r, MHD_HTTP_BAD_REQUEST, "the first line: expected METHOD TARGET HTTP/1.1");
	version++;
	r->old = end - version == 8 && memcmp(version, "HTTP/1.0", 8) == 0;
	if (!r->old && (end - version != 8 || memcmp(version, "HTTP/1.1", 8) != 0))
		return refuse(r,
			      end - version == 8 && memcmp(version, "HTTP/", 5) == 0 ?
				      MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED :
				      MHD_HTTP_BAD_REQUEST,
			      "the version: expected HTTP/1.1");
	r->bare = is(line, (size_t)(method - line), "GET") || is(line, (size_t)(method - line), "HEAD");
	return check_target(r, target, version - 1);
}

/* ---- the fields ---- */

static int check_length(struct reading *r, const char *value, size_t len)
{
	if (r->lengths++ > 0 || len == 0 || len > 18)
		return refuse(r, MHD_HTTP_BAD_REQUEST, "Content-Length: expected one number");
	for (size_t i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9')
			return refuse(r, MHD_HTTP_BAD_REQUEST, "Content-Length: expected one number");
		r->length = r->length * 10 + (uint64_t)(value[i] - '0');
	}
	return 0;
}

/* NAME, NAME:PORT, [ADDRESS] or [ADDRESS]:PORT; whose name it is decides who serves it. */
static int check_host(struct reading *r, const char *value, size_t len)
{
	const char *end = value + len, *bracket = memchr(value, ']', len), *colon;

	if (r->hosts++ > 0)
		return refuse(r, MHD_HTTP_BAD_REQUEST, "expected one Host");
	colon = value < end && value[0] == '[' ? (bracket ? bracket + 1 : NULL) : memchr(value, ':', len);
	if (value < end && value[0] != '[' && !colon)
		colon = end;
	if (!colon || colon == value || skip(value, end, HOST) != end ||
	    (value[0] != '[' && (memchr(value, '[', len) || bracket)) || (colon < end && *colon != ':'))
		return refuse(r, MHD_HTTP_BAD_REQUEST, "Host: expected NAME or NAME:PORT");
	for (colon += colon < end; colon < end; colon++)
		if (*colon < '0' || *colon > '9')
			return refuse(r, MHD_HTTP_BAD_REQUEST, "Host: expected NAME or NAME:PORT");
	return 0;
}

static int check_field(struct reading *r, const char *name, size_t name_len, const char *value, size_t len)
{
	switch (name_len) {
	case 4:
		return is(name, 4, MHD_HTTP_HEADER_HOST) ? check_host(r, value, len) : 0;
	case 6:
		return is(name, 6, MHD_HTTP_HEADER_EXPECT) && !is(value, len, "100-continue") ?
			       refuse(r, MHD_HTTP_EXPECTATION_FAILED, "Expect: expected 100-continue") :
			       0;
	case 14:
		return is(name, 14, MHD_HTTP_HEADER_CONTENT_LENGTH) ? check_length(r, value, len) : 0;
	case 17:
		if (!is(name, 17, MHD_HTTP_HEADER_TRANSFER_ENCODING))
			return 0;
		return r->encodings++ > 0 || !is(value, len, "chunked") ?
			       refuse(r, MHD_HTTP_BAD_REQUEST, "Transfer-Encoding: expected chunked, once") :
			       0;
	default:
		return 0;
	}
}

/* NAME: VALUE. White space behind the value is no part of it; but libmicrohttpd leaves it there, and so do we: a length
 * with a space behind it is refused. */
static int field_line(struct reading *r, const char *line, const char *end)
{
	const char *name = skip(line, end, TOKEN), *value = name + 1;

	if (++r->fields > HTTP_FIELDS_MAX)
		return refuse(r, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, "the head: expected at most 64 fields");
	if (*line == ' ' || *line == '\t')
		return refuse(r, MHD_HTTP_BAD_REQUEST, "the head: expected each field on one line");
	if (name == line || name == end || *name != ':')
		return refuse(r, MHD_HTTP_BAD_REQUEST, "the head: expected NAME: VALUE");
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	return check_field(r, line, (size_t)(name - line), value, (size_t)(end - value));
}

/* ---- the whole ---- */

/* The next line, which ends with CR LF; the first is of bounded length, whatever follows. 0: it is not whole yet. */
static int next_line(struct reading *r, int lines, const char **ret_line, const char **ret_end)
{
	const char *stop = skip(r->at, r->end, VALUE);

	if (lines == 0 && stop - r->at > (ptrdiff_t)(HTTP_TARGET_MAX + HTTP_METHOD_MAX + sizeof "  HTTP/1.1"))
		return refuse(r, MHD_HTTP_URI_TOO_LONG, "the target: expected at most 2048 bytes");
	if (stop == r->end || (*stop == '\r' && stop + 1 == r->end))
		return 0;
	if (*stop != '\r' || stop[1] != '\n')
		return refuse(r, MHD_HTTP_BAD_REQUEST,
			      "the head: expected lines that end with CR LF, and no control characters");
	*ret_line = r->at;
	*ret_end = stop;
	r->at = stop + 2;
	return 1;
}

/* What only all fields together show. */
static int check_whole(struct reading *r)
{
	if (r->hosts == 0 && !r->old)
		return refuse(r, MHD_HTTP_BAD_REQUEST, "expected one Host");
	if (r->lengths > 0 && r->encodings > 0)
		return refuse(r, MHD_HTTP_BAD_REQUEST, "expected Content-Length or Transfer-Encoding, not both");
	if (r->encodings > 0 && r->old)
		return refuse(r, MHD_HTTP_BAD_REQUEST, "Transfer-Encoding: expected none in HTTP/1.0");
	if (r->bare && (r->encodings > 0 || r->length > 0))
		return refuse(r, MHD_HTTP_BAD_REQUEST, "expected no body with this method");
	return 1;
}

/* Not whole: may it still become so? */
static int check_part(struct reading *r, size_t len)
{
	if (len >= HTTP_HEAD_MAX)
		return refuse(r, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, "the head: expected at most 8192 bytes");
	return 0;
}

int head_check(const char *bytes, size_t len, struct head *ret_head, const char **ret_why)
{
	struct reading r = { .at = bytes, .end = bytes + (len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX) };
	const char *line, *end;
	int status = 0, lines = 0;

	if (len >= 2 && bytes[0] == '\r' && bytes[1] == '\n') /* some send one too many behind a body */
		r.at += 2;
	while ((status = next_line(&r, lines, &line, &end)) == 1 && line < end) {
		status = lines++ == 0 ? request_line(&r, line, end) : field_line(&r, line, end);
		if (status != 0)
			break;
	}
	if (status == 0)
		status = check_part(&r, len);
	else if (status == 1)
		status = lines > 0 ?
				 check_whole(&r) :
				 refuse(&r, MHD_HTTP_BAD_REQUEST, "the first line: expected METHOD TARGET HTTP/1.1");
	*ret_why = r.why;
	if (status == 1)
		*ret_head = (struct head){ (size_t)(r.at - bytes), r.encodings > 0, r.length };
	return status;
}
