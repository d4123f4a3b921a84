/* Which indicator an event fits. */

#include <stdlib.h>

#include "base/addr.h"
#include "indicator/store.h"

static size_t lower(struct tw_str value, char *out)
{
    for (size_t i = 0; i < value.len; i++) {
        const char c = value.p[i];
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    return value.len;
}

static bool is_hex(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f')))
            return false;
    }
    return true;
}

size_t tw_trait_plain(enum tw_trait trait, struct tw_str value, char out[TW_TRAIT_BYTES])
{
    static const size_t digits[TW_TRAITS] = {[TW_TRAIT_CERTIFICATE_SHA256] = 64,
        [TW_TRAIT_CERTIFICATE_SHA1] = 40,
        [TW_TRAIT_FILE_SHA256] = 64,
        [TW_TRAIT_JA3] = 32};
    struct tw_ip ip;
    size_t len = value.len;
    if (value.p == NULL || len > TW_TRAIT_BYTES)
        return 0;
    if (trait == TW_TRAIT_IP) {
        if (!tw_ip_parse(value, &ip))
            return 0;
        len = ip.family == 6 ? 16 : 4;
        memcpy(out, ip.b, len);
    } else if (trait == TW_TRAIT_DOMAIN || digits[trait] > 0) {
        len = lower(value, out);
        if (trait == TW_TRAIT_DOMAIN && len > 0 && out[len - 1] == '.')
            len--;
        if (digits[trait] > 0 && (len != digits[trait] || !is_hex(out, len)))
            return 0;
    } else {
        memcpy(out, value.p, len);
    }
    return len;
}

struct tw_text_key tw_trait_key(
    const struct tw_indicators *x, enum tw_trait trait, const char *plain, size_t len)
{
    struct tw_text_key key = tw_text_key(x->seed, (struct tw_str){plain, len});
    key.a = tw_hash_mix(key.a, (uint64_t)trait);
    return key;
}

static int by_key(const void *a, const void *b)
{
    const struct tw_trait_row *x = a, *y = b;
    if (x->key.a != y->key.a)
        return x->key.a < y->key.a ? -1 : 1;
    if (x->key.b != y->key.b)
        return x->key.b < y->key.b ? -1 : 1;
    return x->object < y->object ? -1 : x->object > y->object;
}

void tw_indicators_sort(struct tw_indicators *x)
{
    if (x->n_rows > 0)
        qsort(x->rows, x->n_rows, sizeof(*x->rows), by_key);
}

struct search {
    const struct tw_indicators *x;
    int64_t now_ns;
    const struct tw_indicator *best;
};

static size_t first_of(const struct tw_indicators *x, struct tw_text_key key)
{
    const struct tw_trait_row wanted = {.key = key};
    size_t low = 0, high = x->n_rows;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (by_key(&x->rows[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void look_up(struct search *s, enum tw_trait trait, const char *plain, size_t len)
{
    const struct tw_indicators *x = s->x;
    const struct tw_text_key key = tw_trait_key(x, trait, plain, len);
    for (size_t i = first_of(x, key); i < x->n_rows; i++) {
        const struct tw_trait_row *row = &x->rows[i];
        const struct tw_indicator_object *o = &x->objects[row->object];
        if (row->key.a != key.a || row->key.b != key.b)
            return;
        if (!o->revoked && s->now_ns >= o->from_ns && s->now_ns < o->until_ns &&
            (s->best == NULL || row->what.confidence > s->best->confidence))
            s->best = &row->what;
    }
}

static void look_at(void *search, enum tw_trait trait, struct tw_str value)
{
    struct search *s = search;
    char plain[TW_TRAIT_BYTES];
    if (!s->x->has[trait])
        return;
    const size_t len = trait == TW_TRAIT_IP ? value.len : tw_trait_plain(trait, value, plain);
    if (len > 0)
        look_up(s, trait, trait == TW_TRAIT_IP ? value.p : plain, len);
}

static void give(tw_trait_fn fn, void *user, enum tw_trait trait, struct tw_str value)
{
    if (value.len > 0)
        fn(user, trait, value);
}

static void give_ip(tw_trait_fn fn, void *user, const struct tw_ip *ip)
{
    const size_t len = ip->family == 6 ? 16 : 4;
    if (ip->family != 0)
        fn(user, TW_TRAIT_IP, (struct tw_str){(const char *)ip->b, len});
}

static void give_tls(tw_trait_fn fn, void *user, const struct tw_tls_info *tls)
{
    if (tls == NULL)
        return;
    give(fn, user, TW_TRAIT_DOMAIN, tls->sni);
    give(fn, user, TW_TRAIT_CERTIFICATE_SHA1, tls->sha1);
    give(fn, user, TW_TRAIT_JA3, tls->ja3);
    give(fn, user, TW_TRAIT_JA4, tls->ja4);
}

bool tw_traits_of_arrival(const struct tw_event *e, tw_trait_fn fn, void *user)
{
    static const uint32_t arrivals = 1u << TW_ACTION_FLOW | 1u << TW_ACTION_CONNECT |
                                     1u << TW_ACTION_SECURE | 1u << TW_ACTION_SESSION;
    if ((arrivals & 1u << e->action) == 0)
        return false;
    give_ip(fn, user, &e->src.ip);
    give_ip(fn, user, &e->dst.ip);
    if (e->action == TW_ACTION_FLOW)
        give(fn, user, TW_TRAIT_DOMAIN, e->object);
    if (e->flow_info != NULL)
        give_tls(fn, user, e->flow_info->tls);
    if (e->opcua != NULL) {
        give(fn, user, TW_TRAIT_CERTIFICATE_SHA256, e->opcua->certificate_sha256.s);
        give(fn, user, TW_TRAIT_APPLICATION_URI, e->opcua->application_uri.s);
        give(fn, user, TW_TRAIT_APPLICATION_NAME, e->opcua->application_name.s);
    }
    if (e->mqtt != NULL) {
        give(fn, user, TW_TRAIT_CLIENT_ID, e->mqtt->client_id.s);
        if (e->mqtt->carrier != NULL)
            give_tls(fn, user, e->mqtt->carrier->tls);
    }
    return true;
}

static void look_at_file(struct search *s, const struct tw_event *e)
{
    static const char digits[] = "0123456789abcdef";
    const struct tw_mqtt_info *m = e->mqtt;
    char hex[2 * sizeof(m->payload_sha256)];
    if (m == NULL || !m->has_sha256 || e->field.p != NULL)
        return;
    for (size_t i = 0; i < sizeof(m->payload_sha256); i++) {
        hex[2 * i] = digits[m->payload_sha256[i] >> 4];
        hex[2 * i + 1] = digits[m->payload_sha256[i] & 15];
    }
    look_up(s, TW_TRAIT_FILE_SHA256, hex, sizeof(hex));
}

const struct tw_indicator *tw_indicators_match(
    const struct tw_indicators *x, const struct tw_event *e)
{
    struct search s = {.x = x, .now_ns = e->ts_ns};
    if (!tw_traits_of_arrival(e, look_at, &s) && e->action == TW_ACTION_PUBLISH &&
        x->has[TW_TRAIT_FILE_SHA256])
        look_at_file(&s, e);
    return s.best;
}

const struct tw_indicator *tw_indicators_find(
    const struct tw_indicators *x, int64_t now_ns, const struct tw_trait_value *traits, size_t n)
{
    struct search s = {.x = x, .now_ns = now_ns};
    for (size_t i = 0; i < n; i++)
        look_at(&s, traits[i].trait, traits[i].value);
    return s.best;
}
