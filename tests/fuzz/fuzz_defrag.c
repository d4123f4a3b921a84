/* Fragments of a few datagrams in any order, overlapping and forged. A datagram that comes out
 * holds at every place a byte that was sent for that place. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "flow/defrag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST = 65535, PROTO = 253 };

static uint8_t sent_at(uint32_t id, uint32_t offset)
{
    return (uint8_t)((offset + id) * 0x9e3779b1u >> 13);
}

static void fill(struct tw_packet *p, const uint8_t op[6], uint8_t *bytes, bool *forged)
{
    const uint32_t len =
        op[3] & 0x80 ? (uint32_t)(op[3] & 0x7f) * 64 + op[4] : (uint32_t)op[4] & 0x3f;
    const bool forge = (op[5] & 1) != 0;
    p->kind = TW_PACKET_FRAGMENT;
    p->ip_proto = PROTO;
    p->src.ip.family = p->dst.ip.family = op[5] & 2 ? 6 : 4;
    p->frag_id = op[0] & 3;
    p->frag_offset = (uint32_t)(op[1] << 8 | op[2]) & 0xfff8;
    p->frag_more = (op[5] & 4) != 0;
    p->payload_len = len;
    for (uint32_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(sent_at(p->frag_id, p->frag_offset + i) ^ (forge ? 0xff : 0));
    p->payload = tw_cur_of(bytes, len);
    *forged = *forged || forge;
}

/* The input: operations of six bytes, one fragment each. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[128 * 64 + 256];
    struct tw_cur input = tw_cur_of(data, size);
    struct tw_defrag *d = tw_defrag_new(3);
    uint8_t op[6];
    bool forged = false;
    int64_t now_ns = 0;
    assert(d != NULL);
    while (tw_cur_copy(&input, sizeof(op), op)) {
        struct tw_packet p = {.wire_len = 1};
        fill(&p, op, bytes, &forged);
        p.ts_ns = now_ns += (int64_t)(op[0] >> 4) * 1000000000;
        const uint32_t id = p.frag_id;
        const size_t header = p.src.ip.family == 4 ? 20 : 40;
        if (!tw_defrag_packet(d, &p))
            continue;
        assert(p.kind == TW_PACKET_IP && !p.cut && p.ip_proto == PROTO);
        assert(p.payload.left == p.payload_len && p.payload.left <= LARGEST);
        assert(p.ip.left == p.payload.left + header);
        for (uint32_t i = 0; i < p.payload_len; i++) {
            const uint8_t right = sent_at(id, i), wrong = (uint8_t)~right;
            assert(p.payload.p[i] == right || (forged && p.payload.p[i] == wrong));
        }
    }
    const struct tw_defrag_stats s = tw_defrag_stats(d);
    assert(forged || s.conflicts == 0);
    assert(s.fragments >= s.reassembled + s.refused);
    tw_defrag_free(d);
    return 0;
}
