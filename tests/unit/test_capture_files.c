#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/capture.h"
#include "frames.h"

static char folder[64];

struct file {
    uint8_t b[16384];
    size_t len;
    bool big;
};

static void put(struct file *f, const void *p, size_t n)
{
    memcpy(f->b + f->len, p, n);
    f->len += n;
}

static void u32(struct file *f, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        f->b[f->len++] = (uint8_t)(v >> (f->big ? 24 - 8 * i : 8 * i));
}

static void u16(struct file *f, unsigned v)
{
    f->b[f->len++] = (uint8_t)(f->big ? v >> 8 : v);
    f->b[f->len++] = (uint8_t)(f->big ? v : v >> 8);
}

static void pcap_head(struct file *f, uint32_t magic)
{
    u32(f, magic);
    u16(f, 2);
    u16(f, 4);
    u32(f, 0);
    u32(f, 0);
    u32(f, 65535);
    u32(f, 1);
}

/* A UDP packet to port `port`, so that filters have something to tell apart. */
static void pcap_packet(struct file *f, uint32_t s, uint32_t fraction, unsigned port)
{
    struct frame p = {.len = 0};
    frame_ether(&p, 0x0800);
    frame_ipv4(&p, 17, 1, 2, 12, 1, 0);
    frame_udp(&p, 1000, port, "abcd", 4);
    u32(f, s);
    u32(f, fraction);
    u32(f, (uint32_t)p.len);
    u32(f, (uint32_t)p.len);
    put(f, p.b, p.len);
}

enum { RECORD = 16 + 46 };

static void ng_section(struct file *f)
{
    u32(f, 0x0a0d0d0a);
    u32(f, 28);
    u32(f, 0x1a2b3c4d);
    u16(f, 1);
    u16(f, 0);
    u32(f, 0xffffffff);
    u32(f, 0xffffffff);
    u32(f, 28);
}

/* `resolution` 0: no option, which means microseconds. */
static void ng_interface(struct file *f, unsigned resolution)
{
    const uint32_t len = resolution ? 32 : 20;
    u32(f, 1);
    u32(f, len);
    u16(f, 1);
    u16(f, 0);
    u32(f, 65535);
    if (resolution) {
        u16(f, 9);
        u16(f, 1);
        put(f, (const uint8_t[4]){(uint8_t)resolution, 0, 0, 0}, 4);
        u32(f, 0);
    }
    u32(f, len);
}

static void ng_packet(struct file *f, uint64_t stamp)
{
    struct frame p = {.len = 0};
    frame_ether(&p, 0x0800);
    frame_ipv4(&p, 17, 1, 2, 14, 1, 0);
    frame_udp(&p, 1000, 2000, "abcdef", 6);
    u32(f, 6);
    u32(f, 32 + 48);
    u32(f, 0);
    u32(f, (uint32_t)(stamp >> 32));
    u32(f, (uint32_t)stamp);
    u32(f, (uint32_t)p.len);
    u32(f, (uint32_t)p.len);
    put(f, p.b, p.len);
    u32(f, 32 + 48);
}

static const char *save(const char *name, const struct file *f, size_t len)
{
    static char paths[8][128];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, 128, "%s/%s", folder, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(f->b, 1, len, out), len);
    fclose(out);
    return path;
}

static struct tw_capture *open_ok(const char *const *paths, size_t n, const char *filter)
{
    struct tw_capture *c = NULL;
    struct tw_capture_error err;
    assert_int_equal(tw_capture_open_files(paths, n, filter, &c, &err), TW_OK);
    assert_non_null(c);
    return c;
}

static void expect(struct tw_capture *c, int64_t ts_ns, uint64_t number, bool nano)
{
    const struct tw_raw_packet *p;
    struct tw_capture_error err;
    assert_int_equal(tw_capture_next(c, 0, &p, &err), TW_OK);
    assert_int_equal(p->ts_ns, ts_ns);
    assert_int_equal(p->number, number);
    assert_int_equal(p->nano, nano);
    assert_int_equal(p->linktype, 1);
}

static void expect_end(struct tw_capture *c)
{
    const struct tw_raw_packet *p;
    struct tw_capture_error err;
    assert_int_equal(tw_capture_next(c, 0, &p, &err), TW_END);
    assert_int_equal(tw_capture_next(c, 0, &p, &err), TW_END);
    tw_capture_close(c);
}

static void test_pcap(void **state)
{
    (void)state;
    static const struct {
        uint32_t magic;
        bool big, nano;
        int64_t ns;
    } rows[] = {
        {0xa1b2c3d4, false, false, 123456000},
        {0xa1b2c3d4, true, false, 123456000},
        {0xa1b23c4d, false, true, 123456},
        {0xa1b23c4d, true, true, 123456},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct file f = {.big = rows[i].big};
        pcap_head(&f, rows[i].magic);
        pcap_packet(&f, 1000, 123456, 53);
        const char *path = save("a.pcap", &f, f.len);
        struct tw_capture *c = open_ok(&path, 1, NULL);
        expect(c, INT64_C(1000000000000) + rows[i].ns, 1, rows[i].nano);
        expect_end(c);
    }
}

static void test_pcapng(void **state)
{
    (void)state;
    static const struct {
        unsigned resolution;
        bool big, nano;
        uint64_t stamp;
    } rows[] = {
        {0, false, false, 5000001},
        {0, true, false, 5000001},
        {6, false, false, 5000001},
        {9, false, true, 5000001000},
        {9, true, true, 5000001000},
        {3, false, false, 5000},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct file f = {.big = rows[i].big};
        ng_section(&f);
        ng_interface(&f, rows[i].resolution);
        ng_packet(&f, rows[i].stamp);
        const char *path = save("a.pcapng", &f, f.len);
        struct tw_capture *c = open_ok(&path, 1, NULL);
        expect(c, rows[i].resolution == 3 ? 5000000000 : 5000001000, 1, rows[i].nano);
        expect_end(c);
    }
}

/* Merged by time; at equal times in the order in which the files were given. */
static void test_merge(void **state)
{
    (void)state;
    static const uint32_t times[3][4] = {{10, 20, 20, 50}, {20, 21, 40, 60}, {5, 20, 45, 70}};
    static const struct {
        uint32_t time, input, number_in_input;
    } order[] = {{5, 2, 1}, {10, 0, 1}, {20, 0, 2}, {20, 0, 3}, {20, 1, 1}, {20, 2, 2}, {21, 1, 2},
        {40, 1, 3}, {45, 2, 3}, {50, 0, 4}, {60, 1, 4}, {70, 2, 4}};
    const char *paths[3];
    for (unsigned i = 0; i < 3; i++) {
        struct file f = {.len = 0};
        char name[16];
        pcap_head(&f, 0xa1b2c3d4);
        for (unsigned k = 0; k < 4; k++)
            pcap_packet(&f, times[i][k], 0, 53);
        snprintf(name, sizeof(name), "m%u.pcap", i);
        paths[i] = save(name, &f, f.len);
    }
    struct tw_capture *c = open_ok(paths, 3, NULL);
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        const struct tw_raw_packet *p;
        struct tw_capture_error err;
        assert_int_equal(tw_capture_next(c, 0, &p, &err), TW_OK);
        assert_int_equal(p->ts_ns, order[i].time * INT64_C(1000000000));
        assert_int_equal(p->input, order[i].input);
        assert_int_equal(p->number_in_input, order[i].number_in_input);
        assert_int_equal(p->number, i + 1);
    }
    const struct tw_capture_input *inputs;
    assert_int_equal(tw_capture_inputs(c, &inputs), 3);
    assert_string_equal(inputs[1].name, paths[1]);
    assert_int_equal(inputs[1].bytes, 24 + 4 * RECORD);
    const struct tw_capture_stats s = tw_capture_stats(c);
    assert_int_equal(s.packets, 12);
    assert_int_equal(s.bytes, 12 * (RECORD - 16));
    assert_int_equal(s.total_bytes, 3 * (24 + 4 * RECORD));
    assert_int_equal(s.read_bytes, s.total_bytes);
    expect_end(c);
}

/* More files than are kept open at once, each with several packets that interleave. */
static void test_many_files(void **state)
{
    (void)state;
    enum { FILES = 40, EACH = 3 };
    char name[32], sub[128];
    snprintf(sub, sizeof(sub), "%s/many", folder);
    assert_int_equal(mkdir(sub, 0700), 0);
    for (unsigned i = 0; i < FILES; i++) {
        struct file f = {.len = 0};
        pcap_head(&f, 0xa1b2c3d4);
        for (unsigned k = 0; k < EACH; k++)
            pcap_packet(&f, 100 + i + k * FILES / 2, 0, 53);
        snprintf(name, sizeof(name), "many/f%02u.pcap", i);
        save(name, &f, f.len);
    }
    save("many/notes.txt", &(struct file){.len = 0}, 0);
    const char *path = sub;
    struct tw_capture *c = open_ok(&path, 1, NULL);
    int64_t before = 0;
    for (unsigned i = 0; i < FILES * EACH; i++) {
        const struct tw_raw_packet *p;
        struct tw_capture_error err;
        assert_int_equal(tw_capture_next(c, 0, &p, &err), TW_OK);
        assert_true(p->ts_ns >= before);
        assert_int_equal(p->number, i + 1);
        before = p->ts_ns;
    }
    assert_int_equal(tw_capture_stats(c).read_bytes, FILES * (24 + EACH * RECORD));
    expect_end(c);
}

static void test_filter(void **state)
{
    (void)state;
    struct file f = {.len = 0};
    pcap_head(&f, 0xa1b2c3d4);
    for (unsigned i = 0; i < 6; i++)
        pcap_packet(&f, 100 + i, 0, i % 2 ? 53 : 123);
    const char *path = save("f.pcap", &f, f.len);
    struct tw_capture *c = open_ok(&path, 1, "udp port 53");
    /* Numbers stay those of the file. */
    expect(c, INT64_C(101000000000), 2, false);
    expect(c, INT64_C(103000000000), 4, false);
    expect(c, INT64_C(105000000000), 6, false);
    expect_end(c);
    struct tw_capture_error err;
    c = NULL;
    assert_int_equal(tw_capture_open_files(&path, 1, "udp prot 53", &c, &err), TW_INVALID);
    assert_null(c);
    assert_non_null(strstr(err.text, "udp prot 53"));
}

/* Cut at every length: what is whole comes out, then the damage is named once. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    struct file f = {.len = 0};
    pcap_head(&f, 0xa1b2c3d4);
    for (unsigned i = 0; i < 3; i++)
        pcap_packet(&f, 100 + i, 0, 53);
    for (size_t n = 0; n <= f.len; n++) {
        const char *path = save("cut.pcap", &f, n);
        struct tw_capture *c = NULL;
        struct tw_capture_error err = {.text = ""};
        const struct tw_raw_packet *p;
        const enum tw_status st = tw_capture_open_files(&path, 1, NULL, &c, &err);
        assert_non_null(c);
        /* Without a whole packet the damage is found while opening. */
        const bool at_once = n < 24 + RECORD && n != 24;
        assert_int_equal(st, at_once ? TW_DAMAGED : TW_OK);
        const uint64_t whole = n < 24 ? 0 : (n - 24) / RECORD;
        for (uint64_t i = 1; i <= whole; i++)
            assert_int_equal(tw_capture_next(c, 0, &p, &err), TW_OK);
        if (n >= 24 && (n - 24) % RECORD != 0) {
            if (!at_once)
                assert_int_equal(tw_capture_next(c, 0, &p, &err), TW_DAMAGED);
            assert_int_equal(err.packet, whole);
            assert_int_equal(err.offset, 24 + whole * RECORD);
            assert_non_null(strstr(err.text, "cut.pcap"));
        }
        if (n < 24)
            assert_non_null(strstr(err.text, n == 0 ? "empty" : n < 4 ? "neither" : "cut short"));
        expect_end(c);
    }
}

static void test_cut_pcapng(void **state)
{
    (void)state;
    struct file f = {.len = 0};
    ng_section(&f);
    ng_interface(&f, 9);
    const size_t head = f.len;
    for (unsigned i = 0; i < 3; i++)
        ng_packet(&f, 1000 + i);
    for (size_t n = head; n <= f.len; n++) {
        const char *path = save("cut.pcapng", &f, n);
        struct tw_capture *c = NULL;
        struct tw_capture_error err;
        const struct tw_raw_packet *p;
        const enum tw_status st = tw_capture_open_files(&path, 1, NULL, &c, &err);
        assert_int_equal(st, n > head && n < head + 80 ? TW_DAMAGED : TW_OK);
        const uint64_t whole = (n - head) / 80;
        for (uint64_t i = 1; i <= whole; i++)
            expect(c, 999 + (int64_t)i, i, true);
        if ((n - head) % 80 != 0) {
            if (st == TW_OK)
                assert_int_equal(tw_capture_next(c, 0, &p, &err), TW_DAMAGED);
            assert_int_equal(err.packet, whole);
            assert_int_equal(err.offset, head + whole * 80);
        }
        expect_end(c);
    }
}

/* One damaged input does not take the others with it. */
static void test_damage_among_others(void **state)
{
    (void)state;
    struct file good = {.len = 0}, text = {.len = 0}, absurd = {.len = 0};
    pcap_head(&good, 0xa1b2c3d4);
    pcap_packet(&good, 100, 0, 53);
    pcap_packet(&good, 300, 0, 53);
    put(&text, "just some words, longer than a header", 37);
    pcap_head(&absurd, 0xa1b2c3d4);
    pcap_packet(&absurd, 200, 0, 53);
    u32(&absurd, 201);
    u32(&absurd, 0);
    u32(&absurd, 0x7fffffff);
    u32(&absurd, 60);
    const char *paths[] = {save("g.pcap", &good, good.len), save("t.pcap", &text, text.len),
        save("e.pcap", &text, 0), save("x.pcap", &absurd, absurd.len)};
    struct tw_capture *c = NULL;
    struct tw_capture_error err;
    const struct tw_raw_packet *p;
    assert_int_equal(tw_capture_open_files(paths, 4, NULL, &c, &err), TW_DAMAGED);
    assert_string_equal(err.input, paths[1]);
    assert_non_null(strstr(err.text, "just some words"));
    assert_int_equal(tw_capture_next(c, 0, &p, &err), TW_DAMAGED);
    assert_string_equal(err.input, paths[2]);
    expect(c, INT64_C(100000000000), 1, false);
    expect(c, INT64_C(200000000000), 2, false);
    assert_int_equal(tw_capture_next(c, 0, &p, &err), TW_DAMAGED);
    assert_string_equal(err.input, paths[3]);
    assert_int_equal(err.packet, 1);
    assert_int_equal(err.offset, 24 + RECORD);
    expect(c, INT64_C(300000000000), 3, false);
    expect_end(c);
}

static void test_not_there(void **state)
{
    (void)state;
    char empty[128];
    snprintf(empty, sizeof(empty), "%s/none", folder);
    assert_int_equal(mkdir(empty, 0700), 0);
    const char *paths[] = {"/nonexistent/x.pcap", empty};
    for (int i = 0; i < 2; i++) {
        struct tw_capture *c = NULL;
        struct tw_capture_error err;
        assert_int_equal(tw_capture_open_files(&paths[i], 1, NULL, &c, &err), TW_IO);
        assert_null(c);
        assert_non_null(strstr(err.text, paths[i]));
    }
}

/* What a folder stands for: captures by their names, numbered ones too. */
static void test_folder(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool is_capture;
    } rows[] = {{"a.pcap", true}, {"a.pcap1", true}, {"a.pcap10", true}, {"a.pcap.3", true},
        {"b.pcapng", true}, {"c.cap", true}, {"README", false}, {"x.pcap.gz", false},
        {".hidden.pcap", false}, {"notes.pcap.txt", false}, {"7", false}, {".pcap", false}};
    char place[80];
    snprintf(place, sizeof(place), "%s/folder", folder);
    assert_int_equal(mkdir(place, 0700), 0);
    size_t n = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char name[64];
        struct file f = {.len = 0};
        pcap_head(&f, 0xa1b2c3d4);
        pcap_packet(&f, (uint32_t)i + 1, 0, 80);
        snprintf(name, sizeof(name), "folder/%s", rows[i].name);
        save(name, &f, f.len);
        n += rows[i].is_capture;
    }
    const char *path = place;
    struct tw_capture *c = open_ok(&path, 1, NULL);
    const struct tw_capture_input *inputs;
    assert_int_equal(tw_capture_inputs(c, &inputs), n);
    for (size_t i = 0; i < n; i++)
        expect(c, ((int64_t)i + 1) * 1000000000, i + 1, false);
    expect_end(c);
}

/* What nobody can read looks like a silent network, unless it is said. */
static void test_other_links(void **state)
{
    (void)state;
    static const struct {
        uint8_t link;
        bool reads;
    } rows[] = {{1, true}, {0, true}, {101, true}, {105, false}, {147, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct file f = {.len = 0};
        struct tw_capture *c = NULL;
        struct tw_capture_error err;
        pcap_head(&f, 0xa1b2c3d4);
        pcap_packet(&f, 1, 0, 80);
        f.b[20] = rows[i].link;
        const char *path = save("link.pcap", &f, f.len);
        assert_int_equal(
            tw_capture_open_files(&path, 1, NULL, &c, &err), rows[i].reads ? TW_OK : TW_DAMAGED);
        if (!rows[i].reads) {
            assert_non_null(strstr(err.text, "link type"));
            assert_non_null(strstr(err.text, "link.pcap"));
        }
        tw_capture_close(c);
    }
}

/* Times that do not fit 64 bits of nanoseconds, or that no clock shows. */
static void test_strange_times(void **state)
{
    (void)state;
    struct file f = {.len = 0};
    ng_section(&f);
    ng_interface(&f, 1);
    ng_packet(&f, UINT64_MAX);
    ng_packet(&f, UINT64_C(95000000000));
    ng_packet(&f, 50);
    const char *path = save("times.pcapng", &f, f.len);
    struct tw_capture *c = open_ok(&path, 1, NULL);
    const struct tw_raw_packet *p;
    struct tw_capture_error err;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tw_capture_next(c, 0, &p, &err), TW_OK);
        assert_in_range(p->ts_ns, 0, INT64_C(9000000000000000000));
    }
    assert_int_equal(p->ts_ns, INT64_C(5000000000));
    tw_capture_close(c);
}

/* A pipe gives its bytes in pieces and can not be read twice. */
static void test_standard_input(void **state)
{
    (void)state;
    for (int cut = 0; cut < 2; cut++) {
        struct file f = {.len = 0};
        pcap_head(&f, 0xa1b23c4d);
        pcap_packet(&f, 100, 1, 53);
        pcap_packet(&f, 100, 2, 53);
        int ends[2];
        const int saved = dup(STDIN_FILENO);
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], f.b, f.len - (cut ? 3 : 0)), f.len - (cut ? 3 : 0));
        close(ends[1]);
        dup2(ends[0], STDIN_FILENO);
        close(ends[0]);
        const char *path = "-";
        struct tw_capture *c = open_ok(&path, 1, NULL);
        const struct tw_raw_packet *p;
        struct tw_capture_error err;
        expect(c, INT64_C(100000000001), 1, true);
        if (cut) {
            assert_int_equal(tw_capture_next(c, 0, &p, &err), TW_DAMAGED);
            assert_int_equal(err.offset, 24 + RECORD);
            assert_non_null(strstr(err.text, "standard input"));
        } else {
            expect(c, INT64_C(100000000002), 2, true);
        }
        assert_int_equal(tw_capture_stats(c).total_bytes, 0);
        expect_end(c);
        dup2(saved, STDIN_FILENO);
        close(saved);
    }
}

/* Large captures are read by the quarter of a MiB; damage at their end does not change the count.
 */
static void test_read_bytes(void **state)
{
    enum { PACKETS = 10000, BLOCK = 256 * 1024, SIZE = 24 + PACKETS * RECORD + 5 };
    (void)state;
    char path[128];
    snprintf(path, sizeof(path), "%s/large.pcap", folder);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    struct file f = {.len = 0};
    pcap_head(&f, 0xa1b2c3d4);
    for (uint32_t i = 0; i < PACKETS; i++) {
        pcap_packet(&f, 100, 0, 53);
        assert_int_equal(fwrite(f.b, 1, f.len, out), f.len);
        f.len = 0;
    }
    assert_int_equal(fwrite("short", 1, 5, out), 5);
    fclose(out);
    const char *name = path;
    struct tw_capture *c = open_ok(&name, 1, NULL);
    expect(c, INT64_C(100000000000), 1, false);
    assert_int_equal(tw_capture_stats(c).read_bytes, BLOCK);
    for (uint64_t i = 2; i <= PACKETS; i++)
        expect(c, INT64_C(100000000000), i, false);
    const struct tw_raw_packet *p;
    struct tw_capture_error err;
    assert_int_equal(tw_capture_next(c, 0, &p, &err), TW_DAMAGED);
    assert_int_equal(err.offset, SIZE - 5);
    assert_int_equal(tw_capture_stats(c).read_bytes, SIZE);
    assert_int_equal(tw_capture_stats(c).total_bytes, SIZE);
    tw_capture_close(c);
}

static void test_stop(void **state)
{
    (void)state;
    struct file f = {.len = 0};
    pcap_head(&f, 0xa1b2c3d4);
    pcap_packet(&f, 100, 0, 53);
    pcap_packet(&f, 101, 0, 53);
    const char *path = save("s.pcap", &f, f.len);
    struct tw_capture *c = open_ok(&path, 1, NULL);
    expect(c, INT64_C(100000000000), 1, false);
    tw_capture_stop(c);
    expect_end(c);
}

static void test_no_interface(void **state)
{
    (void)state;
    const char *name = "no-such-if0";
    const struct tw_capture_live options = {.filter = NULL};
    struct tw_capture *c = NULL;
    struct tw_capture_error err;
    assert_int_equal(tw_capture_open_live(&name, 1, &options, &c, &err), TW_PERMISSION);
    assert_null(c);
    assert_non_null(strstr(err.text, name));
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/capture-test-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pcap),
        cmocka_unit_test(test_pcapng),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_many_files),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_cut_pcapng),
        cmocka_unit_test(test_damage_among_others),
        cmocka_unit_test(test_not_there),
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_other_links),
        cmocka_unit_test(test_strange_times),
        cmocka_unit_test(test_standard_input),
        cmocka_unit_test(test_read_bytes),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_no_interface),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
