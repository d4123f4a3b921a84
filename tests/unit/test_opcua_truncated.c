#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"
#include "opcua_tables.h"
#include "protocol/opcua/frame.h"

/* All that is decoded is made from the tables that decode it, read to its end, and read at every
 * shorter length on a guard page. */

static struct guard guard;
static uint8_t memory[TW_OPCUA_SCRATCH_BYTES] __attribute__((aligned(16)));

static struct tw_cur guarded(const struct wire *w, size_t len)
{
    return tw_cur_of(guard_put(&guard, w->b, len), len);
}

/* --- services, by the walk over their bodies --- */

static unsigned events;

static void count(void *user, const struct tw_event *e)
{
    struct tw_text *text = user;
    tw_text_clear(text);
    tw_event_json(text, e);
    events++;
}

struct walked {
    bool complete;
    uint32_t anomalies;
    size_t left;
};

static struct walked walk(struct tw_proto_env *env, const struct tw_opcua_service *service,
    struct tw_cur request, struct tw_cur response, bool quiet)
{
    static struct tw_opcua_walk w;
    tw_opcua_walk_init(&w, env, service, quiet);
    w.has_request = w.has_response = w.answered = true;
    w.request = request;
    w.response = response;
    w.base = (struct tw_event){.packet = 0};
    w.base.action = service->action;
    tw_opcua_walk(&w, memory);
    return (struct walked){
        w.complete, w.request_anomalies | w.response_anomalies, w.request.left + w.response.left};
}

static void every_service_at_every_length(void **state)
{
    static struct wire request, response;
    struct tw_text text = {0};
    struct tw_proto_counters counters = {0};
    struct tw_proto_env env = {.emit = {count, &text}, .counters = &counters, .next_serial = 1};
    unsigned services = 0;
    (void)state;
    for (uint32_t id = w_next_service(0); id != 0; id = w_next_service(id)) {
        const struct tw_opcua_service *service = tw_opcua_service_of_request(id);
        services++;
        w_message(&request, service->shape, true, NULL);
        w_message(&response, service->shape, false, NULL);
        const struct tw_cur r = tw_cur_of(request.b, request.n);
        const struct tw_cur a = tw_cur_of(response.b, response.n);
        for (int quiet = 0; quiet < 2; quiet++) {
            events = 0;
            struct walked w = walk(&env, service, r, a, quiet);
            if (!w.complete || w.anomalies != 0 || w.left != 0)
                fail_msg("%s: complete %d, anomalies %x, %zu left", service->name, w.complete,
                    w.anomalies, w.left);
            assert_int_equal(events > 0, !quiet);
            for (size_t cut = 0; cut < request.n; cut++) {
                w = walk(&env, service, guarded(&request, cut), a, quiet);
                assert_true(!w.complete && (w.anomalies & TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR)));
            }
            for (size_t cut = 0; cut < response.n; cut++) {
                w = walk(&env, service, r, guarded(&response, cut), quiet);
                assert_true(!w.complete && (w.anomalies & TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR)));
            }
        }
    }
    assert_int_equal(services, 40);
    tw_text_free(&text);
}

/* --- extension objects that the walk reads in a way of its own: the message is whole, the object's
 * body is cut --- */

static void w_data_changes(struct wire *out)
{
    w_u32(out, 1);
    w_u32(out, 71);
    w_double(out, 20);
    w_u32(out, UINT32_MAX);
}

static void w_events(struct wire *out)
{
    w_u32(out, 1);
    w_u32(out, 72);
    w_u32(out, 1);
    w_u8(out, 5);
    w_u16(out, 500);
}

static void w_status_change(struct wire *out)
{
    w_u32(out, 0x800A0000);
    w_u8(out, 0);
}

static const struct {
    unsigned service, role, id;
    w_fn body;     /* NULL: by the table of structures */
    size_t unread; /* bytes at its end that nobody looks at */
    bool shown;    /* what can not be read is shown as bytes: no anomaly */
} objects[] = {
    {664, TW_UA_ROLE_PAST, 646, NULL, 0, false}, {664, TW_UA_ROLE_PAST, 649, NULL, 0, false},
    {664, TW_UA_ROLE_PAST, 652, NULL, 0, false},
    {664, TW_UA_ROLE_PAST, 655, NULL, 1, false}, /* UseSimpleBounds: not in the first versions */
    {664, TW_UA_ROLE_PAST, 23500, NULL, 0, false},
    {664, TW_UA_ROLE_PAST, 32800, NULL, 1, false}, /* ReadModified */
    {664, TW_UA_ROLE_PAST_VALUES, 658, NULL, 0, false},
    {664, TW_UA_ROLE_PAST_VALUES, 661, NULL, 0, false},
    {664, TW_UA_ROLE_PAST_VALUES, 11227, NULL, 0, false},
    {664, TW_UA_ROLE_PAST_VALUES, 32825, NULL, 0, false},
    {700, TW_UA_ROLE_PAST_UPDATE, 679, NULL, 0, false},
    {700, TW_UA_ROLE_PAST_UPDATE, 682, NULL, 0, false},
    {700, TW_UA_ROLE_PAST_UPDATE, 685, NULL, 0, false},
    {700, TW_UA_ROLE_PAST_UPDATE, 688, NULL, 0, false},
    {700, TW_UA_ROLE_PAST_UPDATE, 691, NULL, 0, false},
    {700, TW_UA_ROLE_PAST_UPDATE, 694, NULL, 0, false},
    {700, TW_UA_ROLE_PAST_UPDATE, 11300, NULL, 0, false},
    {467, TW_UA_ROLE_USER, 324, NULL, 0, false}, {467, TW_UA_ROLE_USER, 321, NULL, 0, true},
    {467, TW_UA_ROLE_USER, 327, NULL, 0, false}, {467, TW_UA_ROLE_USER, 940, NULL, 0, true},
    {751, TW_UA_ROLE_FILTER, 727, NULL, 0, false}, {751, TW_UA_ROLE_FILTER, 724, NULL, 0, true},
    {751, TW_UA_ROLE_FILTER, 730, NULL, 0, true},
    {826, TW_UA_ROLE_NOTIFICATION, 811, w_data_changes, 4, false}, /* DiagnosticInfos */
    {826, TW_UA_ROLE_NOTIFICATION, 916, w_events, 0, false},
    {826, TW_UA_ROLE_NOTIFICATION, 820, w_status_change, 1, false}, /* DiagnosticInfo */
};

static void every_object_at_every_length(void **state)
{
    static struct wire request, response, body;
    struct tw_text text = {0};
    struct tw_proto_counters counters = {0};
    struct tw_proto_env env = {.emit = {count, &text}, .counters = &counters, .next_serial = 1};
    (void)state;
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        const struct tw_opcua_service *service = tw_opcua_service_of_request(objects[i].service);
        const struct w_choice choice = {objects[i].role, objects[i].id, &body};
        body.n = 0;
        if (objects[i].body != NULL)
            objects[i].body(&body);
        else
            w_layout(&body, tw_opcua_structure(objects[i].id), NULL);
        const size_t whole = body.n, read = whole - objects[i].unread;
        for (body.n = 0; body.n <= whole; body.n++) {
            w_message(&request, service->shape, true, &choice);
            w_message(&response, service->shape, false, &choice);
            struct walked w = walk(&env, service, guarded(&request, request.n),
                tw_cur_of(response.b, response.n), false);
            bool error = (w.anomalies & TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR)) != 0;
            if (!w.complete || w.left != 0 || error != (body.n < read && !objects[i].shown))
                fail_msg("i=%u, %zu of %zu bytes: complete %d, anomalies %x", objects[i].id, body.n,
                    whole, w.complete, w.anomalies);
        }
    }
    tw_text_free(&text);
}

/* --- structures and built-in types --- */

static struct tw_opcua_scratch scratch(struct tw_arena *arena)
{
    tw_arena_init(arena, memory, sizeof(memory));
    struct tw_opcua_scratch s = {.arena = arena};
    tw_opcua_scratch_reset(&s);
    return s;
}

static void every_structure_at_every_length(void **state)
{
    static struct wire w;
    struct tw_arena arena;
    unsigned structures = 0;
    (void)state;
    for (uint32_t id = w_next_structure(0); id != 0; id = w_next_structure(id)) {
        const struct tw_opcua_layout *layout = tw_opcua_structure(id);
        structures++;
        w.n = 0;
        w_layout(&w, layout, NULL);
        for (size_t cut = 0; cut <= w.n; cut++) {
            struct tw_value value = {0};
            struct tw_opcua_scratch s = scratch(&arena);
            struct tw_cur c = guarded(&w, cut);
            bool ok = tw_opcua_show_layout(&s, &c, layout, &value);
            if (ok != (cut == w.n) || (ok && c.left != 0) || s.depth != 0)
                fail_msg("i=%u, %zu of %zu bytes: %d, %zu left", id, cut, w.n, ok, c.left);
            /* What can not be read is shown as it came. */
            const struct tw_opcua_extension e = {
                .type = {.kind = 'i', .id = id}, .encoding = 1, .body = guarded(&w, cut)};
            s = scratch(&arena);
            tw_opcua_show_extension(&s, &e, &value);
            assert_int_equal(value.kind, TW_VALUE_OBJECT);
            bool raw = value.n == 2 && tw_str_is(value.items[0].name, "type_id");
            assert_int_equal(raw, cut < w.n);
            assert_true(!raw || value.items[1].s.len == cut);
        }
    }
    assert_int_equal(structures, 66);
}

/* One value, an array, and a matrix in a Variant. */
enum form { SCALAR, LIST, MATRIX, FORMS };

static void w_form(struct wire *w, enum form form, unsigned type)
{
    w->n = 0;
    if (form == MATRIX)
        w_u8(w, 0xc0 | type);
    if (form != SCALAR)
        w_u32(w, 2);
    w_value(w, type);
    if (form != SCALAR)
        w_value(w, type);
    if (form == MATRIX) {
        w_u32(w, 2);
        w_u32(w, 1);
        w_u32(w, 2);
    }
}

static bool read_form(
    struct tw_opcua_scratch *s, struct tw_cur *c, enum form form, unsigned type, bool pass)
{
    struct tw_opcua_typed typed;
    struct tw_value value;
    uint32_t n;
    if (form == MATRIX)
        return tw_opcua_variant(s, c, pass ? NULL : &typed);
    if (form == LIST)
        return tw_opcua_array(s, c, type, &n, pass ? NULL : &value);
    return tw_opcua_value(s, c, type, pass ? NULL : &value);
}

static void every_type_at_every_length(void **state)
{
    static struct wire w;
    struct tw_arena arena;
    (void)state;
    for (unsigned type = 1; type < TW_UA_TYPES; type++)
        for (enum form form = SCALAR; form < FORMS; form++) {
            w_form(&w, form, type);
            for (size_t cut = 0; cut <= 2 * w.n + 1; cut++) {
                struct tw_opcua_scratch s = scratch(&arena);
                struct tw_cur c = guarded(&w, cut / 2);
                bool ok = read_form(&s, &c, form, type, cut % 2 == 1);
                if (ok != (cut / 2 == w.n) || (ok && c.left != 0) || s.depth != 0)
                    fail_msg("%s, form %d, %zu of %zu bytes: %d, %zu left",
                        tw_opcua_type_name(type, false), (int)form, cut / 2, w.n, ok, c.left);
            }
        }
}

/* Every part that one of these types may have. */
static void w_full_data_value(struct wire *w)
{
    w_u8(w, 0x3f);
    w_u8(w, 12);
    w_str(w, "value");
    w_u32(w, 0x80000000);
    w_time(w);
    w_u16(w, 10);
    w_time(w);
    w_u16(w, 10);
}

static void w_full_diagnostics(struct wire *w)
{
    for (int inner = 1; inner >= 0; inner--) {
        w_u8(w, inner ? 0x7f : 0x3f);
        for (uint32_t i = 0; i < 4; i++)
            w_u32(w, i);
        w_str(w, "more");
        w_u32(w, 0x80010000);
    }
}

static void w_full_text(struct wire *w)
{
    w_u8(w, 3);
    w_str(w, "en");
    w_str(w, "text");
}

static void w_two_byte(struct wire *w)
{
    w_u8(w, 0);
    w_u8(w, 7);
}

static void w_numeric(struct wire *w)
{
    w_u8(w, 2);
    w_u16(w, 1);
    w_u32(w, 70000);
}

static void w_guid(struct wire *w)
{
    w_u8(w, 4);
    w_u16(w, 1);
    w_raw(w, "0123456789abcdef", 16);
}

static void w_opaque(struct wire *w)
{
    w_u8(w, 5);
    w_u16(w, 1);
    w_str(w, "opaque");
}

static void w_expanded(struct wire *w)
{
    w_u8(w, 0xc1);
    w_u8(w, 2);
    w_u16(w, 7);
    w_str(w, "urn:there");
    w_u32(w, 5);
}

static void w_xml_body(struct wire *w)
{
    w_node(w, 0, 887);
    w_u8(w, 2);
    w_str(w, "<Range/>");
}

static void w_nested(struct wire *w)
{
    w_raw(w, "\x98\1\0\0\0\x98\1\0\0\0\x17\1\x17\1\1\1", 16);
}

static void every_part_at_every_length(void **state)
{
    static const struct {
        unsigned type;
        w_fn write;
    } rows[] = {{TW_UA_DATAVALUE, w_full_data_value}, {TW_UA_DIAGNOSTICINFO, w_full_diagnostics},
        {TW_UA_LOCALIZEDTEXT, w_full_text}, {TW_UA_NODEID, w_two_byte}, {TW_UA_NODEID, w_numeric},
        {TW_UA_NODEID, w_guid}, {TW_UA_NODEID, w_opaque}, {TW_UA_EXPANDEDNODEID, w_expanded},
        {TW_UA_EXTENSIONOBJECT, w_xml_body}, {TW_UA_VARIANT, w_nested}};
    static struct wire w;
    struct tw_arena arena;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        w.n = 0;
        rows[i].write(&w);
        for (size_t cut = 0; cut <= 2 * w.n + 1; cut++) {
            struct tw_opcua_scratch s = scratch(&arena);
            struct tw_cur c = guarded(&w, cut / 2);
            bool ok = read_form(&s, &c, SCALAR, rows[i].type, cut % 2 == 1);
            if (ok != (cut / 2 == w.n) || (ok && c.left != 0) || s.depth != 0)
                fail_msg("row %zu, %zu of %zu bytes: %d, %zu left", i, cut / 2, w.n, ok, c.left);
        }
    }
}

/* --- whole messages, by the dissector: chunks whose size is true, but whose end is missing --- */

/* Anomalies of one talk, and what else was said. */
static struct said {
    unsigned errors, sizes, others;
    unsigned told;
} said;

static void listen(void *user, const struct tw_event *e)
{
    struct tw_text *text = user;
    tw_text_clear(text);
    tw_event_json(text, e);
    if (e->action != TW_ACTION_MALFORMED)
        said.told++;
    else if (tw_str_is(e->detail, "decode-error"))
        said.errors++;
    else if (tw_str_is(e->detail, "bad-chunk-size"))
        said.sizes++;
    else
        said.others++;
}

static void begin(struct talk *t, const char *policy, size_t signature)
{
    talk_open(t, false);
    t->env.emit = (struct tw_emit){listen, &t->said};
    talk_hello(t);
    talk_secure(t, policy, signature == 0 ? 1 : 2, signature);
    t->signature = (unsigned)signature;
    said = (struct said){0};
}

static void end(struct talk *t)
{
    assert_true(talk_close(t, TW_END_CLOSED));
    tw_text_free(&t->said);
}

/* The first `len` bytes of a chunk, as all of it, against the page. */
static void send_cut(struct talk *t, unsigned dir, const struct wire *frame, size_t len)
{
    uint8_t *at = guard_put(&guard, frame->b, len);
    for (unsigned i = 0; i < 4 && len >= 8; i++)
        at[4 + i] = (uint8_t)(len >> (8 * i));
    t->when.packet++;
    tw_opcua.data(t->state, &t->env, &t->conn, dir, tw_cur_of(at, len), &t->when);
}

/* A chunk with `body`, signed with as many bytes as the channel wants. */
static void chunk_of(
    struct wire *out, struct talk *t, unsigned dir, const char *type, const struct wire *body)
{
    static struct wire w;
    w.n = 0;
    w_u32(&w, t->channel);
    w_u32(&w, t->token);
    w_u32(&w, ++t->sequence[dir]);
    w_u32(&w, 2);
    w_raw(&w, body->b, body->n);
    for (unsigned i = 0; i < t->signature; i++)
        w_u8(&w, 0x5a);
    w_frame(out, type, &w);
}

enum { CHUNK_HEAD = 24 };

/* A request or a response of a service, of which the last bytes are missing. */
static void cut_message(const struct tw_opcua_service *service, bool request, size_t missing,
    const char *policy, size_t signature)
{
    static struct wire body, part, frame;
    struct talk t;
    begin(&t, policy, signature);
    for (unsigned dir = 0; dir < (request ? 1 : 2); dir++) {
        w_message(&part, service->shape, dir == 0, NULL);
        if (dir == 0)
            w_request(&body, service->request, 5, "token");
        else
            w_response(&body, service->response, 5, 0);
        w_raw(&body, part.b, part.n);
        bool cut = dir == (request ? 0 : 1);
        if (cut)
            body.n -= missing < body.n ? missing : body.n;
        chunk_of(&frame, &t, dir, "MSGF", &body);
        send_cut(&t, dir, &frame, frame.n);
    }
    end(&t);
    /* What has no type any more is of no service; a Publish is only told when it is answered. */
    bool told = (!request || body.n >= 4) && !(service->flags & TW_OPCUA_DELIVERS);
    if (said.errors != (missing > 0) || said.sizes + said.others != 0 || (told && said.told == 0))
        fail_msg("%s %s without its last %zu bytes: %u errors, %u others, %u told", service->name,
            request ? "request" : "response", missing, said.errors, said.others + said.sizes,
            said.told);
}

static size_t message_size(const struct tw_opcua_service *service, bool request)
{
    static struct wire body, part;
    w_message(&part, service->shape, request, NULL);
    if (request)
        w_request(&body, service->request, 5, "token");
    else
        w_response(&body, service->response, 5, 0);
    return body.n + part.n;
}

static void every_message_at_every_length(void **state)
{
    (void)state;
    for (uint32_t id = w_next_service(0); id != 0; id = w_next_service(id)) {
        const struct tw_opcua_service *service = tw_opcua_service_of_request(id);
        if (id == 15903) /* wraps another: test_opcua_details.c */
            continue;
        for (int request = 0; request < 2; request++)
            for (size_t missing = 0; missing <= message_size(service, request); missing++)
                cut_message(service, request, missing, "None", 0);
    }
}

/* The signature is where it belongs, what it signs is cut. */
static void signed_messages_at_every_length(void **state)
{
    static const struct {
        const char *policy;
        size_t signature;
    } rows[] = {{"Basic256", 20}, {"Basic256Sha256", 32}};
    const struct tw_opcua_service *read = tw_opcua_service_of_request(631);
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (int request = 0; request < 2; request++)
            for (size_t missing = 0; missing <= message_size(read, request); missing++)
                cut_message(read, request, missing, rows[i].policy, rows[i].signature);
}

/* --- messages of the connection protocol and of channels --- */

static void frame_hello(struct talk *t, struct wire *out)
{
    static struct wire w;
    (void)t;
    w_hello(&w, 65536, "opc.tcp://plc:4840");
    w_frame(out, "HELF", &w);
}

static void frame_acknowledge(struct talk *t, struct wire *out)
{
    static struct wire w;
    frame_hello(t, out);
    talk_send(t, 0, out->b, out->n);
    w_hello(&w, 65536, NULL);
    w_frame(out, "ACKF", &w);
}

static void frame_error(struct talk *t, struct wire *out)
{
    static struct wire w;
    frame_hello(t, out);
    talk_send(t, 0, out->b, out->n);
    w.n = 0;
    w_u32(&w, 0x807D0000);
    w_str(&w, "busy");
    w_frame(out, "ERRF", &w);
}

static void frame_reverse_hello(struct talk *t, struct wire *out)
{
    static struct wire w;
    (void)t;
    w.n = 0;
    w_str(&w, "urn:plc");
    w_str(&w, "opc.tcp://plc:4840");
    w_frame(out, "RHEF", &w);
}

static void frame_open(struct talk *t, struct wire *out)
{
    static struct wire w, body;
    talk_hello(t);
    w_open(&w, 0, "None", NULL);
    w_u32(&w, 1);
    w_u32(&w, 1);
    w_request(&body, 446, 1, NULL);
    w_u32(&body, 0);
    w_u32(&body, 0);
    w_u32(&body, 1);
    w_str(&body, NULL);
    w_u32(&body, 3600000);
    w_raw(&w, body.b, body.n);
    w_frame(out, "OPNF", &w);
}

static void frame_opened(struct talk *t, struct wire *out)
{
    static struct wire w, body;
    frame_open(t, out);
    talk_send(t, 0, out->b, out->n);
    w_open(&w, 7, "None", NULL);
    w_u32(&w, 1);
    w_u32(&w, 1);
    w_response(&body, 449, 1, 0);
    w_u32(&body, 0);
    w_u32(&body, 7);
    w_u32(&body, 1);
    w_time(&body);
    w_u32(&body, 3600000);
    w_str(&body, NULL);
    w_raw(&w, body.b, body.n);
    w_frame(out, "OPNF", &w);
}

static void frame_close(struct talk *t, struct wire *out)
{
    static struct wire w;
    talk_hello(t);
    talk_secure(t, "None", 1, 0);
    w_request(&w, 452, 9, NULL);
    chunk_of(out, t, 0, "CLOF", &w);
}

static void read_then(struct talk *t, struct wire *out, const char *type, const struct wire *body)
{
    static struct wire w;
    talk_hello(t);
    talk_secure(t, "None", 1, 0);
    w_read(&w, 4, (const char *const[]){"Temp"}, 1);
    talk_message(t, 0, 2, &w);
    chunk_of(out, t, 1, type, body);
}

static void frame_abort(struct talk *t, struct wire *out)
{
    static struct wire w;
    w.n = 0;
    w_u32(&w, 0x80010000);
    w_str(&w, "enough");
    read_then(t, out, "MSGA", &w);
}

static void frame_part(struct talk *t, struct wire *out)
{
    static struct wire w;
    w_response(&w, 634, 4, 0);
    read_then(t, out, "MSGC", &w);
}

static const struct {
    const char *name;
    void (*build)(struct talk *t, struct wire *out); /* sends what comes before */
    unsigned dir;
    size_t least;  /* a smaller size is no message of that type */
    size_t unread; /* bytes at the end that nobody looks at */
    bool first;    /* of its connection */
} frames[] = {
    {"HEL", frame_hello, 0, 32, 0, true}, {"ACK", frame_acknowledge, 1, 28, 0, false},
    {"ERR", frame_error, 1, 16, 0, false}, {"RHE", frame_reverse_hello, 0, 16, 0, true},
    {"OPN", frame_open, 0, 24, 8, false},       /* nonce, lifetime */
    {"opened", frame_opened, 1, 24, 16, false}, /* times, nonce */
    {"CLO", frame_close, 0, 24, 0, false},
    {"abort", frame_abort, 1, 24, 14, false},     /* an error, as far as it is there */
    {"part", frame_part, 1, 24, SIZE_MAX, false}, /* judged with the last one */
};

static void every_frame_at_every_length(void **state)
{
    static struct wire frame;
    (void)state;
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
        for (size_t cut = 8; cut == 8 || cut <= frame.n; cut++) {
            struct talk t;
            talk_open(&t, false);
            t.env.emit = (struct tw_emit){listen, &t.said};
            frames[i].build(&t, &frame);
            said = (struct said){0};
            send_cut(&t, frames[i].dir, &frame, cut);
            end(&t);
            bool size = cut < frames[i].least;
            bool read = frames[i].unread > frame.n || cut >= frame.n - frames[i].unread;
            if (said.sizes != size || said.errors != (!size && !read) || said.others != 0)
                fail_msg("%s, %zu of %zu bytes: %u sizes, %u errors, %u others", frames[i].name,
                    cut, frame.n, said.sizes, said.errors, said.others);
        }
}

/* The connection ends inside a message: nothing is made of it, and nothing kept. */
static void every_frame_may_be_the_last(void **state)
{
    static struct wire frame;
    (void)state;
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
        for (size_t cut = 1; cut == 1 || cut < frame.n; cut++) {
            struct talk t;
            talk_open(&t, false);
            t.env.emit = (struct tw_emit){listen, &t.said};
            frames[i].build(&t, &frame);
            said = (struct said){0};
            t.when.packet++;
            tw_opcua.data(t.state, &t.env, &t.conn, frames[i].dir, guarded(&frame, cut), &t.when);
            assert_int_equal(said.told + said.errors + said.sizes + said.others, 0);
            end(&t);
            /* The very first message: its size was a lie. */
            if (said.errors + said.sizes != 0 || said.others != frames[i].first)
                fail_msg("%s, %zu of %zu bytes: %u sizes, %u errors, %u others", frames[i].name,
                    cut, frame.n, said.sizes, said.errors, said.others);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_service_at_every_length),
        cmocka_unit_test(every_object_at_every_length),
        cmocka_unit_test(every_structure_at_every_length),
        cmocka_unit_test(every_type_at_every_length),
        cmocka_unit_test(every_part_at_every_length),
        cmocka_unit_test(every_message_at_every_length),
        cmocka_unit_test(signed_messages_at_every_length),
        cmocka_unit_test(every_frame_at_every_length),
        cmocka_unit_test(every_frame_may_be_the_last),
    };
    guard = guard_new();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    guard_free(&guard);
    return failed;
}
