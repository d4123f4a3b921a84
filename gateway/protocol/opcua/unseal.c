/* Chunks that are encrypted, opened with keys that the worker lends [UA6 6.7.2.4]. Nothing in a key
 * log says of which server a channel is, and the keys that would verify signatures are not in it: a
 * set of keys is trusted once what it makes of a chunk is a message. */

#include "protocol/opcua/state.h"

enum {
    TRIES = 16,       /* chunks in a row that no set fits: there are no keys for this token */
    SURE_PADDING = 3, /* bytes that are right by accident once in 2^32 times */
    SURE_SIGNS = 2,
    GOOD_SIGNS = 1, /* of keys that were found right before */
};

struct attempt {
    struct tw_sealed sealed;
    uint8_t *out;
    size_t len;
    unsigned padding;
    uint8_t confirmed; /* a counter: by what */
};

static bool decrypt(struct tw_opcua_call *k, struct attempt *a)
{
    return k->env->opcua_open(k->env->opcua_keys, &a->sealed, a->out, &a->len, &a->padding);
}

/* A request from the server, or an answer from the client: the keys of one side under the name of
 * the other. */
static bool goes_the_other_way(const struct tw_opcua_call *k, struct tw_cur c)
{
    enum { SEQUENCE_HEADER = 8 };
    struct tw_opcua_node type;
    if (!tw_cur_skip(&c, SEQUENCE_HEADER) || !tw_opcua_node(&c, &type) || type.kind != 'i' ||
        type.ns != 0)
        return false;
    return k->st->client == k->dir ? tw_opcua_service_of_response(type.id) != NULL
                                   : tw_opcua_service_of_request(type.id) != NULL;
}

/* Does this set make a message of the chunk? The sequence number of what may be one is kept: that
 * of the next chunk then confirms both. */
static bool fits(struct tw_opcua_call *k, struct tw_opcua_channel *ch, struct attempt *a)
{
    struct tw_opcua_direction *d = &ch->dir[k->dir];
    if (!decrypt(k, a))
        return false;
    struct tw_cur c = tw_cur_of(a->out, a->len);
    if (goes_the_other_way(k, c))
        return false;
    if (a->padding >= SURE_PADDING) {
        a->confirmed = TW_OPCUA_COUNT_KEYS_BY_PADDING;
        return true;
    }
    if (tw_opcua_channel_signs(k, ch, c) >= SURE_SIGNS) {
        a->confirmed = TW_OPCUA_COUNT_KEYS_BY_MESSAGE;
        return true;
    }
    if (!d->unsealed)
        d->has_sequence = tw_cur_u32le(&c, &d->sequence);
    return false;
}

static bool fits_side(
    struct tw_opcua_call *k, struct tw_opcua_channel *ch, struct attempt *a, bool from_client)
{
    unsigned sets = k->env->opcua_key_sets(k->env->opcua_keys, a->sealed.channel, a->sealed.token);
    a->sealed.from_client = from_client;
    for (a->sealed.set = 0; a->sealed.set < sets; a->sealed.set++)
        if (fits(k, ch, a))
            return true;
    return false;
}

/* Who is the client may not have been seen: the keys tell. */
static bool find_set(struct tw_opcua_call *k, struct tw_opcua_channel *ch, struct attempt *a)
{
    struct tw_opcua_state *st = k->st;
    if (st->client != TW_OPCUA_NO_SIDE)
        return fits_side(k, ch, a, st->client == k->dir);
    for (unsigned side = 0; side < 2; side++) {
        st->client = (uint8_t)(side == 0 ? k->dir : k->dir ^ 1);
        if (fits_side(k, ch, a, side == 0))
            return true;
    }
    st->client = TW_OPCUA_NO_SIDE;
    return false;
}

static void use_set(struct tw_opcua_call *k, struct tw_opcua_channel *ch, const struct attempt *a)
{
    struct tw_opcua_direction *d = &ch->dir[k->dir];
    if (!d->unsealed)
        d->has_sequence = false;
    d->unsealed = true;
    d->keys[1] = d->keys[0];
    d->keys[0] = (struct tw_opcua_token_keys){a->sealed.token, a->sealed.set};
    d->n_keys = d->n_keys == 0 ? 1 : 2;
    d->key_misses = 0;
    k->env->counters->messages[TW_PROTO_OPCUA][a->confirmed]++;
    ch->reading = TW_OPCUA_SEALED;
    ch->mode = TW_OPCUA_ENCRYPT;
}

/* The byte before the padding is right by accident once in 256 times: what does not go on with the
 * numbers of the channel, and has no more padding than that, is not shown. */
static bool still_fits(
    struct tw_opcua_call *k, const struct tw_opcua_channel *ch, const struct attempt *a)
{
    return a->padding >= SURE_PADDING ||
           tw_opcua_channel_signs(k, ch, tw_cur_of(a->out, a->len)) >= GOOD_SIGNS;
}

static struct tw_opcua_token_keys *keys_of(struct tw_opcua_direction *d, uint32_t token)
{
    for (unsigned i = 0; i < d->n_keys; i++)
        if (d->keys[i].token == token)
            return &d->keys[i];
    return NULL;
}

/* They do not fit any more: they were those of something else. */
static void give_up(struct tw_opcua_direction *d, struct tw_opcua_token_keys *keys)
{
    d->missed_token = keys->token;
    *keys = d->keys[--d->n_keys];
    d->unsealed = d->n_keys > 0;
}

static bool open_chunk(struct tw_opcua_call *k, struct tw_opcua_channel *ch, struct attempt *a)
{
    struct tw_opcua_direction *d = &ch->dir[k->dir];
    struct tw_opcua_token_keys *known = keys_of(d, a->sealed.token);
    if (known != NULL) {
        a->sealed.set = known->set;
        a->sealed.from_client = k->st->client == k->dir;
        if (decrypt(k, a) && still_fits(k, ch, a)) {
            d->key_misses = 0;
            return true;
        }
        if (++d->key_misses >= TRIES)
            give_up(d, known);
        struct tw_opcua_info info = {0};
        tw_opcua_channel_info(ch, &info);
        tw_opcua_malformed(k, TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR), &info);
        return false;
    }
    if (d->missed_token != a->sealed.token)
        d->key_misses = 0;
    d->missed_token = a->sealed.token;
    if (d->key_misses >= TRIES)
        return false;
    bool found = find_set(k, ch, a);
    if (found)
        use_set(k, ch, a);
    else
        d->key_misses++;
    return found;
}

/* What was read so far of a direction does not go on. */
static void lose(struct tw_opcua_call *k, struct tw_opcua_channel *ch)
{
    struct tw_opcua_direction *d = &ch->dir[k->dir];
    if (!d->unsealed)
        return;
    d->has_sequence = false;
    d->torn = true;
    tw_opcua_parts_drop_all(k, d);
}

bool tw_opcua_unseal(struct tw_opcua_call *k, const struct tw_opcua_header *h,
    struct tw_opcua_channel *ch, uint32_t token, struct tw_cur c)
{
    struct tw_proto_env *env = k->env;
    if (env->opcua_keys == NULL)
        return false;
    if (env->opcua_key_sets(env->opcua_keys, ch->id, token) == 0) {
        lose(k, ch);
        return false;
    }
    struct attempt a = {.sealed = {.channel = ch->id, .token = token, .bytes = c}};
    a.out = tw_pool_get(env->pool, c.left, NULL);
    if (a.out == NULL) {
        env->counters->cut++;
        return false;
    }
    bool opened = open_chunk(k, ch, &a);
    if (opened) {
        ch->read_in_part = true;
        tw_opcua_sealed_before(k, ch);
        env->counters->messages[TW_PROTO_OPCUA][TW_OPCUA_COUNT_UNSEALED]++;
        tw_opcua_plain_chunk(k, h, ch, tw_cur_of(a.out, a.len));
    } else {
        env->counters->messages[TW_PROTO_OPCUA][TW_OPCUA_COUNT_WRONG_KEYS]++;
        lose(k, ch);
    }
    tw_pool_put(env->pool, a.out, c.left);
    return opened;
}
