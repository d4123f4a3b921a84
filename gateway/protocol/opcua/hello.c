/* The UA Connection Protocol's own messages [UA6 7.1.2.3] to [UA6 7.1.2.6]. */

#include "protocol/opcua/state.h"

enum { MAX_URL = 4096, MIN_BUFFER = 1024 };

static bool read_buffers(struct tw_cur *c, struct tw_opcua_buffers *out, uint32_t *send)
{
    uint32_t version;
    struct tw_opcua_buffers b = {.known = true};
    if (!tw_cur_u32le(c, &version) || !tw_cur_u32le(c, &b.receive) || !tw_cur_u32le(c, send) ||
        !tw_cur_u32le(c, &b.message) || !tw_cur_u32le(c, &b.chunks))
        return false;
    *out = b;
    return true;
}

static uint32_t check_buffers(const struct tw_opcua_buffers *b, uint32_t send)
{
    return b->receive < MIN_BUFFER || send < MIN_BUFFER ? TW_OPCUA_BIT(TW_OPCUA_BAD_BUFFER_SIZE)
                                                        : 0;
}

/* A URL or URI, cut to what events hold. */
static bool read_url(struct tw_cur *c, struct tw_str *out, uint32_t *anomalies)
{
    if (!tw_opcua_string(c, out))
        return false;
    if (out->len > MAX_URL)
        *anomalies |= TW_OPCUA_BIT(TW_OPCUA_STRING_TOO_LONG);
    if (!tw_utf8_valid(*out))
        *anomalies |= TW_OPCUA_BIT(TW_OPCUA_BAD_UTF8);
    if (out->p != NULL)
        *out = tw_utf8_cut(*out, MAX_URL);
    return true;
}

static bool is_cut(uint32_t anomalies)
{
    return (anomalies & TW_OPCUA_BIT(TW_OPCUA_STRING_TOO_LONG)) != 0;
}

static uint32_t check_end(const struct tw_cur *c)
{
    return c->left > 0 ? TW_OPCUA_BIT(TW_OPCUA_TRAILING_BYTES) : 0;
}

static void report(struct tw_opcua_call *k, uint32_t anomalies, const char *service)
{
    const struct tw_opcua_info info = {.service = tw_str_of(service)};
    tw_opcua_malformed(k, anomalies, &info);
}

void tw_opcua_hello_event(
    struct tw_opcua_call *k, const struct tw_opcua_request *r, const uint32_t *code)
{
    struct tw_event event;
    struct tw_opcua_info info;
    char text[TW_OPCUA_STATUS_TEXT];
    struct tw_cur c = tw_opcua_request_body(r);
    struct tw_opcua_buffers buffers;
    struct tw_str url;
    uint32_t send, anomalies = 0;
    tw_opcua_event(k, &event, tw_opcua_client_of(k), TW_ACTION_CONNECT, &info, "Hello");
    event.request_packet = r->when.packet;
    event.request_ts_ns = r->when.ts_ns;
    if (read_buffers(&c, &buffers, &send) && read_url(&c, &url, &anomalies))
        event.object = info.endpoint_url = url;
    else
        event.object_null = true;
    event.truncated = is_cut(anomalies);
    if (code != NULL)
        tw_opcua_event_status(&event, *code, text);
    else
        event.status.is_null = true;
    tw_emit(&k->env->emit, &event);
}

void tw_opcua_hello(struct tw_opcua_call *k, struct tw_cur c, bool cut)
{
    struct tw_opcua_state *st = k->st;
    struct tw_cur body = c;
    struct tw_opcua_buffers buffers;
    struct tw_str url;
    uint32_t send, anomalies = 0;
    const uint32_t good = 0;
    if (st->hello && st->intact[k->dir])
        anomalies |= TW_OPCUA_BIT(TW_OPCUA_UNEXPECTED_HELLO);
    if (!st->started)
        st->intact[0] = st->intact[1] = true; /* whatever the capture saw of TCP's handshake */
    st->hello = true;
    st->client = (uint8_t)k->dir;
    if (read_buffers(&c, &buffers, &send) && read_url(&c, &url, &anomalies)) {
        anomalies |= check_buffers(&buffers, send) | check_end(&c);
        st->buffers[k->dir] = buffers;
    } else if (!cut) {
        anomalies |= TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR);
    }
    report(k, anomalies, "Hello");
    struct tw_opcua_request *r = tw_opcua_request_add(k, body);
    if (r == NULL)
        return;
    r->kind = TW_OPCUA_KIND_HELLO;
    if (st->early_acknowledge) {
        tw_opcua_hello_event(k, r, &good);
        tw_opcua_request_drop(k, r);
    }
    st->early_acknowledge = false;
}

void tw_opcua_acknowledge(struct tw_opcua_call *k, struct tw_cur c, bool cut)
{
    struct tw_opcua_state *st = k->st;
    struct tw_opcua_buffers buffers;
    uint32_t send, anomalies = 0;
    const uint32_t good = 0;
    if (st->client == TW_OPCUA_NO_SIDE)
        st->client = (uint8_t)(k->dir ^ 1);
    struct tw_opcua_request *r = tw_opcua_request_oldest(st, TW_OPCUA_KIND_HELLO);
    if (st->intact[k->dir] && ((st->acknowledged && r == NULL) || st->client == k->dir))
        anomalies |= TW_OPCUA_BIT(TW_OPCUA_UNEXPECTED_ACKNOWLEDGE);
    st->early_acknowledge = r == NULL && !st->acknowledged;
    st->acknowledged = true;
    if (read_buffers(&c, &buffers, &send)) {
        anomalies |= check_buffers(&buffers, send) | check_end(&c);
        st->buffers[k->dir] = buffers;
    } else if (!cut) {
        anomalies |= TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR);
    }
    report(k, anomalies, "Acknowledge");
    if (r != NULL && st->client != k->dir) {
        tw_opcua_hello_event(k, r, &good);
        tw_opcua_request_drop(k, r);
    }
}

static void disconnected(struct tw_opcua_call *k, uint32_t code)
{
    struct tw_event event;
    struct tw_opcua_info info;
    char text[TW_OPCUA_STATUS_TEXT];
    tw_opcua_event(k, &event, k->dir, TW_ACTION_DISCONNECT, &info, "Error");
    tw_opcua_event_status(&event, code, text);
    tw_emit(&k->env->emit, &event);
}

void tw_opcua_error(struct tw_opcua_call *k, struct tw_cur c, bool cut)
{
    struct tw_opcua_state *st = k->st;
    uint32_t code, anomalies = 0;
    struct tw_str reason;
    if (!tw_cur_u32le(&c, &code)) {
        if (!cut)
            report(k, TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR), "Error");
        return;
    }
    if (!read_url(&c, &reason, &anomalies) && !cut)
        anomalies |= TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR);
    report(k, anomalies, "Error");
    if (st->client == TW_OPCUA_NO_SIDE)
        st->client = (uint8_t)(k->dir ^ 1);
    struct tw_opcua_request *hello = tw_opcua_request_oldest(st, TW_OPCUA_KIND_HELLO);
    struct tw_opcua_request *open = tw_opcua_request_oldest(st, TW_OPCUA_KIND_OPEN);
    if (st->client != k->dir && hello != NULL) {
        tw_opcua_hello_event(k, hello, &code);
        tw_opcua_request_drop(k, hello);
        return;
    }
    if (st->client != k->dir && open != NULL) {
        tw_opcua_open_event(k, open, tw_opcua_channel_find(st, open->channel), &code);
        tw_opcua_request_drop(k, open);
    }
    disconnected(k, code);
}

void tw_opcua_reverse_hello(struct tw_opcua_call *k, struct tw_cur c, bool cut)
{
    struct tw_event event;
    struct tw_opcua_info info;
    char text[TW_OPCUA_STATUS_TEXT];
    struct tw_str server = TW_STR_NONE, url = TW_STR_NONE;
    uint32_t anomalies = 0;
    if (!k->st->started)
        k->st->intact[0] = k->st->intact[1] = true;
    k->st->client = (uint8_t)(k->dir ^ 1);
    if (read_url(&c, &server, &anomalies) && read_url(&c, &url, &anomalies))
        anomalies |= check_end(&c);
    else if (!cut)
        anomalies |= TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR);
    report(k, anomalies, "ReverseHello");
    tw_opcua_event(k, &event, k->dir, TW_ACTION_CONNECT, &info, "ReverseHello");
    event.object = info.endpoint_url = url;
    info.server_uri = server;
    event.truncated = is_cut(anomalies);
    tw_opcua_event_status(&event, 0, text);
    tw_emit(&k->env->emit, &event);
}
