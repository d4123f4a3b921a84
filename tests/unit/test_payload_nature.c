#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "guard.h"
#include "protocol/payload.h"
#include "protocol/payload_kind.h"
#include "protocol/payload_nature.h"
#include "protocol/pickle.h"

#define BYTES(literal) literal, sizeof(literal) - 1

/* As the programs themselves write them: Python 3.11 for pickles. */
static const struct {
    const char *danger, *calls;
    const char *p;
    size_t len;
} rows[] = {
    {"pickle-call", "posix", BYTES("cposix\nsystem\np0\n(Vid\np1\ntp2\nRp3\n.")},
    {"pickle-call", "posix", BYTES("cposix\nsystem\nq\0(X\2\0\0\0idq\1tq\2Rq\3.")},
    {"pickle-call", "posix", BYTES("\x80\2cposix\nsystem\nq\0X\2\0\0\0idq\1\x85q\2Rq\3.")},
    {"pickle-call", "posix",
        BYTES("\x80\4\x95\x1d\0\0\0\0\0\0\0\x8c\5posix\x94\x8c\6system\x94\x93\x94\x8c\2id\x94\x85"
              "\x94R\x94.")},
    {"pickle-call", "posix",
        BYTES("\x80\5\x95\x1d\0\0\0\0\0\0\0\x8c\5posix\x94\x8c\6system\x94\x93\x94\x8c\2id\x94\x85"
              "\x94R\x94.")},
    {"pickle-call", "__builtin__",
        BYTES("\x80\2c__builtin__\neval\nq\0X\3\0\0\0001+1q\1\x85q\2Rq\3.")},
    {"pickle-call", "builtins",
        BYTES("\x80\4\x95%\0\0\0\0\0\0\0]\x94(K\1\x8c\x08"
              "builtins\x94\x8c\4eval\x94\x93\x94\x8c\3"
              "1+1\x94\x85\x94R\x94"
              "e.")},
    /* INST and OBJ call, too; names that come out of the memo. */
    {"pickle-call", "os", BYTES("(S'id'\nios\nsystem\n.")},
    {"pickle-call", "os", BYTES("\x80\2(cos\nsystem\nX\2\0\0\0ido.")},
    {"pickle-call", "os",
        BYTES("\x80\4\x95\x1d\0\0\0\0\0\0\0\x8c\2os\x94"
              "0\x8c\6system\x94"
              "0h\0h\1\x93\x8c\2id\x85R.")},
    {"pickle-call", "os",
        BYTES("\x80\4\x95\x1d\0\0\0\0\0\0\0\x8c\2osr\1\0\0\0"
              "0\x8c\6systemp5\n0j\1\0\0\0g5\n\x93\x8c\2id\x85R.")},
    /* The first entry of an archive, not compressed. */
    {"pickle-call", "os",
        BYTES("PK\3\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0a\0\2\0a/data.pkl--\x80\2cos\n"
              "system\n(X\2\0\0\0idtR.")},
    {NULL, NULL, /* compressed */
        BYTES(
            "PK\3\4\0\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0a\0\2\0a/data.pkl--\x80\2cos\n"
            "system\n(X\2\0\0\0idtR.")},
    /* Data only: a list, a date, an ordered dictionary, a set. */
    {NULL, NULL,
        BYTES("\x80\4\x95\x88\0\0\0\0\0\0\0}\x94(\x8c\1a\x94]\x94(K\1G@\4\0\0\0\0\0\0\x8c\1x\x94"
              "e\x8c\1"
              "b\x94\x8c\x08"
              "datetime\x94\x8c\x08"
              "datetime\x94\x93\x94"
              "C\n\7\xea\1\1\0\0\0\0\0\0\x94\x85\x94R\x94\x8c\1"
              "c\x94\x8c\x0b"
              "collections\x94\x8c\x0bOrderedDict\x94\x93\x94)R\x94h\1K\1s\x8c\1"
              "d\x94\x8f\x94(K\1K\2\x90\x8c\1"
              "e\x94"
              "C\2zz\x94u.")},
    {NULL, NULL,
        BYTES("\x80\4\x95\x1d\0\0\0\0\0\0\0\x8c\x08"
              "builtins\x94\x8c\3set\x94\x93\x94]\x94\x85R.")},
    {NULL, NULL, BYTES("\x80\2cos\nsystem\nq\0.")}, /* named, not called */
    {NULL, NULL,
        BYTES("\x80\2\xff"
              "cos\nsystem\n(tR.")}, /* no opcode */
    {NULL, NULL, BYTES("call os\nsystem of pump 3.")},
    {"java-objects", NULL, BYTES("\xac\xed\0\5sr\0\x11java.util.HashMap")},
    {NULL, NULL, BYTES("\xac\xed\0\5\1")},
    {"dotnet-objects", NULL, BYTES("\0\1\0\0\0\xff\xff\xff\xff\1\0\0\0\0\0\0\0\x0c\2")},
    {NULL, NULL, BYTES("\0\1\0\0\0\xff\xff\xff\xff\2\0\0\0\0\0\0\0\x0c\2")},
    {"lua-code", NULL, BYTES("\x1bLuaT\0\x19\x93\r\n\x1a\n")},
    {NULL, NULL, BYTES("20.5")},
    {NULL, NULL, BYTES("")},
};

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void what_loading_does(void **state)
{
    struct guard g = guard_new();
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t keep = 0; keep <= rows[i].len; keep++) {
            const struct tw_str s = tw_str_bytes(guard_put(&g, rows[i].p, keep), keep);
            const enum tw_payload_kind kind = tw_payload_kind_of(s, rows[i].len);
            const char *calls = NULL;
            const char *got = tw_payload_danger_name(tw_payload_danger_of(s, kind, &calls));
            if (keep == rows[i].len && (!same(got, rows[i].danger) || !same(calls, rows[i].calls)))
                fail_msg("row %zu: %s %s", i, got ? got : "nothing", calls ? calls : "-");
        }
    }
    guard_free(&g);
}

static struct tw_str bytes(const char *p, size_t len)
{
    return (struct tw_str){p, len};
}

/* Lengths beyond the end, of every size that there is. */
static void lengths_that_lie(void **state)
{
    (void)state;
    assert_null(tw_pickle_calls(bytes(BYTES("\x80\4\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
                                            "os\x8c\6systemR"))));
    assert_null(tw_pickle_calls(bytes(BYTES("\x80\4T\xff\xff\xff\x7fos"))));
    assert_null(tw_pickle_calls(bytes(BYTES("\x80\4U\xffos"))));
    assert_null(tw_pickle_calls(bytes(BYTES("\x80\4\x94\x94h\xffr\xff\xff\xff\xffR."))));
    assert_null(tw_pickle_calls(bytes(BYTES("g99999999999\ng\ngx\nR."))));
}

#define LABEL "xmlns:AIGC=\"http://www.tc260.org.cn/ns/AIGC/1.0/\""
#define SOURCE "http://cv.iptc.org/newscodes/digitalsourcetype/"

static const char *origin(const char *text, size_t before, size_t behind)
{
    static char bytes[1 << 20];
    const size_t len = strlen(text);
    memset(bytes, 'x', sizeof(bytes));
    memcpy(bytes + before, text, len);
    return tw_payload_origin_name(
        tw_payload_origin_of((struct tw_str){bytes, before + len + behind}));
}

static void where_pictures_come_from(void **state)
{
    (void)state;
    assert_string_equal("aigc-label", origin(LABEL, 0, 0));
    assert_string_equal("aigc-label", origin(LABEL, 400, 500000));
    assert_string_equal("aigc-label", origin(LABEL, 500000, 10));
    assert_null(origin(LABEL, 500000, 500000));
    assert_string_equal("generated", origin(SOURCE "trainedAlgorithmicMedia", 100, 0));
    assert_string_equal(
        "generated", origin(SOURCE "compositeWithTrainedAlgorithmicMedia", 100, 90000));
    assert_null(origin(SOURCE "digitalCapture", 100, 0));
    assert_null(tw_payload_origin_name(tw_payload_origin_of(TW_STR_NONE)));
}

/* Only where something is a picture is a label looked for; a danger is found in texts, too. */
static void as_payloads(void **state)
{
    static struct tw_payload p;
    const struct tw_str png = TW_STR("\x89PNG\r\n\x1a\n" LABEL), words = TW_STR(LABEL),
                        run = TW_STR("cos\nsystem\n(Vid\ntR.");
    (void)state;
    tw_payload_read(NULL, TW_STR("cam/1"), NULL, png, &p);
    assert_int_equal(TW_ORIGIN_AIGC, p.origin);
    assert_int_equal(TW_PAYLOAD_PNG, p.kind);
    tw_payload_read(NULL, TW_STR("cam/1"), NULL, words, &p);
    assert_int_equal(TW_ORIGIN_NONE, p.origin);
    tw_payload_read(NULL, TW_STR("jobs"), NULL, run, &p);
    assert_string_equal("text", p.format);
    assert_int_equal(TW_DANGER_PICKLE, p.danger);
    assert_string_equal("os", p.calls);
    tw_payload_read(NULL, TW_STR("jobs"), NULL, TW_STR("{\"a\":1}"), &p);
    assert_int_equal(TW_DANGER_NONE, p.danger);
    assert_null(p.calls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_loading_does),
        cmocka_unit_test(lengths_that_lie),
        cmocka_unit_test(where_pictures_come_from),
        cmocka_unit_test(as_payloads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
