#pragma once
/* Frames for tests, built byte by byte: what a test does not say is a plain default. */

#include <string.h>

#include "capture/packet.h"

struct frame {
    uint8_t b[4096];
    size_t len;
};

static inline void frame_put(struct frame *f, const void *p, size_t n)
{
    if (n > 0)
        memcpy(f->b + f->len, p, n);
    f->len += n;
}

static inline void frame_u8(struct frame *f, unsigned v)
{
    f->b[f->len++] = (uint8_t)v;
}

static inline void frame_u16(struct frame *f, unsigned v)
{
    frame_u8(f, v >> 8);
    frame_u8(f, v);
}

static inline void frame_u32(struct frame *f, uint32_t v)
{
    frame_u16(f, v >> 16);
    frame_u16(f, v & 0xffff);
}

static inline void frame_set16(struct frame *f, size_t at, unsigned v)
{
    f->b[at] = (uint8_t)(v >> 8);
    f->b[at + 1] = (uint8_t)v;
}

static inline unsigned frame_sum(const uint8_t *p, size_t n, unsigned long sum)
{
    for (size_t i = 0; i < n; i++)
        sum += i % 2 == 0 ? (unsigned long)p[i] << 8 : p[i];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (unsigned)(~sum & 0xffff);
}

static inline void frame_ether(struct frame *f, unsigned type)
{
    frame_put(f, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
    frame_u16(f, type);
}

/* 10.0.0.`src` to 10.0.0.`dst`; `body` bytes follow. */
static inline void frame_ipv4(struct frame *f, unsigned proto, unsigned src, unsigned dst,
    size_t body, unsigned id, unsigned frag)
{
    const size_t at = f->len;
    frame_u16(f, 0x4500);
    frame_u16(f, (unsigned)(20 + body));
    frame_u16(f, id);
    frame_u16(f, frag);
    frame_u8(f, 64);
    frame_u8(f, proto);
    frame_u16(f, 0);
    frame_u32(f, 0x0a000000 + src);
    frame_u32(f, 0x0a000000 + dst);
    frame_set16(f, at + 10, frame_sum(f->b + at, 20, 0));
}

/* fd00::`src` to fd00::`dst`. */
static inline void frame_ipv6(
    struct frame *f, unsigned next, unsigned src, unsigned dst, size_t body)
{
    frame_u32(f, 0x60000000);
    frame_u16(f, (unsigned)body);
    frame_u8(f, next);
    frame_u8(f, 64);
    frame_put(f, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
    frame_u8(f, src);
    frame_put(f, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
    frame_u8(f, dst);
}

/* A segment with a right checksum if it follows an IPv4 header at `ip_at`. */
static inline void frame_tcp(struct frame *f, size_t ip_at, unsigned sport, unsigned dport,
    uint32_t seq, uint32_t ack, unsigned flags, const void *data, size_t n)
{
    const size_t at = f->len;
    frame_u16(f, sport);
    frame_u16(f, dport);
    frame_u32(f, seq);
    frame_u32(f, ack);
    frame_u16(f, 0x5000 | flags);
    frame_u16(f, 0xffff);
    frame_u32(f, 0);
    frame_put(f, data, n);
    uint8_t pseudo[12];
    memcpy(pseudo, f->b + ip_at + 12, 8);
    pseudo[8] = 0;
    pseudo[9] = 6;
    pseudo[10] = (uint8_t)((20 + n) >> 8);
    pseudo[11] = (uint8_t)(20 + n);
    const unsigned head = ~frame_sum(pseudo, 12, 0) & 0xffff;
    frame_set16(f, at + 16, frame_sum(f->b + at, 20 + n, head));
}

static inline void frame_udp(
    struct frame *f, unsigned sport, unsigned dport, const void *data, size_t n)
{
    frame_u16(f, sport);
    frame_u16(f, dport);
    frame_u16(f, (unsigned)(8 + n));
    frame_u16(f, 0);
    frame_put(f, data, n);
}
