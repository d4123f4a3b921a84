/* Who is it: which entry is named by what a client says and by where its packets come from, and
 * what of that contradicts the inventory. Without a cache; who.c keeps the answers. */

#include "registry/model.h"

enum { SHOWN = 64 }; /* bytes of a hostile text that a message repeats */

static const struct {
    const char *name;
    bool pinned; /* declaring one is a promise: another value on the wire is certainly wrong */
} kinds[] = {
    [TW_ID_CERTIFICATE] = {"certificate", true},
    [TW_ID_URI] = {"ApplicationUri", false},
    [TW_ID_CLIENT_ID] = {"client id", false},
    [TW_ID_IP] = {"address", true},
    [TW_ID_MAC] = {"MAC", true},
    [TW_ID_SPARKPLUG] = {"Sparkplug name", false},
    [TW_ID_OPCUA_USER] = {"user", false},
    [TW_ID_MQTT_USER] = {"user", false},
};

static bool is_link_local(const struct tw_ip *ip)
{
    static const struct tw_ip none = {0};
    if (ip->family == 6)
        return (ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80) || memcmp(ip->b, none.b, 16) == 0;
    return (ip->b[0] == 169 && ip->b[1] == 254) || memcmp(ip->b, none.b, 4) == 0;
}

static bool in_plant(const struct tw_registry *r, const struct tw_ip *ip)
{
    for (size_t i = 0; i < r->n_networks; i++) {
        if (tw_cidrs_have(&r->networks[i].cidrs, ip))
            return true;
    }
    return false;
}

/* Addresses that a host has beside its real ones say nothing. */
static bool is_known(const struct tw_claim *c, enum tw_id_kind kind)
{
    if (c->facts[kind].p == NULL || c->facts[kind].len == 0)
        return false;
    return kind != TW_ID_IP || !is_link_local(&c->ip);
}

static bool declares(const struct tw_entry *e, enum tw_id_kind kind, struct tw_str value)
{
    for (size_t i = 0; i < e->ids[kind].n; i++) {
        if (tw_str_eq(e->ids[kind].list[i], value))
            return true;
    }
    return false;
}

/* Another entry (or any, when `but` is NULL) that declares a value. */
static const struct tw_entry *owner(const struct tw_registry *r, enum tw_id_kind kind,
    struct tw_str value, const struct tw_entry *but)
{
    const struct tw_name_index *index = &r->by_id[kind];
    const struct tw_name_row *row = tw_name_index_find(index, value);
    for (; row != NULL && row < index->rows + index->n && tw_str_eq(row->text, value); row++) {
        if (&r->entries[row->item] != but)
            return &r->entries[row->item];
    }
    return NULL;
}

/* A router puts its own MAC on whatever it forwards. */
static bool is_router_mac(const struct tw_registry *r, const struct tw_claim *c)
{
    const struct tw_name_index *index = &r->by_id[TW_ID_MAC];
    const struct tw_name_row *row = tw_name_index_find(index, c->facts[TW_ID_MAC]);
    for (; row != NULL && row < index->rows + index->n && tw_str_eq(row->text, c->facts[TW_ID_MAC]);
         row++) {
        if (r->entries[row->item].is_gateway)
            return true;
    }
    return is_known(c, TW_ID_IP) && r->n_networks > 0 && !in_plant(r, &c->ip);
}

/* Can this fact alone say who it is? Everybody may be anonymous. */
static bool can_name(const struct tw_registry *r, const struct tw_claim *c, enum tw_id_kind kind)
{
    if (!is_known(c, kind))
        return false;
    if (kind == TW_ID_MAC)
        return !is_router_mac(r, c);
    return kind != TW_ID_OPCUA_USER || !tw_str_is(c->facts[kind], "anonymous");
}

static unsigned agreement(const struct tw_claim *c, const struct tw_entry *e)
{
    unsigned n = 0;
    for (int kind = 0; kind < TW_ID_KINDS; kind++) {
        if (is_known(c, (enum tw_id_kind)kind) &&
            declares(e, (enum tw_id_kind)kind, c->facts[kind]))
            n++;
    }
    return n;
}

/* The entry that the strongest known fact names; of several that share it the one that agrees best,
 * then an AI system, then the first of the file. */
static const struct tw_entry *named(
    const struct tw_registry *r, const struct tw_claim *c, enum tw_id_kind *out_by)
{
    for (int k = 0; k < TW_ID_KINDS; k++) {
        enum tw_id_kind kind = (enum tw_id_kind)k;
        if (!can_name(r, c, kind))
            continue;
        const struct tw_name_index *index = &r->by_id[kind];
        const struct tw_name_row *row = tw_name_index_find(index, c->facts[kind]);
        const struct tw_entry *best = NULL;
        unsigned most = 0;
        for (; row != NULL && row < index->rows + index->n && tw_str_eq(row->text, c->facts[kind]);
             row++) {
            const struct tw_entry *e = &r->entries[row->item];
            unsigned n = agreement(c, e) * 2 + e->is_ai;
            if (n > most) {
                most = n;
                best = e;
            }
        }
        *out_by = kind;
        if (best != NULL)
            return best;
    }
    return NULL;
}

static bool declares_family(const struct tw_entry *e, uint8_t family)
{
    for (size_t i = 0; i < e->ids[TW_ID_IP].n; i++) {
        if ((uint8_t)e->ids[TW_ID_IP].list[i].p[0] == family)
            return true;
    }
    return false;
}

static bool agrees(const struct tw_claim *c, const struct tw_entry *e, enum tw_id_kind kind)
{
    return is_known(c, kind) && declares(e, kind, c->facts[kind]);
}

/* A second connection of a host, under a name of nobody else, is vouched for by the login: the
 * right user from the right address. */
static bool is_second_connection(
    const struct tw_registry *r, const struct tw_claim *c, const struct tw_entry *e)
{
    return agrees(c, e, TW_ID_MQTT_USER) && agrees(c, e, TW_ID_IP) &&
           owner(r, TW_ID_CLIENT_ID, c->facts[TW_ID_CLIENT_ID], NULL) == NULL;
}

/* Does the entry declare something else of this kind than what is seen? */
static bool contradicts(const struct tw_registry *r, const struct tw_claim *c,
    const struct tw_entry *e, enum tw_id_kind kind)
{
    if (!is_known(c, kind) || e->ids[kind].n == 0 || declares(e, kind, c->facts[kind]))
        return false;
    if (kind == TW_ID_MAC)
        return !is_router_mac(r, c);
    if (kind == TW_ID_CLIENT_ID)
        return !is_second_connection(r, c, e);
    /* A second protocol of the same card is fine, unless nothing shows that it is this card. */
    if (kind == TW_ID_IP && !declares_family(e, c->ip.family))
        return !agrees(c, e, TW_ID_MAC);
    return true;
}

/* The entry says nothing of this kind, and the value is somebody else's. */
static const struct tw_entry *belongs_elsewhere(const struct tw_registry *r,
    const struct tw_claim *c, const struct tw_entry *e, enum tw_id_kind kind)
{
    if (!is_known(c, kind) || e->ids[kind].n > 0)
        return NULL;
    if ((kind == TW_ID_MAC || kind == TW_ID_OPCUA_USER) && !can_name(r, c, kind))
        return NULL;
    if (kind == TW_ID_SPARKPLUG && e->passes_on)
        return NULL;
    return owner(r, kind, c->facts[kind], e);
}

/* Words for people, cut where the room ends. */
struct words {
    char *p;
    size_t len, size;
};

static void add(struct words *w, struct tw_str s)
{
    size_t n = s.len < w->size - w->len ? s.len : w->size - w->len;
    if (n > 0)
        memcpy(w->p + w->len, s.p, n);
    w->len += n;
}

static void add_z(struct words *w, const char *z)
{
    add(w, tw_str_of(z));
}

static void add_value(struct words *w, enum tw_id_kind kind, struct tw_str value)
{
    char text[TW_IP_TEXT > TW_MAC_TEXT ? TW_IP_TEXT : TW_MAC_TEXT];
    if (kind == TW_ID_IP) {
        struct tw_ip ip = {.family = (uint8_t)value.p[0]};
        memcpy(ip.b, value.p + 1, value.len - 1);
        add(w, (struct tw_str){text, tw_ip_text(text, &ip)});
    } else if (kind == TW_ID_MAC) {
        uint8_t mac[6];
        memcpy(mac, value.p, sizeof(mac));
        add(w, (struct tw_str){text, tw_mac_text(text, mac)});
    } else {
        add(w, tw_utf8_cut(value, SHOWN));
    }
}

static void add_declared(struct words *w, enum tw_id_kind kind, const struct tw_strs *ids)
{
    enum { MOST = 3 };
    for (size_t i = 0; i < ids->n && i < MOST; i++) {
        if (i > 0)
            add_z(w, " or ");
        add_value(w, kind, ids->list[i]);
    }
}

static void say_named(
    struct words *w, const struct tw_claim *c, const struct tw_entry *e, enum tw_id_kind by)
{
    add_z(w, kinds[by].name);
    add_z(w, " ");
    add_value(w, by, c->facts[by]);
    add_z(w, " is registered for ");
    add(w, tw_utf8_cut(e->id, SHOWN));
}

/* "client id ai1-quality is registered for ai1 at 10.0.0.51, seen from 10.0.0.199" */
static void say_contradiction(struct words *w, const struct tw_claim *c, const struct tw_entry *e,
    enum tw_id_kind by, enum tw_id_kind kind)
{
    bool is_ip = kind == TW_ID_IP;
    say_named(w, c, e, by);
    add_z(w, is_ip ? " at " : " with ");
    add_z(w, is_ip ? "" : kinds[kind].name);
    add_z(w, is_ip ? "" : " ");
    add_declared(w, kind, &e->ids[kind]);
    add_z(w, is_ip ? ", seen from " : ", seen with ");
    add_value(w, kind, c->facts[kind]);
}

/* "address 10.0.0.51 is registered for ai1, seen with client id ai2-optimizer of ai2" */
static void say_elsewhere(struct words *w, const struct tw_claim *c, const struct tw_entry *e,
    enum tw_id_kind by, enum tw_id_kind kind, const struct tw_entry *other)
{
    say_named(w, c, e, by);
    add_z(w, ", seen with ");
    add_z(w, kinds[kind].name);
    add_z(w, " ");
    add_value(w, kind, c->facts[kind]);
    add_z(w, " of ");
    add(w, tw_utf8_cut(other->id, SHOWN));
}

/* Everything that speaks against the entry; the first such fact (a pinned one before others) is put
 * into words. */
static void judge_facts(const struct tw_registry *r, const struct tw_claim *c, enum tw_id_kind by,
    struct words *words, struct tw_who_facts *out)
{
    for (int pass = 0; pass < 2; pass++) {
        for (int k = 0; k < TW_ID_KINDS; k++) {
            enum tw_id_kind kind = (enum tw_id_kind)k;
            if (kinds[kind].pinned != (pass == 0) || !contradicts(r, c, out->entry, kind))
                continue;
            out->identity = TW_IDENTITY_MISMATCH;
            out->certain |= kinds[kind].pinned;
            if (words->len == 0)
                say_contradiction(words, c, out->entry, by, kind);
        }
    }
    for (int k = 0; k < TW_ID_KINDS; k++) {
        const struct tw_entry *other = belongs_elsewhere(r, c, out->entry, (enum tw_id_kind)k);
        if (other == NULL)
            continue;
        out->identity = TW_IDENTITY_MISMATCH;
        if (words->len == 0)
            say_elsewhere(words, c, out->entry, by, (enum tw_id_kind)k, other);
    }
}

/* A certificate vouches for one ApplicationUri [UA6 6.2.2]. */
static void judge_certificate(
    const struct tw_claim *c, struct words *words, struct tw_who_facts *out)
{
    if (!is_known(c, TW_ID_URI) || c->certificate_uri.len == 0 ||
        tw_str_eq(c->facts[TW_ID_URI], c->certificate_uri))
        return;
    out->identity = TW_IDENTITY_MISMATCH;
    if (words->len > 0)
        return;
    add_z(words, "ApplicationUri ");
    add_value(words, TW_ID_URI, c->facts[TW_ID_URI]);
    add_z(words, " is not the one of its certificate, ");
    add_value(words, TW_ID_URI, c->certificate_uri);
}

/* The smallest network that holds the address, and whether all there must be registered. */
static void find_network(
    const struct tw_registry *r, const struct tw_ip *ip, struct tw_who_facts *out)
{
    unsigned best = 0;
    for (size_t i = 0; i < r->n_networks; i++) {
        const struct tw_network *n = &r->networks[i];
        for (size_t k = 0; k < n->cidrs.n; k++) {
            if (!tw_cidr_has(&n->cidrs.list[k], ip))
                continue;
            out->in_registered_only |= n->registered_only;
            if (out->network.p == NULL || n->cidrs.list[k].bits > best) {
                out->network = n->name;
                best = n->cidrs.list[k].bits;
            }
        }
    }
}

void tw_identity_judge(const struct tw_registry *r, const struct tw_claim *claim, char *text,
    size_t size, struct tw_who_facts *out)
{
    enum tw_id_kind by = TW_ID_IP;
    struct words words = {.p = text, .size = size};
    *out = (struct tw_who_facts){0};
    if (claim->ip.family != 0) {
        find_network(r, &claim->ip, out);
        out->registered_address = owner(r, TW_ID_IP, claim->facts[TW_ID_IP], NULL) != NULL;
    }
    out->entry = named(r, claim, &by);
    if (out->entry == NULL)
        return;
    out->identity = TW_IDENTITY_REGISTERED;
    judge_facts(r, claim, by, &words, out);
    judge_certificate(claim, &words, out);
    if (out->identity == TW_IDENTITY_MISMATCH)
        out->mismatch = (struct tw_str){words.p, words.len};
}

/* Of several entries at one address: the one that declares the port, one that serves the protocol,
 * the first. */
struct tw_place tw_identity_place(
    const struct tw_registry *r, const struct tw_endpoint *at, enum tw_protocol protocol)
{
    struct tw_claim c = {0};
    struct tw_place place = {.in_plant = at->ip.family != 0 && in_plant(r, &at->ip)};
    unsigned most = 0;
    tw_claim_address(&c, at);
    if (!is_known(&c, TW_ID_IP))
        return place;
    const struct tw_name_index *index = &r->by_id[TW_ID_IP];
    const struct tw_name_row *row = tw_name_index_find(index, c.facts[TW_ID_IP]);
    for (; row != NULL && row < index->rows + index->n && tw_str_eq(row->text, c.facts[TW_ID_IP]);
         row++) {
        const struct tw_entry *e = &r->entries[row->item];
        bool has_port = false;
        for (size_t i = 0; i < e->ports.n; i++)
            has_port |= e->ports.list[i] == at->port;
        bool serves = (protocol == TW_PROTO_OPCUA && tw_str_is(e->kind, "opcua-server")) ||
                      (protocol == TW_PROTO_MQTT && tw_str_is(e->kind, "mqtt-broker"));
        unsigned n = 1 + has_port * 4u + serves * 2u;
        if (n > most) {
            most = n;
            place.entry = e;
            place.is_server_port = has_port;
        }
    }
    return place;
}
