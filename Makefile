# tierwatch. `make help` lists the targets.

CC      ?= gcc
BUILD   ?= build
VARIANT ?= release
V       ?= 0
PREFIX  ?= /usr/local
DESTDIR ?=
Q        = $(if $(filter 1,$(V)),,@)
say      = $(if $(filter 1,$(V)),@:,@printf '  %-7s %s\n' $(1) $(2))

# Which folders of gateway/ go into the library; narrowed to build one module alone.
MODULES ?= base capture event flow protocol protocol/opcua protocol/mqtt protocol/pubsub protocol/sparkplug \
           protocol/websocket protocol/mqttsn protocol/tls session crypto config \
           registry baseline indicator detect score learn alert share observe confine pipeline trial cli

PKGS     := libpcap libndpi libmosquitto sqlite3 yaml-0.1 libcrypto zlib libseccomp libmicrohttpd libpcre2-8
PKG_CFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PKGS) 2>/dev/null))
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2 -Wvla \
        -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wcast-align -Wundef \
        -Wnull-dereference -Wimplicit-fallthrough
ifeq ($(WERROR),1)
WARN += -Werror
endif

CFLAGS_release := -O3 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fPIE
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
# gcc optimises the program as a whole, which saves a fifth of its time. Tests link the same objects
# without it: there are many, and each link would take seconds.
ifneq ($(findstring Free Software Foundation,$(shell $(CC) --version 2>/dev/null)),)
CFLAGS_release += -flto=auto -ffat-lto-objects
NO_LTO := -fno-lto
# Much code runs for each message, and little of it twice: what is smaller is quicker.
CFLAGS_release += -fno-align-loops -fno-align-jumps -fno-align-labels
CFLAGS_release += -fno-plt
# Bits are put together as they come: in another order, all of them would wait on the stack.
CFLAGS_release += -fno-tree-reassoc
# What was written in halves is not read as a whole: that would wait for both to arrive.
CFLAGS_release += -fno-tree-slp-vectorize
# Structures are copied and cleared in place, 16 bytes at a time: to start `rep movs`, or a call,
# takes longer than most of it. Few of their words were written in halves just before.
ifneq ($(findstring x86_64,$(shell $(CC) -dumpmachine 2>/dev/null)),)
COPY_IN_PLACE := vector_loop:512:noalign,libcall:-1:noalign
CFLAGS_release += -mno-stv -mmemcpy-strategy=$(COPY_IN_PLACE) -mmemset-strategy=$(COPY_IN_PLACE)
endif
# Warnings were given when each file was compiled; across files gcc 12 only finds false ones.
LINK_CFLAGS := -w
endif
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_asan := -fsanitize=address,undefined
CFLAGS_tsan := -O1 -g -fsanitize=thread
LDFLAGS_tsan := -fsanitize=thread
CFLAGS_cov := -O0 -g --coverage
LDFLAGS_cov := --coverage

VERSION := $(shell cat VERSION 2>/dev/null || echo 0.0.0)
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DTW_VERSION='"$(VERSION)"' \
             -ffp-contract=off -Igateway \
             $(PKG_CFLAGS) $(WARN) $(CFLAGS_$(VARIANT)) $(CFLAGS)
ALL_LDFLAGS = $(LDFLAGS_$(VARIANT)) $(LDFLAGS)
# gcc does not see that a failed cmocka assertion never returns.
TEST_CFLAGS = -Itests/unit -Wno-null-dereference
LIBS = $(PKG_LIBS) -lm -lpthread

OUT  := $(BUILD)/$(VARIANT)
SRCS := $(foreach m,$(MODULES),$(wildcard gateway/$(m)/*.c))
OBJS := $(SRCS:gateway/%.c=$(OUT)/obj/%.o)
MAIN := $(OUT)/obj/cli/main.o
LIB  := $(OUT)/libtierwatch.a

TESTS := $(patsubst tests/unit/%.c,$(OUT)/unit/%,$(wildcard tests/unit/test_$(T)*.c))

.PHONY: all
all: $(BUILD)/tierwatch

$(BUILD)/tierwatch: $(OUT)/tierwatch
	$(Q)ln -sf $(VARIANT)/tierwatch $@

$(OUT)/tierwatch: $(MAIN) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(LINK_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(LIB): $(filter-out $(MAIN),$(OBJS))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar qcs $@ $^

$(OUT)/obj/%.o: gateway/%.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/unit/%: tests/unit/%.c $(LIB)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(TEST_CFLAGS) $(NO_LTO) $(ALL_LDFLAGS) -MMD -MP -o $@ $< $(LIB) -lcmocka $(LIBS)

# Unit tests; T=name narrows them to tests/unit/test_name*.c.
.PHONY: unit
unit: $(TESTS)
	$(Q)tests/run.sh $(TESTS)

# --- everything else ------------------------------------------------------------------------------

# Without Node.js, or away from the npm registry, it goes on without the page.
.PHONY: run
run: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(MAKE) --no-print-directory dashboard || echo 'The dashboard can not be built; going on without it.' >&2
	$(Q)deploy/demo/run.sh

# What CI runs: installs what is missing, builds, passes every test.
.PHONY: test
test: deps
	$(Q)deploy/deps.sh --test
	$(Q)$(MAKE) --no-print-directory WERROR=1 all tests dashboard
	$(Q)$(MAKE) --no-print-directory VARIANT=asan tests fuzz-regressions
	$(Q)tests/run.sh --all

.PHONY: tests
tests: $(TESTS) $(OUT)/tierwatch

# The quick part of `test`: unit tests, golden captures, lint.
.PHONY: check
check: all tests
	$(Q)tests/run.sh $(TESTS) tests/golden/run.sh tests/lint/run.sh

.PHONY: golden
golden: all
	$(Q)tests/run.sh tests/golden/run.sh

.PHONY: lint
lint: all
	$(Q)tests/run.sh tests/lint/run.sh

# The page of dashboards/web, with the two npm packages that it uses: index.html for any web server,
# tierwatch.html as one file.
DASHBOARD := $(BUILD)/dashboard
WEB       := dashboards/web
WEB_FILES := $(wildcard $(WEB)/*.html $(WEB)/*.css $(WEB)/*.mjs $(WEB)/js/*.js)

.PHONY: dashboard
dashboard: $(DASHBOARD)/tierwatch.html

$(WEB)/node_modules/.package-lock.json: $(WEB)/package-lock.json
	$(call say,NPM,$(WEB))
	$(Q)cd $(WEB) && npm ci --ignore-scripts --no-audit --no-fund >/dev/null && touch node_modules/.package-lock.json

$(DASHBOARD)/tierwatch.html: $(WEB)/node_modules/.package-lock.json $(WEB_FILES)
	$(call say,WEB,$@)
	$(Q)node $(WEB)/build.mjs $(DASHBOARD)

.PHONY: web
web: all dashboard
	$(Q)tests/run.sh tests/web/run.sh

# Everything again with sanitizers.
.PHONY: asan
asan:
	$(Q)$(MAKE) --no-print-directory VARIANT=asan tests fuzz-regressions
	$(Q)TIERWATCH=$(abspath $(BUILD)/asan/tierwatch) tests/run.sh $(BUILD)/asan/unit/test_* \
	    tests/golden/run.sh

.PHONY: tsan
tsan:
	$(Q)$(MAKE) --no-print-directory VARIANT=tsan tests
	$(Q)TIERWATCH=$(abspath $(BUILD)/tsan/tierwatch) tests/run.sh tests/e2e/threads.sh

# Fuzz targets: built with clang, each run for FUZZ_SECONDS; F=name narrows them to
# tests/fuzz/fuzz_name*.c. What they find is kept in $(BUILD)/fuzz/corpus [tests/fuzz/README.md].
FUZZ_CC      ?= clang-14
FUZZ_SECONDS ?= 60
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_$(F)*.c)
FUZZERS      := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SOURCES))
FUZZ_CFLAGS  := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_ALL     := -std=gnu11 -D_GNU_SOURCE -DTW_VERSION='"fuzz"' -Igateway -Itests/unit $(PKG_CFLAGS)
FUZZ_LIB     := $(BUILD)/fuzz/libtierwatch.a
FUZZ_OBJS    := $(filter-out $(BUILD)/fuzz/obj/cli/main.o,$(SRCS:gateway/%.c=$(BUILD)/fuzz/obj/%.o))

$(BUILD)/fuzz/obj/%.o: gateway/%.c
	$(call say,FUZZCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_ALL) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(FUZZ_LIB): $(FUZZ_OBJS)
	$(Q)rm -f $@ && ar qcs $@ $^

$(BUILD)/fuzz/%: tests/fuzz/%.c $(FUZZ_LIB)
	$(call say,FUZZLD,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_ALL) $(FUZZ_CFLAGS) -fsanitize=fuzzer -MMD -MP -o $@ $< $(FUZZ_LIB) $(LIBS)

.PHONY: fuzz
fuzz: fuzz-cc $(FUZZERS)
	$(Q)tests/fuzz/run.sh $(FUZZ_SECONDS) $(FUZZERS)

.PHONY: fuzz-cc
fuzz-cc:
	@command -v $(FUZZ_CC) >/dev/null || { \
	    echo 'make fuzz needs clang and its runtime: apt-get install clang-14 libclang-rt-14-dev'; exit 1; }

# Seeds that follow from the decoder's tables, or that no capture holds.
FUZZ_SEEDS := $(BUILD)/fuzz/opcua_seeds $(BUILD)/fuzz/pubsub_seeds
$(FUZZ_SEEDS): $(BUILD)/fuzz/%: tests/fuzz/%.c tests/unit/opcua_tables.h $(FUZZ_LIB)
	$(Q)$(FUZZ_CC) $(FUZZ_ALL) $(FUZZ_CFLAGS) -o $@ $< $(FUZZ_LIB) $(LIBS)

.PHONY: fuzz-seeds
fuzz-seeds: fuzz-cc $(FUZZ_SEEDS)
	$(Q)mkdir -p $(addprefix tests/fuzz/seeds/,opcua opcua_service opcua_value pubsub)
	$(Q)for seeds in $(FUZZ_SEEDS); do $$seeds tests/fuzz/seeds || exit 1; done

# Which lines of FUZZ_COV the targets reach, over their seeds and what `make fuzz` found.
FUZZ_COV         ?= gateway/protocol/opcua
FUZZ_COV_LEAST   ?= 85
FUZZ_COV_CFLAGS  := -O1 -g -fprofile-instr-generate -fcoverage-mapping
FUZZ_COV_LIB     := $(BUILD)/fuzz-cov/libtierwatch.a
FUZZ_COV_OBJS    := $(FUZZ_OBJS:$(BUILD)/fuzz/%=$(BUILD)/fuzz-cov/%)
FUZZ_COV_TARGETS := $(FUZZERS:$(BUILD)/fuzz/%=$(BUILD)/fuzz-cov/%)

$(BUILD)/fuzz-cov/obj/%.o: gateway/%.c
	$(call say,FUZZCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_ALL) $(FUZZ_COV_CFLAGS) -MMD -MP -c -o $@ $<

$(FUZZ_COV_LIB): $(FUZZ_COV_OBJS)
	$(Q)rm -f $@ && ar qcs $@ $^

$(BUILD)/fuzz-cov/%: tests/fuzz/%.c tests/fuzz/replay_main.c $(FUZZ_COV_LIB)
	$(call say,FUZZLD,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_ALL) $(FUZZ_COV_CFLAGS) -o $@ $(filter %.c,$^) $(FUZZ_COV_LIB) $(LIBS)

.PHONY: fuzz-cov
fuzz-cov: fuzz-cc $(FUZZ_COV_TARGETS)
	$(Q)tests/fuzz/coverage.sh $(FUZZ_COV) $(FUZZ_COV_LEAST) $(FUZZ_COV_TARGETS)

# The fuzz targets over their seeds only, with gcc and no fuzzing engine.
FUZZ_REPLAYS := $(patsubst tests/fuzz/%.c,$(OUT)/replay/%,$(wildcard tests/fuzz/fuzz_*.c))
$(OUT)/replay/%: tests/fuzz/%.c tests/fuzz/replay_main.c $(LIB)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(TEST_CFLAGS) $(NO_LTO) $(ALL_LDFLAGS) -o $@ $(filter %.c,$^) $(LIB) $(LIBS)

.PHONY: fuzz-regressions
fuzz-regressions: $(FUZZ_REPLAYS)

# decode against tshark and Zeek (tests/peers/README.md).
.PHONY: peers
peers: all
	$(Q)TIERWATCH=$(BUILD)/tierwatch TEST_TIMEOUT=1800 tests/run.sh tests/peers/run.sh

.PHONY: bench
bench: all
	$(Q)tests/bench/run.sh

.PHONY: cov
cov:
	$(Q)$(MAKE) --no-print-directory VARIANT=cov tests
	$(Q)TIERWATCH=$(abspath $(BUILD)/cov/tierwatch) tests/run.sh $(BUILD)/cov/unit/test_* \
	    tests/golden/run.sh
	$(Q)gcov -n $$(find $(BUILD)/cov -name '*.gcda' | head -500) 2>/dev/null | \
	    awk '/^File .gateway/ {f = $$2} /^Lines/ && f {print $$0, f; f = ""}' | sort

C_FILES = $(wildcard gateway/*/*.[ch] gateway/*/*/*.[ch] tests/unit/*.[ch] tests/fuzz/*.[ch])

.PHONY: format
format:
	$(Q)clang-format -i $(C_FILES)

.PHONY: tidy
tidy:
	$(Q)clang-tidy --quiet $(SRCS) -- -std=gnu11 -D_GNU_SOURCE -DTW_VERSION='""' -Igateway

# Manual pages; those of files are made from the schemas that check them.
MAN5 := tierwatch.yaml tierwatch-inventory tierwatch-rules
MAN  := docs/man/tierwatch.8 $(MAN5:%=$(BUILD)/man/%.5)
$(BUILD)/man/tierwatch.yaml.5: SCHEMA = config schema
$(BUILD)/man/tierwatch-inventory.5: SCHEMA = inventory schema
$(BUILD)/man/tierwatch-rules.5: SCHEMA = rules schema
$(BUILD)/man/%.5: docs/man/%.5.in docs/man/schema.py $(OUT)/tierwatch
	$(Q)mkdir -p $(@D)
	$(Q)$(OUT)/tierwatch $(SCHEMA) | python3 docs/man/schema.py $< >$@

.PHONY: man
man: $(MAN)

SHARE := $(DESTDIR)$(PREFIX)/share
.PHONY: install
install: all man
	install -D -m 755 $(OUT)/tierwatch $(DESTDIR)$(PREFIX)/bin/tierwatch
	install -d $(SHARE)/tierwatch/rules
	cp -r rules/. $(SHARE)/tierwatch/rules/
	for page in $(MAN); do install -D -m 644 $$page $(SHARE)/man/man$${page##*.}/$${page##*/} || exit 1; done
	install -d $(SHARE)/bash-completion/completions
	$(OUT)/tierwatch completion bash >$(SHARE)/bash-completion/completions/tierwatch
	install -D -m 644 deploy/systemd/tierwatch.service $(DESTDIR)$(PREFIX)/lib/systemd/system/tierwatch.service
	for sample in deploy/mosquitto deploy/setup.sh deploy/certs.sh deploy/package dashboards/prometheus \
	    dashboards/grafana; do \
	    cp -r $$sample $(SHARE)/tierwatch/ || exit 1; done
	if [ -e $(DASHBOARD)/index.html ]; then \
	    install -d $(SHARE)/tierwatch/dashboard && install -m 644 $(DASHBOARD)/* $(SHARE)/tierwatch/dashboard/; fi

# A Debian package in $(BUILD)/deb, from the files that git knows: the same tree gives the same bytes.
.PHONY: deb
deb: dashboard
	$(Q)deploy/package/deb.sh $(BUILD)

# Its tests, in a fresh Debian 12: some minutes, as root, with debootstrap, debhelper and lintian.
.PHONY: package
package: all dashboard
	$(Q)TEST_TIMEOUT=3600 tests/run.sh tests/package/run.sh

.PHONY: deps
deps:
	$(Q)deploy/deps.sh

.PHONY: clean
clean:
	rm -rf $(BUILD)

.PHONY: help
help:
	@echo 'make            build $(BUILD)/tierwatch'
	@echo 'make run        install what is missing, build, watch a bundled plant, publish its alerts'
	@echo 'make test       install what is missing, build, pass every test'
	@echo 'make check      unit tests, golden captures and lint, without installing anything'
	@echo 'make unit       unit tests (T=name: only tests/unit/test_name*.c)'
	@echo 'make golden     captures against expected alerts'
	@echo 'make lint       layers, banned calls, formatting'
	@echo 'make asan tsan  the tests with sanitizers'
	@echo 'make fuzz       every fuzz target for FUZZ_SECONDS (60); F=name: only tests/fuzz/fuzz_name*.c'
	@echo 'make fuzz-cov   lines of FUZZ_COV (gateway/protocol/opcua) that the fuzz targets reach'
	@echo 'make dashboard  the web page, in $(DASHBOARD); make web: its tests'
	@echo 'make peers      decode against tshark and Zeek on the same captures'
	@echo 'make bench      speed and memory, as ratios to a bare libpcap loop'
	@echo 'make cov        line coverage of the tests'
	@echo 'make format     clang-format; make tidy: clang-tidy'
	@echo 'make install    PREFIX ($(PREFIX)), DESTDIR; make man: the manual pages in $(BUILD)/man'
	@echo 'make deb        a Debian package in $(BUILD)/deb; make package: its tests, in a fresh Debian 12'
	@echo 'make deps       install the Debian packages that are missing'
	@echo 'V=1 shows commands, WERROR=1 makes warnings errors.'

-include $(OBJS:.o=.d) $(TESTS:%=%.d) $(FUZZ_OBJS:.o=.d) $(FUZZERS:%=%.d) $(FUZZ_COV_OBJS:.o=.d)
