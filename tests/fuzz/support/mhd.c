/* SPDX-License-Identifier: MIT */
/* The functions of libmicrohttpd that dtssd calls, without a network. */
#include "fuzz/support/http.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEADERS_MAX 8
#define READ_MAX 4096

struct MHD_Response {
	int owners;
	const char *data;
	size_t len;
	char *owned;
	MHD_ContentReaderCallback reader;
	void *cls;
	struct {
		char name[32], value[64];
	} headers[HEADERS_MAX];
	size_t header_count;
};

static struct mhd_connection *of(struct MHD_Connection *connection)
{
	return (struct mhd_connection *)(void *)connection;
}

struct MHD_Connection *mhd_connection(struct mhd_connection *connection)
{
	return (struct MHD_Connection *)(void *)connection;
}

/* ---- the request ---- */

int MHD_get_connection_values(struct MHD_Connection *connection, enum MHD_ValueKind kind, MHD_KeyValueIterator iterator,
			      void *iterator_cls)
{
	const struct http_ask *ask = of(connection)->ask;
	size_t i;

	if (kind == MHD_HEADER_KIND) {
		if (ask->type)
			iterator(iterator_cls, kind, MHD_HTTP_HEADER_CONTENT_TYPE, ask->type);
		return ask->type != NULL;
	}
	for (i = 0; i < ask->arg_count; i++)
		if (iterator(iterator_cls, kind, ask->args[i].name, ask->args[i].value) != MHD_YES)
			break;
	return (int)ask->arg_count;
}

const char *MHD_lookup_connection_value(struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *key)
{
	const struct http_ask *ask = of(connection)->ask;
	size_t i;

	if (kind == MHD_HEADER_KIND)
		return strcasecmp(key, MHD_HTTP_HEADER_CONTENT_TYPE) == 0 ? ask->type : NULL;
	for (i = 0; i < ask->arg_count; i++)
		if (strcasecmp(ask->args[i].name, key) == 0)
			return ask->args[i].value;
	return NULL;
}

const union MHD_ConnectionInfo *MHD_get_connection_info(struct MHD_Connection *connection,
							enum MHD_ConnectionInfoType info_type, ...)
{
	static union MHD_ConnectionInfo info;

	ck_assert(info_type == MHD_CONNECTION_INFO_CONNECTION_FD || info_type == MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	if (info_type == MHD_CONNECTION_INFO_CONNECTION_FD)
		info.connect_fd = -1; /* poll(2) skips it: the client is there */
	else
		info.socket_context = &of(connection)->guard; /* which has let it through */
	return &info;
}

void MHD_suspend_connection(struct MHD_Connection *connection)
{
	ck_assert_int_eq(of(connection)->suspended, 0);
	of(connection)->suspended = 1;
}

void MHD_resume_connection(struct MHD_Connection *connection)
{
	ck_assert_int_eq(of(connection)->suspended, 1);
	of(connection)->suspended = 0;
}

/* ---- the response ---- */

static struct MHD_Response *response_make(void)
{
	struct MHD_Response *response = calloc(1, sizeof *response);

	ck_assert_ptr_nonnull(response);
	response->owners = 1;
	return response;
}

struct MHD_Response *MHD_create_response_from_buffer(size_t size, void *buffer, enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response = response_make();

	response->data = buffer;
	response->len = size;
	response->owned = mode == MHD_RESPMEM_MUST_FREE ? buffer : NULL;
	return response;
}

struct MHD_Response *MHD_create_response_from_callback(uint64_t size, size_t block_size, MHD_ContentReaderCallback crc,
						       void *crc_cls, MHD_ContentReaderFreeCallback crfc)
{
	struct MHD_Response *response = response_make();

	ck_assert(size == MHD_SIZE_UNKNOWN && block_size > 0 && crfc == NULL);
	response->reader = crc;
	response->cls = crc_cls;
	return response;
}

enum MHD_Result MHD_add_response_header(struct MHD_Response *response, const char *header, const char *content)
{
	ck_assert_uint_lt(response->header_count, HEADERS_MAX);
	ck_assert_uint_lt(strlen(header), sizeof response->headers[0].name);
	ck_assert_uint_lt(strlen(content), sizeof response->headers[0].value);
	ck_assert_ptr_null(strpbrk(content, "\r\n"));
	strcpy(response->headers[response->header_count].name, header);
	strcpy(response->headers[response->header_count++].value, content);
	return MHD_YES;
}

void MHD_destroy_response(struct MHD_Response *response)
{
	if (--response->owners > 0)
		return;
	free(response->owned);
	free(response);
}

enum MHD_Result MHD_queue_response(struct MHD_Connection *connection, unsigned int status_code,
				   struct MHD_Response *response)
{
	struct mhd_connection *c = of(connection);

	ck_assert_ptr_null(c->response); /* one reply for a request */
	ck_assert_ptr_nonnull(response);
	c->response = response;
	c->status = status_code;
	response->owners++;
	return MHD_YES;
}

const char *mhd_header(const struct MHD_Response *response, const char *name)
{
	size_t i;

	for (i = 0; i < response->header_count; i++)
		if (strcasecmp(response->headers[i].name, name) == 0)
			return response->headers[i].value;
	return NULL;
}

static void reply_add(struct http_reply *reply, const char *data, size_t len)
{
	reply->body = realloc(reply->body, reply->len + len + 1);
	ck_assert_ptr_nonnull(reply->body);
	if (len > 0)
		memcpy(reply->body + reply->len, data, len);
	reply->len += len;
	reply->body[reply->len] = '\0';
}

int mhd_read(struct mhd_connection *connection, struct http_reply *reply)
{
	struct MHD_Response *response = connection->response;
	char block[READ_MAX];
	ssize_t n;

	reply->status = connection->status;
	reply_add(reply, response->data, response->reader ? 0 : response->len);
	if (!response->reader)
		return 1;
	while ((n = response->reader(response->cls, reply->len, block, sizeof block)) > 0)
		reply_add(reply, block, (size_t)n);
	if (n == MHD_CONTENT_READER_END_OF_STREAM)
		return 1;
	return n == 0 ? 0 : -1;
}

void mhd_close(struct mhd_connection *connection)
{
	if (connection->response)
		MHD_destroy_response(connection->response);
	connection->response = NULL;
}
