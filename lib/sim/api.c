/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include "core/check.h"
#include "sim/shrink.h"
#include "sim/sim.h"

/* What is left of a run when its cluster is gone. */
struct dtss_sim {
	struct dtss_mem mem;
	struct dtss_sim_config cfg;
	struct sim_choice choice;
	struct sim_timeline timeline;
	struct dtss_sim_result result;
	char id[16], text[256], shrink_id[16];
	uint64_t probes[SIM_PROBES];
	struct sim_shrink shrink;
	int shrinking;
	struct dtss_sim_choice *list; /* of advance */
	size_t list_cap;
};

/* An older program's configuration is taken as zero-extended, a newer one's must be zero in what is not known here. */
static int api_config(struct dtss_sim_config *cfg, const struct dtss_sim_config *from)
{
	const unsigned char *bytes = (const unsigned char *)from;
	size_t i;

	if (from->size < sizeof from->size)
		return DTSS_E_INVALID;
	for (i = sizeof *cfg; i < from->size; i++)
		if (bytes[i])
			return DTSS_E_INVALID;
	memset(cfg, 0, sizeof *cfg);
	memcpy(cfg, from, from->size < sizeof *cfg ? from->size : sizeof *cfg);
	cfg->size = sizeof *cfg;
	if ((cfg->byte_count && !cfg->bytes) || (cfg->choice_count && !cfg->choices) || (cfg->bytes && cfg->choices))
		return DTSS_E_INVALID;
	if (cfg->schedulers_max > DTSS_SIM_SCHEDULERS_MAX || cfg->workers_max > DTSS_SIM_WORKERS_MAX ||
	    cfg->clients_max > DTSS_SIM_CLIENTS_MAX || cfg->tasks_max > DTSS_SIM_TASKS_MAX)
		return DTSS_E_INVALID;
	return DTSS_OK;
}

/* The policy must be one that an engine takes. */
static int api_policy(const struct dtss_config *sched, const struct dtss_mem *mem)
{
	struct dtss_sched *probe;
	int error = sched ? dtss_sched_create(&probe, sched, mem) : DTSS_OK;

	if (sched && !error)
		dtss_sched_destroy(probe);
	return error;
}

int dtss_sim_create(struct dtss_sim **ret_sim, const struct dtss_sim_config *cfg, const struct dtss_mem *mem)
{
	struct dtss_sim_config known;
	struct dtss_sim *sim;
	int error = api_config(&known, cfg);

	mem = mem ? mem : dtss_mem_libc();
	error = error ? error : api_policy(known.sched, mem);
	if (error)
		return error;
	sim = mem->alloc(mem->ctx, sizeof *sim);
	if (!sim)
		return DTSS_E_NOMEM;
	memset(sim, 0, sizeof *sim);
	sim->mem = *mem;
	sim->cfg = known;
	sim->result.size = sizeof sim->result;
	*ret_sim = sim;
	return DTSS_OK;
}

static void api_list_free(struct dtss_sim *sim)
{
	if (sim->list)
		sim->mem.release(sim->mem.ctx, sim->list, sim->list_cap * sizeof *sim->list);
	sim->list = NULL;
	sim->list_cap = 0;
}

void dtss_sim_destroy(struct dtss_sim *sim)
{
	struct dtss_mem mem;

	if (!sim)
		return;
	mem = sim->mem;
	choice_fini(&sim->choice);
	timeline_fini(&sim->timeline);
	shrink_fini(&sim->shrink);
	api_list_free(sim);
	mem.release(mem.ctx, sim, sizeof *sim);
}

static void api_source(struct sim_choice *choice, const struct dtss_sim_config *cfg)
{
	if (cfg->choices)
		choice_list(choice, cfg->choices, cfg->choice_count);
	else if (cfg->bytes)
		choice_bytes(choice, cfg->bytes, cfg->byte_count);
	else
		choice_seed(choice, cfg->seed);
}

/* What the cluster leaves behind goes into the handle. */
static void api_keep(struct dtss_sim *sim, struct sim *s)
{
	sim_outcome(s, &sim->result);
	sim->result.choices = s->choice.made;
	sim->result.violation = sim->result.text = NULL;
	if (s->violation.id) {
		snprintf(sim->id, sizeof sim->id, "%s", s->violation.id);
		snprintf(sim->text, sizeof sim->text, "%s", s->violation.text);
		sim->result.violation = sim->id;
		sim->result.text = sim->text;
	}
	memcpy(sim->probes, s->probes, sizeof sim->probes);
	choice_fini(&sim->choice);
	timeline_fini(&sim->timeline);
	sim->choice = s->choice;
	sim->timeline = s->timeline;
	memset(&s->choice, 0, sizeof s->choice);
	memset(&s->timeline, 0, sizeof s->timeline);
}

static int api_play(struct dtss_sim *sim, const struct dtss_sim_config *cfg)
{
	struct sim *s = sim_new(cfg, &sim->mem);
	int error = s ? DTSS_OK : DTSS_E_NOMEM;

	if (s) {
		api_source(&s->choice, cfg);
		if (cfg->flags & DTSS_SIM_RECORD)
			choice_record(&s->choice, &sim->mem);
		if (cfg->flags & DTSS_SIM_TIMELINE)
			error = timeline_init(&s->timeline, &sim->mem);
		if (!error)
			error = sim_go(s);
		error = s->choice.lost ? DTSS_E_NOMEM : error;
		api_keep(sim, s);
		sim_free(s);
	}
	return error ? error : sim->result.violation != NULL;
}

int dtss_sim_run(struct dtss_sim *sim)
{
	return api_play(sim, &sim->cfg);
}

void dtss_sim_result(const struct dtss_sim *sim, struct dtss_sim_result *ret_result)
{
	size_t size = ret_result->size < sizeof *ret_result ? ret_result->size : sizeof *ret_result;

	DTSS_ASSERT(size >= sizeof size);
	memcpy(ret_result, &sim->result, size);
	ret_result->size = size;
}

size_t dtss_sim_choices(const struct dtss_sim *sim, const struct dtss_sim_choice **ret_choices)
{
	*ret_choices = sim->choice.record;
	return sim->choice.recorded;
}

size_t dtss_sim_timeline(const struct dtss_sim *sim, char *buf, size_t cap)
{
	return timeline_text(&sim->timeline, buf, cap);
}

const char *dtss_sim_probe(const struct dtss_sim *sim, uint32_t index, uint64_t *ret_count)
{
	if (index >= SIM_PROBES)
		return NULL;
	*ret_count = sim->probes[index];
	return sim_probe_text(index);
}

/* A try of shrink: the handle's result becomes that of the try. */
static int api_shrink_play(void *ctx, const struct dtss_sim_config *cfg, struct sim_choice *ret_choice)
{
	struct dtss_sim *sim = ctx;
	struct dtss_sim_config trial = *cfg;
	char id[sizeof sim->id];
	int same;

	memcpy(id, sim->shrink_id, sizeof id);
	trial.flags = DTSS_SIM_RECORD;
	same = api_play(sim, &trial);
	if (same == 1)
		same = strcmp(sim->id, id) == 0;
	*ret_choice = sim->choice;
	memset(&sim->choice, 0, sizeof sim->choice);
	return same;
}

int dtss_sim_shrink(struct dtss_sim *sim, uint32_t runs)
{
	int more, again;

	if (!sim->result.violation)
		return DTSS_E_STATE;
	if (!sim->shrinking) {
		shrink_fini(&sim->shrink);
		shrink_init(&sim->shrink, &sim->cfg, &sim->mem);
		sim->shrink.play = api_shrink_play;
		sim->shrink.ctx = sim;
		memcpy(sim->shrink_id, sim->id, sizeof sim->id);
		sim->shrinking = 1;
	}
	more = shrink_go(&sim->shrink, runs);
	sim->cfg = sim->shrink.best;
	again = api_play(sim, &sim->cfg);
	if (more <= 0)
		sim->shrinking = 0;
	return more < 0 ? more : again < 0 ? again : more;
}

int dtss_sim_advance(struct dtss_sim *sim, size_t depth)
{
	size_t count = choice_advance(&sim->choice, depth);

	if (!count)
		return 0;
	if (count > sim->list_cap) {
		struct dtss_sim_choice *list = sim->mem.alloc(sim->mem.ctx, count * sizeof *list);

		if (!list)
			return DTSS_E_NOMEM;
		api_list_free(sim);
		sim->list = list;
		sim->list_cap = count;
	}
	memcpy(sim->list, sim->choice.record, count * sizeof *sim->list);
	sim->cfg.choices = sim->list;
	sim->cfg.choice_count = count;
	return 1;
}

void dtss_sim_setup(const struct dtss_sim *sim, struct dtss_sim_config *ret_config)
{
	size_t size = ret_config->size < sizeof *ret_config ? ret_config->size : sizeof *ret_config;

	DTSS_ASSERT(size >= sizeof size);
	memcpy(ret_config, &sim->cfg, size);
	ret_config->size = size;
}
