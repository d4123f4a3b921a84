#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"
#include "protocol/packed.h"
#include "protocol/payload.h"
#include "protocol/payload_kind.h"

#define BYTES(literal) literal, sizeof(literal) - 1

/* The first bytes that the programs themselves write. */
static const struct {
    const char *kind;
    const char *p;
    size_t len;
    uint64_t more; /* bytes of the payload beyond these */
} rows[] = {
    {"png", BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), 100},
    {"jpeg", BYTES("\xff\xd8\xff\xe0\0\x10JFIF"), 100},
    {"gif", BYTES("GIF89a\1\0"), 10},
    {"webp", BYTES("RIFF\x24\0\0\0WEBPVP8 "), 10},
    {"bmp", BYTES("BM\x1e\0\0\0\0\0\0\0\x1a\0\0\0"), 16},
    {NULL, BYTES("BM\x1f\0\0\0\0\0\0\0\x1a\0\0\0"), 16},
    {"tiff", BYTES("II*\0\x08\0\0\0"), 10},
    {"tiff", BYTES("MM\0*\0\0\0\x08"), 10},
    {"gzip", BYTES("\x1f\x8b\x08\0\0\0\0\0\0\3"), 10},
    {"gguf", BYTES("GGUF\3\0\0\0\x23\1\0\0"), 1000},
    {"tflite", BYTES("\x1c\0\0\0TFL3\x14\0\x20\0"), 1000},
    {"hdf5", BYTES("\x89HDF\r\n\x1a\n\0\0\0\0"), 1000},
    {"numpy", BYTES("\x93NUMPY\1\0v\0{'descr'"), 100},
    {"zip", BYTES("PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5\0\0\0a.txt"), 10},
    {"pytorch",
        BYTES("PK\3\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\0\0archive/data.pkl"), 10},
    {"numpy", BYTES("PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5\0\0\0x.npy"), 10},
    {"pdf", BYTES("%PDF-1.7\n"), 100},
    {"mp4",
        BYTES("\0\0\0\x20"
              "ftypisom"),
        100},
    {"wav", BYTES("RIFF\x24\0\0\0WAVEfmt "), 10},
    {"mp3", BYTES("ID3\4\0\0"), 10},
    {"onnx", BYTES("PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\6\0\0\0m.onnx"), 10},
    {"safetensors", BYTES("\x40\0\0\0\0\0\0\0{\"w\":{\"dtype\":\"F32\""), 100},
    {NULL, BYTES("\x40\0\0\0\0\0\0\0{\"w\":{\"dtype\":\"F32\""), 10}, /* longer than all */
    {NULL, BYTES("\x40\0\0\0\0\0\0\0\"w\""), 100},
    /* ModelProto: ir_version, producer_name, producer_version, graph */
    {"onnx", BYTES("\x08\x07\x12\x07pytorch\x1a\x05\x32.0.1:\x20\n"), 100},
    {"onnx", BYTES("\x08\x08\x12\x04skl2\x1a\0\"\0(\0\x32\0\x3a\x10"), 100},
    {NULL, BYTES("\x08\x07\x12\x07pytorch\x1a\x05\x32.0.1:\x20\n"), 1}, /* graph beyond the end */
    {NULL, BYTES("\x08\x07:\x20\n"), 100},                              /* nobody made it */
    {NULL, BYTES("\x08\x07\x12\x02\1\2:\x05\n"), 100},
    {NULL, BYTES("\x08\xd2\x09\x12\x01x:\x05\n"), 100},
    {"pickle", BYTES("\x80\x04\x95\x1a\0\0\0\0\0\0\0}\x94"), 100},
    {"pickle", BYTES("\x80\x05\x95\x1a\0\0\0\0\0\0\0}\x94"), 100},
    {"pickle", BYTES("\x80\x04K\x01."), 0},
    {"pickle", BYTES("\x80\x03}q\0X\1."), 0},
    {NULL, BYTES("\x80\x03}q\0X\1"), 0},
    {NULL, BYTES("\x80\x06\x95\x1a"), 0},
    {NULL, BYTES("\x80\x02\0\1."), 0},
    {"joblib", BYTES("\x80\x04\x95\x1a\0\0\0\0\0\0\0\x8c\x14joblib.numpy_pickle\x94"), 100},
    {NULL, BYTES("\1\2\3\4\5\6\7\x08"), 0},
    {NULL, BYTES(""), 0},
};

static void by_its_marks(void **state)
{
    struct guard g = guard_new();
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct tw_str s = tw_str_bytes(guard_put(&g, rows[i].p, rows[i].len), rows[i].len);
        const char *got = tw_payload_kind_name(tw_payload_kind_of(s, s.len + rows[i].more));
        if ((got == NULL) != (rows[i].kind == NULL) ||
            (got != NULL && strcmp(got, rows[i].kind) != 0))
            fail_msg("row %zu: %s", i, got != NULL ? got : "nothing");
        for (size_t keep = 0; keep < s.len; keep++)
            (void)tw_payload_kind_of(tw_str_bytes(guard_put(&g, rows[i].p, keep), keep), s.len);
    }
    guard_free(&g);
}

static void artefacts_are_models(void **state)
{
    static const enum tw_payload_kind models[] = {TW_PAYLOAD_ONNX, TW_PAYLOAD_TFLITE,
        TW_PAYLOAD_PYTORCH, TW_PAYLOAD_SAFETENSORS, TW_PAYLOAD_GGUF, TW_PAYLOAD_PICKLE,
        TW_PAYLOAD_HDF5, TW_PAYLOAD_JOBLIB};
    unsigned n = 0;
    (void)state;
    for (unsigned k = 0; k < TW_PAYLOAD_KINDS; k++)
        n += tw_payload_kind_is_model((enum tw_payload_kind)k);
    assert_int_equal(n, sizeof(models) / sizeof(models[0]));
    for (size_t i = 0; i < n; i++)
        assert_true(tw_payload_kind_is_model(models[i]));
}

/* Items and depth; -1: not well-formed. */
struct packed {
    const char *p;
    size_t len;
    int items, depth;
};

/* RFC 8949, appendix A and beyond. */
static const struct packed cbor[] = {
    {BYTES("\0"), 1, 0},
    {BYTES("\x18\x64"), 1, 0},
    {BYTES("\x1b\xff\xff\xff\xff\xff\xff\xff\xff"), 1, 0},
    {BYTES("\x3b\xff\xff\xff\xff\xff\xff\xff\xff"), 1, 0},
    {BYTES("\xf9\x3c\0"), 1, 0},
    {BYTES("\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a"), 1, 0},
    {BYTES("\xf4"), 1, 0},
    {BYTES("\xf8\xff"), 1, 0},
    {BYTES("\xc1\x1a\x51\x4b\x67\xb0"), 1, 0},
    {BYTES("\xd9\xd9\xf7\x83\x01\x02\x03"), 3, 1},
    {BYTES("\x44\1\2\3\4"), 1, 0},
    {BYTES("\x64IETF"), 1, 0},
    {BYTES("\x80"), 0, 1},
    {BYTES("\x83\1\2\3"), 3, 1},
    {BYTES("\x83\1\x82\2\3\x82\4\5"), 5, 2},
    {BYTES("\xa0"), 0, 1},
    {BYTES("\xa2\1\2\3\4"), 2, 1},
    {BYTES("\xa2\x61"
           "a\1\x61"
           "b\x82\2\3"),
        3, 2},
    {BYTES("\x5f\x42\1\2\x43\3\4\5\xff"), 1, 1},
    {BYTES("\x7f\x65strea\x64ming\xff"), 1, 1},
    {BYTES("\x9f\xff"), 0, 1},
    {BYTES("\x9f\1\x82\2\3\x9f\4\5\xff\xff"), 5, 2},
    {BYTES("\xbf\x63"
           "Fun\xf5\x63"
           "Amt\x21\xff"),
        2, 1},
    {BYTES(""), -1, 0},
    {BYTES("\x1c"), -1, 0},
    {BYTES("\xff"), -1, 0},
    {BYTES("\x83\1\2"), -1, 0},
    {BYTES("\1\2"), -1, 0},
    {BYTES("\x64IET"), -1, 0},
    {BYTES("\x5f\x61"
           "a\xff"),
        -1, 0},                         /* a text among chunks of bytes */
    {BYTES("\x5f\x5f\xff\xff"), -1, 0}, /* a chunk without a length */
    {BYTES("\xbf\1\xff"), -1, 0},       /* a key without a value */
    {BYTES("\x82\1\xff"), -1, 0},       /* no end where the length is known */
    {BYTES("\x9f\xc1\xff"), -1, 0},     /* a tag of nothing */
    {BYTES("\xc1"), -1, 0},
    {BYTES("\xf8\x18"), -1, 0}, /* a simple value that has a shorter form */
    {BYTES("\x1f"), -1, 0},
    {BYTES("\xdf\1"), -1, 0},
    {BYTES("\x9b\xff\xff\xff\xff\xff\xff\xff\xff\1"), -1, 0},
    {BYTES("\xbb\x80\0\0\0\0\0\0\0\1"), -1, 0},
    {BYTES("\x5b\xff\xff\xff\xff\xff\xff\xff\xff"), -1, 0},
};

static const struct packed msgpack[] = {
    {BYTES("\0"), 1, 0},
    {BYTES("\x7f"), 1, 0},
    {BYTES("\xff"), 1, 0},
    {BYTES("\xc0"), 1, 0},
    {BYTES("\xc3"), 1, 0},
    {BYTES("\xca\x40\x49\x0f\xdb"), 1, 0},
    {BYTES("\xcb\x40\x09\x21\xfb\x54\x44\x2d\x18"), 1, 0},
    {BYTES("\xcc\xff"), 1, 0},
    {BYTES("\xcf\1\2\3\4\5\6\7\x08"), 1, 0},
    {BYTES("\xd0\x80"), 1, 0},
    {BYTES("\xd3\1\2\3\4\5\6\7\x08"), 1, 0},
    {BYTES("\xa3"
           "abc"),
        1, 0},
    {BYTES("\xd9\2ab"), 1, 0},
    {BYTES("\xda\0\2ab"), 1, 0},
    {BYTES("\xdb\0\0\0\2ab"), 1, 0},
    {BYTES("\xc4\2ab"), 1, 0},
    {BYTES("\xc5\0\2ab"), 1, 0},
    {BYTES("\xc7\2\5ab"), 1, 0},
    {BYTES("\xd4\5a"), 1, 0},
    {BYTES("\xd8\5"
           "0123456789abcdef"),
        1, 0},
    {BYTES("\x90"), 0, 1},
    {BYTES("\x93\1\2\x91\3"), 3, 2},
    {BYTES("\xdc\0\2\1\2"), 2, 1},
    {BYTES("\xdd\0\0\0\1\1"), 1, 1},
    {BYTES("\x80"), 0, 1},
    {BYTES("\x82\xa1"
           "a\1\xa1"
           "b\x92\2\3"),
        3, 2},
    {BYTES("\xde\0\1\xa1"
           "a\1"),
        1, 1},
    {BYTES("\xdf\0\0\0\1\xa1"
           "a\1"),
        1, 1},
    {BYTES(""), -1, 0},
    {BYTES("\xc1"), -1, 0},
    {BYTES("\x91"), -1, 0},
    {BYTES("\1\2"), -1, 0},
    {BYTES("\xa3"
           "ab"),
        -1, 0},
    {BYTES("\xc4\3ab"), -1, 0},
    {BYTES("\xd4\5"), -1, 0},
    {BYTES("\x81\xa1"
           "a"),
        -1, 0},
    {BYTES("\xdd\xff\xff\xff\xff\1"), -1, 0},
    {BYTES("\xdf\xff\xff\xff\xff\1"), -1, 0},
};

typedef bool (*measure_fn)(struct tw_cur bytes, struct tw_packed *out);

/* Every row as it should be; no beginning of a well-formed one is well-formed itself. */
static void measure(const struct packed *all, size_t n, measure_fn fn)
{
    struct guard g = guard_new();
    for (size_t i = 0; i < n; i++) {
        struct tw_packed got;
        const bool good = fn(tw_cur_of(guard_put(&g, all[i].p, all[i].len), all[i].len), &got);
        if (good != (all[i].items >= 0) ||
            (good && ((int)got.items != all[i].items || (int)got.depth != all[i].depth)))
            fail_msg("row %zu: %d, %u items, depth %u", i, good, got.items, got.depth);
        for (size_t keep = 0; good && keep < all[i].len; keep++)
            assert_false(fn(tw_cur_of(guard_put(&g, all[i].p, keep), keep), &got));
    }
    guard_free(&g);
}

static void cbor_is_measured(void **state)
{
    (void)state;
    measure(cbor, sizeof(cbor) / sizeof(cbor[0]), tw_cbor_measure);
}

static void msgpack_is_measured(void **state)
{
    (void)state;
    measure(msgpack, sizeof(msgpack) / sizeof(msgpack[0]), tw_msgpack_measure);
}

static void depth_is_limited(void **state)
{
    uint8_t deep[TW_PACKED_DEPTH + 2];
    struct tw_packed got;
    (void)state;
    memset(deep, 0x81, sizeof(deep)); /* CBOR: arrays of one; MessagePack: maps of one */
    deep[TW_PACKED_DEPTH] = 1;
    assert_true(tw_cbor_measure(tw_cur_of(deep, TW_PACKED_DEPTH + 1), &got));
    assert_int_equal(got.depth, TW_PACKED_DEPTH);
    deep[TW_PACKED_DEPTH] = 0x81;
    deep[TW_PACKED_DEPTH + 1] = 1;
    assert_false(tw_cbor_measure(tw_cur_of(deep, TW_PACKED_DEPTH + 2), &got));
    memset(deep, 0x91, sizeof(deep));
    deep[TW_PACKED_DEPTH + 1] = 1;
    assert_false(tw_msgpack_measure(tw_cur_of(deep, TW_PACKED_DEPTH + 2), &got));
}

/* Topic and content type say what bytes are; bytes never do, but for their own marks. */
static const struct {
    const char *topic, *type, *p;
    size_t len;
    const char *format, *kind, *problem;
    int items;
} said[] = {
    {"t", NULL,
        BYTES("\xa1\x61"
              "a\1"),
        "binary", NULL, NULL, -1},
    {"t", "application/cbor",
        BYTES("\xa1\x61"
              "a\1"),
        "binary", "cbor", NULL, 1},
    {"t", "application/senml+cbor", BYTES("\x83\1\2\3"), "binary", "cbor", NULL, 3},
    {"t", "application/cbor", BYTES("{\"a\":1}"), "binary", "cbor", "bad-cbor", -1},
    {"t", "application/cbor", BYTES("71"), "binary", "cbor", "bad-cbor", -1},
    {"t", NULL, BYTES("\xd9\xd9\xf7\x81\1"), "binary", "cbor", NULL, 1},
    {"line1/cbor", NULL, BYTES("\x81\1"), "binary", "cbor", NULL, 1},
    {"line1/state.cbor", NULL, BYTES("\x81\1"), "binary", "cbor", NULL, 1},
    {"line1/xcbor", NULL, BYTES("\x81\1"), "binary", NULL, NULL, -1},
    {"line1/msgpack", NULL, BYTES("\x91\1"), "binary", "msgpack", NULL, 1},
    {"t", "application/msgpack", BYTES("\x93\1\2\3"), "binary", "msgpack", NULL, 3},
    {"t", "application/x-msgpack", BYTES("\xc1"), "binary", "msgpack", "bad-msgpack", -1},
    {"t", "application/vnd.msgpack", BYTES("\x90"), "binary", "msgpack", NULL, 0},
    {"line1/cbor", "application/json", BYTES("{\"a\":1}"), "json", NULL, NULL, -1},
    {"t", "application/octet-stream", BYTES("GGUF\3\0\0\0"), "binary", "gguf", NULL, -1},
    {"t", "application/cbor", BYTES(""), "empty", NULL, NULL, -1},
    {"spBv1.0/g/NDATA/cbor", NULL, BYTES("\x08\1"), "sparkplug", NULL, NULL, -1},
};

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void said_by_topic_or_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        const struct tw_mqtt_info mqtt = {.content_type = tw_str_of(said[i].type)};
        struct tw_payload p;
        tw_payload_read(
            NULL, tw_str_of(said[i].topic), &mqtt, (struct tw_str){said[i].p, said[i].len}, &p);
        if (!same(p.format, said[i].format) || !same(tw_payload_kind_name(p.kind), said[i].kind) ||
            !same(tw_payload_problem_name(p.problem), said[i].problem) ||
            p.has_items != (said[i].items >= 0) || (p.has_items && (int)p.items != said[i].items))
            fail_msg("row %zu: %s", i, p.format);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_its_marks),
        cmocka_unit_test(artefacts_are_models),
        cmocka_unit_test(cbor_is_measured),
        cmocka_unit_test(msgpack_is_measured),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(said_by_topic_or_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
