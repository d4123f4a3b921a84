#include "protocol/opcua/frame.h"

static const struct {
    char magic[4];
    uint32_t min_size;
    bool chunked; /* may come in parts or be given up */
} messages[TW_OPCUA_MESSAGES] = {
    [TW_OPCUA_HEL] = {"HEL", 32, false},
    [TW_OPCUA_ACK] = {"ACK", 28, false},
    [TW_OPCUA_ERR] = {"ERR", 16, false},
    [TW_OPCUA_RHE] = {"RHE", 16, false},
    [TW_OPCUA_OPN] = {"OPN", 24, false},
    [TW_OPCUA_MSG] = {"MSG", 24, true},
    [TW_OPCUA_CLO] = {"CLO", 24, false},
};

/* Nearly all are MSG: asked first. */
static unsigned message_of(struct tw_str magic)
{
    unsigned i = 0;
    if (memcmp(magic.p, messages[TW_OPCUA_MSG].magic, 3) == 0)
        return TW_OPCUA_MSG;
    while (i < TW_OPCUA_MESSAGES && memcmp(magic.p, messages[i].magic, 3) != 0)
        i++;
    return i;
}

bool tw_opcua_header(struct tw_cur *c, struct tw_opcua_header *out)
{
    struct tw_cur at = tw_cur_here(c);
    struct tw_str magic;
    uint8_t chunk;
    struct tw_opcua_header h;
    if (!tw_cur_bytes(&at, 3, &magic) || !tw_cur_u8(&at, &chunk) || !tw_cur_u32le(&at, &h.size))
        return false;
    h.message = (uint8_t)message_of(magic);
    bool known = chunk == 'F' || (h.message < TW_OPCUA_MESSAGES && messages[h.message].chunked &&
                                     (chunk == 'C' || chunk == 'A'));
    h.chunk = known ? (char)chunk : 0;
    tw_cur_move(c, &at);
    *out = h;
    return true;
}

uint32_t tw_opcua_min_message(unsigned message)
{
    return message < TW_OPCUA_MESSAGES ? messages[message].min_size : TW_OPCUA_HEADER;
}

bool tw_opcua_header_begins(struct tw_cur c)
{
    size_t n = c.left < 3 ? c.left : 3;
    struct tw_str have;
    if (!tw_cur_bytes(&c, n, &have))
        return false;
    for (unsigned i = 0; i < TW_OPCUA_MESSAGES; i++)
        if (tw_str_starts(tw_str_of(messages[i].magic), have))
            return true;
    return false;
}

bool tw_opcua_header_plausible(struct tw_cur c, uint32_t max_size)
{
    struct tw_opcua_header h;
    return tw_opcua_header(&c, &h) && h.message < TW_OPCUA_MESSAGES && h.chunk != 0 &&
           h.size >= messages[h.message].min_size && h.size <= max_size;
}

/* Text protocols begin with words like "HELO" or "HELP": there the size would be text as well. */
static bool size_is_text(struct tw_cur c)
{
    struct tw_cur size;
    uint8_t byte;
    if (!tw_cur_skip(&c, 4) || !tw_cur_sub(&c, 4, &size))
        return true;
    while (tw_cur_u8(&size, &byte))
        if ((byte < 0x20 || byte > 0x7e) && byte != '\r' && byte != '\n' && byte != '\t')
            return false;
    return true;
}

enum tw_probe tw_opcua_probe(struct tw_cur bytes, unsigned direction, bool midstream)
{
    struct tw_cur c = bytes;
    struct tw_opcua_header h;
    (void)direction;
    if (!tw_opcua_header_begins(bytes))
        return TW_PROBE_NO;
    if (!tw_opcua_header(&c, &h))
        return TW_PROBE_MORE;
    if (midstream)
        return tw_opcua_header_plausible(bytes, TW_OPCUA_MAX_CHUNK) ? TW_PROBE_YES : TW_PROBE_NO;
    /* From the start of a connection damaged headers are worth a report, too. */
    if (size_is_text(bytes) || (h.chunk == 0 && h.size > TW_OPCUA_MAX_CHUNK))
        return TW_PROBE_NO;
    return TW_PROBE_YES;
}
