# SPDX-License-Identifier: MIT
#
# libdtss. GNU make; everything that is made goes to $(BUILD). `make help` lists the goals.

# ---- deps: install what is missing, in front of any other goals ---------------------------------------------------
# Nothing below may be looked at before the packages are there, so the other goals are made by a second make.

PACKAGES_deps := gcc libc6-dev g++ pkg-config libmicrohttpd-dev libjansson-dev libcurl4-openssl-dev libsqlite3-dev check \
	mandoc clang-format-14 python3
PACKAGES_deps-proof := clang-14 libclang-rt-14-dev gcc-12-multilib libc6-dev-i386 gcc-s390x-linux-gnu \
	libc6-dev-s390x-cross qemu-user
PACKAGES_deps-bench := wrk
PACKAGES_deps-peers := beanstalkd gearman-job-server redis-server postgresql libpq-dev

wanted := $(filter deps deps-proof deps-bench deps-peers,$(MAKECMDGOALS))
ifneq ($(wanted),)
others := $(filter-out $(wanted),$(MAKECMDGOALS))
packages := $(foreach w,deps $(filter-out deps,$(wanted)),$(PACKAGES_$(w))) # what is built with is needed for each of them
.PHONY: $(wanted) packages others $(others)
$(wanted): packages
	@:
packages: # all at once: two of apt-get would meet
	@missing=; for p in $(packages); do \
		dpkg-query -W -f='$${db:Status-Status}\n' $$p 2>/dev/null | grep -qx installed || missing="$$missing $$p"; \
	done; \
	[ -n "$$missing" ] || { echo 'deps: nothing is missing'; exit 0; }; \
	command -v apt-get >/dev/null || { echo "deps: this machine has no apt-get; install:$$missing" >&2; exit 1; }; \
	sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	[ -z "$$sudo" ] || command -v sudo >/dev/null || { echo "deps: only root can install:$$missing" >&2; exit 1; }; \
	echo "deps: installing$$missing"; \
	$$sudo apt-get update -qq && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null
others: $(wanted)
	@$(MAKE) --no-print-directory $(others)
$(others): others
	@:
else

# ---- configuration ------------------------------------------------------------------------------------------------

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
STAGE ?= $(BUILD)/stage
CC ?= cc
PKG_CONFIG ?= pkg-config
SUITES ?= # for example "unit/map conform/store": the runner gets these alone

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += -r

version := $(shell sed -n 's/^\#define DTSS_VERSION "\(.*\)"/\1/p' include/dtss/version.h)
soversion := $(firstword $(subst ., ,$(version)))

# Every flag of a list that the compiler takes: all at once, and one by one if it does not take them all.
takes = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && echo yes)
taken = $(if $(call takes,$(1)),$(1),$(foreach f,$(1),$(if $(call takes,$(f)),$(f))))

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
HARDEN := -fno-delete-null-pointer-checks $(call taken,-fstack-protector-strong -fstack-clash-protection \
	-fcf-protection=full -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr -Wtrampolines -Wbidi-chars=any)
LDFLAGS ?=
HARDEN_LINK := -Wl,-z,relro,-z,now,-z,noexecstack

ifdef SANITIZE
CFLAGS ?= -O1 -g
HARDEN := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
HARDEN_LINK := -fsanitize=$(SANITIZE)
else
CFLAGS ?= -O2 -g
HARDEN += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(if $(call taken,-O2 -D_FORTIFY_SOURCE=3),3,2)
endif
HARDEN += $(call taken,-ffile-prefix-map=$(CURDIR)=.) # the same bytes wherever it is built

C99 := -std=c99 -pedantic $(WARN)
C11 := -std=c11 -D_GNU_SOURCE $(WARN)
depend = -MMD -MP -MT $@ -MF $(@:.o=.d)

# Of a list of packages: those that are missing, and the flags of the others.
missing = $(foreach p,$(1),$(shell $(PKG_CONFIG) --exists $(p) 2>/dev/null || echo $(p)))
package_cflags = $(foreach p,$(1),$(shell $(PKG_CONFIG) --cflags $(p) 2>/dev/null))
package_libs = $(foreach p,$(1),$(shell $(PKG_CONFIG) --libs $(p) 2>/dev/null))

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))

# One short line for each step; V=1 shows the commands instead, -s nothing.
quiet := $(if $(V),,@)
say = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@echo '  $(1)')

# ---- goals --------------------------------------------------------------------------------------------------------

.PHONY: all lib programs demo cluster stage check bench bench-peers bench-plot chaos asan fuzz fuzzers proof planted lint format amalgamation install uninstall clean help equipped \
	FORCE
all: lib programs

help:
	@sed -n 's/^#: //p' Makefile
#: make               builds what the installed packages allow, and names what it left out
#: make deps          installs what build, check and lint need; works in one line with other goals: make deps check
#: make lib           the library alone: needs a C compiler and make
#: make demo          real work on three workers that survives a killed worker and a killed scheduler
#: make cluster       a scheduler and three agents until Ctrl-C, and how to talk to them
#: make check         runs every test; SUITES="unit/map conform/store" these alone
#: make bench         measures, beside what one would pick instead; NAME="place timers" these alone
#: make chaos         kills, stops and cuts apart real processes for two minutes; SECONDS=, SEED=
#: make asan          the same under AddressSanitizer and UBSan
#: make fuzz T=60     libFuzzer on every target for so many seconds each; TARGET="record batch" these alone
#: make proof PART=…  the long runs, in parts that go on where they were stopped: tests/proof/PART.sh
#: make planted       is every fault of tests/planted found by the simulator? PLANTED="name..." these alone, JOBS=N
#: make bench-peers   installs other queues, and measures dtssd beside them; NAME="peers:redis,dtssd" these alone
#: make bench-plot    draws placements and peers as SVG, from a run or from the lines of one: FIGURES=FILE
#: make deps-bench    the same, and what the http bench needs: wrk
#: make deps-proof    the same, and what fuzz and proof need
#: make lint          the gates; silent when all is well
#: make format        clang-format over all sources
#: make amalgamation  build/dtss.c and build/dtss.h: the library in one file
#: make build/core.o  the engines in one object that needs nothing but mem* and str*
#: make install       to PREFIX (/usr/local), below DESTDIR; uninstall takes the same away
#: make clean         removes build/
#: BUILD=DIR          another place than build/ for all that is made; V=1 shows the commands

clean:
	rm -rf $(BUILD)

# ---- libdtss: a C compiler is enough ------------------------------------------------------------------------------

core_sources := $(wildcard lib/core/*.c lib/agent/*.c lib/codec/*.c)
lib_sources := $(core_sources) $(wildcard lib/node/*.c lib/transport/loop.c lib/store/memory*.c)
lib_objects := $(call objects,$(lib_sources))

lib: $(addprefix $(BUILD)/,libdtss.a libdtss.so libdtss.pc)

# C99 alone, but for the files that are there to ask the system.
$(call objects,$(wildcard lib/node/posix*.c)): C99 := $(C11)

# Nothing is thrown through the library; debuggers find what they need in .debug_frame. Copies of loops and of functions made
# it larger, and no faster.
SMALL := $(call taken,-fno-tree-vectorize -fno-inline-functions -fno-asynchronous-unwind-tables -fno-align-functions -fno-align-jumps -fno-align-loops)

# What runs once, seldom, or to explain and to check is made small instead of fast.
cold := verify explain snapshot restore restored peek names wheel_lists load load_task lead create sched spec_check recover \
	open list local query retry lookup after renew info request reply finish message store_poll digest \
	engine queue ids parts block order worker_shape hold drain message_encode message_decode spec_decode \
	batch_encode batch_decode record_decode get depend cancel config backoff task_view log keep keep_copy answer \
	key pool pool_grow pool_join pool_open pool_check pool_index pool_member pool_posts pool_scan pool_table pool_view need \
	ready heartbeat_check roster worker intern commit take verb round step
cold_sources := $(filter $(foreach d,core node codec,$(cold:%=lib/$(d)/%.c)) lib/agent/% lib/node/trace% lib/node/replay% \
	lib/node/posix% lib/transport/% $(patsubst %,lib/store/memory_%,log% op% history% ring%),$(lib_sources))
$(call objects,$(cold_sources)): SMALL += $(if $(SANITIZE)$(COVERAGE),,-Os)
COVERAGE ?= # flags for the engines alone; tests/proof/coverage.sh measures them
$(call objects,$(core_sources)): SMALL += $(COVERAGE)

$(BUILD)/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(quiet)$(CC) $(C99) $(CFLAGS) $(HARDEN) $(SMALL) -fPIC -fvisibility=hidden -Iinclude -Ilib $(depend) -c $< -o $@

$(BUILD)/libdtss.a: $(lib_objects)
$(BUILD)/%.a:
	@mkdir -p $(@D)
	$(call say,AR $@)
	$(quiet)rm -f $@ && $(AR) rcs $@ $^

comma := ,
# The versioned file, and the two names that lead to it.
$(BUILD)/libdtss.so.$(version): $(lib_objects) lib/libdtss.dynamic
$(BUILD)/%.so.$(version): lib/%.map
	$(call say,LD $@)
	$(quiet)$(CC) -shared $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -Wl,-z,defs -Wl,-soname,$*.so.$(soversion) \
		-Wl,--version-script=$< $(addprefix -Wl$(comma)--dynamic-list=,$(filter %.dynamic,$^)) \
		-o $@ $(filter %.o %.so,$^) $(LIBS)
$(BUILD)/%.so.$(soversion): $(BUILD)/%.so.$(version)
	@ln -sf $(<F) $@
$(BUILD)/%.so: $(BUILD)/%.so.$(soversion)
	@ln -sf $(<F) $@

$(BUILD)/%.pc: pkgconfig/%.pc.in include/dtss/version.h
	@mkdir -p $(@D)
	$(quiet)sed 's|@VERSION@|$(version)|' $< >$@

# ---- core.o: the engines alone, for programs that have no libc to speak of ----------------------------------------

core_objects := $(patsubst lib/%.c,$(BUILD)/core/%.o,$(core_sources))

$(BUILD)/core/%.o: lib/%.c
	@mkdir -p $(@D)
	$(call say,CC $< (core.o))
	$(quiet)$(CC) $(C99) -O2 -fno-pie -U_FORTIFY_SOURCE -fno-stack-protector -Iinclude -Ilib $(depend) -c $< -o $@

$(BUILD)/core.o: $(core_objects) tests/lint/core.sh
	$(call say,LD $@)
	$(quiet)$(LD) -r -o $@ $(core_objects)
	$(quiet)sh tests/lint/core.sh $@

# ---- amalgamation: the library in two files, but for posix*.c ------------------------------------------------------

portable_sources := $(filter-out lib/node/posix%,$(lib_sources))
amalgamate = $(quiet)mkdir -p $(@D) && awk -v version=$(version) -f lib/amalgamate.awk

amalgamation: $(BUILD)/dtss.c
$(BUILD)/dtss.c: $(BUILD)/dtss.h lib/amalgamate.awk $(portable_sources) $(wildcard lib/*/*.h)
	$(call say,ONE $@)
	$(amalgamate) $(portable_sources) >$@
$(BUILD)/dtss.h: lib/amalgamate.awk include/dtss.h $(wildcard include/dtss/*.h)
	$(call say,ONE $@)
	$(amalgamate) include/dtss.h >$@

# ---- libdtss-sqlite and libdtss-sim -------------------------------------------------------------------------------

missing_sqlite := $(call missing,sqlite3)
sqlite_sources := $(wildcard lib/store/sqlite*.c)
sqlite_libs := $(if $(sqlite_sources),$(if $(missing_sqlite),,$(addprefix $(BUILD)/libdtss-sqlite,.a .so .pc)))

$(call objects,$(sqlite_sources)): C99 := $(C11)
$(BUILD)/libdtss-sqlite.a: $(call objects,$(sqlite_sources))
$(BUILD)/libdtss-sqlite.so.$(version): LIBS := $(call package_libs,sqlite3)
$(BUILD)/libdtss-sqlite.so.$(version): $(call objects,$(sqlite_sources)) $(BUILD)/libdtss.so

sim_objects := $(call objects,$(wildcard lib/sim/*.c))
sim_libs := $(addprefix $(BUILD)/libdtss-sim,.a .so .pc)
$(BUILD)/libdtss-sim.a: $(sim_objects)
$(BUILD)/libdtss-sim.so.$(version): $(sim_objects) $(BUILD)/libdtss.so

# ---- install: one manifest for install, uninstall and the stage ---------------------------------------------------
# source:destination below PREFIX. The stage is an installation of the libraries in $(BUILD)/stage.

in = $(foreach f,$(2),$(f):$(1)/$(notdir $(f)))
manifest_of = $(call in,lib,$(addprefix $(BUILD)/$(1).,a so so.$(soversion) so.$(version))) \
	$(call in,lib/pkgconfig,$(BUILD)/$(1).pc)
headers := $(call in,include,include/dtss.h) $(call in,include/dtss,$(wildcard include/dtss/*.h))
libraries := $(headers) $(call manifest_of,libdtss) $(call manifest_of,libdtss-sim) $(if $(sqlite_libs),$(call manifest_of,libdtss-sqlite))
manifest = $(libraries) $(call in,bin,$(addprefix $(BUILD)/,$(built))) \
	$(if $(filter dtss,$(built)),examples/dtss/completion.bash:share/bash-completion/completions/dtss) \
	$(foreach m,$(wildcard man/*.[1-8]),$(m):share/man/man$(subst .,,$(suffix $(m)))/$(notdir $(m)))

source = $(firstword $(subst :, ,$(1)))
destination = $(lastword $(subst :, ,$(1)))
staged = $(foreach m,$(1),$(BUILD)/stage/$(call destination,$(m)))

stage: $(call staged,$(libraries))
define stage_rule
$(call staged,$(1)): $(call source,$(1))
	@mkdir -p $$(@D) && cp -Pf $$< $$@
endef
$(foreach m,$(libraries),$(eval $(call stage_rule,$(m))))

install: all
	@for m in $(manifest); do \
		to=$(DESTDIR)$(PREFIX)/$${m#*:}; mkdir -p "$${to%/*}" && rm -f "$$to" && cp -P "$${m%%:*}" "$$to" || exit 1; \
		[ -L "$$to" ] || chmod $$([ -x "$$to" ] && echo 755 || echo 644) "$$to"; \
	done
	@[ -n "$(DESTDIR)" ] || ldconfig 2>/dev/null || :
uninstall:
	@for m in $(manifest); do rm -f "$(DESTDIR)$(PREFIX)/$${m#*:}"; done
	@rmdir "$(DESTDIR)$(PREFIX)/include/dtss" 2>/dev/null || :

# ---- programs -----------------------------------------------------------------------------------------------------
# Each is a main.c and an archive of the rest, so that tests can link the rest. They see the public headers alone.

programs := dtssd dtss-agent dtss dtss-sim
needs_dtssd := libmicrohttpd jansson sqlite3
needs_dtss-agent := libcurl jansson
needs_dtss := libcurl jansson
needs_dtss-sim :=
$(foreach p,$(programs),$(eval missing_$(p) := $(call missing,$(needs_$(p)))))

existing := $(foreach p,$(programs),$(if $(wildcard examples/$(p)/main.c),$(p)))
built := $(foreach p,$(existing),$(if $(strip $(missing_$(p))),,$(p)))
common_sources := $(wildcard examples/common/*.c)
examples_cflags := $(call package_cflags,libmicrohttpd jansson libcurl)

programs: $(sqlite_libs) $(sim_libs) $(addprefix $(BUILD)/,$(built))
	@$(foreach n,sqlite $(existing),$(if $(strip $(missing_$(n))),\
		echo 'left out: $(n:sqlite=libdtss-sqlite) needs $(strip $(missing_$(n))); make deps installs it';)):

$(BUILD)/examples/%.o: examples/%.c | $(call staged,$(headers))
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(quiet)$(CC) $(C11) $(CFLAGS) $(HARDEN) -fPIE -I$(BUILD)/stage/include -Iexamples $(examples_cflags) \
		$(depend) -c $< -o $@

$(BUILD)/common.a: $(call objects,$(common_sources))
common_plain := $(call objects,examples/common/options.c examples/common/nearest.c) # what needs no package

define program_rules
$(BUILD)/$(1).a: $(call objects,$(filter-out %/main.c,$(wildcard examples/$(1)/*.c)))
$(BUILD)/$(1): $(BUILD)/examples/$(1)/main.o $(BUILD)/$(1).a \
		$(if $(needs_$(1)),$(BUILD)/common.a,$(common_plain) $(BUILD)/stage/lib/libdtss-sim.a) \
		$(if $(filter sqlite3,$(needs_$(1))),$(BUILD)/stage/lib/libdtss-sqlite.a) $(BUILD)/stage/lib/libdtss.a
	$$(call say,LD $$@)
	$(quiet)$(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -pie -o $$@ $$^ -Wl,--as-needed $(call package_libs,$(needs_$(1))) -lm
endef
$(foreach p,$(programs),$(eval $(call program_rules,$(p))))

# The simulator with a pool for which a few workers are many, and which compares each choice with a plain scan's.
strained := $(patsubst lib/%.c,$(BUILD)/strained/%.o,$(wildcard lib/core/pool*.c))
$(BUILD)/strained/%.o: lib/%.c
	@mkdir -p $(@D)
	$(call say,CC $< (strained))
	$(quiet)$(CC) $(C99) $(CFLAGS) $(HARDEN) -DDTSS_POOL_STRAINED -fPIE -Iinclude -Ilib $(depend) -c $< -o $@
$(BUILD)/dtss-sim-strained: $(BUILD)/examples/dtss-sim/main.o $(strained) $(BUILD)/dtss-sim.a $(common_plain) \
		$(BUILD)/libdtss-sim.a $(BUILD)/libdtss.a
	$(call say,LD $@)
	$(quiet)$(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -pie -o $@ $^

demo cluster: all
	@bash examples/demo/$@.sh $(BUILD)

# ---- check: one runner, made from the list of test files ----------------------------------------------------------
# tests/unit/map.c defines suite_unit_map(). Tests link the archives, so they reach private functions too.

suites := $(if $(SUITES),$(SUITES:%=tests/%.c),$(sort $(wildcard $(addprefix tests/,$(addsuffix /*.c,unit conform story torture sim)))))
suite_names := $(patsubst sim_sim_%,sim_%,$(subst /,_,$(subst -,_,$(suites:tests/%.c=%))))
archives := $(BUILD)/support.a $(foreach p,$(built),$(BUILD)/$(p).a) $(if $(common_sources),$(BUILD)/common.a) \
	$(BUILD)/libdtss-sim.a $(filter %.a,$(sqlite_libs)) $(BUILD)/libdtss.a
check_needs := check $(sort $(foreach p,$(programs),$(needs_$(p))))
missing_check := $(strip $(call missing,$(check_needs)))

equipped:
	@$(if $(missing_check),echo 'check needs $(missing_check); make deps installs it' >&2; exit 1,:)

$(BUILD)/suites.c: FORCE
	@mkdir -p $(@D)
	@{ echo '#include "suites.h"'; \
	for s in $(suite_names); do echo "Suite *suite_$$s(void);"; done; \
	echo 'const struct suite suites[] = {'; \
	for s in $(suite_names); do echo "{ \"$$s\", suite_$$s },"; done; \
	echo '{ NULL, NULL } };'; } >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

compile_test = $(quiet)$(CC) $(C11) $(fuzz_name) $(CFLAGS) $(HARDEN) -fPIE -Iinclude -Ilib -Itests -Iexamples \
	$(examples_cflags) $(call package_cflags,check) $(depend) -c $< -o $@
$(BUILD)/tests/%.o: tests/%.c | equipped
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(compile_test)
$(BUILD)/suites.o: $(BUILD)/suites.c
	$(compile_test)

$(BUILD)/support.a: $(call objects,$(filter-out %/probe.c,$(wildcard tests/support/*.c tests/torture/rows/*.c)))

# What tests give to agents as a task.
$(BUILD)/probe $(BUILD)/tests/support/probe.o: HARDEN := # it tells what it was given, not what a sanitizer does
$(BUILD)/probe: HARDEN_LINK :=
$(BUILD)/probe: $(BUILD)/tests/support/probe.o
	$(call say,LD $@)
	$(quiet)$(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -pie -o $@ $< $(call package_libs,jansson)

# ---- chaos: real processes that are killed, stopped and cut apart --------------------------------------------------

chaos_parts := $(addprefix $(BUILD)/,chaos chaos-job nth_fsync.so)
chaos_sources := $(filter-out %/job.c %/nth_fsync.c,$(wildcard tests/chaos/*.c))

$(BUILD)/chaos: $(call objects,$(chaos_sources)) $(BUILD)/common.a $(filter %.a,$(sqlite_libs)) $(BUILD)/libdtss.a
	$(call say,LD $@)
	$(quiet)$(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -pie -o $@ $^ -Wl,--as-needed \
		$(call package_libs,libcurl jansson sqlite3) -lpthread
# What runs within tasks, and within what a sanitizer looks at, has none.
$(BUILD)/chaos-job $(BUILD)/nth_fsync.so: HARDEN :=
$(BUILD)/chaos-job $(BUILD)/nth_fsync.so: HARDEN_LINK :=
$(BUILD)/chaos-job: $(BUILD)/tests/chaos/job.o
	$(call say,LD $@)
	$(quiet)$(CC) $(CFLAGS) $(LDFLAGS) -pie -o $@ $<
$(BUILD)/tests/chaos/nth_fsync.o: C11 += -fPIC
$(BUILD)/nth_fsync.so: $(BUILD)/tests/chaos/nth_fsync.o
	$(call say,LD $@)
	$(quiet)$(CC) -shared $(CFLAGS) $(LDFLAGS) -o $@ $< -ldl

chaos: $(chaos_parts) all
	@DTSS_BUILD=$(abspath $(BUILD)) $(BUILD)/chaos --seconds $(or $(SECONDS),100) --points 3 $(if $(SEED),--seed $(SEED)) --plain

$(BUILD)/check: $(BUILD)/tests/main.o $(BUILD)/suites.o $(call objects,$(suites)) $(archives)
	$(call say,LD $@)
	$(quiet)$(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -pie -o $@ $(filter %.o,$^) \
		-Wl,--start-group $(filter %.a,$^) -Wl,--end-group -Wl,--as-needed $(call package_libs,$(check_needs)) -lm

check: $(BUILD)/check $(BUILD)/dtss-sim-strained $(BUILD)/probe $(chaos_parts) $(BUILD)/corpora all stage
	@DTSS_BUILD=$(abspath $(BUILD)) DTSS_STAGE=$(abspath $(STAGE)) DTSS_SOURCE=$(CURDIR) $(BUILD)/check

# What a user's program links, in the stage, stays as a user has it.
asan: stage
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan STAGE=$(BUILD)/stage SANITIZE=address,undefined check

# ---- bench: tests/bench/NAME.c is a bench, bench_NAME --------------------------------------------------------------

bench_names := $(patsubst tests/bench/%.c,%,$(sort $(wildcard tests/bench/*.c)))

$(BUILD)/bench_list.c: FORCE
	@mkdir -p $(@D)
	@{ echo '#include "bench/support/run.h"'; \
	for b in $(bench_names); do echo "extern const struct bench bench_$$b;"; done; \
	echo 'const struct bench *const bench_list[] = {'; \
	for b in $(bench_names); do echo "&bench_$$b,"; done; \
	echo 'NULL };'; } >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(BUILD)/bench_list.o: $(BUILD)/bench_list.c
	$(compile_test)
# The library as users have it, without what tests put around it.
$(BUILD)/dtss-bench: $(BUILD)/bench_list.o $(call objects,$(wildcard tests/bench/*.c tests/bench/support/*.c)) $(archives)
	$(call say,LD $@)
	$(quiet)$(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -pie -o $@ $(filter %.o,$^) \
		-Wl,--start-group $(filter %.a,$^) -Wl,--end-group -Wl,--as-needed $(call package_libs,$(check_needs)) -lpthread -lm

# Programs that benches start: what a server is measured beside, and what a task runs.
bench_parts := $(addprefix $(BUILD)/,bench-constant bench-job)
$(bench_parts): $(BUILD)/bench-%: $(BUILD)/tests/bench/programs/%.o
	$(call say,LD $@)
	$(quiet)$(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -pie -o $@ $< -Wl,--as-needed $(call package_libs,libmicrohttpd)

# That they work; how fast is nothing for a test.
check: $(BUILD)/dtss-bench $(bench_parts)

bench: $(BUILD)/dtss-bench $(bench_parts) all
	@DTSS_BUILD=$(abspath $(BUILD)) $(BUILD)/dtss-bench $(NAME)

# ---- bench-peers: tests/bench/peers/NAME.c has peers_NAME; dtssd is measured first -----------------------------------

peer_names := dtssd $(filter-out dtssd,$(patsubst tests/bench/peers/%.c,%,$(sort $(wildcard tests/bench/peers/*.c))))
peer_objects := $(call objects,$(wildcard tests/bench/peers/*.c tests/bench/peers/support/*.c tests/bench/support/*.c))
$(call objects,tests/bench/peers/postgres.c): examples_cflags += $(call package_cflags,libpq)

$(BUILD)/peer_lists.c: $(wildcard tests/bench/peers/*.c)
	@mkdir -p $(@D)
	@{ echo '#include "bench/peers/support/peer.h"'; \
	for p in $(peer_names); do echo "extern const struct peer peers_$$p[];"; done; \
	echo 'const struct peer *const peer_lists[] = {'; \
	for p in $(peer_names); do echo "peers_$$p,"; done; \
	echo 'NULL };'; } >$@
$(BUILD)/peer_lists.o: $(BUILD)/peer_lists.c
	$(compile_test)
$(BUILD)/bench-peers: $(BUILD)/peer_lists.o $(peer_objects) $(archives)
	$(call say,LD $@)
	$(quiet)$(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -pie -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) \
		-Wl,--end-group -Wl,--as-needed $(call package_libs,$(check_needs) libpq) -lpthread -lm

# The second make sees what the first has installed.
bench-peers:
	@$(MAKE) --no-print-directory deps-peers
	@$(MAKE) --no-print-directory $(BUILD)/bench-peers all
	@DTSS_BUILD=$(abspath $(BUILD)) $(BUILD)/bench-peers $(NAME)

# From the lines of a run (FIGURES=FILE: dtss-bench --plain place, bench-peers --plain), or from a new one.
bench-plot:
	@$(if $(FIGURES),,$(MAKE) --no-print-directory bench NAME='--plain place' >$(BUILD)/plot.figures && \
		$(MAKE) --no-print-directory bench-peers NAME=--plain >>$(BUILD)/plot.figures)
	@for f in place peers; do \
		awk -f tests/bench/plot_$$f.awk $(or $(FIGURES),$(BUILD)/plot.figures) >$(BUILD)/$$f.svg.new && \
			mv $(BUILD)/$$f.svg.new $(BUILD)/$$f.svg && echo '  $(BUILD)'/$$f.svg || exit 1; \
	done

# ---- fuzz: tests/fuzz/NAME.c is a target ---------------------------------------------------------------------------
# Each has a corpus and becomes a program of its own with libFuzzer; in `make check` one program feeds it all corpora.

fuzz_sources := $(sort $(wildcard tests/fuzz/*.c))
fuzz_targets := $(fuzz_sources:tests/fuzz/%.c=%)
fuzz_support := $(call objects,$(filter-out %/corpora.c,$(wildcard tests/fuzz/support/*.c)))
fuzz_libs = -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(call package_libs,jansson sqlite3) -lm

ifdef FUZZER
# Comparisons lead to the values that decoders expect; in engines they are too many, and mean nothing.
$(call objects,$(wildcard lib/core/*.c lib/sim/*.c)): HARDEN += -fno-sanitize-coverage=trace-cmp
else
$(call objects,$(fuzz_sources)): fuzz_name = -DLLVMFuzzerTestOneInput=fuzz_$(basename $(@F))
endif

$(BUILD)/corpora_targets.c: $(fuzz_sources)
	@mkdir -p $(@D)
	@{ echo '#include "fuzz/support/corpora.h"'; \
	for t in $(fuzz_targets); do echo "int fuzz_$$t(const uint8_t *data, size_t size);"; done; \
	echo 'const struct corpora_target corpora_targets[] = {'; \
	for t in $(fuzz_targets); do echo "{ \"$$t\", fuzz_$$t },"; done; \
	echo '{ NULL, NULL } };'; } >$@
$(BUILD)/corpora_targets.o: $(BUILD)/corpora_targets.c
	$(compile_test)
$(BUILD)/corpora: $(BUILD)/tests/fuzz/support/corpora.o $(BUILD)/corpora_targets.o $(call objects,$(fuzz_sources)) \
		$(fuzz_support) $(archives)
	$(call say,LD $@)
	$(quiet)$(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -pie -o $@ $(filter %.o,$^) $(fuzz_libs)

$(BUILD)/fuzzers/%: $(BUILD)/tests/fuzz/%.o $(fuzz_support) $(archives)
	@mkdir -p $(@D)
	$(call say,LD $@)
	$(quiet)$(CC) $(CFLAGS) $(HARDEN_LINK) -fsanitize=fuzzer $(LDFLAGS) -o $@ $(filter %.o,$^) $(fuzz_libs)
fuzzers: $(fuzz_targets:%=$(BUILD)/fuzzers/%)

TARGET ?= $(fuzz_targets)
FUZZ_CC ?= $(firstword $(shell command -v clang-14 clang) clang-14)
fuzz:
	@command -v $(FUZZ_CC) >/dev/null || { echo 'fuzz needs clang; make deps-proof installs it' >&2; exit 1; }
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=$(FUZZ_CC) FUZZER=1 \
		SANITIZE=fuzzer-no-link,address,undefined $(TARGET:%=$(BUILD)/fuzz/fuzzers/%)
	@BUILD=$(BUILD) TARGET='$(TARGET)' T='$(T)' RUNS='$(RUNS)' sh tests/fuzz/run.sh

# ---- proof: the long runs -------------------------------------------------------------------------------------------

# Without PART: what there is, with the last line of what each came to. JOBS=N for those that can share the work.

parts := $(patsubst tests/proof/%.sh,%,$(sort $(wildcard tests/proof/*.sh)))
proof:
	@mkdir -p $(BUILD)/proof
	@$(if $(PART),,for p in $(parts); do \
		echo "$$p: $$(tail -n 1 $(BUILD)/proof/$$p.figures 2>/dev/null || echo 'not yet run: make proof PART='$$p)"; done)
	@for p in $(PART); do \
		rm -f $(BUILD)/proof/$$p.failed; \
		{ BUILD=$(BUILD) CC='$(CC)' MAKE='$(MAKE)' sh tests/proof/$$p.sh || touch $(BUILD)/proof/$$p.failed; } | \
			tee $(BUILD)/proof/$$p.figures; \
		[ ! -e $(BUILD)/proof/$$p.failed ] || exit 1; \
	done

# ---- planted faults: the tester, tested ---------------------------------------------------------------------------

planted:
	@BUILD=$(BUILD) CC='$(CC)' MAKE='$(MAKE)' sh tests/planted/run.sh

# ---- lint: each gate is a script that prints what is wrong --------------------------------------------------------

lint: all stage amalgamation $(BUILD)/core.o
	@bad=; for gate in tests/lint/*.sh; do BUILD=$(BUILD) CC='$(CC)' MAKE='$(MAKE)' sh $$gate || bad="$$bad $$gate"; done; \
		[ -z "$$bad" ] || { echo "lint:$$bad"; exit 1; }

format:
	$(firstword $(shell command -v clang-format-14 clang-format)) -i $(shell find include lib examples tests -name '*.[ch]')

# ---- header dependencies ------------------------------------------------------------------------------------------

-include $(shell find $(BUILD) \( -path $(BUILD)/asan -o -path $(BUILD)/fuzz -o -path $(BUILD)/planted \) -prune -o -name '*.d' -print 2>/dev/null)

endif
