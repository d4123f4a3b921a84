/* One request and its response of any two services, behind headers that are right: the input is
 * spent on their bodies. Properties: every slice of an event can be read; a request is told about,
 * whatever its body is; no message gives more events than are allowed; all memory comes back. */

#include "opcua_events.h"
#include "opcua_wire.h"
#include "protocol/opcua/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    ANSWER_FIRST = 1,
    UNANSWERED = 2,
    FAULT = 4,
    IN_CHUNKS = 8,
    SESSIONLESS = 16,
    OWN_HEADER = 32, /* the response's header is the input's, too */
    SIGNED = 64,
    CERTIFICATES = 128,
};

struct input {
    uint8_t options;
    const struct tw_opcua_service *asks, *answers;
    uint32_t result;
    const uint8_t *request, *response;
    size_t request_len, response_len;
};

static const struct tw_opcua_service *service_at(uint8_t index)
{
    static const struct tw_opcua_service *all[64];
    static unsigned n;
    for (uint32_t id = 0; n == 0 || (id > 0 && id < 30000); id++) {
        const struct tw_opcua_service *service = tw_opcua_service_of_request(id);
        if (service != NULL)
            all[n++] = service;
    }
    return all[index % n];
}

/* Options, the request's service, how far the response's is from it, its result, the length of the
 * request's body in two bytes, both bodies. */
static struct input input_of(const uint8_t *data, size_t size)
{
    static const uint32_t results[] = {0, 0x80010000, 0x40920000, 0x800B0000};
    struct input in = {.options = data[0],
        .asks = service_at(data[1]),
        .answers = service_at((uint8_t)(data[1] + data[2])),
        .result = results[data[3] & 3],
        .request = data + 6};
    size_t left = size - 6;
    in.request_len = data[4] | (size_t)data[5] << 8;
    in.request_len = in.request_len < left ? in.request_len : left;
    in.response = in.request + in.request_len;
    in.response_len = left - in.request_len;
    return in;
}

static void send_message(struct talk *t, const struct input *in, unsigned dir, struct wire *w)
{
    static const uint8_t seal[20];
    size_t half = in->options & IN_CHUNKS ? w->n / 2 : 0;
    t->signature = in->options & SIGNED ? sizeof(seal) : 0;
    if (half > 0)
        talk_chunk(t, dir, "MSGC", 2, w->b, half);
    talk_chunk(t, dir, "MSGF", 2, w->b + half, w->n - half);
}

/* [UA4 6.3.2]: the service's id stands behind what a session would know. */
static void w_sessionless(struct wire *w, uint32_t id, bool request)
{
    w->n = 0;
    w_node(w, 0, request ? 15903 : 21001);
    if (request)
        w_u32(w, 1);
    w_u32(w, UINT32_MAX);
    w_u32(w, UINT32_MAX);
    if (request)
        w_u32(w, UINT32_MAX);
    w_u32(w, id);
}

/* What `w` holds behind its type, behind the wrapper. */
static void wrap(struct wire *w, uint32_t id, bool request)
{
    static struct wire plain;
    plain = *w;
    w_sessionless(w, id, request);
    w_raw(w, plain.b + 4, plain.n - 4);
}

static void send_request(struct talk *t, const struct input *in)
{
    static struct wire w;
    w_request(&w, in->asks->request, 9, "token");
    w_raw(&w, in->request, in->request_len);
    if (in->options & SESSIONLESS)
        wrap(&w, in->asks->request, true);
    send_message(t, in, 0, &w);
}

static void send_response(struct talk *t, const struct input *in)
{
    static struct wire w;
    unsigned id = in->options & FAULT ? TW_OPCUA_SERVICE_FAULT : in->answers->response;
    w_response(&w, id, 9, in->result);
    if (in->options & OWN_HEADER)
        w.n -= 1 + 4 + 5; /* diagnostics, string table, additional header */
    w_raw(&w, in->response, in->response_len);
    if (in->options & SESSIONLESS)
        wrap(&w, id, false);
    send_message(t, in, 1, &w);
}

static void converse(struct run *run, const struct input *in)
{
    static struct tw_pool *pool;
    static struct talk t;
    if (pool == NULL)
        pool = tw_pool_new((size_t)256 << 20);
    t = (struct talk){.conn = {.side = {{.port = 40000}, {.port = 4840}}, .flow = 1},
        .when = {W_TIME_NS, 0},
        .env = run_env(run, pool, (in->options & CERTIFICATES) != 0),
        .state = calloc(1, tw_opcua.state_size),
        .channel = 7,
        .token = 1};
    run->sessions = tw_opcua_sessions_new(&t.env.limits);
    tw_opcua.open(t.state, &t.env, &t.conn);
    talk_hello(&t);
    if (in->options & SIGNED)
        talk_secure(&t, "Basic256", 2, 20);
    else
        talk_secure(&t, "None", 1, 0);
    run->told = 0;
    if (in->options & ANSWER_FIRST && !(in->options & UNANSWERED))
        send_response(&t, in);
    send_request(&t, in);
    if (!(in->options & (ANSWER_FIRST | UNANSWERED)))
        send_response(&t, in);
    tw_opcua.close(t.state, &t.env, &t.conn, TW_END_CLOSED, &t.when);
    free(t.state);
    tw_opcua_sessions_free(run->sessions);
    assert(tw_pool_stats(pool).in_use_bytes == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run run;
    enum { MOST = 30000 }; /* what the writer of messages holds twice */
    if (size < 6 || size > MOST)
        return 0;
    const struct input in = input_of(data, size);
    run_reset(&run);
    converse(&run, &in);
    assert(run.told <= TW_OPCUA_MAX_ITEMS + 1);
    /* A Publish is there to wait, and its answer may say nothing. */
    if (!(in.asks->flags & TW_OPCUA_DELIVERS) && !(in.options & SESSIONLESS))
        assert(run.told > 0);
    return 0;
}
