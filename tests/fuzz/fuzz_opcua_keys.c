/* Key logs, and chunks opened with keys. The first byte says which. Properties: messages point into
 * the text and quote no value; what is opened is shorter than what was sealed; whatever a holder of
 * the keys sends, the dissector gives its memory back. */

#include <assert.h>
#include <stdlib.h>

#include "opener.h"
#include "seal.h"
#include "crypto/opcua_keys.h"
#include "protocol/opcua/opcua.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_problem(void *user, const struct tw_opcua_keys_problem *p)
{
    const size_t *size = user;
    assert(p->line <= *size + 1 && p->column <= *size + 1);
    assert(p->text != NULL && p->text[0] != '\0');
    const char *value = p->source == NULL ? NULL : strchr(p->source, ':');
    for (; value != NULL && *value != '\0'; value++)
        assert(!(*value >= '0' && *value <= '9') && !(*value >= 'a' && *value <= 'z'));
}

static void read_log(const uint8_t *data, size_t size)
{
    struct tw_opcua_keys *keys =
        tw_opcua_keys_parse(tw_str_bytes(data, size), check_problem, &size);
    assert(keys == NULL || tw_opcua_keys_count(keys) * 6 * 14 <= size);
    tw_opcua_keys_free(keys);
}

struct listener {
    struct tw_opcua_keys *keys;
    struct tw_opcua_opener *opener;
    struct seal_keys seal;
};

static const struct listener *listener(void)
{
    static struct listener l;
    static char log[2048];
    if (l.opener == NULL) {
        l.seal = seal_keys_of(1, 32, 32);
        size_t n = seal_log(log, sizeof(log), &l.seal, 1, 1);
        l.keys = tw_opcua_keys_parse((struct tw_str){log, n}, NULL, NULL);
        l.opener = tw_opcua_opener_new(l.keys);
    }
    assert(l.opener != NULL);
    return &l;
}

static bool open_sealed(
    void *keys, const struct tw_sealed *s, void *out, size_t *out_len, unsigned *out_padding)
{
    bool ok = opener_open(keys, s, out, out_len, out_padding);
    assert(!ok || (*out_len >= 8 && *out_len + *out_padding < s->bytes.left));
    return ok;
}

static void ignore(void *user, const struct tw_event *event)
{
    (void)user;
    (void)event;
}

struct talk {
    struct tw_proto_env env;
    struct tw_conn conn;
    struct tw_when when;
    void *state;
    uint32_t sequence[2];
};

static void put_u32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

/* One chunk: `kind` bits are direction, sealed or not, MSG or CLO, and the chunk's type. */
static void send_chunk(struct talk *t, uint8_t kind, const uint8_t *body, size_t n)
{
    static uint8_t plain[2048], out[4096];
    unsigned dir = kind & 1;
    memcpy(out, kind & 4 ? "CLO" : "MSG", 3);
    out[3] = (uint8_t) "FFCA"[kind >> 3 & 3];
    put_u32(out + 8, 1);
    put_u32(out + 12, 1);
    put_u32(plain, ++t->sequence[dir]);
    put_u32(plain + 4, kind >> 5);
    memcpy(plain + 8, body, n);
    size_t len = 8 + n;
    if (kind & 2)
        memcpy(out + 16, plain, len);
    else
        len = seal(&listener()->seal, dir, plain, len, out + 16);
    put_u32(out + 4, (uint32_t)len + 16);
    t->when.packet++;
    tw_opcua.data(t->state, &t->env, &t->conn, dir, tw_cur_of(out, len + 16), &t->when);
}

static void talk(const uint8_t *data, size_t size)
{
    static struct tw_pool *pool;
    static struct tw_proto_counters counters;
    if (pool == NULL)
        pool = tw_pool_new((size_t)8 << 20);
    struct talk t = {.conn = {.side = {{.port = 40000}, {.port = 4840}}, .midstream = true}};
    t.env = (struct tw_proto_env){.pool = pool,
        .limits = tw_limits_default(),
        .next_serial = 1,
        .counters = &counters,
        .emit = {ignore, NULL},
        .opcua_keys = listener()->opener,
        .opcua_key_sets = opener_sets,
        .opcua_open = open_sealed};
    t.state = calloc(1, tw_opcua.state_size);
    tw_opcua.open(t.state, &t.env, &t.conn);
    while (size >= 2) {
        size_t n = (size_t)data[1] * 4;
        uint8_t kind = data[0];
        data += 2;
        size -= 2;
        n = n < size ? n : size;
        send_chunk(&t, kind, data, n);
        data += n;
        size -= n;
    }
    tw_opcua.close(t.state, &t.env, &t.conn, TW_END_CLOSED, &t.when);
    assert(tw_pool_stats(pool).in_use_bytes == 0);
    free(t.state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] & 1)
        read_log(data + 1, size - 1);
    else
        talk(data + 1, size - 1);
    return 0;
}
