/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "sim/sim.h"

/*
 * The store that all schedulers share, through a handle each. What is asked waits in the order of its submission: first
 * until it reaches the store, which carries it out, then until the answer is back.
 *
 *   submit ──► op ── due ──► carried out (disk_write.c) ── done ──► poll
 *                └─ its process dies: it is lost, or still reaches the store (orphan)
 *
 * A link to the store is a connection: when it is cut one way, nothing gets through either way.
 */
#define DISK_STEP_NS 50000
#define DISK_STEPS 40
#define DISK_SLOW_MS 8000
#define DISK_HANG_MS 300000

static uint64_t disk_cut_until(const struct sim *s, uint32_t scheduler)
{
	uint64_t to = s->net.cut_ns[SIM_PLACE_SCHEDULERS + scheduler][SIM_PLACE_STORE];
	uint64_t from = s->net.cut_ns[SIM_PLACE_STORE][SIM_PLACE_SCHEDULERS + scheduler];

	return to > from ? to : from;
}

static size_t disk_text_len(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static const char *disk_text_copy(uint8_t **at, const char *text)
{
	size_t len = disk_text_len(text);
	uint8_t *copy = *at;

	if (!text)
		return NULL;
	memcpy(copy, text, len);
	*at += len;
	return (const char *)copy;
}

/* A copy of all that it points to, but for a commit's batch. */
static struct sim_disk_op *disk_op_new(struct sim *s, const struct dtss_store_op *op)
{
	const struct dtss_task_filter *f = op->type == DTSS_STORE_LIST ? &op->u.list : NULL;
	size_t more = 0;
	struct sim_disk_op *o;
	uint8_t *at;

	if (f)
		more = disk_text_len(f->queue) + disk_text_len(f->name) + disk_text_len(f->label_name) +
		       disk_text_len(f->label_value);
	if (op->type == DTSS_STORE_LOG_APPEND)
		more = op->u.log.len;
	o = arena_alloc(&s->arena, sizeof *o + more);
	memset(o, 0, sizeof *o);
	o->block_len = sizeof *o + more;
	o->type = op->type;
	o->op = *op;
	at = (uint8_t *)(o + 1);
	if (f) {
		o->op.u.list.queue = disk_text_copy(&at, f->queue);
		o->op.u.list.name = disk_text_copy(&at, f->name);
		o->op.u.list.label_name = disk_text_copy(&at, f->label_name);
		o->op.u.list.label_value = disk_text_copy(&at, f->label_value);
	}
	if (op->type == DTSS_STORE_LOG_APPEND && more) {
		memcpy(at, op->u.log.data, more);
		o->op.u.log.data = at;
	}
	return o;
}

static void disk_op_free(struct sim *s, struct sim_disk_op *o)
{
	if (o->bytes)
		arena_free(&s->arena, o->bytes, o->len);
	arena_free(&s->arena, o, o->block_len);
}

static void disk_op_keep(struct sim *s, struct sim_disk_op *o, const struct dtss_batch *batch)
{
	o->len = dtss_batch_encode(batch, NULL, 0);
	o->bytes = arena_alloc(&s->arena, o->len);
	DTSS_ASSERT(dtss_batch_encode(batch, o->bytes, o->len) == o->len);
}

/* ---- the vtable ---- */

static int disk_op_info(struct dtss_store *store, struct dtss_store_info *ret_info)
{
	const struct sim_handle *h = (struct sim_handle *)store;

	memset(ret_info, 0, sizeof *ret_info);
	ret_info->size = sizeof *ret_info;
	memcpy(ret_info->identity, h->sim->disk.identity, DTSS_IDENTITY_LEN);
	ret_info->durability = DTSS_DURABILITY_D2;
	ret_info->lead_expires = 1;
	return 0;
}

static int disk_op_load(struct dtss_store *store, const void **ret_data, size_t *ret_len)
{
	struct sim_handle *h = (struct sim_handle *)store;
	struct dtss_store *inner = h->sim->disk.inner;

	return h->failed ? DTSS_E_IO : inner->ops->load(inner, ret_data, ret_len);
}

/* A commit may find its end before it even starts. Returns when it reaches the store. */
static uint64_t disk_commit_due(struct sim *s, struct sim_handle *h)
{
	struct sim_scheduler *sc = &s->schedulers[h->index];

	if (sim_fault(s, DTSS_SIM_FAULT_COMMIT_CRASH)) {
		sim_say(s, SIM_PLACE_SCHEDULERS + h->index, "dies at a commit");
		sc->crash_now = 1;
		return sim_choose(s, 2) ? s->true_ns : s->true_ns + 1 + sim_choose(s, DISK_SLOW_MS) * SIM_MS;
	}
	if (sim_fault(s, DTSS_SIM_FAULT_COMMIT_PAUSE)) {
		sc->held_ns = 1 + sim_choose(s, 3 * s->sched_cfg.lease_ms) * SIM_MS;
		return s->true_ns + sc->held_ns;
	}
	if (sim_fault(s, DTSS_SIM_FAULT_COMMIT_LATE))
		return s->true_ns + sim_choose(s, DISK_SLOW_MS) * SIM_MS;
	if (sim_fault(s, DTSS_SIM_FAULT_COMMIT_HANG))
		return s->true_ns + sim_choose(s, DISK_HANG_MS) * SIM_MS;
	return s->true_ns;
}

static void disk_await(struct sim *s, uint32_t scheduler, uint64_t due_ns)
{
	struct sim_item *item;

	if (due_ns == DTSS_NEVER)
		return; /* cut for good */
	item = agenda_item(s, SIM_ITEM_DISK, SIM_PLACE_SCHEDULERS + scheduler, SIM_PLACE_STORE);
	item->serial = s->schedulers[scheduler].disk.life;
	agenda_add(s, item, due_ns);
}

static void disk_answered(struct sim *s, struct sim_handle *h, struct sim_disk_op *o)
{
	uint64_t took = (1 + sim_choose(s, DISK_STEPS)) * DISK_STEP_NS;

	if (o->type == DTSS_STORE_COMMIT && sim_fault(s, DTSS_SIM_FAULT_COMMIT_SLOW))
		took = sim_choose(s, DISK_SLOW_MS) * SIM_MS;
	o->carried_out = 1;
	o->done_ns = s->true_ns + took;
	if (o->done_ns < h->last_done_ns)
		o->done_ns = h->last_done_ns;
	h->last_done_ns = o->done_ns;
}

static int disk_op_submit(struct dtss_store *store, const struct dtss_store_op *op, uint64_t token)
{
	struct sim_handle *h = (struct sim_handle *)store;
	struct sim *s = h->sim;
	struct sim_disk_op *o, *ahead = h->tail && !h->tail->carried_out ? h->tail : NULL;

	if (s->schedulers[h->index].crash_now)
		return 0; /* the process is dead already */
	o = disk_op_new(s, op);
	o->scheduler = h->index;
	o->token = token;
	o->due_ns = op->type == DTSS_STORE_COMMIT ? disk_commit_due(s, h) : s->true_ns;
	if (op->type == DTSS_STORE_LEAD) {
		strncpy(o->holder, op->u.lead.holder, sizeof o->holder - 1);
		o->ttl_ms = op->u.lead.ttl_ms;
	}
	if (h->tail)
		h->tail->next = o;
	else
		h->head = o;
	h->tail = o;
	if (!ahead && o->due_ns == s->true_ns && disk_cut_until(s, h->index) <= s->true_ns) {
		disk_carry_out(s, o, op->type == DTSS_STORE_COMMIT ? op->u.commit : NULL);
		disk_answered(s, h, o);
		return 0;
	}
	if (ahead && o->due_ns < ahead->due_ns)
		o->due_ns = ahead->due_ns;
	if (op->type == DTSS_STORE_COMMIT)
		disk_op_keep(s, o, op->u.commit);
	disk_await(s, h->index, o->due_ns);
	return 0;
}

void disk_due(struct sim *s, struct sim_item *item)
{
	uint32_t index = item->from - SIM_PLACE_SCHEDULERS;
	struct sim_handle *h = &s->schedulers[index].disk;
	struct sim_disk_op *o;
	uint64_t cut = disk_cut_until(s, index);

	if (!s->schedulers[index].node || h->life != item->serial)
		return;
	for (o = h->head; o && (o->carried_out || o->due_ns <= s->true_ns); o = o->next) {
		if (o->carried_out)
			continue;
		if (cut > s->true_ns) {
			o->due_ns = cut;
			disk_await(s, index, cut);
			break;
		}
		disk_carry_out(s, o, NULL);
		disk_answered(s, h, o);
	}
	scheduler_wake(s, index);
}

/* The faults are over: what hangs reaches the store now, unless it is cut for good. */
void disk_heal(struct sim *s, uint32_t scheduler)
{
	struct sim_handle *h = &s->schedulers[scheduler].disk;
	struct sim_disk_op *o;

	for (o = h->head; o; o = o->next) {
		if (!o->carried_out)
			o->due_ns = s->true_ns;
		else if (o->done_ns > s->true_ns)
			o->done_ns = s->true_ns;
	}
	h->last_done_ns = s->true_ns;
	if (h->head)
		disk_await(s, scheduler, s->true_ns);
}

void disk_orphan(struct sim *s, struct sim_item *item)
{
	struct sim_disk_op *o = item->op;

	if (item->serial == s->disk.power_cuts)
		disk_carry_out_late(s, o);
	disk_op_free(s, o);
}

static int disk_read(struct sim *s, struct sim_handle *h, const struct sim_disk_op *o, struct dtss_store_done *ret_done)
{
	if (h->failed) {
		ret_done->result = DTSS_E_IO;
		return 1;
	}
	ret_done->result = disk_inner(s, &o->op, ret_done);
	ret_done->token = o->token;
	return 1;
}

static int disk_op_poll(struct dtss_store *store, struct dtss_store_done *ret_done)
{
	struct sim_handle *h = (struct sim_handle *)store;
	struct sim *s = h->sim;
	struct sim_disk_op *o = h->head;
	int found = 1;

	if (!o || !o->carried_out || o->done_ns > s->true_ns || s->schedulers[h->index].crash_now)
		return 0;
	if (disk_cut_until(s, h->index) > s->true_ns) {
		o->done_ns = disk_cut_until(s, h->index);
		if (h->last_done_ns < o->done_ns)
			h->last_done_ns = o->done_ns;
		return 0;
	}
	h->head = o->next;
	if (!h->head)
		h->tail = NULL;
	memset(ret_done, 0, sizeof *ret_done);
	ret_done->size = sizeof *ret_done;
	ret_done->token = o->token;
	ret_done->type = o->type;
	ret_done->result = o->result;
	if (o->type == DTSS_STORE_LEAD)
		ret_done->u.epoch = o->epoch;
	else if (o->type == DTSS_STORE_LOG_APPEND)
		ret_done->u.log = o->op.u.log;
	else if (o->type > DTSS_STORE_COMMIT)
		found = disk_read(s, h, o, ret_done);
	disk_op_free(s, o);
	return found;
}

/* Not -1: completions take their time. Nobody waits on it, time is virtual. */
static int disk_op_fd(struct dtss_store *store)
{
	(void)store;
	return 0;
}

/* The process is gone. What has not reached the store is lost, or reaches it later. */
static void disk_op_close(struct dtss_store *store)
{
	struct sim_handle *h = (struct sim_handle *)store;
	struct sim *s = h->sim;
	struct sim_disk_op *o, *next;

	for (o = h->head; o; o = next) {
		next = o->next;
		if (o->carried_out || o->type != DTSS_STORE_COMMIT || o->due_ns == DTSS_NEVER || !sim_choose(s, 2)) {
			disk_op_free(s, o);
		} else {
			struct sim_item *item =
				agenda_item(s, SIM_ITEM_ORPHAN, SIM_PLACE_SCHEDULERS + h->index, SIM_PLACE_STORE);

			item->op = o;
			item->serial = s->disk.power_cuts;
			agenda_add(s, item, o->due_ns > s->true_ns ? o->due_ns : s->true_ns);
		}
	}
	h->head = NULL;
	h->tail = NULL;
	h->life++;
}

static const struct dtss_store_ops disk_ops = { sizeof disk_ops, "sim",        disk_op_info, disk_op_load,
						disk_op_submit,  disk_op_poll, disk_op_fd,   disk_op_close };

void disk_open(struct sim *s, uint32_t scheduler)
{
	struct sim_handle *h = &s->schedulers[scheduler].disk;

	DTSS_ASSERT(h->head == NULL);
	h->base.ops = &disk_ops;
	h->sim = s;
	h->index = scheduler;
	h->failed = 0;
	h->last_done_ns = 0;
}

uint64_t disk_next_ns(const struct sim *s, uint32_t scheduler)
{
	const struct sim_disk_op *o = s->schedulers[scheduler].disk.head;

	return o && o->carried_out ? o->done_ns : DTSS_NEVER;
}

void disk_item_free(struct sim *s, struct sim_item *item)
{
	if (item->type == SIM_ITEM_ORPHAN)
		disk_op_free(s, item->op);
}
