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
MODULES ?= base capture event flow protocol protocol/opcua protocol/mqtt session crypto config \
           registry baseline detect score alert share observe pipeline cli

PKGS     := libpcap libndpi libmosquitto jansson yaml-0.1 libcrypto
PKG_CFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PKGS) 2>/dev/null))
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2 -Wvla \
        -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wcast-align -Wundef \
        -Wnull-dereference -Wimplicit-fallthrough
ifeq ($(WERROR),1)
WARN += -Werror
endif

CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fPIE
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_asan := -fsanitize=address,undefined
CFLAGS_tsan := -O1 -g -fsanitize=thread
LDFLAGS_tsan := -fsanitize=thread
CFLAGS_cov := -O0 -g --coverage
LDFLAGS_cov := --coverage

VERSION := $(shell cat VERSION 2>/dev/null || echo 0.0.0)
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DTW_VERSION='"$(VERSION)"' -ffp-contract=off -Igateway \
             $(PKG_CFLAGS) $(WARN) $(CFLAGS_$(VARIANT)) $(CFLAGS)
ALL_LDFLAGS = $(LDFLAGS_$(VARIANT)) $(LDFLAGS)
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
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(LIB): $(filter-out $(MAIN),$(OBJS))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(OUT)/obj/%.o: gateway/%.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/unit/%: tests/unit/%.c $(LIB)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/unit $(ALL_LDFLAGS) -MMD -MP -o $@ $< $(LIB) -lcmocka $(LIBS)

# Unit tests; T=name narrows them to tests/unit/test_name*.c.
.PHONY: unit
unit: $(TESTS)
	$(Q)set -e; for t in $(TESTS); do $$t; done

-include $(OBJS:.o=.d) $(TESTS:%=%.d)
