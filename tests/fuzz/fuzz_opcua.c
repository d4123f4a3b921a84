/* The OPC UA dissector, and what session/ makes of its events, on two directions of hostile bytes.
 * Properties: every slice of an event can be read; the events do not depend on how the bytes were
 * cut into segments; all memory comes back. */

#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "event/batch.h"
#include "event/emit_json.h"
#include "protocol/opcua/opcua.h"
#include "session/stages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEP_WHOLE = 1 << 15 };

struct run {
    struct tw_text text;
    struct tw_proto_counters counters;
    struct tw_batch *batch;
    struct tw_opcua_sessions *sessions;
};

/* What session/ relies on. */
static void check(const struct tw_event *event)
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

static void collect(void *user, const struct tw_event *event)
{
    struct run *run = user;
    check(event);
    tw_event_json(&run->text, event);
    /* As a worker hands it over: no event is larger than half a batch. */
    tw_batch_reset(run->batch);
    enum tw_status kept = tw_batch_add(run->batch, event);
    assert(kept == TW_OK);
    struct tw_session_facts facts = {0};
    struct tw_event *copy = run->batch->events[0];
    check(copy);
    if (copy->opcua != NULL)
        tw_opcua_sessions_event(run->sessions, copy, &facts);
    if (facts.learned != NULL)
        assert(!facts.learned->has_range || facts.learned->low < facts.learned->high);
    tw_event_json(&run->text, copy);
}

static void digest(const void *p, size_t len, uint8_t out[32])
{
    for (size_t i = 0; i < 32; i++)
        out[i] = len > 0 ? ((const uint8_t *)p)[i % len] : 0;
}

static size_t uri(const void *p, size_t len, char *out, size_t size)
{
    size_t n = len < size ? len : size;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)(((const uint8_t *)p)[i] & 0x7f);
    return n;
}

static bool certificate(const void *p, size_t len, struct tw_certificate *out)
{
    *out = (struct tw_certificate){.key_bits = (uint32_t)len, .not_after_ns = (int64_t)len};
    (void)uri(p, len, out->subject, sizeof(out->subject) - 1);
    return len % 2 == 0;
}

static void segment(struct tw_proto_env *env, const struct tw_conn *conn, void *state, unsigned dir,
    const uint8_t *p, size_t n, const struct tw_when *when)
{
    /* A copy of its own, so that one byte too many is seen. */
    uint8_t *exact = malloc(n);
    memcpy(exact, p, n);
    tw_opcua.data(state, env, conn, dir, tw_cur_of(exact, n), when);
    free(exact);
}

/* The input: one byte of options, then pieces of (direction and length, bytes); length 0 is a gap.
 */
static void feed(struct run *run, const uint8_t *data, size_t size, size_t step)
{
    static struct tw_pool *pool;
    if (pool == NULL)
        pool = tw_pool_new((size_t)256 << 20);
    struct tw_limits limits = tw_limits_default();
    limits.sessions = 16;
    run->sessions = tw_opcua_sessions_new(&limits);
    struct tw_proto_env env = {.emit = {collect, run},
        .pool = pool,
        .limits = limits,
        .counters = &run->counters,
        .next_serial = 1};
    const struct tw_conn conn = {
        .side = {{.port = 40000}, {.port = 4840}}, .midstream = (data[0] & 1) != 0, .flow = 1};
    if ((data[0] & 2) != 0) {
        env.certificate_sha256 = digest;
        env.certificate_uri = uri;
        env.certificate_read = certificate;
    }
    void *state = calloc(1, tw_opcua.state_size);
    tw_opcua.open(state, &env, &conn);
    struct tw_when when = {1, 1};
    for (size_t at = 1; at + 1 < size;) {
        unsigned dir = data[at + 1] >> 7;
        size_t len = (size_t)(data[at + 1] & 0x7f) << 8 | data[at];
        at += 2;
        len = len < size - at ? len : size - at;
        if (len == 0)
            tw_opcua.gap(state, &env, &conn, dir, 1, &when);
        for (size_t done = 0; done < len; done += step)
            segment(&env, &conn, state, dir, data + at + done,
                step < len - done ? step : len - done, &when);
        at += len;
        when.packet++;
        when.ts_ns += INT64_C(30000000000);
        if (tw_opcua.next_deadline(state) <= when.ts_ns)
            tw_opcua.tick(state, &env, &conn, &when);
        assert(tw_opcua.next_deadline(state) > when.ts_ns);
    }
    tw_opcua.close(state, &env, &conn, (enum tw_end)(data[0] >> 2 & 3), &when);
    free(state);
    tw_opcua_sessions_free(run->sessions);
    assert(tw_pool_stats(pool).in_use_bytes == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    static struct run whole, split;
    if (whole.batch == NULL) {
        whole.batch = tw_batch_new(128 * 1024);
        split.batch = tw_batch_new(128 * 1024);
    }
    whole.counters = split.counters = (struct tw_proto_counters){0};
    tw_text_clear(&whole.text);
    tw_text_clear(&split.text);
    for (unsigned dir = 0; dir < 2; dir++)
        (void)tw_opcua.probe(tw_cur_of(data + 1, size - 1), dir, (data[0] & 1) != 0);
    feed(&whole, data, size, STEP_WHOLE);
    feed(&split, data, size, 1 + (data[0] >> 4));
    /* What is found after a loss depends on what a segment shows. */
    if (whole.counters.resyncs == 0 && split.counters.resyncs == 0 && (data[0] & 1) == 0)
        assert(tw_str_eq(tw_text_str(&whole.text), tw_text_str(&split.text)));
    return 0;
}
