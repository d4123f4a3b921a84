/* OpenSecureChannel: the asymmetric header, and the body where the policy does not encrypt it
 * [UA6 6.7.2.3], [UA6 6.7.4]. */

#include "protocol/opcua/state.h"
#include "protocol/opcua/walk.h"

struct open {
    struct tw_str policy, certificate, thumbprint;
    bool readable; /* no policy, or one that only signs the handshake */
    uint32_t sequence, request_id;
    bool request; /* of the two, when readable */
    uint32_t mode, channel, token, result;
};

static bool read_request_body(struct tw_cur c, struct open *o)
{
    struct tw_opcua_request_header h;
    uint32_t version, type;
    return tw_opcua_read_request_header(&c, &h) && tw_cur_u32le(&c, &version) &&
           tw_cur_u32le(&c, &type) && tw_cur_u32le(&c, &o->mode);
}

static bool read_response_body(struct tw_cur c, struct open *o)
{
    struct tw_opcua_response_header h;
    uint32_t version;
    if (!tw_opcua_read_response_header(&c, &h))
        return false;
    o->result = h.result;
    return tw_cur_u32le(&c, &version) && tw_cur_u32le(&c, &o->channel) &&
           tw_cur_u32le(&c, &o->token);
}

/* RSA policies encrypt what follows the header, the others do not: the type of the body tells,
 * since 6 random bytes do not look like it. */
static void read_body(struct tw_cur c, struct open *o)
{
    struct tw_opcua_node type;
    if (!tw_cur_u32le(&c, &o->sequence) || !tw_cur_u32le(&c, &o->request_id) ||
        !tw_opcua_node(&c, &type))
        return;
    if (tw_opcua_node_is(&type, TW_OPCUA_OPEN_REQUEST)) {
        o->request = true;
        o->readable = read_request_body(c, o);
    } else if (tw_opcua_node_is(&type, TW_OPCUA_OPEN_RESPONSE)) {
        o->readable = read_response_body(c, o);
    } else if (tw_opcua_node_is(&type, TW_OPCUA_SERVICE_FAULT)) {
        struct tw_opcua_response_header h;
        o->readable = tw_opcua_read_response_header(&c, &h);
        o->result = o->readable ? h.result : 0;
    }
}

static bool read_open(struct tw_cur c, struct open *o)
{
    *o = (struct open){0};
    if (!tw_opcua_string(&c, &o->policy) || !tw_opcua_string(&c, &o->certificate) ||
        !tw_opcua_string(&c, &o->thumbprint))
        return false;
    read_body(c, o);
    return true;
}

/* The signature of an unencrypted handshake is not checked for length: it depends on the key. */
static uint32_t check_open(const struct open *o)
{
    enum { MAX_POLICY_URI = 255 };
    const struct tw_opcua_policy *policy = tw_opcua_policy_of(o->policy);
    uint32_t found = 0;
    if (o->policy.len > MAX_POLICY_URI)
        found |= TW_OPCUA_BIT(TW_OPCUA_STRING_TOO_LONG);
    if (!tw_utf8_valid(o->policy))
        found |= TW_OPCUA_BIT(TW_OPCUA_BAD_UTF8);
    if (policy != NULL && policy->signature == 0 && !o->readable)
        found |= TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR);
    return found;
}

static void set_policy_info(struct tw_opcua_info *info, const struct open *o)
{
    struct tw_str name = tw_opcua_policy_name(o->policy);
    info->security_policy.s = tw_utf8_cut(name, TW_MAX_IDENTITY);
    if (name.p == NULL)
        info->security_policy.is_null = true;
    bool none = tw_str_is(info->security_policy.s, "None");
    info->security_mode.s = tw_opcua_mode_name(none ? TW_OPCUA_NONE : o->mode);
    info->security_mode.is_null = info->security_mode.s.p == NULL;
}

static void set_request_info(
    struct tw_opcua_info *info, const struct tw_opcua_request *r, const struct open *o)
{
    set_policy_info(info, o);
    info->has_request_id = o->readable;
    info->request_id = o->request_id;
    info->chunks = 1;
    info->message_bytes = r->message_bytes;
}

enum { CERTIFICATE_ROOM = 4096 };

void tw_opcua_open_event(struct tw_opcua_call *k, const struct tw_opcua_request *r,
    const struct tw_opcua_channel *ch, const uint32_t *code)
{
    struct tw_event event;
    struct tw_opcua_info info;
    struct open o;
    char text[TW_OPCUA_STATUS_TEXT];
    struct tw_opcua_certificate certificate;
    struct tw_opcua_volume volume;
    void *memory = tw_pool_get(k->env->pool, CERTIFICATE_ROOM, NULL);
    tw_opcua_event(k, &event, tw_opcua_client_of(k), TW_ACTION_SECURE, &info, "OpenSecureChannel");
    event.request_packet = r->when.packet;
    event.request_ts_ns = r->when.ts_ns;
    if (read_open(tw_opcua_request_body(r), &o)) {
        set_request_info(&info, r, &o);
        event.encrypted = !o.readable;
        if (memory != NULL) {
            struct tw_arena arena;
            tw_arena_init(&arena, memory, CERTIFICATE_ROOM);
            struct tw_opcua_scratch s = {.arena = &arena};
            tw_opcua_certificate(k->env, &s, o.certificate, &info, &certificate);
        }
    }
    if (ch != NULL || r->channel != 0) {
        info.has_channel = true;
        info.channel_id = ch != NULL ? ch->id : r->channel;
    }
    if (ch != NULL) /* a renewal tells what went on until now */
        tw_opcua_sealed_volume(k, ch, &volume, &info);
    /* The certificate's URI is the application's [UA6 6.2.2]; no other is said on a sealed channel.
     */
    if (info.certificate_uri.p != NULL)
        info.application_uri.s = info.certificate_uri;
    if (code != NULL)
        tw_opcua_event_status(&event, *code, text);
    else
        event.status.is_null = true;
    tw_emit(&k->env->emit, &event);
    tw_pool_put(k->env->pool, memory, CERTIFICATE_ROOM);
}

static void set_security(
    struct tw_opcua_channel *ch, const struct open *request, const struct open *response)
{
    struct tw_str uri = response->policy.p != NULL ? response->policy : request->policy;
    struct tw_str name = tw_utf8_cut(tw_opcua_policy_name(uri), sizeof(ch->policy_name));
    ch->opened = true;
    ch->policy = tw_opcua_policy_of(uri);
    ch->policy_len = (uint8_t)name.len;
    if (name.len > 0)
        memcpy(ch->policy_name, name.p, name.len);
    bool none = ch->policy != NULL && ch->policy->signature == 0;
    uint32_t mode = none ? TW_OPCUA_NONE : request->mode;
    if (mode != TW_OPCUA_NONE && mode != TW_OPCUA_SIGN && mode != TW_OPCUA_ENCRYPT)
        return;
    if (mode == TW_OPCUA_NONE && !none)
        return; /* no such combination: let the messages tell */
    ch->mode = (uint8_t)mode;
    ch->reading = mode == TW_OPCUA_ENCRYPT ? TW_OPCUA_SEALED : TW_OPCUA_READABLE;
    if (ch->policy != NULL) {
        ch->has_signature = true;
        ch->signature = ch->policy->signature;
    }
}

/* Which tokens are good is known where every handshake of the channel could be read. */
static void set_token(
    const struct tw_opcua_call *k, struct tw_opcua_channel *ch, const struct open *o, bool renewed)
{
    if (!o->readable || (renewed ? ch->n_tokens == 0 : !tw_opcua_intact(k))) {
        ch->n_tokens = 0;
        return;
    }
    ch->tokens[1] = ch->tokens[0];
    ch->tokens[0] = o->token;
    ch->n_tokens = renewed ? 2 : 1;
}

/* A new channel's numbers begin with 0 where they may reach 2^32 - 1 [UA6 6.7.2.4]. */
static void check_start(const struct tw_opcua_call *k, const struct open *o)
{
    const struct tw_opcua_policy *policy = tw_opcua_policy_of(o->policy);
    struct tw_opcua_info info = {.service = TW_STR("OpenSecureChannel")};
    if (!o->readable || o->sequence == 0 || policy == NULL || !policy->zero_based ||
        !tw_opcua_intact(k))
        return;
    set_policy_info(&info, o);
    tw_opcua_malformed(k, TW_OPCUA_BIT(TW_OPCUA_SEQUENCE_GAP), &info);
}

/* The answer was seen first: it stands for both now. */
static bool answered_early(
    struct tw_opcua_call *k, const struct tw_opcua_request *r, const struct open *o)
{
    struct tw_opcua_early_open *early = &k->st->early_open;
    if (!early->set || (early->readable && o->readable && early->request_id != o->request_id))
        return false;
    struct tw_opcua_channel *ch = tw_opcua_channel_find(k->st, early->channel);
    if (ch != NULL && ch->reading == TW_OPCUA_UNDECIDED)
        set_security(ch, o, o);
    if (ch != NULL && r->has_sequence && !ch->dir[k->dir].has_sequence)
        tw_opcua_channel_sequence(k, ch, r->sequence);
    tw_opcua_open_event(k, r, ch, &early->result);
    early->set = false;
    return true;
}

static void open_request(
    struct tw_opcua_call *k, uint32_t channel, struct tw_cur c, const struct open *o)
{
    struct tw_opcua_channel *ch = channel == 0 ? NULL : tw_opcua_channel_find(k->st, channel);
    if (channel == 0)
        check_start(k, o);
    if (ch != NULL && o->readable)
        tw_opcua_channel_sequence(k, ch, o->sequence);
    else if (ch != NULL)
        ch->dir[k->dir].sequence++; /* counted, though it can not be read */
    struct tw_opcua_request *r = tw_opcua_request_add(k, c);
    if (r == NULL)
        return;
    r->kind = TW_OPCUA_KIND_OPEN;
    r->channel = channel;
    r->readable = o->readable;
    r->request_id = o->request_id;
    r->message_bytes = c.left + TW_OPCUA_HEADER + 4;
    r->has_sequence = o->readable && ch == NULL;
    r->sequence = o->sequence;
    if (answered_early(k, r, o))
        tw_opcua_request_drop(k, r);
}

static struct tw_opcua_request *find_open(const struct tw_opcua_state *st, const struct open *o)
{
    struct tw_opcua_request *r = tw_opcua_request_oldest(st, TW_OPCUA_KIND_OPEN);
    for (; r != NULL && o->readable; r = r->next)
        if (r->kind == TW_OPCUA_KIND_OPEN && r->readable && r->request_id == o->request_id)
            return r;
    return r;
}

/* Nothing asked for it, or nothing was seen asking yet. */
static void keep_early(struct tw_opcua_call *k, uint32_t channel, const struct tw_opcua_channel *ch,
    const struct open *o)
{
    if (ch == NULL || !tw_opcua_intact(k) || k->st->lost_requests)
        return;
    k->st->early_open = (struct tw_opcua_early_open){.set = true,
        .readable = o->readable,
        .channel = channel,
        .request_id = o->request_id,
        .result = o->readable ? o->result : 0};
    tw_opcua_doubt_add(k, TW_OPCUA_RESPONSE_WITHOUT_REQUEST, ch,
        tw_opcua_service_of_request(TW_OPCUA_OPEN_REQUEST), NULL);
}

static void open_response(
    struct tw_opcua_call *k, uint32_t channel, struct tw_cur c, const struct open *o)
{
    struct open asked = {0};
    struct tw_opcua_request *r = find_open(k->st, o);
    struct tw_opcua_channel *ch = tw_opcua_channel_find(k->st, channel);
    bool renewed = ch != NULL && ch->opened;
    (void)c;
    bool failed = o->readable && tw_opcua_is_bad(o->result);
    if (ch == NULL && !failed)
        ch = tw_opcua_channel_add(k, channel);
    if (r != NULL && !read_open(tw_opcua_request_body(r), &asked))
        asked = (struct open){0};
    if (ch != NULL && !failed)
        set_token(k, ch, o, renewed);
    if (ch != NULL && !renewed && !failed) {
        check_start(k, o);
        set_security(ch, &asked, o);
        struct tw_opcua_direction *client = &ch->dir[k->dir ^ 1];
        if (r != NULL && r->has_sequence && !client->has_sequence) {
            client->has_sequence = true;
            client->sequence = r->sequence;
        }
    }
    if (ch != NULL && o->readable)
        tw_opcua_channel_sequence(k, ch, o->sequence);
    else if (ch != NULL)
        ch->dir[k->dir].sequence++;
    if (r == NULL) {
        keep_early(k, channel, ch, o);
    } else {
        uint32_t code = o->readable ? o->result : 0; /* a refusal comes as ERR */
        tw_opcua_open_event(k, r, ch, &code);
        tw_opcua_request_drop(k, r);
    }
}

/* A request, by what is known: its body, who the client is, or that it asks for a new channel. */
static bool is_request(const struct tw_opcua_call *k, uint32_t channel, const struct open *o)
{
    if (o->readable)
        return o->request;
    if (k->st->client != TW_OPCUA_NO_SIDE)
        return k->st->client == k->dir;
    return channel == 0 || k->dir == 0;
}

void tw_opcua_open(struct tw_opcua_call *k, uint32_t channel, struct tw_cur c, bool cut)
{
    struct open o;
    if (!read_open(c, &o)) {
        if (!cut)
            tw_opcua_malformed(k, TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR), NULL);
        return;
    }
    struct tw_opcua_info info = {.service = TW_STR("OpenSecureChannel")};
    set_policy_info(&info, &o);
    tw_opcua_malformed(k, cut ? 0 : check_open(&o), &info);
    bool request = is_request(k, channel, &o);
    k->st->opened[k->dir] = true;
    if (k->st->client == TW_OPCUA_NO_SIDE)
        k->st->client = (uint8_t)(request ? k->dir : k->dir ^ 1);
    if (request != (k->st->client == k->dir)) {
        tw_opcua_malformed(k, TW_OPCUA_BIT(TW_OPCUA_WRONG_DIRECTION), &info);
        return;
    }
    if (request)
        open_request(k, channel, c, &o);
    else
        open_response(k, channel, c, &o);
}
