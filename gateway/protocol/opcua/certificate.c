#include "protocol/opcua/walk.h"

enum { MAX_CHAIN = 8, URI_ROOM = 256 };

/* The next DER element, a SEQUENCE with a long length, as every certificate is [X.690 8.1]. */
static bool next_certificate(struct tw_cur *c, struct tw_str *out)
{
    struct tw_cur at = tw_cur_here(c);
    uint8_t tag, form, more;
    size_t len = 0;
    if (!tw_cur_u8(&at, &tag) || tag != 0x30 || !tw_cur_u8(&at, &form))
        return false;
    if (form < 0x80)
        len = form;
    else if (form < 0x81 || form > 0x83)
        return false;
    for (unsigned i = 0x80; form > 0x80 && i < form; i++) {
        if (!tw_cur_u8(&at, &more))
            return false;
        len = len << 8 | more;
    }
    size_t header = c->left - at.left;
    return tw_cur_bytes(c, header + len, out);
}

static struct tw_str hex(struct tw_arena *a, const uint8_t *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    char *text = tw_arena_alloc(a, 2 * n);
    for (size_t i = 0; text != NULL && i < n; i++) {
        text[2 * i] = digits[p[i] >> 4];
        text[2 * i + 1] = digits[p[i] & 15];
    }
    return (struct tw_str){text, text == NULL ? 0 : 2 * n};
}

static struct tw_str keep(struct tw_arena *a, const char *z)
{
    return z[0] == '\0' ? TW_STR_NONE : tw_arena_str(a, tw_str_of(z));
}

static void facts(struct tw_proto_env *env, struct tw_arena *a, struct tw_str leaf, uint32_t chain,
    struct tw_opcua_certificate *out)
{
    struct tw_certificate c;
    *out = (struct tw_opcua_certificate){.chain = chain};
    if (env->certificate_read == NULL || !env->certificate_read(leaf.p, leaf.len, &c))
        return;
    out->sha1 = hex(a, c.sha1, sizeof(c.sha1));
    out->subject = keep(a, c.subject);
    out->issuer = keep(a, c.issuer);
    out->key = keep(a, c.key);
    out->signature = keep(a, c.signature);
    out->key_bits = c.key_bits;
    out->self_signed = c.self_signed;
    out->not_before_ns = c.not_before_ns;
    out->not_after_ns = c.not_after_ns;
}

void tw_opcua_certificate(struct tw_proto_env *env, struct tw_opcua_scratch *s, struct tw_str chain,
    struct tw_opcua_info *info, struct tw_opcua_certificate *out)
{
    struct tw_cur c = tw_cur_str(chain);
    struct tw_str leaf, other;
    if (!next_certificate(&c, &leaf))
        return;
    unsigned n = 1;
    while (n <= MAX_CHAIN && next_certificate(&c, &other))
        n++;
    if (n > MAX_CHAIN)
        s->anomalies |= TW_OPCUA_BIT(TW_OPCUA_CERTIFICATE_CHAIN_LIMIT);
    if (env->certificate_sha256 != NULL) {
        uint8_t digest[32];
        env->certificate_sha256(leaf.p, leaf.len, digest);
        info->certificate_sha256.s = hex(s->arena, digest, sizeof(digest));
    }
    char *uri = env->certificate_uri == NULL ? NULL : tw_arena_alloc(s->arena, URI_ROOM);
    if (uri != NULL) {
        size_t len = env->certificate_uri(leaf.p, leaf.len, uri, URI_ROOM);
        if (len > 0)
            info->certificate_uri = (struct tw_str){uri, len};
    }
    facts(env, s->arena, leaf, n, out);
    info->certificate = out;
}

static void show_text(struct tw_opcua_walk *w, const char *name, struct tw_str text)
{
    if (text.p == NULL)
        return;
    struct tw_value *detail = tw_opcua_walk_detail(w, name);
    detail->kind = TW_VALUE_STRING;
    detail->s = text;
}

void tw_opcua_user_certificate(struct tw_opcua_walk *w, struct tw_str der)
{
    struct tw_cur c = tw_cur_str(der);
    struct tw_certificate facts;
    struct tw_str leaf;
    uint8_t digest[32];
    if (!next_certificate(&c, &leaf))
        return;
    if (w->env->certificate_sha256 != NULL) {
        w->env->certificate_sha256(leaf.p, leaf.len, digest);
        show_text(w, "user_certificate_sha256", hex(w->s.arena, digest, sizeof(digest)));
    }
    if (w->env->certificate_read != NULL && w->env->certificate_read(leaf.p, leaf.len, &facts))
        show_text(w, "user_certificate_subject", keep(w->s.arena, facts.subject));
}
