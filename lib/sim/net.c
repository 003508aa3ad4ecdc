/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "sim/sim.h"

/* Messages as bytes, each with a delay of its own, so that they overtake each other; and links that are cut, each way. */
#define NET_STEP_NS 50000 /* delays are few different ones, so that some happen at the same instant */
#define NET_STEPS 64
#define NET_SLOW_MS 60000
#define NET_REPLAY_MS 600000
#define NET_SCRATCH 65536

int net_cut(const struct sim *s, uint32_t from, uint32_t to)
{
	return s->net.cut_ns[from][to] > s->true_ns;
}

void net_heal(struct sim *s)
{
	memset(s->net.cut_ns, 0, sizeof s->net.cut_ns);
}

static struct sim_scheduler *net_scheduler(struct sim *s, uint32_t place)
{
	return place < SIM_SCHEDULERS_MAX ? &s->schedulers[place] : NULL;
}

/* What a scheduler that was stopped in mid-step sends, it sends when it goes on. */
static uint64_t net_due(struct sim *s, uint32_t from)
{
	const struct sim_scheduler *sc = net_scheduler(s, from);
	uint64_t due = s->true_ns + (1 + sim_choose(s, NET_STEPS)) * NET_STEP_NS + (sc ? sc->held_ns : 0);

	return sim_fault(s, DTSS_SIM_FAULT_SLOW) ? due + sim_choose(s, NET_SLOW_MS) * SIM_MS : due;
}

static int net_lost(struct sim *s, uint32_t from, uint32_t to)
{
	uint32_t most = s->faults_on ? s->net.queue_max : SIM_AGENDA_MAX;

	if (!net_cut(s, from, to) && s->agenda.count < SIM_AGENDA_MAX && s->net.under_way[to] < most &&
	    !sim_fault(s, DTSS_SIM_FAULT_DROP))
		return 0;
	s->counts.lost_messages++;
	return 1;
}

static void net_put(struct sim *s, uint32_t from, uint32_t to, size_t len, uint64_t due_ns)
{
	struct sim_item *item = agenda_item(s, SIM_ITEM_MESSAGE, from, to);

	item->bytes = arena_alloc(&s->arena, len);
	item->len = (uint32_t)len;
	memcpy(item->bytes, s->net.scratch, len);
	s->net.under_way[to]++;
	agenda_add(s, item, due_ns);
}

void net_send(struct sim *s, uint32_t from, uint32_t to, const struct dtss_message *m)
{
	const struct sim_scheduler *sc = net_scheduler(s, from);
	size_t len;

	if (sc && sc->crash_now)
		return; /* it is dead already */
	s->counts.messages++;
	if (net_lost(s, from, to))
		return;
	len = dtss_message_encode(m, s->net.scratch, NET_SCRATCH);
	if (len > NET_SCRATCH) {
		s->counts.lost_messages++;
		return;
	}
	net_put(s, from, to, len, net_due(s, from));
	if (sim_fault(s, DTSS_SIM_FAULT_DUPLICATE)) {
		s->counts.doubled_messages++;
		net_put(s, from, to, len, net_due(s, from));
	}
	if (sim_fault(s, DTSS_SIM_FAULT_REPLAY)) {
		s->counts.doubled_messages++;
		net_put(s, from, to, len, net_due(s, from) + sim_choose(s, NET_REPLAY_MS) * SIM_MS);
	}
}

/* ---- the calls of clients ---- */

static void net_call_put(struct sim *s, uint32_t type, uint32_t from, uint32_t to, const struct sim_call *call,
			 const struct sim_reply *reply, uint64_t due_ns)
{
	struct sim_item *item = agenda_item(s, type, from, to);

	item->call = *call;
	if (reply)
		item->reply = *reply;
	agenda_add(s, item, due_ns);
}

void net_call(struct sim *s, uint32_t client, uint32_t scheduler, const struct sim_call *call)
{
	uint32_t from = SIM_PLACE_CLIENTS + client, to = SIM_PLACE_SCHEDULERS + scheduler;
	struct sim_call sent = *call;
	size_t slot = 0;

	while (slot < SIM_OPEN_CALLS_MAX && s->net.open[slot])
		slot++;
	DTSS_ASSERT(slot < SIM_OPEN_CALLS_MAX);
	DTSS_ASSERT(scheduler < s->scheduler_count);
	s->counts.calls++;
	sent.client = client;
	sent.scheduler = scheduler;
	sent.serial = ++s->net.serial * SIM_OPEN_CALLS_MAX + slot;
	s->net.open[slot] = sent.serial;
	net_call_put(s, SIM_ITEM_TIMEOUT, from, from, &sent, NULL, s->true_ns + sent.timeout_ns);
	if (net_lost(s, from, to))
		return;
	net_call_put(s, SIM_ITEM_CALL, from, to, &sent, NULL, net_due(s, from));
	if (sim_fault(s, DTSS_SIM_FAULT_DUPLICATE))
		net_call_put(s, SIM_ITEM_CALL, from, to, &sent, NULL, net_due(s, from));
	if (sim_fault(s, DTSS_SIM_FAULT_REPLAY))
		net_call_put(s, SIM_ITEM_CALL, from, to, &sent, NULL,
			     net_due(s, from) + sim_choose(s, NET_REPLAY_MS) * SIM_MS);
}

void net_reply(struct sim *s, const struct sim_call *call, const struct sim_reply *reply)
{
	uint32_t from = SIM_PLACE_SCHEDULERS + call->scheduler, to = SIM_PLACE_CLIENTS + call->client;

	if (!s->schedulers[call->scheduler].crash_now && !net_lost(s, from, to))
		net_call_put(s, SIM_ITEM_REPLY, from, to, call, reply, net_due(s, from));
}

void net_arrive(struct sim *s, struct sim_item *item)
{
	uint64_t *open = &s->net.open[item->call.serial % SIM_OPEN_CALLS_MAX];
	uint32_t client = item->to - SIM_PLACE_CLIENTS;

	if (*open != item->call.serial)
		return; /* it was answered, or given up */
	*open = 0;
	s->replied = 1;
	s->counts.happenings++;
	client_answer(s, &item->call, item->type == SIM_ITEM_REPLY ? &item->reply : NULL);
	s->wake_ns[item->to] = client_next_ns(s, client);
}

/* ---- what has arrived at a place that does not look ---- */

void inbox_put(struct sim *s, struct sim_inbox *inbox, struct sim_item *item)
{
	if (inbox->count == SIM_INBOX_MAX) {
		agenda_free(s, item);
		return;
	}
	item->next = NULL;
	if (inbox->tail)
		inbox->tail->next = item;
	else
		inbox->head = item;
	inbox->tail = item;
	inbox->count++;
}

struct sim_item *inbox_take(struct sim_inbox *inbox)
{
	struct sim_item *item = inbox->head;

	if (!item)
		return NULL;
	DTSS_ASSERT(inbox->count > 0);
	inbox->head = item->next;
	if (!inbox->head)
		inbox->tail = NULL;
	inbox->count--;
	return item;
}

void inbox_clear(struct sim *s, struct sim_inbox *inbox)
{
	struct sim_item *item;

	while ((item = inbox_take(inbox)) != NULL)
		agenda_free(s, item);
}

/* ---- a scheduler's transport ---- */

static int net_op_send(struct dtss_transport *transport, const char *peer, const struct dtss_message *m)
{
	struct sim_transport *t = (struct sim_transport *)transport;
	uint32_t i;

	judge_told(t->sim, t->index, peer, m);
	if (sim_fault(t->sim, DTSS_SIM_FAULT_SEND_FULL))
		return DTSS_E_FULL;
	for (i = 0; i < t->sim->worker_count; i++)
		if (strcmp(t->sim->workers[i].name, peer) == 0) {
			net_send(t->sim, SIM_PLACE_SCHEDULERS + t->index, SIM_PLACE_WORKERS + i, m);
			return 0;
		}
	return DTSS_E_NOT_FOUND;
}

static void net_forget(struct sim_transport *t)
{
	dtss_message_free(t->message, &t->sim->arena.mem);
	t->message = NULL;
	if (t->item)
		agenda_free(t->sim, t->item);
	t->item = NULL;
}

static int net_op_poll(struct dtss_transport *transport, const struct dtss_message **ret_message, const char **ret_peer)
{
	struct sim_transport *t = (struct sim_transport *)transport;
	struct sim *s = t->sim;

	net_forget(t);
	t->item = inbox_take(&s->schedulers[t->index].inbox);
	if (!t->item)
		return 0;
	if (dtss_message_decode(t->item->bytes, t->item->len, &s->arena.mem, &t->message) != 0) {
		sim_violate(s, "codec", "a message cannot be decoded", t->item->len, 0);
		return DTSS_E_CORRUPT;
	}
	judge_heard(s, t->index, t->message);
	*ret_message = t->message;
	*ret_peer = s->workers[t->item->from - SIM_PLACE_WORKERS].name;
	return 1;
}

static int net_op_fd(struct dtss_transport *transport)
{
	(void)transport;
	return -1;
}

static void net_op_close(struct dtss_transport *transport)
{
	net_forget((struct sim_transport *)transport);
}

static const struct dtss_transport_ops net_ops = { sizeof net_ops, "sim",     net_op_send,
						   net_op_poll,    net_op_fd, net_op_close };

void net_open(struct sim *s, uint32_t scheduler)
{
	struct sim_transport *t = &s->schedulers[scheduler].net;

	t->base.ops = &net_ops;
	t->sim = s;
	t->index = scheduler;
}

void net_init(struct sim *s)
{
	s->net.scratch = arena_alloc(&s->arena, NET_SCRATCH);
	s->net.queue_max = SIM_AGENDA_MAX;
	if (s->faults.rate[DTSS_SIM_FAULT_QUEUE])
		s->net.queue_max = 2 + (uint32_t)sim_choose(s, 19);
}

void net_fini(struct sim *s)
{
	if (s->net.scratch)
		arena_free(&s->arena, s->net.scratch, NET_SCRATCH);
}
