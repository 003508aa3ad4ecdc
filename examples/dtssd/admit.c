/* SPDX-License-Identifier: MIT */
#include "dtssd/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/nearest.h"

/* ---- who asks, and whom ---- */

static int authorized(struct exchange *x)
{
	const struct token *token = x->server->token;
	const char *header;

	if (token->text[0] == '\0')
		return 1;
	header = MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
	return token_equals(token, header && strncasecmp(header, "Bearer ", 7) == 0 ? header + 7 : "");
}

/* A browser says whose page asks. Without a token any page that somebody looks at could run commands here. */
static int from_web_page(struct exchange *x)
{
	return x->server->token->text[0] == '\0' &&
	       MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ORIGIN) != NULL;
}

/* 1 when one of the names, with commas or spaces between them, is this one. */
static int names_have(const char *names, const char *name, size_t len)
{
	for (size_t n; *names; names += n) {
		names += strspn(names, ", \t");
		n = strcspn(names, ", \t");
		if (n == len && strncasecmp(names, name, len) == 0)
			return 1;
	}
	return 0;
}

/* An address, localhost, or a name that the settings list: without a token, a name that some page had pointed to
 * loopback would let that page in. */
static int host_is_ours(const struct exchange *x)
{
	const char *host = MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
	size_t len = host ? strcspn(host, ":") : 0;

	if (x->server->token->text[0] != '\0' || !host || host[0] == '[')
		return 1;
	if (strspn(host, "0123456789.") == len || (len == 9 && strncasecmp(host, "localhost", 9) == 0))
		return 1;
	return names_have(x->server->hosts ? x->server->hosts : "", host, len);
}

/* ---- the query ---- */

/* A name of the query that nobody knows, or a second value for one. */
static enum MHD_Result admit_parameter(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct exchange *x = cls;
	const char *known = x->route->parameters ? x->route->parameters : "";
	char name[32];
	struct nearest near = { key, NULL, 0 };
	struct problem p;
	int n;

	for (; sscanf(known, " %31s%n", name, &n) == 1; known += n) {
		if (strcmp(name, key) == 0 && MHD_lookup_connection_value(x->connection, kind, key) == value)
			return MHD_YES;
		if (strcmp(name, key) == 0) {
			problem_field(&p, DTSS_E_INVALID, key, "one value");
			reply_problem(x, &p);
			return MHD_NO;
		}
		nearest_try(&near, name);
		if (near.best == name)
			near.best = known + strspn(known, " ");
	}
	if (near.best)
		problem_set(&p, DTSS_E_INVALID, "unknown parameter \"%s\" (did you mean \"%.*s\"?)", key,
			    (int)strcspn(near.best, " "), near.best);
	else
		problem_set(&p, DTSS_E_INVALID, "unknown parameter \"%s\"", key);
	snprintf(p.field, sizeof p.field, "%s", key);
	reply_problem(x, &p);
	return MHD_NO;
}

/* ---- the whole head ---- */

void admit(struct exchange *x, const char *method)
{
	const char *length =
		MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	struct problem p = { 0 };
	char allow[64];
	int open;

	x->route = route_find(method, x->path, &x->segment, allow, sizeof allow);
	open = x->route && (x->route->flags & ROUTE_OPEN);
	if (!guard_claim(x->guard)) {
		problem_set(&p, DTSS_E_BUG, "the request came in past the guard");
		reply_problem(x, &p);
		MHD_add_response_header(x->response, MHD_HTTP_HEADER_CONNECTION, "close");
	} else if (!open && !authorized(x)) {
		problem_set(&p, DTSS_E_INVALID, "no valid token: send \"Authorization: Bearer TOKEN\"");
		reply_status(x, MHD_HTTP_UNAUTHORIZED, &p);
		MHD_add_response_header(x->response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	} else if (!open && from_web_page(x)) {
		problem_set(&p, DTSS_E_INVALID, "web pages may not use a scheduler that has no token");
		reply_status(x, MHD_HTTP_FORBIDDEN, &p);
	} else if (!open && !host_is_ours(x)) {
		problem_set(&p, DTSS_E_INVALID,
			    "Host: expected an address, localhost, or one of the names in the setting hosts");
		reply_status(x, MHD_HTTP_MISDIRECTED_REQUEST, &p);
	} else if (!x->route && allow[0]) {
		problem_set(&p, DTSS_E_UNSUPPORTED, "%s is not allowed here: expected %s", method, allow);
		reply_status(x, MHD_HTTP_METHOD_NOT_ALLOWED, &p);
		MHD_add_response_header(x->response, MHD_HTTP_HEADER_ALLOW, allow);
	} else if (!x->route) {
		problem_set(&p, DTSS_E_NOT_FOUND, "there is no path %s; /api/v2/openapi.json lists them", x->path);
		reply_problem(x, &p);
	} else if (length && strtoull(length, NULL, 10) > HTTP_BODY_MAX) {
		problem_set(&p, DTSS_E_TOO_BIG, "the body is too long: expected at most %d bytes", HTTP_BODY_MAX);
		reply_status(x, MHD_HTTP_CONTENT_TOO_LARGE, &p);
	} else if (!(x->route->flags & ROUTE_V1)) {
		MHD_get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND, admit_parameter, x);
	}
}
