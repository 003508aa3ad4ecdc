/* SPDX-License-Identifier: MIT */
#include "dtss-agent/transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/json.h"
#include "dtss-agent/limits.h"

#define NS_PER_MS UINT64_C(1000000)

struct agent_transport {
	struct dtss_transport base;
	struct post_client *client;
	struct post polls[POLLS_MAX];
	uint64_t order[POLLS_MAX]; /* of their sending */
	uint64_t begun_ns[POLLS_MAX];
	uint64_t asked_ns; /* when what brought the answer was sent */
	uint64_t sent;
	uint64_t wait_ms;
	uint64_t again_ns; /* the newest failed: then it is sent once more; 0: not now */
	uint64_t backoff_ms;
	char *path;
	enum agent_link link;
	long status;
	char why[PROBLEM_SENTENCE_MAX];
	/* the answer that is being handed out */
	struct json_reader reader;
	json_t *value;
	struct dtss_message *messages;
	size_t count;
	size_t next;
};

static void transport_drop_answer(struct agent_transport *t)
{
	json_reader_fini(&t->reader);
	json_decref(t->value);
	t->reader = (struct json_reader){ 0 };
	t->value = NULL;
	t->count = t->next = 0;
}

/* One that is free, else the oldest: what it would have brought comes again with a later heartbeat's answer. */
static struct post *transport_slot(struct agent_transport *t)
{
	size_t oldest = 0;

	for (size_t i = 0; i < POLLS_MAX; i++) {
		if (t->polls[i].state == POST_IDLE) {
			oldest = i;
			break;
		}
		if (t->order[i] < t->order[oldest])
			oldest = i;
	}
	post_cancel(t->client, &t->polls[oldest]);
	t->order[oldest] = ++t->sent;
	return &t->polls[oldest];
}

/* body is taken over. */
static int transport_post(struct agent_transport *t, struct post *post, char *body)
{
	uint64_t wait_ms = t->link == AGENT_LINK_UP ? t->wait_ms : 0; /* first of all: are we welcome? */
	char path[PATH_LEN_MAX];

	snprintf(path, sizeof path, "%s?wait_ms=%llu", t->path, (unsigned long long)wait_ms);
	t->again_ns = 0;
	t->begun_ns[post - t->polls] = dtss_now().mono_ns;
	return post_begin(t->client, post, path, POST_JSON, body, strlen(body), (long)wait_ms + POST_TIMEOUT_MS);
}

static int transport_send(struct dtss_transport *transport, const char *peer, const struct dtss_message *message)
{
	struct agent_transport *t = (struct agent_transport *)transport;
	json_t *value;
	char *text;

	(void)peer;
	if (message->type != DTSS_MESSAGE_HEARTBEAT)
		return DTSS_E_INVALID;
	value = json_from_heartbeat(&message->u.heartbeat);
	text = value ? json_dumps(value, JSON_COMPACT) : NULL;
	json_decref(value);
	if (!text || transport_post(t, transport_slot(t), text) < 0)
		return DTSS_E_NOMEM;
	return 0;
}

/*
 * The next heartbeat may be seconds away, and a scheduler that was started again is there at once. So the newest one is
 * repeated, as a network might do; at half the pause or later, lest a fleet comes all together.
 */
static void transport_retry(struct agent_transport *t, const struct post *post)
{
	uint64_t now_ns = dtss_now().mono_ns, half_ns;

	if (t->order[post - t->polls] != t->sent || t->link != AGENT_LINK_DOWN)
		return;
	t->backoff_ms = t->backoff_ms == 0 ? RETRY_MS_MIN : t->backoff_ms * 2;
	if (t->backoff_ms > RETRY_MS_MAX)
		t->backoff_ms = RETRY_MS_MAX;
	half_ns = t->backoff_ms * NS_PER_MS / 2;
	t->again_ns = now_ns + half_ns + now_ns % half_ns;
}

uint64_t agent_transport_step(struct dtss_transport *transport, uint64_t now_ns)
{
	struct agent_transport *t = (struct agent_transport *)transport;

	for (size_t i = 0; i < POLLS_MAX && t->again_ns != 0 && now_ns >= t->again_ns; i++) {
		struct post *post = &t->polls[i];
		char *body = post->body;

		if (t->order[i] != t->sent || post->state != POST_IDLE)
			continue;
		post->body = NULL;
		if (transport_post(t, post, body) < 0)
			break; /* for want of memory: the next heartbeat is another one */
	}
	return t->again_ns != 0 && t->again_ns > now_ns ? t->again_ns : DTSS_NEVER;
}

/* {"error":"sentence",…}, or whatever else stands between us and a scheduler. */
static void transport_refused(struct agent_transport *t, long status)
{
	const char *sentence = json_string_value(json_object_get(t->value, "error"));

	t->status = status;
	t->link = status >= 500 ? AGENT_LINK_DOWN : AGENT_LINK_REFUSED;
	if (sentence)
		snprintf(t->why, sizeof t->why, "%s", sentence);
	else
		snprintf(t->why, sizeof t->why, "it answers with HTTP status %ld", status);
}

/* The refusal of an older incarnation carries the answer that says so: that is for the engine. 1: it is one. */
static int transport_stale(const struct agent_transport *t)
{
	return json_is_object(json_object_get(t->value, "answer"));
}

/* Takes what a request brought. 1: there are messages. */
static int transport_take(struct agent_transport *t, struct post *post)
{
	post->state = POST_IDLE;
	if (post->status == 0) {
		t->link = AGENT_LINK_DOWN;
		t->status = 0;
		snprintf(t->why, sizeof t->why, "%s", post->error);
		transport_retry(t, post);
		return 0;
	}
	t->value = json_read_text(&t->reader, post->response ? post->response : "", post->len);
	if (post->status != 200 && !(post->status == 409 && transport_stale(t))) {
		transport_refused(t, post->status);
		transport_retry(t, post);
		return 0;
	}
	if (!t->value || json_read_poll(&t->reader, t->value, &t->messages, &t->count) != 0) {
		t->status = post->status;
		t->link = AGENT_LINK_DOWN;
		snprintf(t->why, sizeof t->why, "its answer is none of ours: %.400s", t->reader.problem.sentence);
		transport_drop_answer(t);
		return 0;
	}
	t->link = AGENT_LINK_UP;
	t->asked_ns = t->begun_ns[post - t->polls];
	t->backoff_ms = 0;
	return t->count > 0;
}

/* 1: there is one, with messages. */
static int transport_next_answer(struct agent_transport *t)
{
	transport_drop_answer(t);
	(void)post_step(t->client); /* the answers are looked for below */
	for (size_t i = 0; i < POLLS_MAX && t->count == 0; i++)
		if (t->polls[i].state == POST_DONE && !transport_take(t, &t->polls[i]))
			transport_drop_answer(t);
	return t->count > 0;
}

/*
 * X6: an assignment tells what was left of its lease when the answer was sent, and that may have been under way for long.
 * It was not sent before it was asked for, so we count from then. 0: nothing is left, and somebody else may have the task.
 */
static int transport_date(const struct agent_transport *t, struct dtss_message_assign *assign)
{
	uint64_t gone_ms = (dtss_now().mono_ns - t->asked_ns) / NS_PER_MS;

	if (assign->lease_ms <= gone_ms)
		return 0;
	assign->lease_ms -= gone_ms;
	return 1;
}

static int transport_poll(struct dtss_transport *transport, const struct dtss_message **ret_message,
			  const char **ret_peer)
{
	struct agent_transport *t = (struct agent_transport *)transport;
	struct dtss_message *message;

	do {
		if (t->next == t->count && !transport_next_answer(t))
			return 0;
		message = &t->messages[t->next++];
	} while (message->type == DTSS_MESSAGE_ASSIGN && !transport_date(t, &message->u.assign));
	*ret_message = message;
	*ret_peer = NULL;
	if (message->type == DTSS_MESSAGE_ANSWER && message->u.answer.heartbeat_ms > 0 &&
	    message->u.answer.heartbeat_ms < POLL_WAIT_MS_MAX)
		t->wait_ms = message->u.answer.heartbeat_ms;
	return 1;
}

static int transport_fd(struct dtss_transport *transport)
{
	(void)transport;
	return -1; /* curl's descriptors come and go: the daemon waits in curl_multi_poll() */
}

static void transport_close(struct dtss_transport *transport)
{
	struct agent_transport *t = (struct agent_transport *)transport;

	transport_drop_answer(t);
	for (size_t i = 0; i < POLLS_MAX; i++)
		post_fini(t->client, &t->polls[i]);
	free(t->path);
	free(t);
}

static const struct dtss_transport_ops transport_ops = {
	.size = sizeof(struct dtss_transport_ops),
	.name = "http",
	.send = transport_send,
	.poll = transport_poll,
	.fd = transport_fd,
	.close = transport_close,
};

int agent_transport_open(struct dtss_transport **ret_transport, struct post_client *client, const char *name)
{
	struct agent_transport *t = calloc(1, sizeof *t);
	char *escaped = curl_easy_escape(NULL, name, 0);

	if (!t || !escaped || asprintf(&t->path, "/api/v2/workers/%s/poll", escaped) < 0) {
		curl_free(escaped);
		free(t);
		return DTSS_E_NOMEM;
	}
	curl_free(escaped);
	t->base.ops = &transport_ops;
	t->client = client;
	t->wait_ms = POLL_WAIT_MS_MAX;
	*ret_transport = &t->base;
	return 0;
}

enum agent_link agent_transport_link(const struct dtss_transport *transport, long *ret_status, const char **ret_why)
{
	const struct agent_transport *t = (const struct agent_transport *)transport;

	*ret_status = t->status;
	*ret_why = t->why;
	return t->link;
}
