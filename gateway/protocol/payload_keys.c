#include "protocol/payload_keys.h"

enum { SLOTS = 1024, MAX_KEYS = SLOTS / 2, UNESCAPED = 256 };

struct key {
    struct tw_str text;
    uint32_t object; /* from 1; 0: a free slot */
    bool escaped;
};

struct slots {
    struct key at[SLOTS];
    unsigned n;
};

/* The key as it reads; `buffer` is for one with escapes. One that is too long stays as written. */
static struct tw_str plain(const struct key *k, char buffer[UNESCAPED])
{
    bool cut = true;
    const size_t len = k->escaped ? tw_json_unescape(k->text, buffer, UNESCAPED, &cut) : 0;
    return cut ? k->text : (struct tw_str){buffer, len};
}

static bool same(const struct key *a, const struct key *b)
{
    char of_a[UNESCAPED], of_b[UNESCAPED];
    return a->object == b->object && tw_str_eq(plain(a, of_a), plain(b, of_b));
}

/* True when the key is there already. */
static bool put(struct slots *s, const struct key *k)
{
    char buffer[UNESCAPED];
    if (s->n == MAX_KEYS)
        return false;
    size_t i = (size_t)(tw_payload_key_mark(plain(k, buffer), k->object) >> 48) % SLOTS;
    for (; s->at[i].object != 0; i = (i + 1) % SLOTS)
        if (same(&s->at[i], k))
            return true;
    s->at[i] = *k;
    s->n++;
    return false;
}

bool tw_payload_keys_repeat(struct tw_str text)
{
    struct tw_json r;
    struct tw_json_token t;
    struct slots slots;
    uint32_t object[TW_MAX_JSON_DEPTH + 1], objects = 0;
    memset(&slots, 0, sizeof(slots));
    tw_json_init(&r, text);
    while (tw_json_next(&r, &t) > TW_JSON_TOO_DEEP && slots.n < MAX_KEYS) {
        if (t.kind == TW_JSON_OBJECT)
            object[r.depth] = ++objects;
        if (t.kind != TW_JSON_KEY)
            continue;
        const struct key k = {t.text, object[r.depth], t.escaped};
        if (put(&slots, &k))
            return true;
    }
    return false;
}
