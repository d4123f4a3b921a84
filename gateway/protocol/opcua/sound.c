#include "protocol/opcua/sound.h"

#include "protocol/opcua/types.h"

/* A PublishRequest holds pairs of numbers, as many as it says, and nothing else [UA4 5.13.5]. */
static bool is_sound_publish(struct tw_cur c)
{
    enum { PAIR = 8 };
    uint32_t n;
    return tw_cur_u32le(&c, &n) && c.left == (n == UINT32_MAX ? 0 : (uint64_t)n * PAIR);
}

/* A ReadValueId that asks for all of an attribute [UA4 7.29]. */
static bool skip_read(struct tw_cur *c)
{
    struct tw_opcua_node node;
    struct tw_str range, encoding;
    uint32_t attribute;
    uint16_t ns;
    return tw_opcua_node(c, &node) && (node.kind != 's' || tw_utf8_valid(node.text)) &&
           tw_cur_u32le(c, &attribute) && tw_opcua_string(c, &range) && range.len == 0 &&
           tw_cur_u16le(c, &ns) && tw_opcua_string(c, &encoding) && encoding.len == 0;
}

/* [UA4 5.11.2] */
static bool is_sound_read(struct tw_cur c)
{
    uint64_t max_age;
    uint32_t timestamps, n;
    if (!tw_cur_u64le(&c, &max_age) || !tw_cur_u32le(&c, &timestamps) || !tw_cur_u32le(&c, &n))
        return false;
    for (n = n == UINT32_MAX ? 0 : n; n > 0; n--)
        if (!skip_read(&c))
            return false;
    return c.left == 0;
}

bool tw_opcua_is_sound(const struct tw_opcua_service *service, struct tw_cur rest)
{
    enum { READ = 631, PUBLISH = 826 };
    switch (service->request) {
    case READ:
        return is_sound_read(rest);
    case PUBLISH:
        return is_sound_publish(rest);
    default:
        return false;
    }
}
