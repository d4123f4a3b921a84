/* Key logs of TLS, and behind a zero byte a record of a session. Properties: no line of a log,
 * whatever it holds, does harm; what is wrong is told with its line; a file holds what its bytes
 * hold; what is opened is authentic: with any bit of it changed it is not opened. */

#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cursor.h"
#include "crypto/tls_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 4096, ENCRYPT_THEN_MAC = 1, FROM_CLIENT = 2 };

static void told(void *user, const struct tw_tls_keys_problem *p)
{
    unsigned *n = user;
    assert(p->text != NULL);
    ++*n;
}

/* Flags, updates, sequence number, suite, type, versions, randoms; the rest is the record. */
static bool read_record(struct tw_cur c, struct tw_tls_sealed *out)
{
    uint8_t flags, updates, sequence;
    struct tw_str client, server;
    struct tw_tls_sealed r = {.suite = 0};
    if (!tw_cur_u8(&c, &flags) || !tw_cur_u8(&c, &updates) || !tw_cur_u8(&c, &sequence) ||
        !tw_cur_u16be(&c, &r.suite) || !tw_cur_u8(&c, &r.type) || !tw_cur_u16be(&c, &r.version) ||
        !tw_cur_u16be(&c, &r.record_version) || !tw_cur_bytes(&c, TW_TLS_RANDOM, &client) ||
        !tw_cur_bytes(&c, TW_TLS_RANDOM, &server) || c.left == 0 || c.left > MOST)
        return false;
    r.encrypt_then_mac = (flags & ENCRYPT_THEN_MAC) != 0;
    r.from_client = (flags & FROM_CLIENT) != 0;
    r.updates = updates;
    r.sequence = sequence;
    r.client_random = (const uint8_t *)client.p;
    r.server_random = (const uint8_t *)server.p;
    r.p = c.p;
    r.len = c.left;
    *out = r;
    return true;
}

static void open_record(struct tw_tls_opener *o, struct tw_tls_sealed r)
{
    uint8_t out[MOST], changed[MOST], type = 0;
    size_t len = 0;
    (void)tw_tls_opener_can(r.version, r.suite);
    if (!tw_tls_opener_open(o, &r, out, &len, &type))
        return;
    assert(tw_tls_opener_knows(o, r.client_random) && len < r.len);
    memcpy(changed, r.p, r.len);
    r.p = changed;
    for (size_t i = 0; i < r.len; i += 1 + r.len / 16) {
        changed[i] ^= (uint8_t)(1 << i % 8);
        assert(!tw_tls_opener_open(o, &r, out, &len, &type));
        changed[i] ^= (uint8_t)(1 << i % 8);
    }
    r.sequence++;
    assert(!tw_tls_opener_open(o, &r, out, &len, &type));
}

/* The same from a file; only of logs that begin with a remark, since a buffer is locked for it. */
static void load(struct tw_str log, const struct tw_tls_keys *parsed, unsigned parsed_problems)
{
    char path[32];
    unsigned problems = 0;
    const int fd = memfd_create("log", MFD_CLOEXEC);
    assert(fd >= 0 && write(fd, log.p, log.len) == (ssize_t)log.len);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    struct tw_tls_keys *keys = tw_tls_keys_load(path, told, &problems);
    assert((keys != NULL) == (parsed != NULL) && problems == parsed_problems);
    assert(keys == NULL || tw_tls_keys_count(keys) == tw_tls_keys_count(parsed));
    tw_tls_keys_free(keys);
    close(fd);
    assert(tw_tls_keys_load(path, told, &problems) == NULL && problems == parsed_problems + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned problems = 0;
    struct tw_tls_sealed r;
    struct tw_cur all = tw_cur_of(data, size), log;
    const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
    if (!tw_cur_sub(&all, end != NULL ? (size_t)(end - data) : size, &log))
        return 0;
    struct tw_tls_keys *keys = tw_tls_keys_parse(tw_cur_rest(&log), told, &problems);
    if (size > 0 && data[0] == '#')
        load(tw_cur_rest(&log), keys, problems);
    if (keys == NULL) {
        assert(problems > 0);
        return 0;
    }
    struct tw_tls_opener *o = tw_tls_opener_new(keys);
    assert(o != NULL);
    if (tw_cur_skip(&all, 1) && read_record(all, &r))
        open_record(o, r);
    tw_tls_opener_free(o);
    tw_tls_keys_free(keys);
    return 0;
}
