#include "crypto/opcua_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "crypto/key_set.h"
#include "guard.h"
#include "seal.h"

#define IV "00112233445566778899aabbccddeeff"
#define KEY IV IV

static void write_down(void *user, const struct tw_opcua_keys_problem *p)
{
    struct tw_text *out = user;
    tw_text_addf(out, "%u:%u %s%s", p->line, p->column, p->warning ? "warning " : "", p->text);
    if (p->source != NULL)
        tw_text_addf(out, " [%s]", p->source);
    tw_text_addz(out, "\n");
}

static const char *terminated(struct tw_text *t)
{
    tw_text_add(t, "", 1);
    t->len--;
    return t->p;
}

/* How many sets, -1 when the log is refused; what was reported in `said`. */
static int parse(struct tw_str text, struct tw_text *said)
{
    tw_text_clear(said);
    struct tw_opcua_keys *keys = tw_opcua_keys_parse(text, write_down, said);
    int n = keys == NULL ? -1 : (int)tw_opcua_keys_count(keys);
    tw_opcua_keys_free(keys);
    return n;
}

#define SET(id)                                                                                    \
    "client_iv_" id ": " IV "\nclient_key_" id ": " KEY "\nclient_siglen_" id                      \
    ": 32\nserver_iv_" id ": " IV "\nserver_key_" id ": " KEY "\nserver_siglen_" id ": 32\n"
#define SERVER_7_1 "server_iv_7_1: " IV "\nserver_key_7_1: " KEY "\nserver_siglen_7_1: 32\n"

static void logs_are_read(void **state)
{
    static const struct {
        const char *text;
        int sets;
        const char *said;
    } rows[] = {
        {SET("7_1"), 1, ""},
        {SET("0_0") SET("4294967295_4294967295"), 2, ""},
        {"# a note\n\n  \t\n" SET("7_1") "#" SET("7_2"), 2, ""},
        {"\xef\xbb\xbf" SET("7_1"), 1, ""},
        {SET("7_1") SET("7_1"), 2, ""},
        {"client_iv_7_1:" IV "\r\n client_key_7_1 :\t" IV " \r\nclient_siglen_7_1: 20\r\n"
         "server_siglen_7_1:48\r\nserver_iv_7_1: 00112233445566778899AABBCCDDEEFF\r\n"
         "server_key_7_1: " KEY,
            1, ""},
        {"", 0, "0:0 warning there are no keys in it\n"},
        {"# only a note", 0, "0:0 warning there are no keys in it\n"},
        {"client_iv_7_1: 00112233445566778899aabb\nclient_key_7_1: " KEY
         "\nclient_siglen_7_1: 16\n" SERVER_7_1,
            0,
            "1:1 warning channel 7, token 1: not used: keys of a policy with AES-GCM or "
            "ChaCha20-Poly1305 (ECC_*, RSA_DH_*); only the AES-CBC policies are decrypted\n"},
    };
    struct tw_text said = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_text text = {0};
        tw_text_addz(&text, rows[i].text);
        /* "#" before a set hides its first line only. */
        if (i == 2)
            tw_text_addf(&text, "client_iv_7_2: %s\n", IV);
        int n = parse(tw_text_str(&text), &said);
        assert_string_equal(terminated(&said), rows[i].said);
        assert_int_equal(n, rows[i].sets);
        tw_text_free(&text);
    }
    tw_text_free(&said);
}

/* Lines of two channels that were written at the same time. */
static void mixed_lines_find_their_set(void **state)
{
    static const char *const names[] = {
        "client_iv", "client_key", "client_siglen", "server_iv", "server_key", "server_siglen"};
    struct tw_text text = {0}, said = {0};
    (void)state;
    for (unsigned i = 0; i < 6; i++)
        for (unsigned channel = 1; channel <= 3; channel++)
            tw_text_addf(&text, "%s_%u_9: %s\n", names[i], channel, i % 3 == 2 ? "20" : IV);
    assert_int_equal(parse(tw_text_str(&text), &said), 3);
    assert_int_equal(said.len, 0);
    tw_text_free(&text);
    tw_text_free(&said);
}

static void mistakes_are_told_without_values(void **state)
{
    static const struct {
        const char *line, *said;
    } rows[] = {
        {"nonsense", "7:1 a line is NAME: VALUE [nonsense]\n"},
        {"  " KEY, "7:3 a line is NAME: VALUE [  "
                   "****************************************************************]\n"},
        {"clinet_key_7_1: abcd", "7:1 no name of a key log [clinet_key_7_1: ****]\n"},
        {": abcd", "7:1 no name of a key log [: ****]\n"},
        {"client_key: abcd", "7:11 the channel's id is no number from 0 to 4294967295"
                             " [client_key: ****]\n"},
        {"client_key_: abcd", "7:12 the channel's id is no number from 0 to 4294967295"
                              " [client_key_: ****]\n"},
        {"client_key_4294967296_1: ab", "7:12 the channel's id is no number from 0 to 4294967295"
                                        " [client_key_4294967296_1: **]\n"},
        {"client_key_7_x: ab",
            "7:14 the token's id is no number from 0 to 4294967295 [client_key_7_x: **]\n"},
        {"client_key_7_1_2: ab",
            "7:14 the token's id is no number from 0 to 4294967295 [client_key_7_1_2: **]\n"},
        {"client_key_7: ab",
            "7:13 the token's id is no number from 0 to 4294967295 [client_key_7: **]\n"},
        {"client_key_8_1: 0011223g", "7:24 not a hexadecimal digit [client_key_8_1: ********]\n"},
        {"client_key_8_1: 00112233", "7:17 a key is 32 or 64 hexadecimal digits (AES-128, AES-256),"
                                     " not 8 [client_key_8_1: ********]\n"},
        {"client_iv_8_1:", "7:15 an IV is 32 hexadecimal digits, not 0 [client_iv_8_1:]\n"},
        {"client_siglen_8_1: 0x20",
            "7:20 a signature takes 20, 32 or 48 bytes [client_siglen_8_1: ****]\n"},
        {"client_siglen_8_1: 33",
            "7:20 a signature takes 20, 32 or 48 bytes [client_siglen_8_1: **]\n"},
        {"client_siglen_8_1: 4294967328",
            "7:20 a signature takes 20, 32 or 48 bytes [client_siglen_8_1: **********]\n"},
    };
    static const char missing[] = "7:1 channel 8, token 1: client_iv is missing\n"
                                  "7:1 channel 8, token 1: client_key is missing\n"
                                  "7:1 channel 8, token 1: client_siglen is missing\n"
                                  "7:1 channel 8, token 1: server_iv is missing\n"
                                  "7:1 channel 8, token 1: server_key is missing\n"
                                  "7:1 channel 8, token 1: server_siglen is missing\n";
    struct tw_text said = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_text text = {0};
        tw_text_addf(&text, "%s%s\n", SET("7_1"), rows[i].line);
        assert_int_equal(parse(tw_text_str(&text), &said), -1);
        const char *got = terminated(&said), *line = strchr(got, '\n');
        if (strncmp(got, rows[i].said, (size_t)(line - got) + 1) != 0)
            assert_string_equal(got, rows[i].said);
        /* Then, at most, what the set lacks. */
        for (const char *p = line + 1; *p != '\0'; p = strchr(p, '\n') + 1) {
            char one[96];
            size_t n = (size_t)(strchr(p, '\n') - p) + 1;
            assert_true(n < sizeof(one));
            memcpy(one, p, n);
            one[n] = '\0';
            assert_non_null(strstr(missing, one));
        }
        tw_text_free(&text);
    }
    tw_text_free(&said);
}

static void all_that_a_set_lacks_is_told(void **state)
{
    struct tw_text said = {0};
    (void)state;
    assert_int_equal(parse(TW_STR("# one\nclient_iv_7_1: " IV "\nserver_key_7_1: " KEY
                                  "\nserver_siglen_7_1: 32\n"),
                         &said),
        -1);
    assert_string_equal(terminated(&said), "2:1 channel 7, token 1: client_key is missing\n"
                                           "2:1 channel 7, token 1: client_siglen is missing\n"
                                           "2:1 channel 7, token 1: server_iv is missing\n");
    tw_text_free(&said);
}

static void every_truncation_is_refused_or_read(void **state)
{
    static const char text[] = SET("7_1");
    struct guard g = guard_new();
    struct tw_text said = {0};
    (void)state;
    for (size_t n = 0; n < sizeof(text) - 1; n++) {
        const char *p = (const char *)guard_put(&g, text, n);
        int sets = parse((struct tw_str){p, n}, &said);
        /* Without its last line break it is whole, and without anything it is empty. */
        assert_int_equal(sets, n == 0 ? 0 : n == sizeof(text) - 2 ? 1 : -1);
        assert_null(strstr(terminated(&said), "ccdd"));
    }
    tw_text_free(&said);
    guard_free(&g);
}

static void files_are_loaded(void **state)
{
    char path[] = "/tmp/tierwatch-keys-XXXXXX";
    static const char text[] = SET("7_1");
    struct tw_text said = {0};
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    close(fd);
    struct tw_opcua_keys *keys = tw_opcua_keys_load(path, write_down, &said);
    assert_non_null(keys);
    assert_int_equal(tw_opcua_keys_count(keys), 1);
    tw_opcua_keys_free(keys);
    unlink(path);
    assert_null(tw_opcua_keys_load(path, write_down, &said));
    assert_string_equal(terminated(&said), "0:0 No such file or directory\n");
    tw_text_clear(&said);
    assert_null(tw_opcua_keys_load("/tmp", write_down, &said));
    assert_string_equal(terminated(&said), "0:0 Is a directory\n");
    tw_opcua_keys_free(NULL);
    tw_text_free(&said);
}

struct lock {
    struct tw_opcua_keys *keys;
    struct tw_opcua_opener *opener;
};

/* Sets as given, all for channel 7 and token 1. */
static struct lock lock_of(const struct seal_keys *sets, unsigned n)
{
    static char text[4096];
    size_t len = 0;
    for (unsigned i = 0; i < n; i++)
        len += seal_log(text + len, sizeof(text) - len, &sets[i], 7, 1);
    struct lock l = {.keys = tw_opcua_keys_parse((struct tw_str){text, len}, NULL, NULL)};
    assert_non_null(l.keys);
    l.opener = tw_opcua_opener_new(l.keys);
    assert_non_null(l.opener);
    return l;
}

static void lock_free(struct lock *l)
{
    tw_opcua_opener_free(l->opener);
    tw_opcua_keys_free(l->keys);
}

static void what_was_sealed_is_opened(void **state)
{
    static const struct {
        unsigned key_len, signature;
    } rows[] = {{16, 20}, {16, 32}, {32, 20}, {32, 32}, {32, 48}};
    static uint8_t plain[9000], sealed[9100], out[9100];
    (void)state;
    for (size_t i = 0; i < sizeof(plain); i++)
        plain[i] = (uint8_t)(i * 11);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct seal_keys k = seal_keys_of((unsigned)i, rows[i].key_len, rows[i].signature);
        struct lock l = lock_of(&k, 1);
        for (size_t n = 8; n < sizeof(plain); n = n < 64 ? n + 1 : n * 3) {
            unsigned side = n & 1, padding = 99;
            size_t got = 0, len = seal(&k, side, plain, n, sealed);
            struct tw_opcua_chunk_sealed chunk = {
                .channel = 7, .token = 1, .from_client = side == 0, .p = sealed, .len = len};
            assert_true(tw_opcua_opener_open(l.opener, &chunk, out, &got, &padding));
            assert_int_equal(got, n);
            assert_memory_equal(out, plain, n);
            assert_int_equal(padding, len - n - rows[i].signature - 1);
        }
        lock_free(&l);
    }
}

/* AES-128 in CBC mode as NIST SP 800-38A F.2.2 has it: four blocks, read back as they are. */
static void known_vectors_decrypt(void **state)
{
    static const char text[] =
        "client_iv_1_1: 000102030405060708090a0b0c0d0e0f\n"
        "client_key_1_1: 2b7e151628aed2a6abf7158809cf4f3c\nclient_siglen_1_1: 20\n"
        "server_iv_1_1: 000102030405060708090a0b0c0d0e0f\n"
        "server_key_1_1: 2b7e151628aed2a6abf7158809cf4f3c\nserver_siglen_1_1: 20\n";
    static const uint8_t cipher[64] = {0x76, 0x49, 0xab, 0xac, 0x81, 0x19, 0xb2, 0x46, 0xce, 0xe9,
        0x8e, 0x9b, 0x12, 0xe9, 0x19, 0x7d, 0x50, 0x86, 0xcb, 0x9b, 0x50, 0x72, 0x19, 0xee, 0x95,
        0xdb, 0x11, 0x3a, 0x91, 0x76, 0x78, 0xb2, 0x73, 0xbe, 0xd6, 0xb8, 0xe3, 0xc1, 0x74, 0x3b,
        0x71, 0x16, 0xe6, 0x9e, 0x22, 0x22, 0x95, 0x16, 0x3f, 0xf1, 0xca, 0xa1, 0x68, 0x1f, 0xac,
        0x09, 0x12, 0x0e, 0xca, 0x30, 0x75, 0x86, 0xe1, 0xa7};
    static const uint8_t begin[16] = {0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d,
        0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a};
    uint8_t out[64];
    size_t n;
    unsigned padding;
    (void)state;
    struct tw_opcua_keys *keys = tw_opcua_keys_parse(tw_str_of(text), NULL, NULL);
    assert_non_null(keys);
    struct tw_opcua_opener *o = tw_opcua_opener_new(keys);
    const struct tw_opcua_chunk_sealed chunk = {
        .channel = 1, .token = 1, .p = cipher, .len = sizeof(cipher)};
    /* It ends with no padding of OPC UA, so it is refused, decrypted all the same. */
    assert_false(tw_opcua_opener_open(o, &chunk, out, &n, &padding));
    assert_memory_equal(out, begin, sizeof(begin));
    assert_int_equal(out[63], 0x10);
    tw_opcua_opener_free(o);
    tw_opcua_keys_free(keys);
}

static void others_are_refused(void **state)
{
    static uint8_t plain[200], sealed[300], out[300];
    const struct seal_keys k[] = {seal_keys_of(1, 32, 32), seal_keys_of(2, 16, 32)};
    struct lock l = lock_of(k, 2);
    size_t got = 77;
    unsigned padding = 77;
    (void)state;
    for (size_t i = 0; i < sizeof(plain); i++)
        plain[i] = (uint8_t)(i + 100);
    size_t len = seal(&k[1], 0, plain, 99, sealed);
    struct tw_opcua_chunk_sealed chunk = {
        .channel = 7, .token = 1, .set = 1, .from_client = true, .p = sealed, .len = len};
    assert_int_equal(tw_opcua_opener_sets(l.opener, 7, 1), 2);
    assert_int_equal(tw_opcua_opener_sets(l.opener, 7, 2), 0);
    assert_int_equal(tw_opcua_opener_sets(l.opener, 6, 1), 0);
    assert_int_equal(tw_opcua_opener_sets(l.opener, 8, 0), 0);
    chunk.set = 0;
    assert_false(tw_opcua_opener_open(l.opener, &chunk, out, &got, &padding));
    chunk.set = 2;
    assert_false(tw_opcua_opener_open(l.opener, &chunk, out, &got, &padding));
    chunk.set = 1;
    chunk.from_client = false;
    assert_false(tw_opcua_opener_open(l.opener, &chunk, out, &got, &padding));
    chunk.from_client = true;
    for (chunk.len = 0; chunk.len < len; chunk.len++)
        assert_false(tw_opcua_opener_open(l.opener, &chunk, out, &got, &padding));
    assert_int_equal(got, 77);
    assert_int_equal(padding, 77);
    assert_true(tw_opcua_opener_open(l.opener, &chunk, out, &got, &padding));
    assert_int_equal(got, 99);
    lock_free(&l);
}

/* What the kernel says of the mapping that `p` is in: "rd wr mr mw me lo dd sd". */
static void flags_of(const void *p, char *out, size_t size)
{
    FILE *f = fopen("/proc/self/smaps", "r");
    char line[512];
    bool here = false;
    unsigned long from, to;
    out[0] = '\0';
    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            here = (uintptr_t)p >= from && (uintptr_t)p < to;
        else if (here && strncmp(line, "VmFlags:", 8) == 0)
            tw_str_copy(out, size, tw_str_of(line));
    }
    fclose(f);
}

static void keys_are_left_out_of_dumps(void **state)
{
    char flags[128];
    (void)state;
    /* Several times as many as are made room for at first. */
    struct tw_text text = {0};
    for (unsigned i = 0; i < 100; i++) {
        char one[512];
        const struct seal_keys k = seal_keys_of(i, 32, 32);
        seal_log(one, sizeof(one), &k, 7, i);
        tw_text_addz(&text, one);
    }
    const int before = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    struct tw_opcua_keys *keys = tw_opcua_keys_parse(tw_text_str(&text), NULL, NULL);
    assert_non_null(keys);
    assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    flags_of(&keys->sets[0], flags, sizeof(flags));
    assert_non_null(strstr(flags, " dd"));
    flags_of(&keys->sets[keys->n - 1], flags, sizeof(flags));
    assert_non_null(strstr(flags, " dd"));
    tw_opcua_keys_free(keys);
    assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), before);
    tw_text_free(&text);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { DUMPS = false }; /* its shadow would be dumped, too */
#else
enum { DUMPS = true };
#endif

enum { SEED = 77, PLAIN = 400, SEALED = 512 };

static void write_file(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(p, 1, n, f) != n || fclose(f) != 0)
        _exit(1);
}

/* Unlike those of the other tests, of which memory may still hold some. */
static struct seal_keys other_keys(void)
{
    volatile uint32_t x = SEED;
    struct seal_keys k = {.key_len = 32, .signature = 32};
    uint8_t *const parts[] = {k.key[0], k.key[1], k.iv[0], k.iv[1]};
    for (unsigned i = 0; i < 4; i++)
        for (unsigned b = 0; b < (i < 2 ? 32u : 16u); b++) {
            x = x * 1664525 + 1013904223;
            parts[i][b] = (uint8_t)(x >> 24);
        }
    return k;
}

/* A key log and a chunk, by a process that is gone afterwards: none that is dumped ever knew more.
 */
static void write_keys(void)
{
    static uint8_t plain[PLAIN], sealed[SEALED];
    static char log[1024];
    const struct seal_keys k = other_keys();
    write_file("keys", log, seal_log(log, sizeof(log), &k, 7, 1));
    write_file("chunk", sealed, seal(&k, 0, plain, sizeof(plain), sealed));
    _exit(0);
}

/* Holds keys that were used, then is forced to dump. */
static void crash_with_keys(void)
{
    static uint8_t sealed[SEALED], out[SEALED];
    struct tw_opcua_keys *keys = tw_opcua_keys_load("keys", NULL, NULL);
    struct tw_opcua_opener *o = tw_opcua_opener_new(keys);
    FILE *f = fopen("chunk", "rb");
    size_t n = f == NULL ? 0 : fread(sealed, 1, sizeof(sealed), f), got;
    unsigned padding;
    const struct tw_opcua_chunk_sealed chunk = {
        .channel = 7, .token = 1, .from_client = true, .p = sealed, .len = n};
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    if (!tw_opcua_opener_open(o, &chunk, out, &got, &padding) || got != PLAIN ||
        setrlimit(RLIMIT_CORE, &all) != 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0)
        _exit(1);
    abort();
}

static int in_child(const char *folder, void (*what)(void))
{
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        if (chdir(folder) == 0)
            what();
        _exit(1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static bool holds(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    const long size = ftell(f);
    rewind(f);
    char *all = malloc((size_t)size);
    assert_non_null(all);
    assert_int_equal(fread(all, 1, (size_t)size, f), size);
    fclose(f);
    const bool found = memmem(all, (size_t)size, p, n) != NULL;
    free(all);
    return found;
}

/* Were a dump forced all the same, the keys are in no page of it: not as they are in the log, not
 * as they are used, nor what the cipher makes of them (whose ends are the halves of the key). */
static void a_forced_dump_has_no_key(void **state)
{
    char folder[] = "/tmp/tierwatch-dump-XXXXXX", path[64], hex[65];
    (void)state;
    char pattern[64] = "";
    FILE *f = fopen("/proc/sys/kernel/core_pattern", "r");
    if (f == NULL || fgets(pattern, sizeof(pattern), f) == NULL || strcmp(pattern, "core\n") != 0)
        pattern[0] = '\0';
    if (f != NULL)
        fclose(f);
    if (!DUMPS || pattern[0] == '\0') {
        print_message("# dumps go elsewhere on this system\n");
        return;
    }
    assert_non_null(mkdtemp(folder));
    assert_int_equal(in_child(folder, write_keys), 0);
    const int status = in_child(folder, crash_with_keys);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    const struct seal_keys k = other_keys();
    snprintf(path, sizeof(path), "%s/core", folder);
    const bool dumped = access(path, R_OK) == 0;
    bool found = false;
    for (unsigned side = 0; dumped && side < 2; side++) {
        seal_hex(hex, k.key[side], 32);
        found = found || holds(path, k.key[side], 16) || holds(path, k.key[side] + 16, 16) ||
                holds(path, k.iv[side], 16) || holds(path, hex, 32);
    }
    static const char *const files[] = {"keys", "chunk", "core"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
    if (!dumped)
        print_message("# this system leaves no dumps\n");
    assert_false(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_are_read),
        cmocka_unit_test(mixed_lines_find_their_set),
        cmocka_unit_test(mistakes_are_told_without_values),
        cmocka_unit_test(all_that_a_set_lacks_is_told),
        cmocka_unit_test(every_truncation_is_refused_or_read),
        cmocka_unit_test(files_are_loaded),
        cmocka_unit_test(what_was_sealed_is_opened),
        cmocka_unit_test(known_vectors_decrypt),
        cmocka_unit_test(others_are_refused),
        cmocka_unit_test(keys_are_left_out_of_dumps),
        cmocka_unit_test(a_forced_dump_has_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
