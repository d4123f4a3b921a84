/* The text of a key log. Values are secrets: no message quotes one, and what is read of the file is
 * overwritten afterwards. */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/key_set.h"
#include "crypto/locked.h"

enum {
    MOST_BYTES = 16 << 20, /* 50,000 sets */
    LOOK_BACK = 16,        /* sets whose lines may be mixed: several channels write at once */
    SHOWN = 160,           /* bytes of a line that are shown */
    AEAD_IV = 12,
    AEAD_SIGNATURE = 16,
};

const char *const tw_opcua_keys_names[] = {
    "client_iv", "client_key", "client_siglen", "server_iv", "server_key", "server_siglen", NULL};

enum field { IV, KEY, SIGLEN, FIELDS };
enum { NAMES = 2 * FIELDS, ALL_GIVEN = (1 << NAMES) - 1 };

struct reader {
    struct tw_opcua_keys *keys;
    tw_opcua_keys_problem_fn problem;
    void *user;
    struct tw_str line;
    unsigned number;
    bool failed, no_memory;
};

struct entry {
    unsigned name; /* place in tw_opcua_keys_names */
    uint32_t channel, token;
    struct tw_str value;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Values, and whatever is long enough to be one. */
static void mask(char *text)
{
    enum { LONGEST_NUMBER = 10 };
    bool value = false;
    for (char *p = text; *p != '\0';) {
        size_t n = 0;
        while (is_word(p[n]))
            n++;
        if (value || n > LONGEST_NUMBER)
            memset(p, '*', n);
        p += n;
        if (*p == ':')
            value = true;
        if (*p != '\0')
            p++;
    }
}

static void report(struct reader *r, struct tw_opcua_keys_problem *problem, const char *text)
{
    char source[SHOWN];
    tw_str_copy(source, sizeof(source), tw_utf8_cut(r->line, sizeof(source) - 1));
    mask(source);
    problem->text = text;
    problem->source = r->line.p != NULL ? source : NULL;
    if (r->problem != NULL)
        r->problem(r->user, problem);
    r->failed = r->failed || !problem->warning;
}

/* About the place in the line at which `at` begins. */
static void mistake(struct reader *r, struct tw_str at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void mistake(struct reader *r, struct tw_str at, const char *format, ...)
{
    char text[160];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct tw_opcua_keys_problem p = {
        .line = r->number, .column = (unsigned)(at.p - r->line.p) + 1};
    report(r, &p, text);
}

static struct tw_str from(struct tw_str s, size_t at)
{
    return (struct tw_str){s.p + at, s.len - at};
}

static struct tw_str until(struct tw_str s, size_t at)
{
    return (struct tw_str){s.p, at};
}

static struct tw_str trim(struct tw_str s)
{
    while (s.len > 0 && is_blank(s.p[0]))
        s = from(s, 1);
    while (s.len > 0 && is_blank(s.p[s.len - 1]))
        s.len--;
    return s;
}

/* Where `c` stands for the n-th time, from 1; the length when it does not. */
static size_t nth(struct tw_str s, char c, unsigned n)
{
    size_t i = 0;
    for (; i < s.len; i++)
        if (s.p[i] == c && --n == 0)
            break;
    return i;
}

static bool decimal(struct tw_str s, uint32_t *out)
{
    uint64_t v = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        v = v * 10 + (uint64_t)(s.p[i] - '0');
        if (v > UINT32_MAX)
            return false;
    }
    *out = (uint32_t)v;
    return s.len > 0;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool all_hex(struct reader *r, struct tw_str value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (nibble(value.p[i]) < 0) {
            mistake(r, from(value, i), "not a hexadecimal digit");
            return false;
        }
    }
    return true;
}

static void read_hex(struct tw_str value, uint8_t *out)
{
    for (size_t i = 0; i + 1 < value.len; i += 2)
        out[i / 2] = (uint8_t)(nibble(value.p[i]) << 4 | nibble(value.p[i + 1]));
}

static bool read_name(struct reader *r, struct tw_str name, struct entry *out)
{
    size_t end = nth(name, '_', 2);
    struct tw_str word = until(name, end);
    unsigned i = 0;
    while (i < NAMES && !tw_str_is(word, tw_opcua_keys_names[i]))
        i++;
    if (i == NAMES) {
        struct tw_opcua_keys_problem p = {
            .line = r->number, .column = (unsigned)(name.p - r->line.p) + 1, .word = word};
        report(r, &p, "no name of a key log");
        return false;
    }
    out->name = i;
    struct tw_str ids = from(name, end < name.len ? end + 1 : end);
    size_t middle = nth(ids, '_', 1);
    struct tw_str token = from(ids, middle < ids.len ? middle + 1 : middle);
    if (!decimal(until(ids, middle), &out->channel)) {
        mistake(r, ids, "the channel's id is no number from 0 to 4294967295");
        return false;
    }
    if (!decimal(token, &out->token)) {
        mistake(r, token, "the token's id is no number from 0 to 4294967295");
        return false;
    }
    return true;
}

static bool grow(struct tw_opcua_keys *keys)
{
    size_t size = keys->size ? 2 * keys->size : 16;
    struct tw_key_set *sets = tw_locked_new(size * sizeof(*sets));
    if (sets == NULL)
        return false;
    if (keys->n > 0)
        memcpy(sets, keys->sets, keys->n * sizeof(*sets));
    tw_locked_free(keys->sets, keys->size * sizeof(*sets));
    keys->sets = sets;
    keys->size = size;
    return true;
}

/* The newest set of this channel and token that lacks this value, or a new one. */
static struct tw_key_set *set_for(struct reader *r, const struct entry *e)
{
    struct tw_opcua_keys *keys = r->keys;
    for (size_t i = keys->n; i > 0 && keys->n - i < LOOK_BACK; i--) {
        struct tw_key_set *set = &keys->sets[i - 1];
        if (set->channel == e->channel && set->token == e->token && !(set->given & (1u << e->name)))
            return set;
    }
    if (keys->n == keys->size && !grow(keys)) {
        r->no_memory = true;
        return NULL;
    }
    struct tw_key_set *set = &keys->sets[keys->n++];
    *set = (struct tw_key_set){.channel = e->channel, .token = e->token, .line = r->number};
    return set;
}

static void set_iv(struct reader *r, struct tw_side_keys *k, struct tw_str value)
{
    if (!all_hex(r, value))
        return;
    if (value.len != 2 * TW_IV && value.len != 2 * AEAD_IV) {
        mistake(r, value, "an IV is 32 hexadecimal digits, not %zu", value.len);
        return;
    }
    read_hex(value, k->iv);
    k->iv_len = (uint8_t)(value.len / 2);
}

static void set_key(struct reader *r, struct tw_side_keys *k, struct tw_str value)
{
    if (!all_hex(r, value))
        return;
    if (value.len != 2 * TW_AES128 && value.len != 2 * TW_AES256) {
        mistake(r, value, "a key is 32 or 64 hexadecimal digits (AES-128, AES-256), not %zu",
            value.len);
        return;
    }
    read_hex(value, k->key);
    k->key_len = (uint8_t)(value.len / 2);
}

/* HMAC-SHA1, HMAC-SHA256, HMAC-SHA384; and the tag of the AEAD policies [UA7 6.6]. */
static void set_signature(struct reader *r, struct tw_side_keys *k, struct tw_str value)
{
    static const uint8_t lengths[] = {20, 32, 48, AEAD_SIGNATURE};
    uint32_t n;
    bool ok = decimal(value, &n);
    for (size_t i = 0; ok && i < sizeof(lengths); i++) {
        if (lengths[i] == n) {
            k->signature = lengths[i];
            return;
        }
    }
    mistake(r, value, "a signature takes 20, 32 or 48 bytes");
}

static void read_line(struct reader *r)
{
    static void (*const setters[FIELDS])(struct reader *, struct tw_side_keys *, struct tw_str) = {
        set_iv, set_key, set_signature};
    struct tw_str text = trim(r->line);
    struct entry e;
    if (text.len == 0 || text.p[0] == '#')
        return;
    size_t colon = nth(text, ':', 1);
    if (colon == text.len) {
        mistake(r, text, "a line is NAME: VALUE");
        return;
    }
    if (!read_name(r, trim(until(text, colon)), &e))
        return;
    e.value = trim(from(text, colon + 1));
    struct tw_key_set *set = set_for(r, &e);
    if (set == NULL)
        return;
    set->given |= (uint8_t)(1u << e.name);
    setters[e.name % FIELDS](r, &set->side[e.name / FIELDS], e.value);
}

static void read_lines(struct reader *r, struct tw_str text)
{
    const struct tw_str mark = TW_STR("\xef\xbb\xbf");
    if (tw_str_starts(text, mark))
        text = from(text, mark.len);
    while (text.len > 0 && !r->no_memory) {
        size_t n = nth(text, '\n', 1);
        r->number++;
        r->line = until(text, n);
        text = from(text, n < text.len ? n + 1 : n);
        if (r->line.len > 0 && r->line.p[r->line.len - 1] == '\r')
            r->line.len--;
        read_line(r);
    }
    r->line = TW_STR_NONE;
}

static bool is_aead(const struct tw_side_keys *k)
{
    return k->iv_len == AEAD_IV || k->signature == AEAD_SIGNATURE;
}

static void about_set(
    struct reader *r, const struct tw_key_set *set, bool warning, const char *what)
{
    char text[200];
    struct tw_opcua_keys_problem p = {.line = set->line, .column = 1, .warning = warning};
    snprintf(text, sizeof(text), "channel %u, token %u: %s", set->channel, set->token, what);
    report(r, &p, text);
}

static void check_set(struct reader *r, struct tw_key_set *set)
{
    bool whole = set->given == ALL_GIVEN;
    for (unsigned i = 0; i < NAMES && !whole; i++) {
        char what[64];
        if (set->given & (1u << i))
            continue;
        snprintf(what, sizeof(what), "%s is missing", tw_opcua_keys_names[i]);
        about_set(r, set, false, what);
    }
    const struct tw_side_keys *client = &set->side[TW_CLIENT], *server = &set->side[TW_SERVER];
    set->usable = whole && !is_aead(client) && !is_aead(server);
    if (whole && !set->usable)
        about_set(r, set, true,
            "not used: keys of a policy with AES-GCM or ChaCha20-Poly1305 (ECC_*, RSA_DH_*); only "
            "the AES-CBC policies are decrypted");
}

struct tw_opcua_keys *tw_opcua_keys_parse(
    struct tw_str text, tw_opcua_keys_problem_fn problem, void *user)
{
    struct reader r = {.problem = problem, .user = user};
    r.keys = calloc(1, sizeof(*r.keys));
    if (r.keys != NULL) {
        tw_locked_begin();
        read_lines(&r, text);
        for (size_t i = 0; i < r.keys->n; i++)
            check_set(&r, &r.keys->sets[i]);
    }
    struct tw_opcua_keys_problem p = {.column = 0};
    if (r.keys == NULL || r.no_memory || !tw_opcua_keys_index(r.keys)) {
        report(&r, &p, "out of memory");
    } else if (r.keys->n == 0 && !r.failed) {
        p.warning = true;
        report(&r, &p, "there are no keys in it");
    }
    if (!r.failed)
        return r.keys;
    tw_opcua_keys_free(r.keys);
    return NULL;
}

/* All of a file, a pipe as well. False with a text for people. */
static bool read_all(int fd, char *buffer, size_t size, size_t *out_len, const char **out_error)
{
    size_t len = 0;
    for (;;) {
        ssize_t n = read(fd, buffer + len, size - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            *out_error = strerror(errno);
            return false;
        }
        if (n == 0)
            break;
        len += (size_t)n;
        if (len == size) {
            *out_error = "longer than 16 MiB";
            return false;
        }
    }
    *out_len = len;
    return true;
}

struct tw_opcua_keys *tw_opcua_keys_load(
    const char *path, tw_opcua_keys_problem_fn problem, void *user)
{
    struct reader r = {.problem = problem, .user = user};
    struct tw_opcua_keys_problem p = {.line = 0};
    struct tw_opcua_keys *keys = NULL;
    const char *error = NULL;
    size_t len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        report(&r, &p, strerror(errno));
        return NULL;
    }
    tw_locked_begin();
    char *buffer = tw_locked_new(MOST_BYTES);
    if (buffer == NULL)
        error = "out of memory";
    else if (read_all(fd, buffer, MOST_BYTES, &len, &error))
        keys = tw_opcua_keys_parse((struct tw_str){buffer, len}, problem, user);
    if (error != NULL)
        report(&r, &p, error);
    tw_locked_free(buffer, MOST_BYTES);
    tw_locked_end();
    close(fd);
    return keys;
}
