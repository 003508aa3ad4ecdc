/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "sim/sim.h"

/* Messages as bytes, each with a delay of its own: so they overtake each other. */
static struct sim *net_sim(struct dtss_transport *transport)
{
	return (struct sim *)(void *)((char *)transport - offsetof(struct sim, net));
}

static void net_put(struct sim *s, int to_node, uint32_t worker, const struct dtss_message *m)
{
	const struct dtss_mem *mem = dtss_mem_libc();
	size_t len = dtss_message_encode(m, NULL, 0), i;
	struct sim_wire *w;

	for (i = 0; i < SIM_WIRE_MAX && s->wires[i].bytes; i++)
		;
	if (i == SIM_WIRE_MAX || len > DTSS_MESSAGE_BYTES_MAX) {
		s->counts.lost_messages++;
		return;
	}
	w = &s->wires[i];
	w->bytes = mem->alloc(mem->ctx, len);
	if (!w->bytes)
		return;
	w->len = dtss_message_encode(m, w->bytes, len);
	w->to_node = to_node;
	w->worker = worker;
	w->order = s->wire_order++;
	w->due_ns = s->now.mono_ns + 50000 + sim_choose(s, 3000000);
	if (sim_fault(s, s->faults.slow))
		w->due_ns += sim_choose(s, 60000) * 1000000; /* up to a minute */
}

void net_send(struct sim *s, int to_node, uint32_t worker, const struct dtss_message *m)
{
	s->counts.messages++;
	if (sim_fault(s, s->faults.drop)) {
		s->counts.lost_messages++;
		return;
	}
	net_put(s, to_node, worker, m);
	if (!sim_fault(s, s->faults.duplicate))
		return;
	s->counts.doubled_messages++;
	net_put(s, to_node, worker, m);
}

static void net_free(struct sim_wire *w)
{
	const struct dtss_mem *mem = dtss_mem_libc();

	mem->release(mem->ctx, w->bytes, w->len);
	w->bytes = NULL;
}

/* The earliest that is due in that direction, or NULL. */
static struct sim_wire *net_due(struct sim *s, int to_node)
{
	struct sim_wire *best = NULL;
	size_t i;

	for (i = 0; i < SIM_WIRE_MAX; i++) {
		struct sim_wire *w = &s->wires[i];

		if (!w->bytes || w->to_node != to_node || w->due_ns > s->now.mono_ns)
			continue;
		if (!best || w->due_ns < best->due_ns || (w->due_ns == best->due_ns && w->order < best->order))
			best = w;
	}
	return best;
}

/* The bytes must outlive the message, so they are freed with it, at the next call. */
static struct dtss_message *net_take(struct sim *s, struct sim_wire *w)
{
	struct dtss_message *m;

	if (dtss_message_decode(w->bytes, w->len, dtss_mem_libc(), &m) != 0) {
		sim_violate(s, "codec", "a message cannot be decoded", w->len, 0);
		return NULL;
	}
	return m;
}

void net_deliver(struct sim *s)
{
	struct sim_wire *w;

	while ((w = net_due(s, 0)) != NULL) {
		struct dtss_message *m = net_take(s, w);

		if (m) {
			worker_message(s, w->worker, m);
			dtss_message_free(m, dtss_mem_libc());
		}
		net_free(w);
	}
}

static int net_op_send(struct dtss_transport *transport, const char *peer, const struct dtss_message *m)
{
	struct sim *s = net_sim(transport);
	uint32_t i;

	for (i = 0; i < s->worker_count; i++)
		if (strcmp(s->workers[i].name, peer) == 0) {
			net_send(s, 0, i, m);
			return 0;
		}
	return DTSS_E_NOT_FOUND;
}

static int net_op_poll(struct dtss_transport *transport, const struct dtss_message **ret_message, const char **ret_peer)
{
	struct sim *s = net_sim(transport);
	struct sim_wire *w;

	dtss_message_free(s->delivered, dtss_mem_libc());
	s->delivered = NULL;
	if (s->delivered_wire)
		net_free(s->delivered_wire);
	s->delivered_wire = NULL;
	w = net_due(s, 1);
	if (!w)
		return 0;
	w->due_ns = DTSS_NEVER; /* taken */
	s->delivered_wire = w;
	s->delivered = net_take(s, w);
	if (!s->delivered)
		return DTSS_E_CORRUPT;
	*ret_message = s->delivered;
	*ret_peer = s->workers[w->worker].name;
	return 1;
}

static int net_op_fd(struct dtss_transport *transport)
{
	(void)transport;
	return -1;
}

static void net_op_close(struct dtss_transport *transport)
{
	struct sim *s = net_sim(transport);

	dtss_message_free(s->delivered, dtss_mem_libc());
	s->delivered = NULL;
	if (s->delivered_wire)
		net_free(s->delivered_wire);
	s->delivered_wire = NULL;
}

static const struct dtss_transport_ops net_ops = { sizeof net_ops, "sim",     net_op_send,
						   net_op_poll,    net_op_fd, net_op_close };

void net_init(struct sim *s)
{
	s->net.ops = &net_ops;
}

uint64_t net_next_ns(const struct sim *s)
{
	uint64_t next = DTSS_NEVER;
	size_t i;

	for (i = 0; i < SIM_WIRE_MAX; i++)
		if (s->wires[i].bytes && s->wires[i].due_ns < next && (s->node || !s->wires[i].to_node))
			next = s->wires[i].due_ns;
	return next;
}

void net_fini(struct sim *s)
{
	size_t i;

	for (i = 0; i < SIM_WIRE_MAX; i++)
		if (s->wires[i].bytes)
			net_free(&s->wires[i]);
}
