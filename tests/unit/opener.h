#pragma once
/* An opener of keys as dissectors are lent it (tw_proto_env), as pipeline/ does it. */

#include "crypto/opcua_keys.h"
#include "protocol/protocol.h"

static inline unsigned opener_sets(const void *keys, uint32_t channel, uint32_t token)
{
    return tw_opcua_opener_sets(keys, channel, token);
}

static inline bool opener_open(
    void *keys, const struct tw_sealed *s, void *out, size_t *out_len, unsigned *out_padding)
{
    const struct tw_opcua_chunk_sealed chunk = {.channel = s->channel,
        .token = s->token,
        .set = s->set,
        .from_client = s->from_client,
        .p = s->bytes.p,
        .len = s->bytes.left};
    return tw_opcua_opener_open(keys, &chunk, out, out_len, out_padding);
}
