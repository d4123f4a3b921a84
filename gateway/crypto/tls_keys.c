#include "crypto/tls_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/locked.h"
#include "crypto/tls_secrets.h"

enum { MOST_BYTES = 16 << 20, FIRST_SECRETS = 64, LONGEST_LABEL = 64 };

struct reader {
    tw_tls_keys_problem_fn problem;
    void *user;
    struct tw_tls_keys *keys;
    unsigned number;
    bool failed, no_memory;
};

static void report(struct reader *r, bool warning, const char *text)
{
    const struct tw_tls_keys_problem p = {r->number, warning, text};
    r->failed = r->failed || !warning;
    r->problem(r->user, &p);
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* All of `s` as bytes; false when it is no such number of hexadecimal digits. */
static bool read_hex(struct tw_str s, uint8_t *out, size_t size)
{
    if (s.len != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = nibble(s.p[2 * i]), low = nibble(s.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static struct tw_str word(struct tw_str *line)
{
    while (line->len > 0 && (line->p[0] == ' ' || line->p[0] == '\t'))
        *line = (struct tw_str){line->p + 1, line->len - 1};
    struct tw_str w = {line->p, 0};
    while (w.len < line->len && w.p[w.len] != ' ' && w.p[w.len] != '\t')
        w.len++;
    *line = (struct tw_str){line->p + w.len, line->len - w.len};
    return w;
}

static bool grow(struct tw_tls_keys *k)
{
    if (k->n < k->size)
        return true;
    const size_t more = k->size == 0 ? FIRST_SECRETS : k->size * 2;
    struct tw_tls_secret *bigger = tw_locked_new(more * sizeof(*bigger));
    if (bigger == NULL)
        return false;
    if (k->n > 0)
        memcpy(bigger, k->secrets, k->n * sizeof(*bigger));
    tw_locked_free(k->secrets, k->size * sizeof(*bigger));
    k->secrets = bigger;
    k->size = more;
    return true;
}

/* -1 for a label whose secret is of no use here; the log of a browser is full of them. */
static int kind_of(struct tw_str label)
{
    if (tw_str_is(label, "CLIENT_RANDOM"))
        return TW_TLS_MASTER;
    if (tw_str_is(label, "CLIENT_TRAFFIC_SECRET_0"))
        return TW_TLS_CLIENT;
    return tw_str_is(label, "SERVER_TRAFFIC_SECRET_0") ? TW_TLS_SERVER : -1;
}

static bool is_label(struct tw_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!(s.p[i] >= 'A' && s.p[i] <= 'Z') && !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '_')
            return false;
    }
    return s.len > 0 && s.len <= LONGEST_LABEL;
}

static void read_line(struct reader *r, struct tw_str line)
{
    struct tw_tls_keys *k = r->keys;
    struct tw_str label = word(&line), random = word(&line), secret = word(&line);
    if (label.len == 0 || label.p[0] == '#')
        return;
    const int kind = kind_of(label);
    if (!is_label(label) || secret.len == 0 || word(&line).len > 0) {
        report(r, false, "a line is LABEL CLIENT-RANDOM SECRET");
        return;
    }
    if (kind < 0)
        return;
    if (!grow(k)) {
        r->no_memory = true;
        return;
    }
    struct tw_tls_secret *s = &k->secrets[k->n];
    s->kind = (uint8_t)kind;
    s->len = (uint8_t)(secret.len == 64 && kind != TW_TLS_MASTER ? 32 : TW_TLS_SECRET);
    if (!read_hex(random, s->client_random, sizeof(s->client_random)))
        report(r, false, "the client random is 64 hexadecimal digits");
    else if (!read_hex(secret, s->secret, s->len))
        report(r, false,
            kind == TW_TLS_MASTER ? "the secret is 96 hexadecimal digits"
                                  : "the secret is 64 or 96 hexadecimal digits");
    else
        k->n++;
}

static void read_lines(struct reader *r, struct tw_str text)
{
    while (text.len > 0 && !r->no_memory) {
        const char *end = memchr(text.p, '\n', text.len);
        struct tw_str line = {text.p, end != NULL ? (size_t)(end - text.p) : text.len};
        size_t used = line.len + (end != NULL);
        text = (struct tw_str){text.p + used, text.len - used};
        r->number++;
        if (line.len > 0 && line.p[line.len - 1] == '\r')
            line.len--;
        read_line(r, line);
    }
    r->number = 0;
}

struct tw_tls_keys *tw_tls_keys_parse(
    struct tw_str text, tw_tls_keys_problem_fn problem, void *user)
{
    struct reader r = {.problem = problem, .user = user};
    r.keys = calloc(1, sizeof(*r.keys));
    if (r.keys != NULL) {
        tw_locked_begin();
        read_lines(&r, text);
    }
    if (r.keys == NULL || r.no_memory || !tw_tls_keys_index(r.keys))
        report(&r, false, "out of memory");
    else if (r.keys->n == 0 && !r.failed)
        report(&r, true, "there are no secrets in it that open application data");
    if (!r.failed)
        return r.keys;
    tw_tls_keys_free(r.keys);
    return NULL;
}

/* All of a file, a pipe as well. NULL, or what went wrong. */
static const char *read_all(int fd, char *buffer, size_t size, size_t *out_len)
{
    size_t len = 0;
    for (;;) {
        ssize_t n = read(fd, buffer + len, size - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return strerror(errno);
        if (n == 0)
            break;
        len += (size_t)n;
        if (len == size)
            return "longer than 16 MiB";
    }
    *out_len = len;
    return NULL;
}

struct tw_tls_keys *tw_tls_keys_load(const char *path, tw_tls_keys_problem_fn problem, void *user)
{
    struct reader r = {.problem = problem, .user = user};
    struct tw_tls_keys *keys = NULL;
    size_t len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        report(&r, false, strerror(errno));
        return NULL;
    }
    tw_locked_begin();
    char *buffer = tw_locked_new(MOST_BYTES);
    const char *error = buffer == NULL ? "out of memory" : read_all(fd, buffer, MOST_BYTES, &len);
    if (error != NULL)
        report(&r, false, error);
    else
        keys = tw_tls_keys_parse((struct tw_str){buffer, len}, problem, user);
    tw_locked_free(buffer, MOST_BYTES);
    tw_locked_end();
    close(fd);
    return keys;
}

void tw_tls_keys_free(struct tw_tls_keys *keys)
{
    if (keys == NULL)
        return;
    tw_locked_free(keys->secrets, keys->size * sizeof(*keys->secrets));
    free(keys->sorted);
    free(keys);
    tw_locked_end();
}

size_t tw_tls_keys_count(const struct tw_tls_keys *keys)
{
    return keys->n;
}

static int order_of(const struct tw_tls_secret *s, const uint8_t *random, unsigned kind)
{
    int c = memcmp(s->client_random, random, TW_TLS_RANDOM);
    return c != 0 ? c : (int)s->kind - (int)kind;
}

/* Only places are sorted: a sorter may keep copies of what it moves. */
static int order(const void *a, const void *b, void *user)
{
    const struct tw_tls_secret *all = user;
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    int c = order_of(&all[i], all[k].client_random, all[k].kind);
    return c != 0 ? c : i < k ? -1 : i > k;
}

bool tw_tls_keys_index(struct tw_tls_keys *keys)
{
    keys->sorted = calloc(keys->n ? keys->n : 1, sizeof(*keys->sorted));
    if (keys->sorted == NULL)
        return false;
    for (size_t i = 0; i < keys->n; i++)
        keys->sorted[i] = (uint32_t)i;
    qsort_r(keys->sorted, keys->n, sizeof(*keys->sorted), order, keys->secrets);
    return true;
}

const struct tw_tls_secret *tw_tls_keys_find(
    const struct tw_tls_keys *keys, const uint8_t random[TW_TLS_RANDOM], unsigned kind)
{
    size_t low = 0, high = keys->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (order_of(&keys->secrets[keys->sorted[middle]], random, kind) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    const struct tw_tls_secret *s = &keys->secrets[keys->sorted[low - 1]];
    return order_of(s, random, kind) == 0 ? s : NULL;
}
