/* Key logs of TLS. Properties: no line of a log, whatever it holds, does harm; what is wrong is
 * told with its line; an opener opens nothing with it that is not authentic. */

#include <assert.h>

#include "crypto/tls_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void told(void *user, const struct tw_tls_keys_problem *p)
{
    unsigned *n = user;
    assert(p->text != NULL);
    ++*n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t suites[] = {0x1301, 0x1302, 0x1303, 0xc02f, 0xc027, 0x0035, 0xcca8, 5};
    unsigned problems = 0;
    struct tw_tls_keys *keys = tw_tls_keys_parse(tw_str_bytes(data, size), told, &problems);
    if (keys == NULL) {
        assert(problems > 0);
        return 0;
    }
    struct tw_tls_opener *o = tw_tls_opener_new(keys);
    assert(o != NULL);
    if (size >= 64) {
        uint8_t out[4096], random[TW_TLS_RANDOM], type;
        size_t len;
        for (size_t i = 0; i < TW_TLS_RANDOM; i++)
            random[i] = (uint8_t)i;
        struct tw_tls_sealed r = {.client_random = random,
            .server_random = random,
            .encrypt_then_mac = (data[0] & 1) != 0,
            .updates = data[1] & 1,
            .sequence = data[2],
            .type = 23,
            .record_version = TW_TLS_12,
            .p = data,
            .len = size < sizeof(out) ? size : sizeof(out)};
        for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
            r.suite = suites[i];
            for (r.version = TW_TLS_12; r.version <= TW_TLS_13; r.version++)
                assert(!tw_tls_opener_open(o, &r, out, &len, &type));
        }
    }
    tw_tls_opener_free(o);
    tw_tls_keys_free(keys);
    return 0;
}
