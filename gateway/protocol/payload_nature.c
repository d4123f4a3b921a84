#include "protocol/payload_nature.h"

#include "base/cursor.h"
#include "protocol/pickle.h"

static bool begins(struct tw_str s, const char *mark, size_t len)
{
    return s.len >= len && memcmp(s.p, mark, len) == 0;
}

#define BEGINS(s, literal) begins((s), (literal), sizeof(literal) - 1)

/* STREAM_MAGIC, version 5, then an object of some kind [Java Object Serialization 6.4.2]. */
static bool is_java(struct tw_str s)
{
    return BEGINS(s, "\xac\xed\0\5") && s.len > 4 && (uint8_t)s.p[4] >= 0x70 &&
           (uint8_t)s.p[4] <= 0x7e;
}

/* SerializationHeaderRecord: record type 0, two ids, version 1.0 [MS-NRBF 2.6.1]. */
static bool is_dotnet(struct tw_str s)
{
    enum { RECORD = 17 };
    struct tw_cur c = tw_cur_str(s);
    uint8_t type;
    uint32_t root, header, major, minor;
    return s.len >= RECORD && tw_cur_u8(&c, &type) && tw_cur_u32le(&c, &root) &&
           tw_cur_u32le(&c, &header) && tw_cur_u32le(&c, &major) && tw_cur_u32le(&c, &minor) &&
           type == 0 && root != 0 && header == UINT32_MAX && major == 1 && minor == 0;
}

/* The first entry of an archive of PyTorch is a pickle that is not compressed. */
static struct tw_str first_entry(struct tw_str s)
{
    struct tw_cur c = tw_cur_str(s);
    uint16_t method, name_len, extra_len;
    if (!tw_cur_skip(&c, 8) || !tw_cur_u16le(&c, &method) || method != 0 || !tw_cur_skip(&c, 16) ||
        !tw_cur_u16le(&c, &name_len) || !tw_cur_u16le(&c, &extra_len) ||
        !tw_cur_skip(&c, (size_t)name_len + extra_len))
        return TW_STR_NONE;
    return tw_cur_rest(&c);
}

/* Pickles of the first protocols have no mark: they begin with a function or a container, and end
 * with a full stop. */
static bool may_be_pickle(struct tw_str s)
{
    return s.len > 2 && strchr("c(}]", s.p[0]) != NULL && s.p[0] != '\0' && s.p[s.len - 1] == '.' &&
           memchr(s.p, '\n', s.len) != NULL;
}

static const char *pickle_calls(struct tw_str s, enum tw_payload_kind kind)
{
    if (kind == TW_PAYLOAD_PYTORCH)
        s = first_entry(s);
    else if (kind != TW_PAYLOAD_PICKLE && kind != TW_PAYLOAD_JOBLIB &&
             (kind != TW_PAYLOAD_UNKNOWN || !may_be_pickle(s)))
        return NULL;
    return tw_pickle_calls(s);
}

enum tw_payload_danger tw_payload_danger_of(
    struct tw_str bytes, enum tw_payload_kind kind, const char **out_calls)
{
    if (is_java(bytes))
        return TW_DANGER_JAVA;
    if (is_dotnet(bytes))
        return TW_DANGER_DOTNET;
    if (BEGINS(bytes, "\x1bLua"))
        return TW_DANGER_LUA;
    *out_calls = pickle_calls(bytes, kind);
    return *out_calls != NULL ? TW_DANGER_PICKLE : TW_DANGER_NONE;
}

static bool holds(struct tw_str s, const char *word)
{
    enum { NEAR = 65536 };
    const size_t len = strlen(word), part = s.len < NEAR ? s.len : NEAR;
    return s.len > 0 && (memmem(s.p, part, word, len) != NULL ||
                            memmem(s.p + s.len - part, part, word, len) != NULL);
}

enum tw_payload_origin tw_payload_origin_of(struct tw_str bytes)
{
    if (holds(bytes, "tc260.org.cn/ns/AIGC/"))
        return TW_ORIGIN_AIGC;
    return holds(bytes, "rainedAlgorithmicMedia") ? TW_ORIGIN_GENERATED : TW_ORIGIN_NONE;
}
