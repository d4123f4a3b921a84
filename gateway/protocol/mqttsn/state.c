#include "base/hash.h"
#include "protocol/mqttsn/state.h"

enum { FIRST_CLIENTS = 1, FIRST_TOPICS = 8, FIRST_PENDING = 2, MAX_NODE = 32 };

/* Make room for one more of `size` bytes in a pool array; false when there is none. */
static bool grow(struct tw_pool *pool, void **array, unsigned n, unsigned *max, size_t size,
    unsigned first, unsigned limit)
{
    if (n < *max)
        return true;
    unsigned more = *max == 0 ? first : *max * 2u;
    void *bigger = more > limit ? NULL : tw_pool_get(pool, more * size, NULL);
    if (bigger == NULL)
        return false;
    if (n > 0)
        memcpy(bigger, *array, n * size);
    tw_pool_put(pool, *array, *max * size);
    *array = bigger;
    *max = more;
    return true;
}

static void set_text(struct tw_pool *pool, struct tw_pbuf *b, struct tw_str s)
{
    b->len = 0;
    if (!tw_pbuf_add(pool, b, s.p, s.len, SIZE_MAX))
        b->len = 0;
}

static void drop_pending(struct tw_sn_client *k, struct tw_pool *pool)
{
    for (unsigned i = 0; i < k->n_pending; i++)
        tw_pbuf_drop(pool, &k->pending[i].text);
    tw_pool_put(pool, k->pending, k->max_pending * sizeof(*k->pending));
    k->pending = NULL;
    k->n_pending = k->max_pending = 0;
}

void tw_sn_client_forget(struct tw_sn_client *k, struct tw_pool *pool, bool all)
{
    for (unsigned i = 0; i < k->n_topics; i++)
        tw_pbuf_drop(pool, &k->topics[i].name);
    tw_pool_put(pool, k->topics, k->max_topics * sizeof(*k->topics));
    k->topics = NULL;
    k->n_topics = k->max_topics = 0;
    if (!all)
        return;
    drop_pending(k, pool);
    tw_pbuf_drop(pool, &k->id);
    tw_pbuf_drop(pool, &k->node);
    tw_pbuf_drop(pool, &k->will_topic);
}

static void begin(struct tw_sn_client *k, struct tw_pool *pool, uint64_t key, struct tw_str node)
{
    *k = (struct tw_sn_client){.key = key};
    if (node.len > MAX_NODE)
        node.len = MAX_NODE;
    if (node.len > 0)
        set_text(pool, &k->node, node);
}

struct tw_sn_client *tw_sn_client_of(
    struct tw_sn_state *st, struct tw_proto_env *env, struct tw_str node)
{
    const uint64_t key = node.p != NULL ? tw_hash_stable(node.p, node.len) | 1 : 0;
    struct tw_sn_client *k = NULL;
    for (unsigned i = 0; i < st->n_clients; i++) {
        if (st->clients[i].key == key) {
            st->clients[i].used = ++st->clock;
            return &st->clients[i];
        }
        if (k == NULL || st->clients[i].used < k->used)
            k = &st->clients[i];
    }
    void *array = st->clients;
    unsigned max = st->max_clients;
    if (grow(
            env->pool, &array, st->n_clients, &max, sizeof(*k), FIRST_CLIENTS, TW_SN_MAX_CLIENTS)) {
        st->clients = array;
        st->max_clients = (uint8_t)max;
        k = &st->clients[st->n_clients++];
    } else if (k != NULL) {
        tw_sn_client_forget(k, env->pool, true);
    }
    if (k == NULL)
        return NULL;
    begin(k, env->pool, key, node);
    k->used = ++st->clock;
    return k;
}

static struct tw_sn_topic *find_topic(const struct tw_sn_client *k, uint16_t id)
{
    for (unsigned i = 0; i < k->n_topics; i++) {
        if (k->topics[i].id == id)
            return &k->topics[i];
    }
    return NULL;
}

void tw_sn_topic_set(struct tw_sn_client *k, struct tw_pool *pool, uint16_t id, struct tw_str name)
{
    struct tw_sn_topic *t = find_topic(k, id);
    void *array = k->topics;
    unsigned max = k->max_topics;
    if (t == NULL) {
        if (!grow(pool, &array, k->n_topics, &max, sizeof(*t), FIRST_TOPICS, TW_SN_MAX_TOPICS))
            return;
        k->topics = array;
        k->max_topics = (uint16_t)max;
        t = &k->topics[k->n_topics++];
        *t = (struct tw_sn_topic){.id = id};
    }
    set_text(pool, &t->name, name);
}

struct tw_str tw_sn_topic_get(const struct tw_sn_client *k, uint16_t id)
{
    const struct tw_sn_topic *t = find_topic(k, id);
    if (t == NULL || t->name.len == 0)
        return TW_STR_NONE;
    return tw_str_bytes(t->name.p, t->name.len);
}

struct tw_sn_pending *tw_sn_pending_find(
    struct tw_sn_client *k, unsigned dir, unsigned type, uint16_t msg_id)
{
    for (unsigned i = 0; i < k->n_pending; i++) {
        struct tw_sn_pending *p = &k->pending[i];
        if (p->type == type && p->dir == dir && p->msg_id == msg_id)
            return p;
    }
    return NULL;
}

void tw_sn_pending_drop(const struct tw_sn_call *c, struct tw_sn_pending *p)
{
    struct tw_sn_client *k = c->k;
    size_t at = (size_t)(p - k->pending);
    tw_pbuf_drop(c->env->pool, &p->text);
    k->n_pending--;
    memmove(p, p + 1, (k->n_pending - at) * sizeof(*p));
}

void tw_sn_pending_add(
    const struct tw_sn_call *c, const struct tw_sn_message *m, struct tw_str text)
{
    struct tw_sn_client *k = c->k;
    void *array = k->pending;
    unsigned max = k->max_pending;
    if (tw_sn_pending_find(k, c->dir, m->type, m->msg_id) != NULL)
        return;
    if (k->n_pending == TW_SN_MAX_PENDING) {
        tw_sn_emit_answered(c, &k->pending[0], NULL);
        tw_sn_pending_drop(c, &k->pending[0]);
    }
    if (!grow(c->env->pool, &array, k->n_pending, &max, sizeof(*k->pending), FIRST_PENDING,
            TW_SN_MAX_PENDING))
        return;
    k->pending = array;
    k->max_pending = (uint8_t)max;
    struct tw_sn_pending *p = &k->pending[k->n_pending++];
    *p = (struct tw_sn_pending){.ts_ns = c->when->ts_ns,
        .packet = c->when->packet,
        .msg_id = m->msg_id,
        .topic_id = m->topic_id,
        .duration = m->duration,
        .type = m->type,
        .flags = m->flags,
        .dir = (uint8_t)c->dir,
        .has_id = m->has_id};
    if (text.len > 0)
        set_text(c->env->pool, &p->text, text);
}

void tw_sn_state_fini(struct tw_sn_state *st, struct tw_pool *pool)
{
    for (unsigned i = 0; i < st->n_clients; i++)
        tw_sn_client_forget(&st->clients[i], pool, true);
    tw_pool_put(pool, st->clients, st->max_clients * sizeof(*st->clients));
    *st = (struct tw_sn_state){0};
}
