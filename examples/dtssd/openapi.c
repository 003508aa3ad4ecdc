/* SPDX-License-Identifier: MIT */
#include "dtssd/server.h"

#include <stdio.h>
#include <string.h>

/* What the routes alone do not say. Field by field, in the order of dtss_http(7). */
static const char schemas[] =
	"{\"Error\":{\"type\":\"object\",\"required\":[\"error\"],\"properties\":{\"error\":{\"type\":\"string\"},"
	"\"code\":{\"type\":\"string\"},\"field\":{\"type\":\"string\"},\"expected\":{\"type\":\"string\"}}},"
	"\"Spec\":{\"type\":\"object\",\"required\":[\"argv\"],\"additionalProperties\":false,\"properties\":{"
	"\"name\":{\"type\":\"string\"},\"key\":{\"type\":\"string\"},\"queue\":{\"type\":\"string\"},"
	"\"argv\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"minItems\":1},"
	"\"env\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}},\"cwd\":{\"type\":\"string\"},"
	"\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
	"\"resources\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\",\"minimum\":1}},"
	"\"priority\":{\"type\":\"integer\"},\"not_before\":{\"type\":\"string\",\"format\":\"date-time\"},"
	"\"timeout_ms\":{\"type\":\"integer\"},\"start_deadline_ms\":{\"type\":\"integer\"},"
	"\"after\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}},\"retry\":{\"$ref\":\"#/components/schemas/Retry\"},"
	"\"labels\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}},\"hold\":{\"type\":\"boolean\"}}},"
	"\"Retry\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
	"\"attempts_max\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000},"
	"\"lost_max\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000},\"backoff_ms_min\":{\"type\":\"integer\"},"
	"\"backoff_ms_max\":{\"type\":\"integer\"},\"multiplier\":{\"type\":\"number\",\"minimum\":1},"
	"\"jitter\":{\"type\":\"boolean\"},\"rules\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
	"\"required\":[\"action\"],\"properties\":{\"on\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
	"\"exit_min\":{\"type\":\"integer\"},\"exit_max\":{\"type\":\"integer\"},"
	"\"action\":{\"enum\":[\"retry\",\"fail\",\"ignore\",\"quarantine\"]}}}}}},"
	"\"Task\":{\"type\":\"object\",\"required\":[\"id\",\"state\",\"attempts\"],\"properties\":{"
	"\"id\":{\"type\":\"integer\"},\"state\":{\"type\":\"string\"},\"worker\":{\"type\":\"string\"},"
	"\"exit_code\":{\"type\":\"integer\"},\"signal\":{\"type\":\"integer\"},\"cause\":{\"type\":\"string\"},"
	"\"created_at\":{\"type\":\"string\",\"format\":\"date-time\"},"
	"\"started_at\":{\"type\":\"string\",\"format\":\"date-time\"},"
	"\"finished_at\":{\"type\":\"string\",\"format\":\"date-time\"},"
	"\"attempts\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}}}}}";

/* {"type":"string"} in path or query. */
static json_t *parameter(const char *name, const char *in)
{
	return json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", name, "in", in, "required", strcmp(in, "path") == 0,
			 "schema", "type", "string");
}

static json_t *parameters_of(const struct route *route)
{
	const char *brace = strchr(route->path, '{'), *at = route->parameters ? route->parameters : "";
	json_t *array = json_array();
	char name[32];
	int n;

	if (brace && sscanf(brace, "{%31[a-z]}", name) == 1)
		json_array_append_new(array, parameter(name, "path"));
	for (; sscanf(at, " %31s%n", name, &n) == 1; at += n)
		json_array_append_new(array, parameter(name, "query"));
	return array;
}

static json_t *body_of(const struct route *route)
{
	if (route->handle != api_tasks_submit)
		return NULL;
	return json_pack("{s:{s:{s:{s:[{s:s}, {s:s, s:{s:s}}]}}, s:{s:{s:s}}}}", "content", "application/json",
			 "schema", "oneOf", "$ref", "#/components/schemas/Spec", "type", "array", "items", "$ref",
			 "#/components/schemas/Spec", "application/x-ndjson", "schema", "$ref",
			 "#/components/schemas/Spec");
}

static json_t *operation_of(const struct route *route)
{
	const char *success = route->handle == api_tasks_submit || route->handle == api_task_retry ? "201" : "200";
	json_t *object = json_pack("{s:s, s:o, s:{s:{s:s}, s:{s:s, s:{s:{s:{s:s}}}}}}", "summary", route->summary,
				   "parameters", parameters_of(route), "responses", success, "description", "Success",
				   "default", "description", "An error", "content", "application/json", "schema",
				   "$ref", "#/components/schemas/Error");
	json_t *body = body_of(route);

	if (body)
		json_put(&object, "requestBody", body);
	if (route->flags & ROUTE_OPEN)
		json_put(&object, "security", json_array());
	return object;
}

json_t *openapi_document(void)
{
	json_t *paths = json_object();

	for (size_t i = 0; i < route_count; i++) {
		json_t *path = json_object_get(paths, routes[i].path);

		if (!path) {
			path = json_object();
			json_object_set_new(paths, routes[i].path, path);
		}
		json_object_set_new(path, strcmp(routes[i].method, "GET") == 0 ? "get" : "post",
				    operation_of(&routes[i]));
	}
	return json_pack("{s:s, s:{s:s, s:s}, s:[{s:[]}], s:o, s:{s:o, s:{s:{s:s, s:s}}}}", "openapi", "3.0.3", "info",
			 "title", "dtssd", "version", dtss_version(), "security", "token", "paths", paths, "components",
			 "schemas", json_loads(schemas, 0, NULL), "securitySchemes", "token", "type", "http", "scheme",
			 "bearer");
}
