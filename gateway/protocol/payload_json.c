#include "protocol/payload_json.h"

#include <math.h>

#include "base/num.h"
#include "base/timefmt.h"
#include "event/secret.h"

struct tw_value tw_payload_string(const struct tw_json_token *t, char *scratch)
{
    struct tw_value v = {.kind = TW_VALUE_STRING};
    if (t->escaped) {
        v.s.p = scratch;
        v.s.len = tw_json_unescape(t->text, scratch, TW_MAX_EVENT_STRING, &v.truncated);
    } else {
        v.s = tw_utf8_cut(t->text, TW_MAX_EVENT_STRING);
        v.truncated = v.s.len < t->text.len;
    }
    return v;
}

bool tw_payload_scalar(
    const struct tw_json_token *t, char *scratch, struct tw_value *out, const char **out_type)
{
    switch (t->kind) {
    case TW_JSON_STRING:
        *out = tw_payload_string(t, scratch);
        *out_type = "string";
        return true;
    case TW_JSON_INT:
        *out = (struct tw_value){.kind = TW_VALUE_INT, .i = t->i};
        *out_type = "number";
        return true;
    case TW_JSON_UINT:
        *out = (struct tw_value){.kind = TW_VALUE_UINT, .u = t->u};
        *out_type = "number";
        return true;
    case TW_JSON_DOUBLE:
        *out = (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = t->d};
        *out_type = "number";
        return true;
    case TW_JSON_BOOL:
        *out = (struct tw_value){.kind = TW_VALUE_BOOL, .b = t->b};
        *out_type = "boolean";
        return true;
    case TW_JSON_NULL:
        *out = (struct tw_value){.kind = TW_VALUE_NULL};
        *out_type = NULL;
        return true;
    default:
        return false;
    }
}

/* What the other members of a DataValue say about its Value [UA6 5.4.2.18]. */
struct quality {
    unsigned depth; /* of the object; 0: none is open */
    bool has_value;
    uint32_t code;
    int64_t source_ts_ns, server_ts_ns;
};

/* Where a walk through a container stands: the pointer to the present value, and for every open
 * container how long its own pointer is. */
struct walk {
    const struct tw_payload *p;
    struct tw_json reader;
    unsigned at; /* next token on the tape */
    struct tw_event leaf;
    const struct tw_emit *out;
    tw_pass_fn pass;         /* NULL: every leaf is emitted */
    tw_payload_name_fn name; /* NULL, or what leaves are called is asked, and nothing else */
    void *name_user;
    unsigned n_leaves, depth;
    /* PubSub: the facts that leaves share, and those of each DataSetMessage. */
    struct tw_pubsub_json *pubsub;
    uint32_t n_messages;
    bool in_messages;
    struct quality quality;
    char status[TW_OPCUA_STATUS_TEXT];
    unsigned secret_depth; /* 0, or the depth at which a secret's name was seen, plus one */
    unsigned long_depth;   /* the same for a pointer that was cut */
    size_t path_len;
    uint16_t base[TW_MAX_JSON_DEPTH + 1];
    uint32_t index[TW_MAX_JSON_DEPTH + 1]; /* of the next element of an array */
    bool array[TW_MAX_JSON_DEPTH + 1];
    char path[TW_MAX_TOPIC];
    char scratch[TW_MAX_EVENT_STRING];
};

/* The next token; `spare` is for those that are not on the tape. */
static const struct tw_json_token *next_token(struct walk *w, struct tw_json_token *spare)
{
    if (w->p != NULL && w->p->n_tape > 0)
        return &w->p->tape[w->at++];
    tw_json_next(&w->reader, spare);
    return spare;
}

/* Append one reference token to the open container's pointer, "~" and "/" escaped [RFC 6901 3].
 * What is longer than a pointer may be is cut, and its leaves say so. */
static void set_step(struct walk *w, struct tw_str name)
{
    size_t len = w->base[w->depth];
    struct tw_str fits = tw_utf8_cut(name, (sizeof(w->path) - len) / 2);
    if (len < sizeof(w->path))
        w->path[len++] = '/';
    for (size_t i = 0; i < fits.len && len + 2 <= sizeof(w->path); i++) {
        char c = fits.p[i];
        if (c == '~' || c == '/') {
            w->path[len++] = '~';
            c = c == '~' ? '0' : '1';
        }
        w->path[len++] = c;
    }
    w->path_len = len;
    if (w->long_depth == 0 || w->long_depth > w->depth)
        w->long_depth = fits.len < name.len ? w->depth + 1 : 0;
}

/* Leaves of the Value get what is said about it; a status only where it is no good one. */
static void set_quality(struct walk *w, bool on)
{
    const struct quality none = {.depth = 0}, *q = on ? &w->quality : &none;
    w->leaf.source_ts_ns = q->source_ts_ns;
    w->leaf.server_ts_ns = q->server_ts_ns;
    w->leaf.status.s = q->code == 0 ? TW_STR_NONE : tw_opcua_status_text(q->code, w->status);
    w->leaf.status_code = q->code;
    w->leaf.status_bad = tw_opcua_is_bad(q->code);
}

static void take_quality(struct tw_str key, const struct tw_json_token *t, struct quality *out)
{
    int64_t ns;
    const bool is_code = tw_str_is(key, "Status") || tw_str_is(key, "StatusCode");
    if (tw_str_is(key, "Value"))
        out->has_value = true;
    else if (is_code && t->kind == TW_JSON_INT && t->i > 0 && t->i <= (int64_t)UINT32_MAX)
        out->code = (uint32_t)t->i;
    else if (t->kind == TW_JSON_STRING && tw_time_parse(t->text, &ns)) {
        if (tw_str_is(key, "SourceTimestamp"))
            out->source_ts_ns = ns;
        else if (tw_str_is(key, "ServerTimestamp"))
            out->server_ts_ns = ns;
    }
}

/* An object was opened in a PubSub message: is it a DataValue? Its members may come in any order,
 * so that one has to look ahead, but not far. A StatusCode is a number, or an object with its Code.
 */
static void look_for_quality(struct walk *w)
{
    enum { FAR = 32 };
    struct tw_json reader = w->reader;
    struct tw_json_token spare;
    struct tw_str key[2] = {TW_STR_NONE, TW_STR_NONE};
    struct quality q = {.depth = w->depth};
    unsigned depth = 1;
    for (unsigned i = 0; i < FAR && depth > 0; i++) {
        const struct tw_json_token *t = &spare;
        if (w->p->n_tape > 0)
            t = &w->p->tape[w->at + i];
        else
            tw_json_next(&reader, &spare);
        if (t->kind <= TW_JSON_TOO_DEEP)
            return;
        if (t->kind == TW_JSON_KEY && depth <= 2)
            key[depth - 1] = t->text;
        else if (depth == 1 || (depth == 2 && tw_str_is(key[1], "Code")))
            take_quality(key[0], t, &q);
        if (t->kind == TW_JSON_OBJECT || t->kind == TW_JSON_ARRAY)
            depth++;
        else if (t->kind == TW_JSON_OBJECT_END || t->kind == TW_JSON_ARRAY_END)
            depth--;
    }
    if (q.has_value && (q.code != 0 || q.source_ts_ns != 0 || q.server_ts_ns != 0))
        w->quality = q;
}

static void take_key(struct walk *w, const struct tw_json_token *t)
{
    struct tw_str name = t->text;
    if (t->escaped) {
        bool cut;
        name.len = tw_json_unescape(t->text, w->scratch, sizeof(w->scratch), &cut);
        name.p = w->scratch;
    }
    set_step(w, name);
    if (w->quality.depth != 0 && w->quality.depth == w->depth)
        set_quality(w, tw_str_is(name, "Value"));
    if (w->pubsub != NULL && w->depth == 1)
        w->in_messages = tw_str_is(name, "Messages");
    if (w->secret_depth == 0 || w->secret_depth > w->depth)
        w->secret_depth = tw_secret_name(name) ? w->depth + 1 : 0;
}

/* An element of an array has no key: its index is its name. */
static void take_index(struct walk *w)
{
    if (w->depth == 0 || !w->array[w->depth])
        return;
    char text[TW_NUM_TEXT];
    size_t len = tw_num_u64(text, w->index[w->depth]++);
    set_step(w, (struct tw_str){text, len});
}

static void enter(struct walk *w, bool array)
{
    take_index(w);
    w->depth++;
    w->base[w->depth] = (uint16_t)w->path_len;
    w->array[w->depth] = array;
    w->index[w->depth] = 0;
    if (w->pubsub != NULL && !array && w->quality.depth == 0)
        look_for_quality(w);
    if (w->pubsub != NULL && w->depth == w->pubsub->depth && !array && w->in_messages)
        w->leaf.pubsub = w->n_messages < TW_PUBSUB_MESSAGES ? &w->pubsub->messages[w->n_messages++]
                                                            : &w->pubsub->head;
}

static void leave(struct walk *w)
{
    if (w->pubsub != NULL && w->depth == w->pubsub->depth)
        w->leaf.pubsub = &w->pubsub->head;
    w->depth--;
    if (w->quality.depth > w->depth) {
        set_quality(w, false);
        w->quality.depth = 0;
    }
    if (w->secret_depth > w->depth)
        w->secret_depth = 0;
    if (w->long_depth > w->depth)
        w->long_depth = 0;
}

static void hide(struct tw_event *leaf)
{
    leaf->value = (struct tw_value){.kind = TW_VALUE_STRING, .s = TW_REDACTED};
    leaf->type = "string";
}

static void give_leaf(struct walk *w, const struct tw_json_token *t)
{
    take_index(w);
    w->n_leaves++;
    if (w->name != NULL) {
        w->name(w->name_user, (struct tw_str){w->path, w->path_len}, w->secret_depth != 0,
            w->long_depth != 0);
        return;
    }
    if (!tw_payload_scalar(t, w->scratch, &w->leaf.value, &w->leaf.type))
        return;
    if (w->secret_depth != 0 && t->kind != TW_JSON_NULL)
        hide(&w->leaf);
    w->leaf.truncated = w->leaf.value.truncated || w->long_depth != 0;
    w->leaf.field = (struct tw_str){w->path, w->path_len};
    if (w->pass == NULL || !w->pass(w->out->user, &w->leaf))
        tw_emit(w->out, &w->leaf);
}

/* A walk through `p` that stands before its first token. */
static void begin(struct walk *w, const struct tw_payload *p, struct tw_str text)
{
    w->p = p;
    w->at = w->n_leaves = w->depth = w->secret_depth = w->long_depth = 0;
    w->path_len = 0;
    w->pubsub = NULL;
    w->n_messages = 0;
    w->quality.depth = 0;
    w->in_messages = false;
    w->name = NULL;
    tw_json_init(&w->reader, text);
}

static void walk(struct walk *w)
{
    while (w->n_leaves < TW_MAX_LEAVES) {
        struct tw_json_token spare;
        const struct tw_json_token *t = next_token(w, &spare);
        switch (t->kind) {
        case TW_JSON_ERROR:
        case TW_JSON_END:
        case TW_JSON_TOO_DEEP:
            return;
        case TW_JSON_OBJECT:
        case TW_JSON_ARRAY:
            enter(w, t->kind == TW_JSON_ARRAY);
            break;
        case TW_JSON_OBJECT_END:
        case TW_JSON_ARRAY_END:
            leave(w);
            break;
        case TW_JSON_KEY:
            take_key(w, t);
            break;
        default:
            give_leaf(w, t);
        }
    }
}

void tw_payload_names(struct tw_str text, tw_payload_name_fn name, void *user)
{
    struct walk w;
    begin(&w, NULL, text);
    w.leaf = (struct tw_event){.ts_ns = 0};
    w.name = name;
    w.name_user = user;
    walk(&w);
}

/* Which leaves are finite numbers, not too small to be exact, and no secrets; a bit for each. */
static uint64_t plain_numbers(const struct tw_payload *p)
{
    uint64_t plain = 0;
    _Static_assert(TW_SHAPE_LEAVES <= 64, "a bit for each");
    for (unsigned i = 0; i < p->shape->n_leaves; i++) {
        const struct tw_json_token *t = &p->tape[i];
        const bool is = t->kind == TW_JSON_INT || (t->kind == TW_JSON_DOUBLE && isnormal(t->d));
        plain |= (uint64_t)is << i;
    }
    return plain & ~p->shape->secrets;
}

/* Plain numbers are most of what devices tell: where all pass they are not shown one by one. False
 * when they do not, or there is only one. */
static bool pass_numbers(const struct tw_payload *p, uint64_t plain, struct tw_event *leaf,
    tw_pass_fn pass, const struct tw_emit *out)
{
    if (pass == NULL || (plain & (plain - 1)) == 0)
        return false;
    const unsigned first = (unsigned)__builtin_ctzll(plain);
    (void)tw_payload_scalar(&p->tape[first], NULL, &leaf->value, &leaf->type);
    leaf->truncated = false;
    leaf->field = tw_shape_name(p->shape, first);
    leaf->alike = (uint16_t)(__builtin_popcountll(plain) - 1);
    const bool passed = pass(out->user, leaf);
    leaf->alike = 0;
    return passed;
}

/* Leaves whose names are known. */
static void give_shaped(const struct tw_payload *p, const struct tw_event *message, tw_pass_fn pass,
    const struct tw_emit *out)
{
    const struct tw_shape *shape = p->shape;
    const bool is_secret = tw_secret_name(message->object);
    const uint64_t plain = is_secret ? 0 : plain_numbers(p);
    char scratch[TW_MAX_EVENT_STRING];
    struct tw_event leaf = *message;
    uint64_t left = UINT64_MAX >> (64 - shape->n_leaves);
    if (pass_numbers(p, plain, &leaf, pass, out))
        left &= ~plain;
    for (; left != 0; left &= left - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(left);
        const struct tw_json_token *t = &p->tape[i];
        (void)tw_payload_scalar(t, scratch, &leaf.value, &leaf.type);
        if ((is_secret || (shape->secrets >> i & 1) != 0) && t->kind != TW_JSON_NULL)
            hide(&leaf);
        leaf.truncated = leaf.value.truncated;
        leaf.field = tw_shape_name(shape, i);
        if (pass == NULL || !pass(out->user, &leaf))
            tw_emit(out, &leaf);
    }
}

void tw_payload_expand_json(const struct tw_payload *p, const struct tw_event *message,
    struct tw_pubsub_json *pubsub, tw_pass_fn pass, const struct tw_emit *out)
{
    struct walk w;
    if (p->shape != NULL) {
        give_shaped(p, message, pass, out);
        return;
    }
    begin(&w, p, p->text);
    if (tw_secret_name(message->object))
        w.secret_depth = 1;
    w.pubsub = pubsub;
    w.in_messages = pubsub != NULL && p->tape[0].kind == TW_JSON_ARRAY;
    w.leaf = *message;
    w.out = out;
    w.pass = pass;
    walk(&w);
}
