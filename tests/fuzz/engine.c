/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "fuzz/support/fuzz.h"
#include "support/engine.h"

/*
 * The engine under random verbs, beside a model: an array of tasks with what must be true of each. A verb's result and
 * what it does to its task are said by the model beforehand; what the engine decides by itself may only be what the
 * rules of the state allow. The rig below checks every invariant, a standby and the records after each change.
 */
#define STEPS_MAX 100
#define TASKS_MAX 40
#define AGENTS 3
#define KEYS 4

static struct engine e;
static struct task_model {
	uint32_t state;
	uint64_t dep; /* 0: none */
	int64_t due_ns;
	int32_t priority;
	uint32_t attempts_max, failed;
	uint32_t key;       /* 0: none */
	uint32_t sent;      /* what was asked for, as a number */
	uint64_t leased_ns; /* not before that */
	int agent;          /* who has it; -1: nobody */
	int fresh;          /* it was leased since it was looked at last */
	int lost;           /* its last attempt may have been */
} tasks[TASKS_MAX + 1];
static uint64_t task_count, last_ns; /* when all was compared last */
static int shaken[AGENTS];           /* the agent was silent, or was born again: what it had may be lost */

static int ended(uint32_t state)
{
	return state >= DTSS_TASK_SUCCEEDED;
}

static int waits(uint32_t state)
{
	return state >= DTSS_TASK_BLOCKED && state <= DTSS_TASK_READY;
}

static int runs(uint32_t state)
{
	return state == DTSS_TASK_LEASED || state == DTSS_TASK_RUNNING;
}

static struct task_model *any(struct fuzz_in *in)
{
	return &tasks[1 + fuzz_below(in, task_count + 1)]; /* one more than there are */
}

static dtss_task_id id_of(const struct task_model *t)
{
	return (dtss_task_id){ (uint64_t)(t - tasks) };
}

static int exists(const struct task_model *t)
{
	return id_of(t).v <= task_count;
}

/* ---- what the engine did by itself ---- */

/* Its agent was in trouble; or it was never started, and the agent was believed long enough. */
static int may_be_lost(const struct task_model *t)
{
	return t->agent < 0 || shaken[t->agent] ||
	       (t->state == DTSS_TASK_LEASED &&
		e.now.mono_ns - t->leased_ns >= DTSS_START_CONFIRM_MS_DEFAULT * UINT64_C(1000000));
}

/* From one state that the model knows to the one that the engine is in now. */
static void follow(struct task_model *t, uint32_t now)
{
	uint32_t parent = t->dep ? tasks[t->dep].state : DTSS_TASK_SUCCEEDED, was = t->state;
	int skipped = ended(parent) && parent != DTSS_TASK_SUCCEEDED;

	if (was == DTSS_TASK_BLOCKED && parent == DTSS_TASK_SUCCEEDED)
		was = DTSS_TASK_DELAYED;
	switch (was) {
	case DTSS_TASK_BLOCKED:
		ck_assert_uint_eq(now, skipped ? DTSS_TASK_SKIPPED : DTSS_TASK_BLOCKED); /* S14, S15 */
		break;
	case DTSS_TASK_HELD:
		ck_assert_uint_eq(now, skipped ? DTSS_TASK_SKIPPED : DTSS_TASK_HELD);
		break;
	case DTSS_TASK_DELAYED:
		ck_assert(now == DTSS_TASK_DELAYED || now == DTSS_TASK_READY || now == DTSS_TASK_LEASED);
		ck_assert(now == DTSS_TASK_DELAYED || t->due_ns <= e.now.wall_ns); /* S18 */
		break;
	case DTSS_TASK_READY:
		ck_assert(now == DTSS_TASK_READY || now == DTSS_TASK_LEASED);
		break;
	case DTSS_TASK_LEASED:
	case DTSS_TASK_RUNNING:
		ck_assert_msg(now == was || (may_be_lost(t) &&
					     (waits(now) || now == DTSS_TASK_LEASED || now == DTSS_TASK_QUARANTINED)),
			      "task %u of agent %d was %s and is %s, by %s after %llu ms", (unsigned)id_of(t).v,
			      t->agent, dtss_task_state_name(was), dtss_task_state_name(now),
			      dtss_cause_name(engine_cause(&e, id_of(t))),
			      (unsigned long long)(e.now.mono_ns - t->leased_ns) / 1000000);
		t->lost |= now != was;
		break;
	default:
		ck_assert_uint_eq(now, was); /* S10 */
	}
}

static int agent_of(const struct task_model *t)
{
	struct dtss_task_view view = engine_view(&e, id_of(t));
	int i;

	for (i = 0; i < AGENTS; i++)
		if (strcmp(view.attempts[view.attempt_count - 1].worker, e.agents[i].name) == 0)
			return i;
	return -1;
}

static int comes_first(uint64_t a, uint64_t b)
{
	return tasks[a].priority > tasks[b].priority || (tasks[a].priority == tasks[b].priority && a < b);
}

/* L4, S21: who stays ready had no place, or others came before it. */
static void look_at_ready(int free_slots, int instant)
{
	uint64_t ready, leased;

	for (ready = 1; ready <= task_count; ready++) {
		if (tasks[ready].state != DTSS_TASK_READY)
			continue;
		ck_assert_msg(!free_slots, "L4: task %u waits", (unsigned)ready);
		for (leased = 1; instant && !tasks[ready].fresh && leased <= task_count; leased++)
			ck_assert_msg(!tasks[leased].fresh || tasks[leased].state != DTSS_TASK_LEASED ||
					      comes_first(leased, ready),
				      "S21: task %u before %u", (unsigned)leased, (unsigned)ready);
	}
}

static int free_slots(void)
{
	struct dtss_worker_view view;
	int i, count = 0;

	for (i = 0; i < AGENTS; i++)
		if (dtss_sched_worker_get(e.s, e.agents[i].name, &view) == 0 && view.status == DTSS_WORKER_ONLINE &&
		    !view.draining && !view.cordoned && !view.stopping && view.leased < view.max_tasks &&
		    view.used < view.max_tasks)
			count++;
	return count;
}

static void counts(void)
{
	uint64_t by_state[DTSS_TASK_STATES] = { 0 }, id;
	struct dtss_stats stats = { .size = sizeof stats };
	uint32_t state;

	for (id = 1; id <= task_count; id++)
		by_state[tasks[id].state]++;
	dtss_sched_stats(e.s, &stats);
	ck_assert_uint_eq(stats.totals[0], task_count);
	for (state = DTSS_TASK_BLOCKED; state < DTSS_TASK_STATES; state++)
		ck_assert_uint_eq(ended(state) ? stats.totals[state] : stats.live[state], by_state[state]);
}

/* Compares, and goes on from what is there. instant: no time has passed, so that nobody came and went meanwhile. */
static void compare(int instant)
{
	uint64_t id;

	engine_pump(&e);
	for (id = 1; id <= task_count; id++) {
		struct task_model *t = &tasks[id];
		uint32_t now = engine_state(&e, (dtss_task_id){ id }), was = t->state;

		follow(t, now);
		t->fresh = was != now &&
			   (now == DTSS_TASK_READY || (now == DTSS_TASK_LEASED && was == DTSS_TASK_READY));
		if (now == DTSS_TASK_LEASED && now != was)
			t->leased_ns = last_ns;
		t->lost |= engine_cause(&e, id_of(t)) == DTSS_CAUSE_LOST; /* maybe all of it within the step */
		t->state = now;
		if (runs(now))
			t->agent = agent_of(t);
	}
	last_ns = e.now.mono_ns;
	look_at_ready(free_slots(), instant);
	counts();
}

/* ---- verbs ---- */

static void do_submit(struct fuzz_in *in)
{
	struct dtss_task_spec spec = engine_spec("job");
	uint32_t how = fuzz_byte(in), i;
	struct task_model *t = &tasks[task_count + 1], *dep = any(in);
	struct dtss_after after = { id_of(dep), 0, 0 };
	struct dtss_task_view view;
	dtss_task_id id = { 0 }, known = { 0 };
	char key[8];
	int rc;

	if (task_count == TASKS_MAX)
		return;
	memset(t, 0, sizeof *t);
	t->agent = -1;
	t->sent = how;
	t->key = how % 16 < KEYS ? 1 + how % 16 : 0;
	t->priority = spec.priority = (int32_t)(how >> 4 & 3);
	spec.retry.attempts_max = t->attempts_max = 1 + (how >> 6);
	spec.flags = fuzz_below(in, 6) == 5 ? DTSS_SPEC_HELD : 0;
	t->due_ns = spec.not_before_ns = fuzz_below(in, 6) == 5 ? e.now.wall_ns + 5000000000 : 0;
	snprintf(key, sizeof key, "k%u", t->key);
	spec.key = t->key ? key : NULL;
	if (fuzz_below(in, 3) == 2 && exists(dep)) {
		t->dep = id_of(dep).v;
		after.outcome = dtss_sched_task_get(e.s, id_of(dep), &view) ? dep->state : 0;
		spec.after = &after;
		spec.after_count = 1;
	}
	for (i = 1; i <= task_count; i++)
		if (t->key && tasks[i].key == t->key)
			known.v = i;
	rc = dtss_sched_submit(e.s, e.now, &spec, &id);
	if (known.v) { /* S2 */
		ck_assert(rc == 1 || rc == DTSS_E_CONFLICT);
		ck_assert_uint_eq(id.v, known.v);
		ck_assert(rc != 1 || tasks[known.v].sent == t->sent);
		return;
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_eq(id.v, ++task_count);
	t->state = spec.flags ? DTSS_TASK_HELD : t->dep ? DTSS_TASK_BLOCKED : DTSS_TASK_DELAYED;
}

static void do_operator(struct fuzz_in *in)
{
	struct task_model *t = any(in);
	uint64_t verb = fuzz_below(in, 3);
	int rc = verb == 0 ? dtss_sched_cancel(e.s, e.now, id_of(t), NULL) :
		 verb == 1 ? dtss_sched_hold(e.s, e.now, id_of(t)) :
			     dtss_sched_release(e.s, e.now, id_of(t));

	if (!exists(t)) {
		ck_assert_int_eq(rc, DTSS_E_NOT_FOUND);
	} else if (ended(t->state)) {
		ck_assert(rc == DTSS_E_STATE || rc == DTSS_E_NOT_FOUND);
	} else if (verb == 0) {
		ck_assert_int_eq(rc, 0);
		t->state = DTSS_TASK_CANCELLED;
	} else if (verb == 1) {
		ck_assert_int_eq(rc, waits(t->state) && t->state != DTSS_TASK_HELD ? 0 : DTSS_E_STATE);
		t->state = rc == 0 ? DTSS_TASK_HELD : t->state;
	} else {
		ck_assert_int_eq(rc, t->state == DTSS_TASK_HELD ? 0 : DTSS_E_STATE);
		t->state = rc == 0 ? (t->dep ? DTSS_TASK_BLOCKED : DTSS_TASK_DELAYED) : t->state;
	}
}

static void forget(struct task_model *t)
{
	struct engine_agent *a = engine_holder(&e, id_of(t));
	size_t i;

	for (i = 0; a && i < a->held_count; i++)
		if (a->held[i].task.v == id_of(t).v)
			a->held[i] = a->held[--a->held_count];
}

static void reported(struct task_model *t, int live, int end, int code, int rc)
{
	int late = !live && end && code == 0 && waits(t->state) && t->lost;

	if (t->state == DTSS_TASK_CANCELLED) { /* it may still be stopping */
		ck_assert(rc == 0 || rc == DTSS_E_FENCED);
		return;
	}
	ck_assert(rc == (live ? 0 : DTSS_E_FENCED) || (late && rc == 0)); /* S5 */
	if (rc != 0)
		return;
	if (!end) {
		t->state = DTSS_TASK_RUNNING;
	} else if (code == 0) {
		t->state = DTSS_TASK_SUCCEEDED;
	} else {
		t->state = ++t->failed < t->attempts_max ? DTSS_TASK_DELAYED : DTSS_TASK_FAILED; /* S11 */
		t->due_ns = e.now.wall_ns + DTSS_BACKOFF_MS_MIN_DEFAULT * INT64_C(1000000);      /* S12 */
		t->lost = 0;
	}
}

static void do_report(struct fuzz_in *in)
{
	struct task_model *t = any(in);
	uint64_t how = fuzz_byte(in), fence;
	int end = how & 1, code = (int)(how >> 1 & 1), live, rc;
	struct dtss_report r = { .size = sizeof r,
				 .task = id_of(t),
				 .kind = end ? DTSS_REPORT_ENDED : DTSS_REPORT_STARTED };

	if (!exists(t) || engine_fence(&e, id_of(t)) == 0)
		return;
	fence = (how >> 2 & 7) == 7 ? engine_fence(&e, id_of(t)) - 1 : engine_fence(&e, id_of(t));
	live = runs(t->state) && fence == engine_fence(&e, id_of(t));
	r.fence = fence;
	r.attempt = engine_attempt(&e, id_of(t));
	r.outcome.cause = DTSS_CAUSE_EXIT;
	r.outcome.exit_code = code;
	if (end && live)
		forget(t);
	rc = dtss_sched_report(e.s, e.now, &r);
	if (fence == engine_fence(&e, id_of(t)))
		reported(t, live, end, code, rc);
	else
		ck_assert_int_eq(rc, DTSS_E_FENCED);
}

/* Its list says that what was started runs. */
static void beat(struct engine_agent *a)
{
	size_t i;

	for (i = 0; i < a->held_count; i++)
		if (tasks[a->held[i].task.v].state == DTSS_TASK_RUNNING)
			a->held[i].state = DTSS_ATTEMPT_RUNNING;
	ck_assert_int_eq(engine_beat(&e, a), 0);
}

static void do_agent(struct fuzz_in *in)
{
	uint64_t which = fuzz_below(in, AGENTS), what = fuzz_below(in, 8);
	struct engine_agent *a = &e.agents[which];

	if (what == 0) {
		engine_reborn(a);
		shaken[which] = 1;
	} else if (what == 1) {
		a->silent = !a->silent;
		shaken[which] = 1;
	} else if (what == 2) {
		a->max_tasks = (uint32_t)fuzz_below(in, 5);
	} else if (what == 3) {
		ck_assert_int_eq(dtss_sched_drain(e.s, e.now, a->name), 0);
	} else if (what == 4) {
		ck_assert_int_eq(dtss_sched_uncordon(e.s, e.now, a->name), 0);
	}
	beat(a);
}

static void do_pass(struct fuzz_in *in)
{
	engine_pass(&e, fuzz_below(in, 2) ? 1 + fuzz_below(in, 8000) : 45000);
}

static void do_restart(struct fuzz_in *in)
{
	engine_store(&e);
	if (fuzz_below(in, 2))
		engine_restart(&e);
	else
		engine_takeover(&e);
}

static void step(struct fuzz_in *in)
{
	static void (*const verbs[])(struct fuzz_in * in) = { do_submit, do_report,   do_pass,   do_restart,
							      do_submit, do_operator, do_report, do_agent,
							      do_submit, do_operator, do_report, do_pass };
	size_t verb = fuzz_below(in, sizeof verbs / sizeof *verbs);

	verbs[verb](in);
	compare(verbs[verb] != do_pass && verbs[verb] != do_restart);
	e.sent_count = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[AGENTS] = { "a", "b", "c" };
	struct dtss_config cfg = { .size = sizeof cfg };
	struct fuzz_in in = { data, size };
	int i;

	memset(shaken, 0, sizeof shaken);
	task_count = 0;
	cfg.placement = (uint32_t)fuzz_below(&in, 3);
	engine_open(&e, &cfg);
	last_ns = e.now.mono_ns;
	for (i = 0; i < AGENTS; i++)
		engine_beat(&e, engine_agent(&e, names[i], (uint32_t)i + 1, NULL));
	for (i = 0; i < STEPS_MAX && in.left > 0; i++)
		step(&in);
	engine_close(&e);
	return 0;
}
