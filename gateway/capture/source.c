#include "capture/source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static ssize_t read_some(int fd, void *out, size_t n)
{
    ssize_t got;
    do
        got = read(fd, out, n);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Enough to tell the format and, mostly, the resolution of the clock. A pipe may give its first
 * bytes in pieces: 24 are the shortest header there is. */
static bool read_head(struct tw_source *s)
{
    while (s->head_len < 24 || (s->seekable && s->head_len < sizeof(s->head))) {
        ssize_t got = read_some(s->fd, s->head + s->head_len, sizeof(s->head) - s->head_len);
        if (got < 0)
            return false;
        if (got == 0)
            break;
        s->head_len += (size_t)got;
    }
    return true;
}

enum tw_status tw_source_open(struct tw_source *s, const char *path)
{
    *s = (struct tw_source){.fd = STDIN_FILENO};
    if (strcmp(path, "-") != 0) {
        s->fd = open(path, O_RDONLY | O_CLOEXEC);
        s->own_fd = true;
    }
    struct stat st;
    if (s->fd < 0 || fstat(s->fd, &st) != 0)
        goto fail;
    if (S_ISREG(st.st_mode)) {
        s->size = (uint64_t)st.st_size;
        s->seekable = lseek(s->fd, 0, SEEK_CUR) == 0;
    }
    if (!read_head(s))
        goto fail;
    return TW_OK;
fail:;
    const int why = errno;
    tw_source_close(s);
    errno = why;
    return TW_IO;
}

void tw_source_close(struct tw_source *s)
{
    if (s->own_fd && s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    free(s->buffer);
    s->buffer = NULL;
}

/* A pipe may be silent for long, and Ctrl-C shall not wait for its next packet. */
static bool is_stopped(const struct tw_source *s)
{
    struct pollfd fds[] = {{.fd = s->fd, .events = POLLIN}, {.fd = s->stop_fd, .events = POLLIN}};
    if (s->seekable || s->stop_fd == 0)
        return false;
    while (poll(fds, 2, -1) < 0 && errno == EINTR)
        continue;
    return fds[1].revents != 0;
}

static ssize_t cookie_read(void *cookie, char *out, size_t n)
{
    struct tw_source *s = cookie;
    const size_t ready = s->head_len - s->head_at;
    ssize_t got;
    if (ready > 0) {
        const size_t take = ready < n ? ready : n;
        memcpy(out, s->head + s->head_at, take);
        s->head_at += take;
        got = (ssize_t)take;
    } else {
        got = is_stopped(s) ? 0 : read_some(s->fd, out, n);
    }
    if (got > 0)
        s->read_bytes += (uint64_t)got;
    return got;
}

/* A file is read again from its start, by stdio itself: that copies the short headers of records
 * in one go, which it does byte by byte for streams of somebody else's making. */
static FILE *file_stream(const struct tw_source *s)
{
    if (lseek(s->fd, 0, SEEK_SET) != 0)
        return NULL;
    const int fd = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
    if (f == NULL && fd >= 0)
        close(fd);
    return f;
}

FILE *tw_source_stream(struct tw_source *s)
{
    const cookie_io_functions_t io = {.read = cookie_read};
    /* stdio would take a size without a buffer for a wish, and libpcap's reads of 4 KiB at a time
     * cost more than everything else it does. */
    if (s->buffer == NULL && (s->buffer = malloc(TW_SOURCE_BUFFER)) == NULL)
        return NULL;
    FILE *f = s->seekable ? file_stream(s) : fopencookie(s, "r", io);
    if (f == NULL)
        return NULL;
    if (setvbuf(f, s->buffer, _IOFBF, TW_SOURCE_BUFFER) != 0) {
        fclose(f);
        return NULL;
    }
    /* Only the thread that opened it reads it. */
    (void)__fsetlocking(f, FSETLOCKING_BYCALLER);
    return f;
}

uint64_t tw_source_read_bytes(const struct tw_source *s)
{
    if (!s->seekable || s->fd < 0)
        return s->read_bytes;
    const off_t at = lseek(s->fd, 0, SEEK_CUR); /* the stream's descriptor shares it */
    return at < 0 ? 0 : (uint64_t)at;
}

static const uint32_t magic_micro = 0xa1b2c3d4, magic_nano = 0xa1b23c4d;
/* A patched format of the 1990s that libpcap reads too. */
static const uint32_t magic_kuznetzov = 0xa1b2cd34;

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 2,
    BLOCK_SIMPLE = 3,
    BLOCK_ENHANCED = 6,
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    OPTION_TSRESOL = 9,
    MAX_CAPTURED = 256 * 1024, /* libpcap refuses more too */
    MAX_BLOCK = 16 * 1024 * 1024
};

static bool u16(struct tw_cur *c, bool big, uint16_t *out)
{
    return big ? tw_cur_u16be(c, out) : tw_cur_u16le(c, out);
}

static bool u32(struct tw_cur *c, bool big, uint32_t *out)
{
    return big ? tw_cur_u32be(c, out) : tw_cur_u32le(c, out);
}

static bool is_pcap_magic(uint32_t magic)
{
    return magic == magic_micro || magic == magic_nano || magic == magic_kuznetzov;
}

enum tw_source_kind tw_source_kind(const struct tw_source *s)
{
    struct tw_cur big = tw_cur_of(s->head, s->head_len), little = big;
    uint32_t b, l;
    if (s->head_len == 0)
        return TW_SOURCE_EMPTY;
    if (!tw_cur_u32be(&big, &b) || !tw_cur_u32le(&little, &l))
        return TW_SOURCE_UNKNOWN;
    if (is_pcap_magic(b) || is_pcap_magic(l))
        return TW_SOURCE_PCAP;
    return b == BLOCK_SECTION ? TW_SOURCE_PCAPNG : TW_SOURCE_UNKNOWN;
}

/* if_tsresol: a power of ten, or of two with the top bit set; 10^-6 without the option. */
static bool finer_than_micro(struct tw_cur options, bool big)
{
    uint16_t code, len;
    struct tw_cur value;
    while (u16(&options, big, &code) && u16(&options, big, &len) && code != 0) {
        uint8_t resolution;
        if (!tw_cur_sub(&options, len, &value))
            return false;
        if (code == OPTION_TSRESOL && tw_cur_u8(&value, &resolution))
            return resolution & 0x80 ? (resolution & 0x7f) > 20 : resolution > 6;
        if (!tw_cur_skip(&options, (size_t)(-(int)len & 3)))
            return false;
    }
    return false;
}

/* Type and total length of the block at `c`; a section header says in which byte order it stands.
 */
static bool block_head(struct tw_cur c, bool *big, uint32_t *type, uint32_t *len)
{
    struct tw_cur order = c;
    uint32_t raw, magic;
    if (!tw_cur_u32be(&order, &raw) || !tw_cur_skip(&order, 4) || !tw_cur_u32be(&order, &magic))
        return false;
    if (raw == BLOCK_SECTION)
        *big = magic == BYTE_ORDER_MAGIC;
    return u32(&c, *big, type) && u32(&c, *big, len);
}

static bool is_packet(uint32_t type)
{
    return type == BLOCK_PACKET || type == BLOCK_SIMPLE || type == BLOCK_ENHANCED;
}

/* Interfaces are described before their first packet; one with a fine clock is enough. */
static bool pcapng_is_nano(struct tw_cur c)
{
    bool big = false;
    uint32_t type, len;
    while (block_head(c, &big, &type, &len) && len >= 12 && !is_packet(type)) {
        struct tw_cur body = c;
        if (body.left > len)
            body.left = len;
        /* Behind type and length: link type, reserved, snapshot length. */
        if (type == BLOCK_INTERFACE && tw_cur_skip(&body, 16) && finer_than_micro(body, big))
            return true;
        if (!tw_cur_skip(&c, ((size_t)len + 3) & ~(size_t)3))
            return false;
    }
    return false;
}

bool tw_source_is_nano(const struct tw_source *s)
{
    struct tw_cur big = tw_cur_of(s->head, s->head_len), little = big;
    uint32_t b, l;
    if (tw_source_kind(s) == TW_SOURCE_PCAPNG)
        return pcapng_is_nano(big);
    return tw_cur_u32be(&big, &b) && tw_cur_u32le(&little, &l) &&
           (b == magic_nano || l == magic_nano);
}

void tw_source_describe(const struct tw_source *s, char *out, size_t size)
{
    const enum tw_source_kind kind = tw_source_kind(s);
    if (kind == TW_SOURCE_EMPTY) {
        snprintf(out, size, "is empty: no capture was written to it");
    } else if (kind == TW_SOURCE_PCAP || kind == TW_SOURCE_PCAPNG) {
        snprintf(out, size, "is cut short inside the file header, after %zu bytes", s->head_len);
    } else if (s->head_len >= 2 && s->head[0] == 0x1f && s->head[1] == 0x8b) {
        snprintf(out, size, "is compressed with gzip: unpack it first");
    } else if (s->head_len >= 4 && memcmp(s->head, "\x28\xb5\x2f\xfd", 4) == 0) {
        snprintf(out, size, "is compressed with zstd: unpack it first");
    } else {
        char start[17] = "";
        for (size_t i = 0; i < 16 && i < s->head_len; i++)
            start[i] = s->head[i] >= 0x20 && s->head[i] < 0x7f ? (char)s->head[i] : '.';
        snprintf(out, size, "is neither pcap nor pcapng (it starts with \"%s\")", start);
    }
}

/* A second look at the file, independent of libpcap, to say exactly where it breaks off. */
struct scan {
    FILE *f;
    bool big;
    uint64_t size, at, packets;
};

static bool get(struct scan *s, void *out, size_t n)
{
    return fread(out, 1, n, s->f) == n;
}

static bool jump(struct scan *s, uint64_t to)
{
    s->at = to;
    return to <= s->size && fseeko(s->f, (off_t)to, SEEK_SET) == 0;
}

__attribute__((format(printf, 3, 4))) static void found(
    const struct scan *s, struct tw_source_damage *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(out->text, sizeof(out->text), format, args);
    va_end(args);
    out->offset = s->at;
    out->packets = s->packets;
}

static bool scan_pcap(struct scan *s, bool kuznetzov, struct tw_source_damage *out)
{
    const size_t head_len = kuznetzov ? 24 : 16;
    uint8_t head[24];
    while (s->at < s->size) {
        const uint64_t left = s->size - s->at;
        if (left < head_len || !get(s, head, head_len)) {
            found(s, out, "a record header needs %zu bytes, %" PRIu64 " are left", head_len, left);
            return true;
        }
        struct tw_cur c = tw_cur_of(head, head_len);
        uint32_t caplen;
        if (!tw_cur_skip(&c, 8) || !u32(&c, s->big, &caplen))
            return false;
        if (caplen > MAX_CAPTURED) {
            found(s, out, "the record claims %" PRIu32 " captured bytes, which no packet has",
                caplen);
            return true;
        }
        if (caplen > left - head_len) {
            found(s, out, "the packet has %" PRIu32 " captured bytes, %" PRIu64 " of them are left",
                caplen, left - head_len);
            return true;
        }
        if (!jump(s, s->at + head_len + caplen))
            return false;
        s->packets++;
    }
    return false;
}

static bool scan_pcapng(struct scan *s, struct tw_source_damage *out)
{
    uint8_t head[12];
    while (s->at < s->size) {
        const uint64_t left = s->size - s->at;
        uint32_t type, len;
        if (left < sizeof(head) || !get(s, head, sizeof(head))) {
            found(s, out, "a block needs at least 12 bytes, %" PRIu64 " are left", left);
            return true;
        }
        if (!block_head(tw_cur_of(head, sizeof(head)), &s->big, &type, &len))
            return false;
        if (len < 12 || len > MAX_BLOCK) {
            found(s, out, "the block claims a length of %" PRIu32 " bytes", len);
            return true;
        }
        if (len > left) {
            found(
                s, out, "the block has %" PRIu32 " bytes, %" PRIu64 " of them are left", len, left);
            return true;
        }
        if (!jump(s, s->at + ((len + 3u) & ~3u)))
            return false;
        s->packets += is_packet(type);
    }
    return false;
}

bool tw_source_find_damage(const struct tw_source *s, struct tw_source_damage *out)
{
    if (!s->seekable || s->head_len < 24)
        return false;
    const off_t before = lseek(s->fd, 0, SEEK_CUR);
    const int fd = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);
    struct scan scan = {.f = fd < 0 ? NULL : fdopen(fd, "r"), .size = s->size};
    if (scan.f == NULL) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool is_damaged = false;
    struct tw_cur big = tw_cur_of(s->head, s->head_len), little = big;
    uint32_t b, l;
    if (tw_source_kind(s) == TW_SOURCE_PCAPNG) {
        is_damaged = jump(&scan, 0) && scan_pcapng(&scan, out);
    } else if (tw_cur_u32be(&big, &b) && tw_cur_u32le(&little, &l)) {
        scan.big = is_pcap_magic(b);
        is_damaged =
            jump(&scan, 24) && scan_pcap(&scan, b == magic_kuznetzov || l == magic_kuznetzov, out);
    }
    fclose(scan.f);
    /* What was read is counted by where the descriptor stands. */
    (void)lseek(s->fd, before, SEEK_SET);
    return is_damaged;
}
