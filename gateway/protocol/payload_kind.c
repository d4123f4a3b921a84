#include "protocol/payload_kind.h"

#include "base/cursor.h"

static bool has_at(struct tw_str s, size_t at, const char *mark, size_t len)
{
    return s.len >= at + len && memcmp(s.p + at, mark, len) == 0;
}

#define HAS(s, at, literal) has_at((s), (at), (literal), sizeof(literal) - 1)

static bool contains(struct tw_str s, size_t within, const char *word)
{
    const size_t len = s.len < within ? s.len : within;
    return len > 0 && memmem(s.p, len, word, strlen(word)) != NULL;
}

/* Formats whose first bytes are a mark of their own. */
static const struct {
    const char *mark;
    uint8_t len, at;
    enum tw_payload_kind kind;
} marks[] = {
    {"\x89PNG\r\n\x1a\n", 8, 0, TW_PAYLOAD_PNG},
    {"\xff\xd8\xff", 3, 0, TW_PAYLOAD_JPEG},
    {"GIF87a", 6, 0, TW_PAYLOAD_GIF},
    {"GIF89a", 6, 0, TW_PAYLOAD_GIF},
    {"II*\0", 4, 0, TW_PAYLOAD_TIFF},
    {"MM\0*", 4, 0, TW_PAYLOAD_TIFF},
    {"GGUF", 4, 0, TW_PAYLOAD_GGUF},
    {"TFL3", 4, 4, TW_PAYLOAD_TFLITE},
    {"\x89HDF\r\n\x1a\n", 8, 0, TW_PAYLOAD_HDF5},
    {"\x93NUMPY", 6, 0, TW_PAYLOAD_NUMPY},
    {"\x1f\x8b\x08", 3, 0, TW_PAYLOAD_GZIP},
    {"%PDF-", 5, 0, TW_PAYLOAD_PDF},
    {"ftyp", 4, 4, TW_PAYLOAD_MP4},
    {"ID3", 3, 0, TW_PAYLOAD_MP3},
};

static bool is_webp(struct tw_str s)
{
    return HAS(s, 0, "RIFF") && HAS(s, 8, "WEBP");
}

/* Two letters are not enough: its size is in it, and two words that are zero. */
static bool is_bmp(struct tw_str s, uint64_t total)
{
    struct tw_cur c = tw_cur_str(s);
    uint32_t size, reserved;
    return HAS(s, 0, "BM") && tw_cur_skip(&c, 2) && tw_cur_u32le(&c, &size) &&
           tw_cur_u32le(&c, &reserved) && size == total && reserved == 0;
}

/* Eight bytes of length, and a JSON header of that length. */
static bool is_safetensors(struct tw_str s, uint64_t total)
{
    enum { LONGEST_HEADER = 100000000 };
    struct tw_cur c = tw_cur_str(s);
    uint64_t header;
    return tw_cur_u64le(&c, &header) && header >= 2 && header <= LONGEST_HEADER &&
           header <= total - 8 && HAS(s, 8, "{\"");
}

/* A varint of protobuf. */
static bool varint(struct tw_cur *c, uint64_t *out)
{
    uint64_t v = 0;
    uint8_t b;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (!tw_cur_u8(c, &b))
            return false;
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            *out = v;
            return true;
        }
    }
    return false;
}

static bool is_printable(struct tw_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < ' ' || s.p[i] > '~')
            return false;
    return true;
}

/* A ModelProto: ir_version first, then texts that name its producer, in the order of their numbers,
 * until its graph (7) or its operator sets (8) begin. */
static bool is_onnx(struct tw_str s, uint64_t total)
{
    enum {
        LATEST = 64,
        LONGEST_NAME = 1024,
        PRODUCER = 2,
        DOCUMENTATION = 6,
        GRAPH = 7,
        OPSETS = 8
    };
    struct tw_cur c = tw_cur_str(s);
    struct tw_str name;
    uint64_t tag, n, last = 1;
    if (!HAS(s, 0, "\x08") || !tw_cur_skip(&c, 1) || !varint(&c, &n) || n == 0 || n > LATEST)
        return false;
    while (varint(&c, &tag)) {
        const uint64_t field = tag >> 3;
        const bool is_bytes = (tag & 7) == 2;
        if (field == 5 && (tag & 7) == 0) { /* model_version */
            if (last > field || !varint(&c, &n))
                return false;
        } else if (!is_bytes || field < PRODUCER || field > OPSETS || !varint(&c, &n)) {
            return false;
        } else if (field >= GRAPH) {
            return n > 0 && last > 1 && n <= total - (s.len - c.left);
        } else if (n > LONGEST_NAME || last > field || !tw_cur_bytes(&c, (size_t)n, &name) ||
                   (field < DOCUMENTATION && !is_printable(name))) {
            return false;
        }
        last = field;
    }
    return false;
}

/* Protocol 4 begins with a frame, 2 and 3 with the opcode of a container, a global or a text; those
 * end with a full stop. */
static bool is_pickle(struct tw_str s, uint64_t total)
{
    if (s.len < 4 || s.p[0] != '\x80')
        return false;
    const unsigned protocol = (unsigned char)s.p[1];
    if (protocol == 4 || protocol == 5)
        return HAS(s, 2, "\x95") || (s.len == total && s.p[s.len - 1] == '.');
    return (protocol == 2 || protocol == 3) && strchr("}])(cX", s.p[2]) != NULL && s.p[2] != '\0' &&
           (s.len < total || s.p[s.len - 1] == '.');
}

enum { NEAR = 4096 };

static enum tw_payload_kind pickle_kind(struct tw_str s)
{
    return contains(s, NEAR, "joblib.") ? TW_PAYLOAD_JOBLIB : TW_PAYLOAD_PICKLE;
}

/* The name of its first entry tells what an archive is. */
static enum tw_payload_kind zip_kind(struct tw_str s)
{
    struct tw_cur c = tw_cur_str(s);
    struct tw_str name;
    uint16_t name_len, extra_len;
    if (!tw_cur_skip(&c, 26) || !tw_cur_u16le(&c, &name_len) || !tw_cur_u16le(&c, &extra_len))
        return TW_PAYLOAD_ZIP;
    if (name_len > c.left)
        name_len = (uint16_t)c.left;
    if (!tw_cur_bytes(&c, name_len, &name))
        return TW_PAYLOAD_ZIP;
    if (contains(name, name.len, "data.pkl") || contains(name, name.len, "constants.pkl"))
        return TW_PAYLOAD_PYTORCH;
    if (contains(name, name.len, ".onnx"))
        return TW_PAYLOAD_ONNX;
    return contains(name, name.len, ".npy") ? TW_PAYLOAD_NUMPY : TW_PAYLOAD_ZIP;
}

enum tw_payload_kind tw_payload_kind_of(struct tw_str s, uint64_t total)
{
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (has_at(s, marks[i].at, marks[i].mark, marks[i].len))
            return marks[i].kind;
    if (HAS(s, 0, "PK\x03\x04"))
        return zip_kind(s);
    if (is_webp(s))
        return TW_PAYLOAD_WEBP;
    if (HAS(s, 0, "RIFF") && HAS(s, 8, "WAVE"))
        return TW_PAYLOAD_WAV;
    if (is_bmp(s, total))
        return TW_PAYLOAD_BMP;
    if (is_pickle(s, total))
        return pickle_kind(s);
    if (is_safetensors(s, total))
        return TW_PAYLOAD_SAFETENSORS;
    return is_onnx(s, total) ? TW_PAYLOAD_ONNX : TW_PAYLOAD_UNKNOWN;
}
