#include "protocol/mqtt/state.h"

enum { FIRST_PENDING = 4, FIRST_ALIASES = 4 };

/* Make room for one more of `size` bytes in a pool array; false when the pool refuses. */
static bool grow(struct tw_pool *pool, void **array, uint16_t n, uint16_t *max, size_t size,
    unsigned first, unsigned limit)
{
    if (n < *max)
        return true;
    unsigned more = *max == 0 ? first : *max * 2u;
    if (more > limit)
        return false;
    void *bigger = tw_pool_get(pool, more * size, NULL);
    if (bigger == NULL)
        return false;
    if (n > 0)
        memcpy(bigger, *array, n * size);
    tw_pool_put(pool, *array, *max * size);
    *array = bigger;
    *max = (uint16_t)more;
    return true;
}

bool tw_mqtt_pending_is_request(const struct tw_mqtt_pending *p)
{
    return p->type == TW_MQTT_CONNECT || p->type == TW_MQTT_SUBSCRIBE ||
           p->type == TW_MQTT_UNSUBSCRIBE;
}

/* A message that counts against the receiver's Receive Maximum [MQTT5 4.9]. */
static bool is_underway(const struct tw_mqtt_pending *p)
{
    return !tw_mqtt_pending_is_request(p) && !p->supposed;
}

void tw_mqtt_pending_drop(const struct tw_mqtt_call *c, struct tw_mqtt_pending *p)
{
    struct tw_mqtt_state *st = c->st;
    size_t at = (size_t)(p - st->pending);
    if (is_underway(p))
        st->n_underway[p->dir]--;
    if (tw_mqtt_pending_is_request(p))
        st->request_bytes -= p->len;
    tw_pool_put(c->env->pool, p->bytes, p->len);
    st->n_pending--;
    memmove(p, p + 1, (st->n_pending - at) * sizeof(*p));
}

/* The oldest PUBLISH goes first: nothing is reported of it any more, only its acknowledgement can
 * not be judged. A request that has to go is reported as unanswered. */
static void make_room(const struct tw_mqtt_call *c)
{
    struct tw_mqtt_state *st = c->st;
    struct tw_mqtt_pending *oldest = st->pending;
    for (unsigned i = 0; i < st->n_pending; i++) {
        if (!tw_mqtt_pending_is_request(&st->pending[i])) {
            oldest = &st->pending[i];
            break;
        }
    }
    st->clean = false;
    tw_mqtt_emit_unanswered(c, oldest);
    tw_mqtt_pending_drop(c, oldest);
}

struct tw_mqtt_pending *tw_mqtt_pending_add(
    const struct tw_mqtt_call *c, unsigned type, uint16_t id, uint8_t flags, struct tw_str bytes)
{
    struct tw_mqtt_state *st = c->st;
    void *array = st->pending;
    if (st->n_pending == TW_MQTT_MAX_PENDING)
        make_room(c);
    if (!grow(c->env->pool, &array, st->n_pending, &st->max_pending, sizeof(*st->pending),
            FIRST_PENDING, TW_MQTT_MAX_PENDING)) {
        st->clean = false;
        return NULL;
    }
    st->pending = array;
    struct tw_pbuf copy = {0};
    if (bytes.len > 0 && !tw_pbuf_add(c->env->pool, &copy, bytes.p, bytes.len, SIZE_MAX)) {
        st->clean = false;
        return NULL;
    }
    struct tw_mqtt_pending *p = &st->pending[st->n_pending++];
    *p = (struct tw_mqtt_pending){.ts_ns = c->when->ts_ns,
        .packet = c->when->packet,
        .bytes = copy.p,
        .len = (uint32_t)copy.len,
        .id = id,
        .type = (uint8_t)type,
        .flags = flags,
        .dir = (uint8_t)c->dir};
    if (tw_mqtt_pending_is_request(p))
        st->request_bytes += p->len;
    else
        st->n_underway[c->dir]++;
    return p;
}

struct tw_mqtt_pending *tw_mqtt_pending_find(
    struct tw_mqtt_state *st, unsigned dir, unsigned type, uint16_t id)
{
    for (unsigned i = 0; i < st->n_pending; i++) {
        struct tw_mqtt_pending *p = &st->pending[i];
        if (p->id == id && p->type == type && p->dir == dir)
            return p;
    }
    return NULL;
}

/* Where an alias of this sender is, or would be. */
static unsigned alias_place(const struct tw_mqtt_call *c, uint16_t alias)
{
    const struct tw_mqtt_state *st = c->st;
    unsigned low = 0, high = st->n_alias[c->dir];
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (st->alias[c->dir][middle].alias < alias)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct tw_mqtt_alias *find_alias(const struct tw_mqtt_call *c, uint16_t alias)
{
    struct tw_mqtt_state *st = c->st;
    unsigned at = alias_place(c, alias);
    bool found = at < st->n_alias[c->dir] && st->alias[c->dir][at].alias == alias;
    return found ? &st->alias[c->dir][at] : NULL;
}

/* Most senders count their aliases up: the new one is the last. NULL when there is no room. */
static struct tw_mqtt_alias *insert_alias(const struct tw_mqtt_call *c, uint16_t alias)
{
    struct tw_mqtt_state *st = c->st;
    unsigned dir = c->dir, at = alias_place(c, alias);
    void *array = st->alias[dir];
    if (st->alias_bytes[dir] >= TW_MQTT_MAX_ALIAS_BYTES ||
        !grow(c->env->pool, &array, st->n_alias[dir], &st->max_alias[dir], sizeof(*st->alias[dir]),
            FIRST_ALIASES, TW_MQTT_MAX_ALIASES))
        return NULL;
    st->alias[dir] = array;
    struct tw_mqtt_alias *a = &st->alias[dir][at];
    memmove(a + 1, a, (st->n_alias[dir] - at) * sizeof(*a));
    st->n_alias[dir]++;
    *a = (struct tw_mqtt_alias){.alias = alias};
    return a;
}

void tw_mqtt_alias_set(const struct tw_mqtt_call *c, uint16_t alias, struct tw_str topic)
{
    struct tw_mqtt_state *st = c->st;
    struct tw_mqtt_alias *a = find_alias(c, alias);
    if (a == NULL)
        a = insert_alias(c, alias);
    if (a == NULL) {
        st->alias_lost = true;
        return;
    }
    a->topic.len = 0;
    st->alias_bytes[c->dir] -= (uint32_t)a->topic.size;
    if (!tw_pbuf_add(c->env->pool, &a->topic, topic.p, topic.len, SIZE_MAX))
        st->alias_lost = true;
    st->alias_bytes[c->dir] += (uint32_t)a->topic.size;
}

struct tw_str tw_mqtt_alias_get(const struct tw_mqtt_call *c, uint16_t alias)
{
    const struct tw_mqtt_alias *a = find_alias(c, alias);
    if (a == NULL || a->topic.len == 0)
        return TW_STR_NONE;
    return tw_str_bytes(a->topic.p, a->topic.len);
}

void tw_mqtt_identity_set(
    const struct tw_mqtt_call *c, struct tw_maybe client_id, struct tw_maybe username)
{
    struct tw_mqtt_state *st = c->st;
    struct tw_str client = tw_utf8_cut(client_id.s, TW_MAX_IDENTITY);
    struct tw_str user = tw_utf8_cut(username.s, TW_MAX_IDENTITY);
    size_t size = sizeof(struct tw_mqtt_identity) + client.len + user.len;
    struct tw_mqtt_identity *who = tw_pool_get(c->env->pool, size, NULL);
    if (who != NULL) {
        *who = (struct tw_mqtt_identity){(uint16_t)client.len, (uint16_t)user.len,
            client_id.s.p != NULL, username.s.p != NULL, username.is_null};
        if (client.len > 0)
            memcpy(who->text, client.p, client.len);
        if (user.len > 0)
            memcpy(who->text + client.len, user.p, user.len);
    }
    tw_pool_put(c->env->pool, st->who, st->who_size);
    st->who = who;
    st->who_size = size;
}

void tw_mqtt_proxied(const struct tw_mqtt_call *c, const struct tw_proxy *proxy)
{
    struct tw_mqtt_state *st = c->st;
    if (st->carrier != NULL || proxy->client.ip.family == 0)
        return;
    struct tw_carrier *k = tw_pool_get(c->env->pool, sizeof(*k) + proxy->tls.len, NULL);
    if (k == NULL)
        return;
    *k = (struct tw_carrier){.transport = "tcp", .client = proxy->client};
    char *text = (char *)(k + 1);
    if (proxy->tls.len > 0) {
        memcpy(text, proxy->tls.p, proxy->tls.len);
        k->proxy_tls = (struct tw_str){text, proxy->tls.len};
    }
    st->carrier = k;
}

void tw_mqtt_state_fini(struct tw_mqtt_state *st, struct tw_pool *pool)
{
    for (unsigned i = 0; i < st->n_pending; i++)
        tw_pool_put(pool, st->pending[i].bytes, st->pending[i].len);
    tw_pool_put(pool, st->pending, st->max_pending * sizeof(*st->pending));
    for (unsigned dir = 0; dir < 2; dir++) {
        for (unsigned i = 0; i < st->n_alias[dir]; i++)
            tw_pbuf_drop(pool, &st->alias[dir][i].topic);
        tw_pool_put(pool, st->alias[dir], st->max_alias[dir] * sizeof(*st->alias[dir]));
        tw_stream_drop(&st->stream[dir], pool);
    }
    tw_pool_put(pool, st->who, st->who_size);
    if (st->carrier != NULL)
        tw_pool_put(pool, st->carrier, sizeof(*st->carrier) + st->carrier->proxy_tls.len);
    *st = (struct tw_mqtt_state){0};
}
