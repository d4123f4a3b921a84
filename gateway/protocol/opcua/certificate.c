#include "protocol/opcua/walk.h"

enum { MAX_CHAIN = 8, URI_ROOM = 256 };

/* The next DER element, a SEQUENCE with a long length, as every certificate is [X.690 8.1]. */
static bool next_certificate(struct tw_cur *c, struct tw_str *out)
{
    struct tw_cur at = *c;
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

void tw_opcua_certificate(struct tw_proto_env *env, struct tw_opcua_scratch *s, struct tw_str chain,
    struct tw_opcua_info *info)
{
    static const char digits[] = "0123456789abcdef";
    struct tw_cur c = tw_cur_str(chain);
    struct tw_str leaf, other;
    if (!next_certificate(&c, &leaf))
        return;
    unsigned n = 1;
    while (n <= MAX_CHAIN && next_certificate(&c, &other))
        n++;
    if (n > MAX_CHAIN)
        s->anomalies |= TW_OPCUA_BIT(TW_OPCUA_CERTIFICATE_CHAIN_LIMIT);
    char *uri = tw_arena_alloc(s->arena, URI_ROOM);
    char *hex = tw_arena_alloc(s->arena, 64);
    if (uri == NULL || hex == NULL)
        return;
    if (env->certificate_sha256 != NULL) {
        uint8_t digest[32];
        env->certificate_sha256(leaf.p, leaf.len, digest);
        for (size_t i = 0; i < sizeof(digest); i++) {
            hex[2 * i] = digits[digest[i] >> 4];
            hex[2 * i + 1] = digits[digest[i] & 15];
        }
        info->certificate_sha256.s = (struct tw_str){hex, 64};
    }
    if (env->certificate_uri != NULL) {
        size_t len = env->certificate_uri(leaf.p, leaf.len, uri, URI_ROOM);
        if (len > 0)
            info->certificate_uri = (struct tw_str){uri, len};
    }
}
