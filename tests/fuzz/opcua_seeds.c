/* Writes the seeds of fuzz_opcua_service and fuzz_opcua_value, from the tables of the decoder: run
 * it again when a service or a structure was added (`make fuzz-seeds`). */

#include "opcua_tables.h"

static const char *folder;

static void put(const char *target, const char *name, const struct wire *w)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s/%s", folder, target, name);
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(w->b, 1, w->n, f) != w->n || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

/* What fuzz_opcua_service reads. */
static void service_seed(const char *name, unsigned options, unsigned index, unsigned away,
    unsigned result, const struct w_choice *choice)
{
    static struct wire seed, request, response;
    uint32_t id = 0;
    for (unsigned i = 0; i <= index; i++)
        id = w_next_service(id);
    const struct tw_opcua_service *service = tw_opcua_service_of_request(id);
    w_message(&request, service->shape, true, choice);
    w_message(&response, service->shape, false, choice);
    seed.n = 0;
    w_u8(&seed, options);
    w_u8(&seed, index);
    w_u8(&seed, away);
    w_u8(&seed, result);
    w_u16(&seed, (unsigned)request.n);
    w_raw(&seed, request.b, request.n);
    w_raw(&seed, response.b, response.n);
    put("opcua_service", name == NULL ? service->name : name, &seed);
}

static void every_service(void)
{
    unsigned index = 0;
    for (uint32_t id = w_next_service(0); id != 0; id = w_next_service(id), index++)
        service_seed(NULL, index % 2 == 0 ? 0 : 128, index, 0, 0, NULL);
}

static unsigned index_of(uint32_t request)
{
    unsigned index = 0;
    for (uint32_t id = w_next_service(0); id != request; id = w_next_service(id))
        index++;
    return index;
}

/* One Read in every way that a conversation can go. */
static void every_way(void)
{
    static const struct {
        const char *name;
        unsigned options, away, result;
    } rows[] = {{"answer-first", 1, 0, 0}, {"unanswered", 2, 0, 0}, {"fault", 4, 0, 1},
        {"chunks", 8, 0, 0}, {"sessionless", 16, 0, 0}, {"own-header", 32, 0, 0},
        {"signed", 64, 0, 0}, {"other-answer", 0, 1, 0}, {"refused", 0, 0, 3},
        {"first-in-chunks", 1 | 8 | 64, 0, 2}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        service_seed(
            rows[i].name, rows[i].options, index_of(631), rows[i].away, rows[i].result, NULL);
}

/* Extension objects of every kind that the walk reads in a way of its own. */
static void every_choice(void)
{
    static const struct {
        unsigned service, role, id;
    } rows[] = {{664, TW_UA_ROLE_PAST, 646}, {664, TW_UA_ROLE_PAST, 649},
        {664, TW_UA_ROLE_PAST, 655}, {664, TW_UA_ROLE_PAST, 23500}, {664, TW_UA_ROLE_PAST, 32800},
        {664, TW_UA_ROLE_PAST_VALUES, 661}, {664, TW_UA_ROLE_PAST_VALUES, 11227},
        {664, TW_UA_ROLE_PAST_VALUES, 32825}, {700, TW_UA_ROLE_PAST_UPDATE, 679},
        {700, TW_UA_ROLE_PAST_UPDATE, 682}, {700, TW_UA_ROLE_PAST_UPDATE, 688},
        {700, TW_UA_ROLE_PAST_UPDATE, 691}, {700, TW_UA_ROLE_PAST_UPDATE, 694},
        {700, TW_UA_ROLE_PAST_UPDATE, 11300}, {467, TW_UA_ROLE_USER, 321},
        {467, TW_UA_ROLE_USER, 327}, {467, TW_UA_ROLE_USER, 940}, {751, TW_UA_ROLE_FILTER, 724},
        {751, TW_UA_ROLE_FILTER, 730}};
    static struct wire body;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char name[64];
        const struct w_choice choice = {rows[i].role, rows[i].id, &body};
        snprintf(name, sizeof(name), "%s-%u", tw_opcua_service_of_request(rows[i].service)->name,
            rows[i].id);
        body.n = 0;
        w_layout(&body, tw_opcua_structure(rows[i].id), NULL);
        service_seed(name, 0, index_of(rows[i].service), 0, 0, &choice);
    }
}

/* What fuzz_opcua reads: pieces of both directions behind a byte of options. */
static struct wire stream;

static void stream_begin(unsigned options)
{
    stream.n = 0;
    w_u8(&stream, options);
}

static void piece(unsigned dir, const char *type, const struct wire *body)
{
    static struct wire frame;
    w_frame(&frame, type, body);
    w_u16(&stream, (unsigned)frame.n | dir << 15);
    w_raw(&stream, frame.b, frame.n);
}

static void handshake(void)
{
    static struct wire w;
    w_hello(&w, 65536, "opc.tcp://plc:4840");
    piece(0, "HELF", &w);
    w_hello(&w, 65536, NULL);
    piece(1, "ACKF", &w);
}

/* Bytes that look like nothing. */
static void w_noise(struct wire *w, size_t n)
{
    uint32_t x = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525 + 1013904223;
        w_u8(w, x >> 24);
    }
}

static void open_sealed(unsigned dir, uint32_t channel, const char *policy)
{
    static struct wire w, certificate;
    certificate.n = 0;
    w_noise(&certificate, 40);
    w_open(&w, channel, policy, &certificate);
    w_noise(&w, 64);
    piece(dir, "OPNF", &w);
}

static void open_plain(unsigned dir, uint32_t channel, const char *policy, uint32_t mode)
{
    static struct wire w, body;
    w_open(&w, channel, policy, NULL);
    w_u32(&w, 1);
    w_u32(&w, 1);
    if (dir == 0) {
        w_request(&body, 446, 1, NULL);
        w_u32(&body, 0);
        w_u32(&body, 0);
        w_u32(&body, mode);
        w_str(&body, NULL);
    } else {
        w_response(&body, 449, 1, 0);
        w_u32(&body, 0);
        w_u32(&body, channel);
        w_u32(&body, 1);
        w_time(&body);
    }
    w_u32(&body, 3600000);
    if (dir == 1)
        w_str(&body, NULL);
    w_raw(&w, body.b, body.n);
    piece(dir, "OPNF", &w);
}

static void noise(unsigned dir, const char *type, size_t n)
{
    static struct wire w;
    w.n = 0;
    w_u32(&w, 7);
    w_u32(&w, 1);
    w_noise(&w, n);
    piece(dir, type, &w);
}

static void message(unsigned dir, const char *type, uint32_t sequence, const struct wire *body)
{
    static struct wire w;
    w.n = 0;
    w_u32(&w, 7);
    w_u32(&w, 1);
    w_u32(&w, sequence);
    w_u32(&w, 2);
    w_raw(&w, body->b, body->n);
    piece(dir, type, &w);
}

static void encrypted_streams(void)
{
    stream_begin(2 | 8);
    handshake();
    open_sealed(0, 0, "Basic256Sha256");
    open_sealed(1, 7, "Basic256Sha256");
    for (unsigned i = 0; i < 3; i++) {
        noise(0, "MSGF", 80 + i);
        noise(1, "MSGC", 96);
        noise(1, "MSGF", 64 + i);
    }
    open_sealed(0, 7, "Basic256Sha256");
    open_sealed(1, 7, "Basic256Sha256");
    noise(0, "MSGC", 96);
    noise(0, "MSGA", 48);
    noise(0, "MSGF", 80);
    noise(0, "CLOF", 48);
    put("opcua", "sealed", &stream);
    stream_begin(8);
    handshake();
    open_plain(0, 0, "ECC_nistP256_AesGcm", 3);
    open_plain(1, 7, "ECC_nistP256_AesGcm", 0);
    noise(0, "MSGF", 80);
    noise(1, "MSGF", 80);
    put("opcua", "sealed-ecc", &stream);
    stream_begin(1);
    for (unsigned i = 0; i < 4; i++) {
        noise(0, "MSGF", 80 + i);
        noise(1, "MSGF", 64 + i);
    }
    noise(0, "CLOF", 48);
    put("opcua", "midstream-sealed", &stream);
}

/* Answers before what they answer, as where two directions are captured apart; an error for what is
 * open; a request twice. */
static void late_streams(void)
{
    static struct wire request, response, w;
    w_read(&request, 4, (const char *const[]){"Temp"}, 1);
    w_response(&response, 634, 4, 0);
    w_u32(&response, 1);
    w_double(&response, 1.5);
    w_u32(&response, 0);
    stream_begin(8);
    w_hello(&w, 65536, NULL);
    piece(1, "ACKF", &w);
    open_plain(1, 7, "None", 0);
    message(1, "MSGF", 2, &response);
    w_hello(&w, 65536, "opc.tcp://plc:4840");
    piece(0, "HELF", &w);
    open_plain(0, 0, "None", 1);
    message(0, "MSGF", 2, &request);
    put("opcua", "late-client", &stream);
    stream_begin(8);
    handshake();
    open_plain(0, 0, "None", 1);
    open_plain(1, 7, "None", 0);
    message(0, "MSGF", 2, &request);
    message(0, "MSGF", 3, &request);
    message(1, "MSGF", 9, &response);
    message(1, "MSGF", 10, &response);
    open_plain(0, 7, "None", 1);
    w.n = 0;
    w_u32(&w, 0x80130000);
    w_str(&w, "no more");
    piece(1, "ERRF", &w);
    put("opcua", "twice-and-error", &stream);
}

/* More messages between each other than are kept; the last is whole. */
static void crowded_stream(void)
{
    static struct wire request, w;
    w_read(&request, 4, (const char *const[]){"Temp"}, 1);
    stream_begin(8);
    handshake();
    open_plain(0, 0, "None", 1);
    open_plain(1, 7, "None", 0);
    for (uint32_t i = 0; i < 12; i++) {
        const uint32_t id = i < 11 ? 2 + i : 12;
        w.n = 0;
        w_u32(&w, 7);
        w_u32(&w, 1);
        w_u32(&w, 2 + i);
        w_u32(&w, id);
        w_raw(&w, i < 11 ? request.b : request.b + 20, i < 11 ? 20 : request.n - 20);
        piece(0, i < 11 ? "MSGC" : "MSGF", &w);
    }
    put("opcua", "crowded", &stream);
}

/* What fuzz_opcua_value reads. */
enum { VALUE, ARRAY, VARIANT, VARIANTS, DATA_VALUE, STRUCTURE, EXTENSION, NODE };

static struct wire *value_seed(unsigned what, unsigned type)
{
    static struct wire seed;
    seed.n = 0;
    w_u8(&seed, what);
    w_u8(&seed, type);
    w_u8(&seed, 0);
    return &seed;
}

static void every_type(void)
{
    char name[64];
    for (unsigned type = 1; type < TW_UA_TYPES; type++) {
        struct wire *w = value_seed(VALUE, type);
        w_value(w, type);
        put("opcua_value", tw_opcua_type_name(type, false), w);
        w = value_seed(VARIANT, 0);
        w_u8(w, 0xc0 | type);
        w_u32(w, 2);
        w_value(w, type);
        w_value(w, type);
        w_u32(w, 2);
        w_u32(w, 1);
        w_u32(w, 2);
        snprintf(name, sizeof(name), "matrix-%u", type);
        put("opcua_value", name, w);
    }
}

static void every_structure(void)
{
    unsigned index = 0;
    char name[64];
    for (uint32_t id = w_next_structure(0); id != 0; id = w_next_structure(id), index++) {
        struct wire *w = value_seed(STRUCTURE, index);
        w_layout(w, tw_opcua_structure(id), NULL);
        snprintf(name, sizeof(name), "structure-%u", id);
        put("opcua_value", name, w);
    }
}

/* Each encoding of a NodeId [UA6 5.2.2.9], with a namespace and a server behind it. */
static void every_node(void)
{
    static const struct {
        const char *name, *bytes;
        size_t n;
    } rows[] = {{"node-two-byte", "\x40\7\2\0\0\0u:\x80", 9},
        {"node-two-byte-server", "\xc0\7\1\0\0\0u\5\0\0\0", 11}, {"node-four-byte", "\1\2\3\0", 4},
        {"node-numeric", "\2\1\0\5\0\0\0", 7}, {"node-string", "\3\2\0\1\0\0\0s", 8},
        {"node-guid",
            "\4\2\0"
            "0123456789abcdef",
            19},
        {"node-opaque", "\5\2\0\2\0\0\0\xff\0", 9}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wire *w = value_seed(NODE, 0);
        w_raw(w, rows[i].bytes, rows[i].n);
        put("opcua_value", rows[i].name, w);
    }
}

/* Everything a DataValue and a DiagnosticInfo may have, and values inside values. */
static void the_rest(void)
{
    struct wire *w = value_seed(DATA_VALUE, 0);
    w_u8(w, 0x3f);
    w_u8(w, 11);
    w_f64(w, 1.5);
    w_u32(w, 0x80000000);
    w_time(w);
    w_u16(w, 10);
    w_time(w);
    w_u16(w, 10);
    put("opcua_value", "data-value", w);
    w = value_seed(VALUE, TW_UA_DIAGNOSTICINFO);
    w->b[2] = 16; /* a table of two strings */
    w_u32(w, 2);
    w_str(w, "one");
    w_str(w, "2");
    for (int inner = 1; inner >= 0; inner--) {
        w_u8(w, inner ? 0x7f : 0x3f);
        for (uint32_t i = 0; i < 4; i++)
            w_u32(w, i);
        w_str(w, "more");
        w_u32(w, 0x80010000);
    }
    put("opcua_value", "diagnostics", w);
    w = value_seed(VARIANTS, 0);
    w_u32(w, 2);
    w_raw(w, "\x98\1\0\0\0\x98\1\0\0\0\1\1", 12);
    w_raw(w, "\x17\1\x17\1\1\1", 6);
    put("opcua_value", "nested", w);
    w = value_seed(ARRAY, TW_UA_STRING);
    w_u32(w, 2);
    w_str(w, "\xc3\xa9");
    w_str(w, NULL);
    put("opcua_value", "strings", w);
    w = value_seed(EXTENSION, 0);
    w_str(w, "short");
    put("opcua_value", "structure-cut", w);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    folder = argv[1];
    every_service();
    every_way();
    every_choice();
    encrypted_streams();
    late_streams();
    crowded_stream();
    every_type();
    every_structure();
    every_node();
    the_rest();
    return 0;
}
