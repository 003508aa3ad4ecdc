/* SPDX-License-Identifier: MIT */
#include "dtssd/mail.h"

#include <stdlib.h>
#include <string.h>
#include "dtssd/assigns.h"

#define NS_PER_MS UINT64_C(1000000)

/* What waits for one incarnation of one worker, and the poll that waits for it. */
struct outbox {
	struct outbox *next;    /* of the bucket */
	struct outbox *changed; /* of the room's list of those to look at */
	int listed;
	int hurried; /* work waits for the answer to go with it, but not for long */
	uint64_t incarnation;
	struct exchange *poll; /* NULL: none waits */
	struct mailroom *room;
	struct text answer; /* empty: none */
	struct assigns assigns;
	struct stops stops;
	int result;        /* of the answer */
	int urgent;        /* the answer says more than that all is well: it does not wait for company */
	uint64_t number;   /* of the heartbeat that the poll brought */
	uint64_t until_ns; /* how long it likes to wait */
	uint64_t used_ns;  /* the last poll */
	char name[];
};

struct mailroom {
	struct dtss_transport transport; /* first */
	struct mail *inbox, **inbox_end;
	struct mail *lent; /* what ops.poll gave last */
	struct outbox *changed;
	uint64_t tidy_ns;
	size_t count; /* of outboxes */
	struct outbox *buckets[OUTBOX_BUCKETS];
};

static size_t bucket_of(const char *name)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
	return (size_t)(hash >> 20) % OUTBOX_BUCKETS;
}

static struct outbox *outbox_find(struct mailroom *room, const char *name, uint64_t incarnation)
{
	struct outbox *box = room->buckets[bucket_of(name)];

	while (box && (box->incarnation != incarnation || strcmp(box->name, name) != 0))
		box = box->next;
	return box;
}

static void outbox_free(struct outbox *box)
{
	text_fini(&box->answer);
	assigns_fini(&box->assigns);
	stops_fini(&box->stops);
	free(box);
}

static struct outbox *outbox_make(struct mailroom *room, const char *name, uint64_t incarnation)
{
	struct outbox **bucket = &room->buckets[bucket_of(name)];
	struct outbox *box = outbox_find(room, name, incarnation);

	if (box || room->count >= OUTBOXES_MAX)
		return box;
	box = calloc(1, sizeof *box + strlen(name) + 1);
	if (!box)
		return NULL;
	memcpy(box->name, name, strlen(name) + 1);
	box->incarnation = incarnation;
	box->room = room;
	box->next = *bucket;
	*bucket = box;
	room->count++;
	return box;
}

static void outbox_changed(struct outbox *box)
{
	if (box->listed)
		return;
	box->listed = 1;
	box->changed = box->room->changed;
	box->room->changed = box;
}

/* ---- a poll ends ---- */

/* Takes the poll out of the box. */
static struct exchange *outbox_take(struct outbox *box)
{
	struct exchange *x = box->poll;

	box->poll = NULL;
	x->state = NULL;
	return x;
}

static int outbox_has_work(const struct outbox *box)
{
	return box->assigns.count > 0 || box->stops.count > 0;
}

static void outbox_forget_answer(struct outbox *box)
{
	text_fini(&box->answer);
	box->result = box->urgent = 0;
}

static void write_stale(struct text *t, const struct outbox *box)
{
	struct problem p = { 0 };

	problem_set(&p, DTSS_E_STALE, "worker %s: %s", box->name, dtss_strerror(DTSS_E_STALE));
	text_put_string(t, "error", p.sentence);
	text_put_string(t, "code", problem_code_name(p.code));
}

static void write_answer(struct text *t, struct outbox *box)
{
	text_key(t, "answer");
	text_json(t, box->answer.bytes, box->answer.len);
	outbox_forget_answer(box);
}

/* The body, with everything that waits. An older incarnation learns from the status too that it is over. */
static void outbox_reply(struct outbox *box)
{
	struct exchange *x = outbox_take(box);
	unsigned status = box->result == DTSS_E_STALE ? MHD_HTTP_CONFLICT : MHD_HTTP_OK;
	struct text t = { 0 };

	if (exchange_left(x)) { /* what waits stays for its next poll */
		reply_json(x, MHD_HTTP_OK, json_object());
		return;
	}
	text_open(&t, '{');
	if (box->result == DTSS_E_STALE)
		write_stale(&t, box);
	if (box->answer.len > 0)
		write_answer(&t, box);
	if (box->assigns.count > 0) {
		text_key(&t, "assign");
		assigns_take(&box->assigns, &t);
	}
	if (box->stops.count > 0) {
		text_key(&t, "stop");
		stops_take(&box->stops, &t);
	}
	text_close(&t, '}');
	reply_written(x, status, &t);
}

static void poll_due(struct exchange *x)
{
	struct outbox *box = x->state;
	struct problem p = { 0 };

	if (box->answer.len > 0 || outbox_has_work(box)) {
		outbox_reply(box);
		return;
	}
	outbox_take(box);
	problem_set(&p, DTSS_E_NOT_LEADER, "the heartbeat was not answered: the scheduler %s",
		    x->server->stopping ? "is stopping" : "is not ready");
	reply_problem(x, &p);
}

static void poll_release(void *state)
{
	struct outbox *box = state;

	if (box)
		box->poll = NULL;
}

/* A newer poll is there: what waits is for that one. */
static void poll_superseded(struct outbox *box)
{
	struct text t = { 0 };

	text_open(&t, '{');
	if (box->answer.len > 0)
		write_answer(&t, box);
	text_close(&t, '}');
	reply_written(outbox_take(box), MHD_HTTP_OK, &t);
}

/* ---- the room ---- */

int mail_deliver(struct mailroom *room, struct mail *mail, struct exchange *x, uint64_t wait_ms, struct problem *p)
{
	const struct dtss_heartbeat *beat = &mail->message.u.heartbeat.heartbeat;
	struct outbox *box = outbox_make(room, beat->name, beat->incarnation);

	if (!box)
		return problem_set(p, DTSS_E_FULL, "too many workers have come and gone in the last minute");
	if (box->poll)
		poll_superseded(box);
	box->poll = x;
	box->hurried = 0;
	box->number = beat->number;
	box->used_ns = x->server->now.mono_ns;
	box->until_ns = box->used_ns + wait_ms * NS_PER_MS;
	x->state = box;
	x->release = poll_release;
	exchange_wait(x, POLL_ANSWER_MS, poll_due);
	outbox_changed(box);
	mail->next = NULL;
	*room->inbox_end = mail;
	room->inbox_end = &mail->next;
	return 0;
}

static void outbox_look(struct outbox *box, struct dtss_time now)
{
	struct exchange *x = box->poll;

	if (!x)
		return;
	if (box->answer.len == 0 && outbox_has_work(box) && !box->hurried) {
		box->hurried = 1;
		exchange_wait(x, POLL_COMPANY_MS, poll_due);
	}
	if (box->answer.len == 0)
		return;
	if (box->urgent || outbox_has_work(box) || now.mono_ns >= box->until_ns || x->server->stopping)
		outbox_reply(box);
	else
		exchange_wait(x, (box->until_ns - now.mono_ns) / NS_PER_MS, poll_due);
}

/* Workers that have not polled for long are gone; their leases have ended, and what waits for them is void. */
static void mailroom_tidy(struct mailroom *room, struct dtss_time now)
{
	if (now.mono_ns < room->tidy_ns)
		return;
	room->tidy_ns = now.mono_ns + (uint64_t)OUTBOX_KEEP_MS * NS_PER_MS / 4;
	for (size_t i = 0; i < OUTBOX_BUCKETS; i++) {
		struct outbox **link = &room->buckets[i];

		while (*link) {
			struct outbox *box = *link;

			if (box->poll || box->used_ns + (uint64_t)OUTBOX_KEEP_MS * NS_PER_MS > now.mono_ns) {
				link = &box->next;
				continue;
			}
			*link = box->next;
			outbox_free(box);
			room->count--;
		}
	}
}

void mail_flush(struct mailroom *room, struct dtss_time now)
{
	while (room->changed) {
		struct outbox *box = room->changed;

		room->changed = box->changed;
		box->listed = 0;
		outbox_look(box, now);
	}
	mailroom_tidy(room, now);
}

/* ---- the transport ---- */

void mail_free(struct mail *mail)
{
	if (!mail)
		return;
	json_reader_fini(&mail->reader);
	json_decref(mail->body);
	free(mail);
}

static int mail_answer(struct outbox *box, const struct dtss_message *message)
{
	const struct dtss_message_answer *answer = &message->u.answer;

	if (!box->poll || answer->number != box->number)
		return DTSS_E_NOT_FOUND; /* its poll has gone; the next heartbeat gets another */
	outbox_forget_answer(box);
	json_write_answer(&box->answer, answer);
	if (box->answer.failed) {
		outbox_forget_answer(box);
		return DTSS_E_NOMEM;
	}
	box->result = answer->result;
	box->urgent = answer->result != 0 || answer->ack_count > 0;
	return 0;
}

static int mail_send(struct dtss_transport *transport, const char *peer, const struct dtss_message *message)
{
	struct mailroom *room = (struct mailroom *)transport;
	uint64_t incarnation = message->type == DTSS_MESSAGE_ANSWER ? message->u.answer.incarnation :
			       message->type == DTSS_MESSAGE_ASSIGN ? message->u.assign.incarnation :
								      message->u.stop.incarnation;
	struct outbox *box = outbox_find(room, peer, incarnation);
	int rc = 0;

	if (!box)
		return DTSS_E_NOT_FOUND;
	if (message->type == DTSS_MESSAGE_ANSWER)
		rc = mail_answer(box, message);
	else if (message->type == DTSS_MESSAGE_ASSIGN)
		rc = assigns_put(&box->assigns, message);
	else
		rc = stops_put(&box->stops, message);
	if (rc == 0)
		outbox_changed(box);
	return rc;
}

static int mail_poll(struct dtss_transport *transport, const struct dtss_message **ret_message, const char **ret_peer)
{
	struct mailroom *room = (struct mailroom *)transport;
	struct mail *mail = room->inbox;

	mail_free(room->lent);
	room->lent = mail;
	if (!mail)
		return 0;
	room->inbox = mail->next;
	if (!room->inbox)
		room->inbox_end = &room->inbox;
	*ret_message = &mail->message;
	*ret_peer = mail->message.u.heartbeat.heartbeat.name;
	return 1;
}

/* The loop steps the node after each round of HTTP anyway. */
static int mail_fd(struct dtss_transport *transport)
{
	(void)transport;
	return -1;
}

static void mail_close(struct dtss_transport *transport)
{
	struct mailroom *room = (struct mailroom *)transport;

	for (struct mail *next; room->inbox; room->inbox = next) {
		next = room->inbox->next;
		mail_free(room->inbox);
	}
	mail_free(room->lent);
	for (size_t i = 0; i < OUTBOX_BUCKETS; i++) {
		for (struct outbox *next; room->buckets[i]; room->buckets[i] = next) {
			next = room->buckets[i]->next;
			if (room->buckets[i]->poll)
				poll_due(room->buckets[i]->poll);
			outbox_free(room->buckets[i]);
		}
	}
	free(room);
}

static const struct dtss_transport_ops mail_ops = {
	.size = sizeof(struct dtss_transport_ops),
	.name = "http",
	.send = mail_send,
	.poll = mail_poll,
	.fd = mail_fd,
	.close = mail_close,
};

int mail_open(struct mailroom **ret_mail, struct dtss_transport **ret_transport)
{
	struct mailroom *room = calloc(1, sizeof *room);

	if (!room)
		return DTSS_E_NOMEM;
	room->transport.ops = &mail_ops;
	room->inbox_end = &room->inbox;
	*ret_mail = room;
	*ret_transport = &room->transport;
	return 0;
}
