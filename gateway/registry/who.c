/* The answers of identity.c, kept: every event asks, and a flow's facts hardly ever change. A slot
 * is found by the flow and holds exactly the facts that were judged, so a clash costs time, nothing
 * else. */

#include <stdlib.h>

#include "registry/model.h"

enum { SIDES = 2, WHO_SLOTS = 4096, PLACE_SLOTS = 8192, KEY_BYTES = 448, TEXT_BYTES = 512 };
enum { PARTS = TW_ID_KINDS + 1, ABSENT = 0xffff };

struct who_slot {
    uint16_t lens[PARTS];
    bool used;
    struct tw_who_facts facts; /* before the key: most keys are short, and then it is all near */
    char key[KEY_BYTES];
    char text[TEXT_BYTES];
};

struct place_slot {
    struct tw_ip ip;
    uint16_t port;
    uint8_t protocol;
    bool used;
    struct tw_place place;
};

struct tw_who {
    struct who_slot slots[WHO_SLOTS][SIDES]; /* in pairs: two flows that meet do not drive */
    uint8_t newer[WHO_SLOTS / 2][SIDES];     /* each other out; the one used last stays */
    struct who_slot large[SIDES];            /* for what does not fit */
    struct place_slot places[PLACE_SLOTS];
};

struct tw_who *tw_who_new(void)
{
    return calloc(1, sizeof(struct tw_who));
}

void tw_who_free(struct tw_who *w)
{
    free(w);
}

void tw_claim_address(struct tw_claim *c, const struct tw_endpoint *at)
{
    memset(c->facts, 0, sizeof(c->facts));
    c->certificate_uri = TW_STR_NONE;
    c->ip.family = 0;
    if (at->ip.family != 0) {
        size_t len = at->ip.family == 6 ? 16 : 4;
        c->ip = at->ip;
        c->ip_key[0] = at->ip.family;
        memcpy(c->ip_key + 1, at->ip.b, len);
        c->facts[TW_ID_IP] = tw_str_bytes(c->ip_key, len + 1);
    }
    if (at->has_mac) {
        memcpy(c->mac, at->mac, sizeof(c->mac));
        c->facts[TW_ID_MAC] = tw_str_bytes(c->mac, sizeof(c->mac));
    }
}

static struct tw_str part(const struct tw_claim *c, int i)
{
    return i < TW_ID_KINDS ? c->facts[i] : c->certificate_uri;
}

static bool is_same(const struct who_slot *s, const struct tw_claim *c)
{
    const char *at = s->key;
    if (!s->used)
        return false;
    for (int i = 0; i < PARTS; i++) {
        struct tw_str p = part(c, i);
        if (s->lens[i] != (p.p == NULL ? ABSENT : p.len))
            return false;
    }
    for (int i = 0; i < PARTS; i++) {
        struct tw_str p = part(c, i);
        if (p.p == NULL)
            continue;
        if (memcmp(at, p.p, p.len) != 0)
            return false;
        at += p.len;
    }
    return true;
}

static bool remember(struct who_slot *s, const struct tw_claim *c)
{
    size_t total = 0;
    for (int i = 0; i < PARTS; i++)
        total += part(c, i).len;
    if (total > KEY_BYTES)
        return false;
    char *at = s->key;
    for (int i = 0; i < PARTS; i++) {
        struct tw_str p = part(c, i);
        s->lens[i] = p.p == NULL ? ABSENT : (uint16_t)p.len;
        if (p.len > 0)
            memcpy(at, p.p, p.len);
        at += p.len;
    }
    s->used = true;
    return true;
}

const struct tw_who_facts *tw_who_is(
    struct tw_registry *r, const struct tw_claim *claim, uint64_t flow, unsigned side)
{
    const size_t pair = (flow * 0x9e3779b97f4a7c15u >> 48) % (WHO_SLOTS / 2);
    uint8_t *newer = &r->who->newer[pair][side];
    struct who_slot *s = &r->who->slots[2 * pair + *newer][side];
    if (is_same(s, claim))
        return &s->facts;
    *newer = !*newer;
    s = &r->who->slots[2 * pair + *newer][side];
    if (is_same(s, claim))
        return &s->facts;
    if (!remember(s, claim))
        s = &r->who->large[side];
    tw_identity_judge(r, claim, s->text, sizeof(s->text), &s->facts);
    return &s->facts;
}

struct tw_place tw_who_at(
    struct tw_registry *r, const struct tw_endpoint *at, enum tw_protocol protocol)
{
    uint64_t low = 0, high = 0;
    memcpy(&low, at->ip.b, at->ip.family == 6 ? 8 : 4);
    if (at->ip.family == 6)
        memcpy(&high, at->ip.b + 8, 8);
    uint64_t h = (low ^ high * 31 ^ (uint64_t)at->port << 32) * 0x9e3779b97f4a7c15u >> 48;
    struct place_slot *s = &r->who->places[h % PLACE_SLOTS];
    if (s->used && s->port == at->port && s->protocol == (uint8_t)protocol &&
        tw_ip_eq(&s->ip, &at->ip))
        return s->place;
    *s = (struct place_slot){.ip = at->ip,
        .port = at->port,
        .protocol = (uint8_t)protocol,
        .used = true,
        .place = tw_identity_place(r, at, protocol)};
    return s->place;
}
