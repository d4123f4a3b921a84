#include "protocol/websocket/frame.h"

enum { PIECE = 4096, MAX_CONTROL = 125, SANE = 16 << 20, DOUBT = 4 };

/* [RFC6455 5.2] */
enum tw_status tw_ws_header_read(struct tw_cur bytes, struct tw_ws_header *out)
{
    const size_t all = bytes.left;
    uint8_t first, second;
    uint16_t len16;
    uint32_t high, low;
    if (!tw_cur_u8(&bytes, &first) || !tw_cur_u8(&bytes, &second))
        return TW_NEED_MORE;
    struct tw_ws_header h = {.opcode = first & 0x0f,
        .fin = (first & 0x80) != 0,
        .compressed = (first & 0x40) != 0,
        .reserved = (first & 0x30) != 0,
        .masked = (second & 0x80) != 0,
        .len = second & 0x7f};
    if (h.len == 126) {
        if (!tw_cur_u16be(&bytes, &len16))
            return TW_NEED_MORE;
        h.len = len16;
        h.overlong = len16 < 126;
    } else if (h.len == 127) {
        if (!tw_cur_u32be(&bytes, &high) || !tw_cur_u32be(&bytes, &low))
            return TW_NEED_MORE;
        h.len = (uint64_t)high << 32 | low;
        h.overlong = h.len <= UINT16_MAX;
    }
    if (h.masked && !tw_cur_copy(&bytes, sizeof(h.mask), h.mask))
        return TW_NEED_MORE;
    if (h.len >> 63 != 0)
        return TW_MALFORMED;
    h.size = (uint8_t)(all - bytes.left);
    *out = h;
    return TW_OK;
}

static bool is_known(unsigned opcode)
{
    return opcode <= TW_WS_BINARY || (opcode >= TW_WS_CLOSE && opcode <= TW_WS_PONG);
}

/* Does a message's payload come in this frame? */
static bool carries(const struct tw_ws_half *half)
{
    return half->h.opcode <= TW_WS_BINARY && half->in_message && !half->closed;
}

/* What is wrong with a frame by itself; the first of it. */
static const char *frame_anomaly(const struct tw_ws_header *h, const struct tw_ws_user *u)
{
    if (h->reserved || (h->compressed && (!u->may_deflate || h->opcode == TW_WS_CONTINUATION ||
                                             tw_ws_is_control(h->opcode))))
        return "websocket-reserved-bits"; /* [RFC6455 5.2, RFC7692 6] */
    if (!is_known(h->opcode))
        return "websocket-reserved-opcode";
    if (h->masked != u->from_client) /* [RFC6455 5.1] */
        return u->from_client ? "websocket-not-masked" : "websocket-masked-by-server";
    if (tw_ws_is_control(h->opcode) && (!h->fin || h->len > MAX_CONTROL))
        return "websocket-long-control"; /* [RFC6455 5.5] */
    if (h->overlong)
        return "websocket-overlong-length";
    return h->opcode == TW_WS_TEXT ? "websocket-text" : NULL; /* [MQTT5 6.0-1] */
}

/* What is wrong with it after what came before [RFC6455 5.4]. */
static const char *order_anomaly(const struct tw_ws_half *half, unsigned opcode)
{
    if (half->closed && !tw_ws_is_control(opcode))
        return "websocket-frame-after-close"; /* [RFC6455 5.5.1] */
    if (opcode == TW_WS_CONTINUATION && !half->in_message && half->doubt == 0)
        return "websocket-stray-continuation";
    if ((opcode == TW_WS_TEXT || opcode == TW_WS_BINARY) && half->in_message)
        return "websocket-unfinished-message";
    return NULL;
}

static void end_of_frame(struct tw_ws_half *half, const struct tw_ws_user *u)
{
    half->in_frame = false;
    if (half->h.opcode == TW_WS_CLOSE)
        half->closed = true;
    if (!carries(half) || !half->h.fin)
        return;
    half->in_message = false;
    u->message_end(u->user, half->message_compressed);
}

static void begin_frame(
    struct tw_ws_half *half, const struct tw_ws_user *u, const struct tw_ws_header *h)
{
    const char *wrong = frame_anomaly(h, u), *order = order_anomaly(half, h->opcode);
    if (wrong != NULL && half->doubt > 0) {
        half->lost = true;
        return;
    }
    u->frame(u->user, h);
    if (wrong != NULL)
        u->anomaly(u->user, wrong);
    if (order != NULL)
        u->anomaly(u->user, order);
    half->h = *h;
    half->left = h->len;
    half->mask_at = 0;
    half->in_frame = true;
    if (h->opcode == TW_WS_TEXT || h->opcode == TW_WS_BINARY) {
        half->in_message = true;
        half->message_compressed = h->compressed && u->may_deflate;
    } else if (h->opcode == TW_WS_CONTINUATION && half->doubt > 0 && !u->may_deflate) {
        half->in_message = true;
    }
    if (half->doubt > 0)
        half->doubt--;
    if (h->len == 0)
        end_of_frame(half, u);
}

size_t tw_ws_unmask(
    struct tw_cur bytes, const uint8_t mask[4], unsigned at, uint8_t *out, size_t size)
{
    uint8_t b;
    size_t n = 0;
    while (n < size && tw_cur_u8(&bytes, &b)) {
        out[n] = b ^ mask[(at + n) & 3];
        n++;
    }
    return n;
}

static void give(struct tw_ws_half *half, const struct tw_ws_user *u, struct tw_cur part)
{
    uint8_t plain[PIECE];
    if (!carries(half))
        return;
    if (!half->h.masked) {
        u->payload(u->user, part, half->message_compressed);
        return;
    }
    while (part.left > 0) {
        size_t n = tw_ws_unmask(part, half->h.mask, half->mask_at, plain, sizeof(plain));
        if (!tw_cur_skip(&part, n))
            return;
        half->mask_at = (uint8_t)((half->mask_at + n) & 3);
        u->payload(u->user, tw_cur_of(plain, n), half->message_compressed);
    }
}

static void payload(struct tw_ws_half *half, const struct tw_ws_user *u, struct tw_cur *c)
{
    struct tw_cur part;
    size_t n = half->left < c->left ? (size_t)half->left : c->left;
    if (!tw_cur_sub(c, n, &part))
        return;
    half->left -= n;
    give(half, u, part);
    if (half->left == 0)
        end_of_frame(half, u);
}

/* A length that no frame can have: nothing after it can be told apart. */
static void garbage(struct tw_ws_half *half, const struct tw_ws_user *u)
{
    u->anomaly(u->user, "websocket-frame-length");
    half->n_cut = 0;
    half->lost = true;
}

/* A header byte by byte, when it does not stand in one piece. */
static void complete_header(struct tw_ws_half *half, const struct tw_ws_user *u, struct tw_cur *c)
{
    struct tw_ws_header h;
    if (half->n_cut == sizeof(half->cut) || !tw_cur_u8(c, &half->cut[half->n_cut]))
        return;
    half->n_cut++;
    enum tw_status st = tw_ws_header_read(tw_cur_of(half->cut, half->n_cut), &h);
    if (st == TW_NEED_MORE)
        return;
    if (st != TW_OK) {
        garbage(half, u);
        return;
    }
    half->n_cut = 0;
    begin_frame(half, u, &h);
}

static void header(struct tw_ws_half *half, const struct tw_ws_user *u, struct tw_cur *c)
{
    struct tw_ws_header h;
    enum tw_status st = half->n_cut > 0 ? TW_NEED_MORE : tw_ws_header_read(*c, &h);
    if (st == TW_NEED_MORE)
        complete_header(half, u, c);
    else if (st != TW_OK || !tw_cur_skip(c, h.size))
        garbage(half, u);
    else
        begin_frame(half, u, &h);
}

bool tw_ws_plausible(
    struct tw_cur bytes, bool from_client, bool may_deflate, struct tw_ws_header *out)
{
    struct tw_ws_header h;
    const struct tw_ws_user u = {.from_client = from_client, .may_deflate = may_deflate};
    if (tw_ws_header_read(bytes, &h) != TW_OK || h.len > SANE || frame_anomaly(&h, &u) != NULL)
        return false;
    *out = h;
    return true;
}

/* A boundary after a loss: a header that is right in all, and behind its frame another one or
 * nothing. A frame that goes on beyond the segment is only taken at its start. */
static bool is_boundary(struct tw_cur bytes, const struct tw_ws_user *u, bool at_start)
{
    struct tw_ws_header h, next;
    if (!tw_ws_plausible(bytes, u->from_client, u->may_deflate, &h) || !tw_cur_skip(&bytes, h.size))
        return false;
    if (h.len > bytes.left)
        return at_start && h.opcode == TW_WS_BINARY;
    if (!tw_cur_skip(&bytes, (size_t)h.len))
        return false;
    return bytes.left == 0 || tw_ws_plausible(bytes, u->from_client, u->may_deflate, &next);
}

static bool recover(struct tw_ws_half *half, const struct tw_ws_user *u, struct tw_cur *c)
{
    for (bool first = true; c->left >= 2; first = false) {
        if (is_boundary(*c, u, first)) {
            half->lost = false;
            half->doubt = DOUBT;
            half->recovered++;
            return true;
        }
        if (!tw_cur_skip(c, 1))
            break;
    }
    return false;
}

void tw_ws_data(struct tw_ws_half *half, const struct tw_ws_user *u, struct tw_cur c)
{
    while (c.left > 0) {
        if (half->lost && !recover(half, u, &c))
            return;
        if (half->in_frame)
            payload(half, u, &c);
        else
            header(half, u, &c);
    }
}

uint64_t tw_ws_gap(struct tw_ws_half *half, const struct tw_ws_user *u, uint64_t missing)
{
    if (half->in_frame && missing <= half->left) {
        const bool payload_lost = carries(half);
        half->left -= missing;
        half->mask_at = (uint8_t)((half->mask_at + missing) & 3);
        if (half->left == 0)
            end_of_frame(half, u);
        return payload_lost ? missing : 0;
    }
    half->n_cut = 0;
    half->in_frame = half->in_message = false;
    half->lost = true;
    return UINT64_MAX;
}
