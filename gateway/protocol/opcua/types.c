#include "protocol/opcua/types.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/timefmt.h"

bool tw_opcua_string(struct tw_cur *c, struct tw_str *out)
{
    struct tw_cur at = tw_cur_here(c);
    uint32_t len;
    if (!tw_cur_u32le(&at, &len))
        return false;
    if (len == UINT32_MAX)
        *out = TW_STR_NONE;
    else if (!tw_cur_bytes(&at, len, out))
        return false;
    tw_cur_move(c, &at);
    return true;
}

bool tw_opcua_count(struct tw_cur *c, size_t min_size, uint32_t *out)
{
    struct tw_cur at = tw_cur_here(c);
    uint32_t n;
    if (!tw_cur_u32le(&at, &n))
        return false;
    if (n == UINT32_MAX)
        n = 0;
    if (n > at.left / min_size)
        return false;
    tw_cur_move(c, &at);
    *out = n;
    return true;
}

/* Identifier encodings [UA6 5.2.2.9], flags of ExpandedNodeId [UA6 5.2.2.10]. */
enum { TWO_BYTE, FOUR_BYTE, NUMERIC, STRING, GUID, BYTES, HAS_SERVER = 0x40, HAS_URI = 0x80 };

static bool numeric_node(struct tw_cur *c, uint8_t form, struct tw_opcua_node *out)
{
    uint8_t small_ns, small_id;
    uint16_t id;
    out->kind = 'i';
    switch (form) {
    case TWO_BYTE:
        if (!tw_cur_u8(c, &small_id))
            return false;
        out->id = small_id;
        return true;
    case FOUR_BYTE:
        if (!tw_cur_u8(c, &small_ns) || !tw_cur_u16le(c, &id))
            return false;
        out->ns = small_ns;
        out->id = id;
        return true;
    default:
        return tw_cur_u16le(c, &out->ns) && tw_cur_u32le(c, &out->id);
    }
}

static bool node_body(struct tw_cur *c, uint8_t form, struct tw_opcua_node *out)
{
    if (form <= NUMERIC)
        return numeric_node(c, form, out);
    if (form > BYTES || !tw_cur_u16le(c, &out->ns))
        return false;
    out->kind = "sgb"[form - STRING];
    if (form == GUID)
        return tw_cur_bytes(c, 16, &out->text);
    return tw_opcua_string(c, &out->text);
}

bool tw_opcua_node(struct tw_cur *c, struct tw_opcua_node *out)
{
    struct tw_cur at = tw_cur_here(c);
    uint8_t form;
    /* Field by field in its place: a copy would have to wait for the last of them. */
    *out = (struct tw_opcua_node){0};
    if (!tw_cur_u8(&at, &form) || !node_body(&at, form, out))
        return false;
    tw_cur_move(c, &at);
    return true;
}

bool tw_opcua_expanded_node(struct tw_cur *c, struct tw_opcua_node *out)
{
    struct tw_cur at = tw_cur_here(c);
    uint8_t form;
    *out = (struct tw_opcua_node){0};
    if (!tw_cur_u8(&at, &form) || !node_body(&at, form & 0x3f, out))
        return false;
    if ((form & HAS_URI) && !tw_opcua_string(&at, &out->ns_uri))
        return false;
    if ((form & HAS_SERVER) && !tw_cur_u32le(&at, &out->server))
        return false;
    tw_cur_move(c, &at);
    return true;
}

/* Text is put together here, piece by piece, and then copied once. */
struct piece {
    char *p;
    size_t len, size;
};

static void add(struct piece *t, struct tw_str s)
{
    size_t n = s.len < t->size - t->len ? s.len : t->size - t->len;
    if (n)
        memcpy(t->p + t->len, s.p, n);
    t->len += n;
}

static void add_number(struct piece *t, uint64_t v)
{
    char digits[TW_NUM_TEXT];
    size_t len = tw_num_u64(digits, v);
    add(t, (struct tw_str){digits, len});
}

/* [UA6 5.3.1.11] A URI in a NodeId's text ends with the next ';'. */
static void add_uri(struct piece *t, struct tw_str uri)
{
    for (size_t i = 0; i < uri.len; i++)
        if (uri.p[i] == ';' || uri.p[i] == '%')
            add(t, uri.p[i] == ';' ? TW_STR("%3B") : TW_STR("%25"));
        else
            add(t, (struct tw_str){uri.p + i, 1});
}

static void add_base64(struct piece *t, struct tw_str bytes)
{
    static const char code[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct tw_cur c = tw_cur_str(bytes);
    while (c.left > 0) {
        size_t n = c.left < 3 ? c.left : 3;
        uint8_t b[3] = {0};
        for (size_t i = 0; i < n; i++)
            if (!tw_cur_u8(&c, &b[i]))
                return;
        char out[4] = {code[b[0] >> 2], code[(b[0] & 3) << 4 | b[1] >> 4],
            n > 1 ? code[(b[1] & 15) << 2 | b[2] >> 6] : '=', n > 2 ? code[b[2] & 63] : '='};
        add(t, (struct tw_str){out, 4});
    }
}

static void add_identifier(struct piece *t, const struct tw_opcua_node *node)
{
    char guid[TW_OPCUA_GUID_TEXT];
    const char tag[2] = {node->kind, '='};
    add(t, (struct tw_str){tag, 2});
    switch (node->kind) {
    case 'i':
        add_number(t, node->id);
        break;
    case 's':
        add(t, tw_utf8_cut(node->text, TW_MAX_EVENT_STRING));
        break;
    case 'g':
        tw_opcua_guid_text(node->text, guid);
        add(t, (struct tw_str){guid, sizeof(guid)});
        break;
    default:
        add_base64(
            t, (struct tw_str){node->text.p,
                   node->text.len < TW_MAX_EVENT_STRING ? node->text.len : TW_MAX_EVENT_STRING});
    }
}

static size_t identifier_room(const struct tw_opcua_node *node)
{
    size_t text = node->text.len < TW_MAX_EVENT_STRING ? node->text.len : TW_MAX_EVENT_STRING;
    size_t uri = node->ns_uri.len < TW_MAX_IDENTITY ? node->ns_uri.len : TW_MAX_IDENTITY;
    return 64 + 3 * uri + (node->kind == 'b' ? text / 3 * 4 + 4 : text);
}

struct tw_str tw_opcua_node_text(struct tw_arena *a, const struct tw_opcua_node *node)
{
    size_t room = identifier_room(node);
    struct piece t = {tw_arena_alloc(a, room), 0, room};
    if (t.p == NULL)
        return TW_STR_NONE;
    if (node->server != 0) {
        add(&t, TW_STR("svr="));
        add_number(&t, node->server);
        add(&t, TW_STR(";"));
    }
    if (node->ns_uri.p != NULL) {
        add(&t, TW_STR("nsu="));
        add_uri(&t, tw_utf8_cut(node->ns_uri, TW_MAX_IDENTITY));
        add(&t, TW_STR(";"));
    } else if (node->ns != 0) {
        add(&t, TW_STR("ns="));
        add_number(&t, node->ns);
        add(&t, TW_STR(";"));
    }
    add_identifier(&t, node);
    return (struct tw_str){t.p, t.len};
}

uint64_t tw_opcua_node_digest(const struct tw_opcua_node *node)
{
    if (node->kind == 'i' && node->id == 0 && node->ns == 0)
        return 0;
    uint64_t h = tw_hash_stable(node->text.p, node->text.len);
    h = tw_hash_mix(h, (uint64_t)(uint8_t)node->kind << 56 | (uint64_t)node->ns << 32 | node->id);
    return h == 0 ? 1 : h;
}

void tw_opcua_guid_text(struct tw_str wire, char out[TW_OPCUA_GUID_TEXT])
{
    /* Three little-endian numbers, then eight bytes in order [UA6 5.2.2.6]. */
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    static const char digits[] = "0123456789ABCDEF";
    struct tw_cur c = tw_cur_str(wire);
    size_t at = 0;
    for (size_t i = 0; i < 16; i++) {
        uint8_t byte = 0;
        if (!tw_cur_peek(&c, order[i], &byte))
            byte = 0;
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = digits[byte >> 4];
        out[at++] = digits[byte & 15];
    }
}

bool tw_opcua_qualified_name(struct tw_cur *c, struct tw_opcua_name *out)
{
    struct tw_cur at = tw_cur_here(c);
    struct tw_opcua_name name;
    if (!tw_cur_u16le(&at, &name.ns) || !tw_opcua_string(&at, &name.name))
        return false;
    tw_cur_move(c, &at);
    *out = name;
    return true;
}

struct tw_str tw_opcua_name_text(struct tw_arena *a, const struct tw_opcua_name *name)
{
    struct tw_str text = tw_utf8_cut(name->name, TW_MAX_EVENT_STRING);
    if (name->ns == 0)
        return text;
    struct piece t = {tw_arena_alloc(a, text.len + 8), 0, text.len + 8};
    if (t.p == NULL)
        return TW_STR_NONE;
    add_number(&t, name->ns);
    add(&t, TW_STR(":"));
    add(&t, text);
    return (struct tw_str){t.p, t.len};
}

bool tw_opcua_localized_text(struct tw_cur *c, struct tw_str *locale, struct tw_str *text)
{
    struct tw_cur at = tw_cur_here(c);
    struct tw_str l = TW_STR_NONE, t = TW_STR_NONE;
    uint8_t mask;
    if (!tw_cur_u8(&at, &mask) || (mask & 0xfc) != 0)
        return false;
    if ((mask & 1) && !tw_opcua_string(&at, &l))
        return false;
    if ((mask & 2) && !tw_opcua_string(&at, &t))
        return false;
    tw_cur_move(c, &at);
    if (locale != NULL)
        *locale = l;
    *text = t;
    return true;
}

#define TICKS_PER_S INT64_C(10000000)

int64_t tw_opcua_far_time_ns(int64_t ticks)
{
    if (ticks == 0 || ticks == INT64_MAX || ticks == INT64_MIN)
        return 0;
    return ticks < TW_OPCUA_EPOCH ? INT64_MIN : INT64_MAX;
}

/* Year and day in it, of a day counted from 1601. */
static int64_t year_of_day(int64_t day, int64_t *out_day)
{
    const int64_t first = tw_days_of_date(1601, 1, 1);
    int64_t year = 1601 + day * 400 / 146097;
    while (day + first < tw_days_of_date(year, 1, 1))
        year--;
    while (day + first >= tw_days_of_date(year + 1, 1, 1))
        year++;
    *out_day = day + first - tw_days_of_date(year, 1, 1);
    return year;
}

size_t tw_opcua_time_text(char out[TW_OPCUA_TIME_TEXT], int64_t ticks)
{
    struct piece t = {out, 0, TW_OPCUA_TIME_TEXT};
    int64_t seconds = ticks < 0 ? 0 : ticks / TICKS_PER_S, day;
    int64_t year = year_of_day(seconds / 86400, &day);
    if (year > 9999) {
        add(&t, TW_STR("9999-12-31T23:59:59Z"));
        return t.len;
    }
    /* Nanoseconds do not reach every year: write the same day of one they do, then the year. */
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int64_t same = tw_days_of_date(leap ? 1972 : 1971, 1, 1) + day;
    int64_t fraction = ticks < 0 ? 0 : ticks % TICKS_PER_S;
    int64_t ns = (same * 86400 + seconds % 86400) * TW_NS_PER_S + fraction * 100;
    char text[TW_TIME_TEXT];
    size_t len = tw_time_text(text, ns, fraction % 10 != 0);
    const char digits[4] = {(char)('0' + year / 1000), (char)('0' + year / 100 % 10),
        (char)('0' + year / 10 % 10), (char)('0' + year % 10)};
    add(&t, (struct tw_str){digits, 4});
    add(&t, (struct tw_str){text + 4, len - 4});
    return t.len;
}

/* The null NodeId in two bytes, and no body: what stands in nearly every header. */
static bool is_nothing(const struct tw_cur *c)
{
    uint8_t b[3];
    for (size_t i = 0; i < sizeof(b); i++)
        if (!tw_cur_peek(c, i, &b[i]) || b[i] != 0)
            return false;
    return true;
}

bool tw_opcua_extension(struct tw_cur *c, struct tw_opcua_extension *out)
{
    if (is_nothing(c)) {
        *out = (struct tw_opcua_extension){.type.kind = 'i'};
        return tw_cur_skip(c, 3);
    }
    struct tw_cur at = tw_cur_here(c);
    uint32_t len = 0;
    if (!tw_opcua_node(&at, &out->type) || !tw_cur_u8(&at, &out->encoding) || out->encoding > 2)
        return false;
    if (out->encoding != 0 && !tw_cur_u32le(&at, &len))
        return false;
    if (len == UINT32_MAX)
        len = 0;
    if (!tw_cur_sub(&at, len, &out->body))
        return false;
    tw_cur_move(c, &at);
    return true;
}
