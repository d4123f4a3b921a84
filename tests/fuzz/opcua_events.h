#pragma once
/* What the OPC UA fuzz targets do with each event: every slice of it is read, it is handed over as
 * a worker would, and session/ sees it. */

#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "event/batch.h"
#include "event/emit_json.h"
#include "protocol/opcua/opcua.h"
#include "session/stages.h"

struct run {
    struct tw_text text;
    struct tw_proto_counters counters;
    struct tw_batch *batch;
    struct tw_opcua_sessions *sessions;
    uint32_t told; /* events that are not about malformed bytes */
};

/* What session/ relies on. */
static inline void run_check(const struct tw_event *event)
{
    const struct tw_opcua_info *info = event->opcua;
    if (info == NULL)
        return;
    assert(info->details == NULL || info->details->kind == TW_VALUE_OBJECT);
    for (uint32_t i = 0; info->details != NULL && i < info->details->n; i++)
        assert(info->details->items[i].name.len > 0);
    for (uint32_t i = 0; i < info->n_properties; i++)
        assert(info->properties[i].kind != TW_UA_PROPERTY_NONE);
    assert(info->history == NULL || info->history->kind != NULL);
}

static inline void run_collect(void *user, const struct tw_event *event)
{
    struct run *run = user;
    run->told += event->action != TW_ACTION_MALFORMED;
    run_check(event);
    tw_event_json(&run->text, event);
    /* As a worker hands it over: no event is larger than half a batch. */
    tw_batch_reset(run->batch);
    enum tw_status kept = tw_batch_add(run->batch, event);
    assert(kept == TW_OK);
    (void)kept;
    struct tw_session_facts facts = {0};
    struct tw_event *copy = run->batch->events[0];
    run_check(copy);
    if (copy->opcua != NULL)
        tw_opcua_sessions_event(run->sessions, copy, &facts);
    if (facts.learned != NULL)
        assert(!facts.learned->has_range || facts.learned->low < facts.learned->high);
    tw_event_json(&run->text, copy);
}

/* Lists are asked about ahead: some pass, the others are told as ever. */
static inline uint32_t run_pass(
    void *user, const struct tw_event *message, const struct tw_plain_values *values)
{
    struct run *run = user;
    struct tw_thing_note *notes[TW_PLAIN_VALUES] = {NULL};
    struct tw_session_facts facts = {0};
    uint32_t passed = 0;
    assert(values->n > 0 && values->n <= TW_PLAIN_VALUES);
    const uint32_t known =
        tw_opcua_sessions_pass_values(run->sessions, message, values, 0, values->n, notes, &facts);
    for (uint32_t i = 0; i < known; i++)
        assert(notes[i] != NULL && i < values->n);
    for (; passed < values->n && (values->list[passed].word >> 57) % 3 != 0; passed++) {
        double number = 0;
        assert(values->list[passed].status >> 31 == 0);
        if (!tw_plain_number(&values->list[passed], &number))
            number = 0;
        tw_text_addf(&run->text, "passed %d %g\n", (int)values->list[passed].kind, number);
    }
    return passed;
}

/* Stand-ins for crypto/, which has targets of its own. */
static inline void run_digest(const void *p, size_t len, uint8_t out[32])
{
    for (size_t i = 0; i < 32; i++)
        out[i] = len > 0 ? ((const uint8_t *)p)[i % len] : 0;
}

static inline size_t run_uri(const void *p, size_t len, char *out, size_t size)
{
    size_t n = len < size ? len : size;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)(((const uint8_t *)p)[i] & 0x7f);
    return n;
}

static inline bool run_certificate(const void *p, size_t len, struct tw_certificate *out)
{
    *out = (struct tw_certificate){.key_bits = (uint32_t)len, .not_after_ns = (int64_t)len};
    (void)run_uri(p, len, out->subject, sizeof(out->subject) - 1);
    return len % 2 == 0;
}

static inline struct tw_proto_env run_env(struct run *run, struct tw_pool *pool, bool certificates)
{
    struct tw_proto_env env = {.emit = {run_collect, run},
        .asks = {.pass_values = run_pass},
        .pool = pool,
        .limits = tw_limits_default(),
        .counters = &run->counters,
        .next_serial = 1};
    env.limits.sessions = 16;
    if (certificates) {
        env.certificate_sha256 = run_digest;
        env.certificate_uri = run_uri;
        env.certificate_read = run_certificate;
    }
    return env;
}

/* Before each input. */
static inline void run_reset(struct run *run)
{
    if (run->batch == NULL)
        run->batch = tw_batch_new(128 * 1024);
    run->counters = (struct tw_proto_counters){0};
    run->told = 0;
    tw_text_clear(&run->text);
}
