#include "protocol/opcua/ahead.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/num.h"
#include "protocol/opcua/plain.h"

/* The place in the info that a field of a table names. */
static void *place(struct tw_opcua_info *info, uint16_t at)
{
    return (uint8_t *)info + at;
}

static struct tw_str identity(struct tw_opcua_walk *w, struct tw_str text)
{
    struct tw_str cut = tw_opcua_clip_text(&w->s, text);
    return tw_utf8_cut(cut, TW_MAX_IDENTITY);
}

static bool info_string(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    struct tw_str text;
    if (!tw_opcua_string(c, &text))
        return false;
    struct tw_str *to = place(w->info, f->at);
    *to = tw_opcua_clip_text(&w->s, text);
    return true;
}

static bool info_text(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    struct tw_str text;
    bool ok = f->type == TW_UA_LOCALIZEDTEXT ? tw_opcua_localized_text(c, NULL, &text)
                                             : tw_opcua_string(c, &text);
    if (!ok)
        return false;
    struct tw_maybe *to = place(w->info, f->at);
    *to = (struct tw_maybe){.s = text.p == NULL ? TW_STR("") : identity(w, text)};
    if (to == &w->info->session_name) {
        w->event->object = to->s;
        w->has_object = true;
    }
    return true;
}

static bool info_u32(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    uint32_t *to = place(w->info, f->at);
    bool *has = place(w->info, f->has);
    if (!tw_cur_u32le(c, to))
        return false;
    *has = true;
    return true;
}

static bool info_double(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    uint64_t bits;
    if (!tw_cur_u64le(c, &bits))
        return false;
    bool *has = place(w->info, f->has);
    /* What a server revises of an item that it refuses says nothing: what was asked for stands. */
    if (*has && w->has_status && tw_opcua_is_bad(w->status))
        return true;
    memcpy(place(w->info, f->at), &bits, sizeof(bits));
    *has = true;
    return true;
}

struct tw_str tw_opcua_walk_node(struct tw_opcua_walk *w, const struct tw_opcua_node *node)
{
    if (node->kind == 's' && node->text.p != NULL && !tw_utf8_valid(node->text))
        w->s.anomalies |= TW_OPCUA_BIT(TW_OPCUA_BAD_UTF8);
    if (w->quiet)
        return TW_STR("");
    struct tw_str text = tw_opcua_node_text(w->s.arena, node);
    if (text.p == NULL || node->text.len > TW_MAX_EVENT_STRING)
        w->s.truncated = true;
    return text;
}

static bool info_node(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    struct tw_opcua_node node;
    if (!tw_opcua_node(c, &node))
        return false;
    struct tw_maybe *to = place(w->info, f->at);
    to->s = tw_opcua_walk_node(w, &node);
    w->fresh = true;
    return true;
}

static bool index_range(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    struct tw_str text;
    (void)f;
    if (!tw_opcua_string(c, &text))
        return false;
    w->info->index_range = (struct tw_maybe){.is_null = text.len == 0};
    if (text.len > 0)
        w->info->index_range.s = identity(w, text);
    return true;
}

static bool attribute(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    uint32_t id;
    (void)f;
    if (!tw_cur_u32le(c, &id))
        return false;
    w->info->attribute = tw_opcua_attribute_name(id);
    if (w->info->attribute.p == NULL) {
        char digits[TW_NUM_TEXT];
        size_t len = tw_num_u64(digits, id);
        w->info->attribute = tw_arena_str(w->s.arena, (struct tw_str){digits, len});
        w->fresh = true;
    }
    return true;
}

static bool object(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    const struct tw_cur from = tw_cur_here(c);
    struct tw_opcua_node node;
    bool ok = f->type == TW_UA_EXPANDEDNODEID ? tw_opcua_expanded_node(c, &node)
                                              : tw_opcua_node(c, &node);
    if (!ok)
        return false;
    bool refused = w->has_status && tw_opcua_is_bad(w->status);
    if (f->role == TW_UA_ROLE_NEW_OBJECT && (refused || tw_opcua_node_is(&node, 0)))
        return true;
    w->event->object = tw_opcua_walk_node(w, &node);
    w->has_object = true;
    if (w->service->action == TW_ACTION_READ && !w->quiet)
        tw_hash_wide(w->env->seed, from.p, from.left - c->left, w->info->node.h);
    return true;
}

static bool object_id(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    struct tw_opcua_node node;
    (void)f;
    if (!tw_opcua_node(c, &node))
        return false;
    w->info->object_id = tw_opcua_walk_node(w, &node);
    w->fresh = true;
    return true;
}

static bool url(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    struct tw_str text;
    (void)f;
    if (!tw_opcua_string(c, &text))
        return false;
    w->event->object = w->info->endpoint_url = tw_opcua_clip_text(&w->s, text);
    w->has_object = true;
    return true;
}

static bool take_any_data_value(struct tw_opcua_walk *w, struct tw_cur *c, uint32_t *out_status)
{
    struct tw_opcua_data_value v = {0};
    if (!tw_opcua_data_value(&w->s, c, w->quiet ? NULL : &v))
        return false;
    *out_status = v.status;
    if (w->quiet)
        return true;
    w->event->value = v.v.value;
    w->event->type = v.v.type;
    w->event->source_ts_ns = v.source_ts_ns;
    w->event->server_ts_ns = v.server_ts_ns;
    if (v.v.dimensions != NULL) {
        struct tw_value *dimensions = tw_opcua_walk_detail(w, "dimensions");
        *dimensions = *v.v.dimensions;
        dimensions->name = TW_STR("dimensions");
    }
    return true;
}

static bool take_data_value(struct tw_opcua_walk *w, struct tw_cur *c, uint32_t *out_status)
{
    return (!w->quiet && tw_opcua_plain(&w->s, c, w->event, out_status)) ||
           take_any_data_value(w, c, out_status);
}

static bool data_value(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    uint32_t status;
    (void)f;
    return take_data_value(w, c, &status);
}

static bool result_value(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    (void)f;
    if (!take_data_value(w, c, &w->status))
        return false;
    w->has_status = true;
    return true;
}

static bool inputs(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    (void)f;
    return tw_opcua_variants(&w->s, c, w->quiet ? NULL : &w->event->value);
}

static bool outputs(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    (void)f;
    if (!tw_opcua_variants(&w->s, c, w->quiet ? NULL : &w->outputs))
        return false;
    w->info->outputs = w->quiet ? NULL : &w->outputs;
    w->fresh = true;
    return true;
}

static bool status(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    (void)f;
    if (!tw_cur_u32le(c, &w->status))
        return false;
    w->has_status = true;
    return true;
}

static bool token(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    struct tw_opcua_node node;
    (void)f;
    if (!tw_opcua_node(c, &node))
        return false;
    w->info->auth_token = tw_opcua_node_digest(&node);
    return true;
}

static bool certificate(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    struct tw_str chain;
    (void)f;
    if (!tw_opcua_string(c, &chain))
        return false;
    if (!w->quiet)
        tw_opcua_certificate(w->env, &w->s, chain, w->info, &w->certificate);
    return true;
}

/* Nonces have 32 bytes and more [UA4 5.7.2]; where nothing is protected some send one byte, or
 * zeros, and mean none. */
static bool nonce(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    enum { LEAST = 16 };
    const uint64_t bits = ((uint64_t)1 << 48) - 1;
    struct tw_str bytes;
    if (!tw_opcua_string(c, &bytes))
        return false;
    bool varies = false;
    for (size_t i = 1; i < bytes.len; i++)
        varies = varies || bytes.p[i] != bytes.p[0];
    const uint64_t digest =
        bytes.len >= LEAST && varies ? tw_hash_stable(bytes.p, bytes.len) & bits : 0;
    memcpy(place(w->info, f->at), &digest, sizeof(digest));
    return true;
}

/* A secret in the form of the ECC policies, or its RSA sibling, is encrypted although it names no
 * algorithm [UA4 7.40.2]. */
static bool wrapped_secret(struct tw_str secret)
{
    struct tw_cur c = tw_cur_str(secret);
    struct tw_opcua_node type;
    uint8_t encoding;
    return tw_opcua_node(&c, &type) && type.kind == 'i' && type.ns == 0 && type.id >= 17545 &&
           type.id <= 17549 && tw_cur_u8(&c, &encoding) && encoding == 1;
}

/* [UA4 7.40.4] Of the password only this much is kept: whether anyone could read it. */
static bool user_name(struct tw_opcua_walk *w, struct tw_cur *c)
{
    struct tw_str policy, name, password, algorithm;
    if (!tw_opcua_string(c, &policy) || !tw_opcua_string(c, &name) ||
        !tw_opcua_string(c, &password) || !tw_opcua_string(c, &algorithm))
        return false;
    w->info->user_token = TW_STR("username");
    w->info->user = (struct tw_maybe){.s = name.p == NULL ? TW_STR("") : identity(w, name)};
    w->info->clear_password = algorithm.len == 0 && !wrapped_secret(password);
    return true;
}

/* [UA4 7.40.5] The user has no name but what the certificate says. */
static void user_certificate(struct tw_opcua_walk *w, struct tw_cur *c)
{
    struct tw_str policy, der;
    w->info->user_token = TW_STR("certificate");
    if (!tw_opcua_string(c, &policy) || !tw_opcua_string(c, &der))
        w->s.anomalies |= TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR);
    else if (!w->quiet)
        tw_opcua_user_certificate(w, der);
}

static bool user(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    enum { ANONYMOUS = 321, USER_NAME = 324, CERTIFICATE = 327, ISSUED = 940 };
    struct tw_opcua_extension e;
    (void)f;
    if (!tw_opcua_extension(c, &e))
        return false;
    if (tw_opcua_node_is(&e.type, USER_NAME)) {
        if (!user_name(w, &e.body))
            w->s.anomalies |= TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR);
    } else if (tw_opcua_node_is(&e.type, ANONYMOUS) || tw_opcua_node_is(&e.type, 0)) {
        w->info->user_token = TW_STR("anonymous");
        w->info->user.s = TW_STR("anonymous");
    } else {
        w->info->user.is_null = true;
        if (tw_opcua_node_is(&e.type, CERTIFICATE))
            user_certificate(w, &e.body);
        else if (tw_opcua_node_is(&e.type, ISSUED))
            w->info->user_token = TW_STR("issued");
    }
    return true;
}

static bool data_change(struct tw_opcua_walk *w, struct tw_cur *c, bool asked)
{
    if (!tw_cur_u32le(c, &w->info->client_handle) || !take_data_value(w, c, &w->status))
        return false;
    w->info->has_handle = true;
    w->has_status = true;
    w->event->object_null = true;
    tw_opcua_walk_emit_next(w, asked);
    return true;
}

static bool data_changes(struct tw_opcua_walk *w, struct tw_cur *c)
{
    struct tw_opcua_ahead ahead = tw_opcua_ahead_of_all();
    uint32_t n;
    if (!tw_opcua_count(c, 5, &n))
        return false;
    if (n > TW_OPCUA_MAX_ITEMS - w->emitted)
        n = TW_OPCUA_MAX_ITEMS - w->emitted;
    for (bool begun = false; n > 0; n--, begun = true) {
        if (w->env->asks.pass_values != NULL)
            n -= tw_opcua_pass_changes(w, c, n, &ahead);
        if (n == 0)
            break;
        if (begun)
            tw_opcua_walk_next(w);
        else
            tw_opcua_walk_begin(w);
        if (!data_change(w, c, ahead.asked))
            return false;
    }
    return true;
}

static bool event_fields(struct tw_opcua_walk *w, struct tw_cur *c)
{
    uint32_t n;
    if (!tw_opcua_count(c, 8, &n))
        return false;
    for (; n > 0 && w->emitted < TW_OPCUA_MAX_ITEMS; n--) {
        tw_opcua_walk_begin(w);
        if (!tw_cur_u32le(c, &w->info->client_handle) ||
            !tw_opcua_variants(&w->s, c, w->quiet ? NULL : &w->event->value))
            return false;
        w->info->has_handle = true;
        w->event->action = TW_ACTION_ALARM;
        w->event->object_null = true;
        tw_opcua_walk_emit(w);
    }
    return true;
}

/* The subscription itself changed: it timed out, or moved to another session. */
static bool status_change(struct tw_opcua_walk *w, struct tw_cur *c)
{
    tw_opcua_walk_begin(w);
    if (!tw_cur_u32le(c, &w->status))
        return false;
    w->has_status = true;
    if (!w->quiet) {
        struct tw_value *kind = tw_opcua_walk_detail(w, "notification");
        kind->kind = TW_VALUE_STRING;
        kind->s = TW_STR("status_change");
    }
    tw_opcua_walk_emit(w);
    return true;
}

/* [UA4 7.25] */
static bool notification(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    static const struct {
        uint32_t id;
        bool (*read)(struct tw_opcua_walk *w, struct tw_cur *c);
    } kinds[] = {{811, data_changes}, {916, event_fields}, {820, status_change}};
    uint32_t n;
    (void)f;
    tw_opcua_walk_base(w); /* with the subscription */
    if (!tw_opcua_count(c, tw_opcua_min_size(TW_UA_EXTENSIONOBJECT), &n))
        return false;
    for (; n > 0; n--) {
        struct tw_opcua_extension e;
        if (!tw_opcua_extension(c, &e))
            return false;
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
            if (e.encoding == 1 && tw_opcua_node_is(&e.type, kinds[i].id) &&
                !kinds[i].read(w, &e.body))
                w->s.anomalies |= TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR);
    }
    return true;
}

static bool skip_words(struct tw_cur *c)
{
    uint32_t n;
    return tw_opcua_count(c, 4, &n) && tw_cur_skip(c, (size_t)n * 4);
}

/* [UA4 5.14.5]: what its layout says, read in one go. */
static bool published(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    uint32_t sequence, n;
    uint64_t time;
    uint8_t more;
    if (!tw_cur_u32le(c, &w->info->subscription_id))
        return false;
    w->info->has_subscription = true;
    if (!skip_words(c) || !tw_cur_u8(c, &more) || !tw_cur_u32le(c, &sequence) ||
        !tw_cur_u64le(c, &time) || !notification(w, c, f) || !skip_words(c) ||
        !tw_opcua_count(c, 1, &n))
        return false;
    for (; n > 0; n--)
        if (!tw_opcua_skip(&w->s, c, TW_UA_DIAGNOSTICINFO))
            return false;
    return true;
}

const tw_opcua_role_fn tw_opcua_roles[] = {
    [TW_UA_ROLE_SKIP] = NULL,
    [TW_UA_ROLE_INFO_STRING] = info_string,
    [TW_UA_ROLE_INFO_TEXT] = info_text,
    [TW_UA_ROLE_INFO_U32] = info_u32,
    [TW_UA_ROLE_INFO_DOUBLE] = info_double,
    [TW_UA_ROLE_INFO_NODE] = info_node,
    [TW_UA_ROLE_INDEX_RANGE] = index_range,
    [TW_UA_ROLE_ATTRIBUTE] = attribute,
    [TW_UA_ROLE_OBJECT] = object,
    [TW_UA_ROLE_NEW_OBJECT] = object,
    [TW_UA_ROLE_OBJECT_ID] = object_id,
    [TW_UA_ROLE_URL] = url,
    [TW_UA_ROLE_DATA_VALUE] = data_value,
    [TW_UA_ROLE_RESULT_VALUE] = result_value,
    [TW_UA_ROLE_INPUTS] = inputs,
    [TW_UA_ROLE_OUTPUTS] = outputs,
    [TW_UA_ROLE_STATUS] = status,
    [TW_UA_ROLE_INFO_NONCE] = nonce,
    [TW_UA_ROLE_TOKEN] = token,
    [TW_UA_ROLE_CERTIFICATE] = certificate,
    [TW_UA_ROLE_USER] = user,
    [TW_UA_ROLE_NOTIFICATION] = notification,
    [TW_UA_ROLE_PUBLISHED] = published,
    [TW_UA_ROLE_SHOW] = NULL,
    [TW_UA_ROLE_SHOW_SOME] = NULL,
    [TW_UA_ROLE_COUNT] = NULL,
    [TW_UA_ROLE_PAST] = tw_opcua_role_past,
    [TW_UA_ROLE_PAST_VALUES] = tw_opcua_role_past_values,
    [TW_UA_ROLE_PAST_UPDATE] = tw_opcua_role_past_update,
    [TW_UA_ROLE_CONTINUATION] = tw_opcua_role_continuation,
    [TW_UA_ROLE_REFERENCES] = tw_opcua_role_references,
    [TW_UA_ROLE_ROWS] = tw_opcua_role_rows,
    [TW_UA_ROLE_PATH] = tw_opcua_role_path,
    [TW_UA_ROLE_PATH_TARGETS] = tw_opcua_role_path_targets,
    [TW_UA_ROLE_FILTER] = tw_opcua_role_filter,
};
