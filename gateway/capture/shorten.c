#include "capture/shorten.h"

enum { SEQUENCE_AT = 4, OFFSET_AT = 12, V4_LENGTH_AT = 2, V6_LENGTH_AT = 4, V6_HEADER = 40 };

static void put_16(uint8_t *at, size_t v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

struct tw_cur tw_packet_shorten(
    const struct tw_packet *p, size_t skip, uint8_t room[TW_SHORTEN_ROOM])
{
    const struct tw_cur none = {NULL, 0};
    struct tw_cur headers = p->ip, payload = p->payload;
    uint8_t version, offset;
    if (!tw_cur_peek(&headers, 0, &version) ||
        !tw_cur_peek(&headers, p->transport_at + OFFSET_AT, &offset))
        return none;
    const size_t at = p->transport_at, before = at + (size_t)(offset >> 4) * 4;
    if (before >= TW_SHORTEN_ROOM || !tw_cur_copy(&headers, before, room) ||
        !tw_cur_skip(&payload, skip) || payload.left == 0)
        return none;
    const size_t rest =
        payload.left < TW_SHORTEN_ROOM - before ? payload.left : TW_SHORTEN_ROOM - before;
    if (!tw_cur_copy(&payload, rest, room + before))
        return none;
    const uint32_t sequence = p->tcp_seq + (uint32_t)skip;
    put_16(room + at + SEQUENCE_AT, sequence >> 16);
    put_16(room + at + SEQUENCE_AT + 2, sequence & 0xffff);
    if (version >> 4 == 6)
        put_16(room + V6_LENGTH_AT, before + rest - V6_HEADER);
    else
        put_16(room + V4_LENGTH_AT, before + rest);
    return tw_cur_of(room, before + rest);
}
