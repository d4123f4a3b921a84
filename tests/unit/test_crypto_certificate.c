#include "crypto/certificate.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/digest.h"
#include "guard.h"

/* A self-signed certificate with this subjectAltName; its DER in `out`. */
static size_t make_certificate(const char *san, uint8_t *out, size_t size)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME_add_entry_by_txt(
        X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"client", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, key);
    if (san != NULL) {
        X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
        assert_non_null(e);
        X509_add_ext(x, e, -1);
        X509_EXTENSION_free(e);
    }
    assert_true(X509_sign(x, key, NULL) > 0);
    unsigned char *at = out;
    int n = i2d_X509(x, NULL);
    assert_true(n > 0 && (size_t)n <= size);
    i2d_X509(x, &at);
    X509_free(x);
    EVP_PKEY_free(key);
    return (size_t)n;
}

static const struct {
    const char *san, *uri;
} names[] = {
    {"URI:urn:plant-a:ai-optimizer", "urn:plant-a:ai-optimizer"},
    {"DNS:host,URI:urn:first,URI:urn:second", "urn:first"},
    {"DNS:host", ""},
    {NULL, ""},
};

static void uri_is_the_first_of_the_alternative_names(void **state)
{
    (void)state;
    uint8_t der[2048];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char uri[64] = "before";
        size_t n = make_certificate(names[i].san, der, sizeof(der));
        size_t got = tw_certificate_uri(der, n, uri, sizeof(uri));
        assert_string_equal(uri, names[i].uri);
        assert_int_equal(got, strlen(names[i].uri));
    }
}

static void uri_is_cut_to_the_buffer(void **state)
{
    (void)state;
    uint8_t der[2048];
    char uri[8];
    size_t n = make_certificate("URI:urn:plant-a:x", der, sizeof(der));
    assert_int_equal(tw_certificate_uri(der, n, uri, sizeof(uri)), 7);
    assert_string_equal(uri, "urn:pla");
    assert_int_equal(tw_certificate_uri(der, n, uri, 0), 0);
}

static void digest_is_of_the_first_of_a_chain(void **state)
{
    (void)state;
    uint8_t der[4096], alone[32], chain[32];
    char uri[64];
    size_t first = make_certificate("URI:urn:leaf", der, 2048);
    size_t second = make_certificate("URI:urn:issuer", der + first, 2048);
    tw_certificate_sha256(der, first, alone);
    tw_certificate_sha256(der, first + second, chain);
    assert_memory_equal(alone, chain, 32);
    tw_sha256(der, first, chain);
    assert_memory_equal(alone, chain, 32);
    tw_certificate_uri(der, first + second, uri, sizeof(uri));
    assert_string_equal(uri, "urn:leaf");
}

/* No prefix of a certificate is one, and none is read beyond its end. */
static void every_truncation_is_refused(void **state)
{
    (void)state;
    uint8_t der[2048], digest[32], expected[32];
    char uri[64];
    struct guard g = guard_new();
    size_t n = make_certificate("URI:urn:leaf", der, sizeof(der));
    for (size_t len = 0; len < n; len++) {
        const uint8_t *p = guard_put(&g, der, len);
        assert_int_equal(tw_certificate_uri(p, len, uri, sizeof(uri)), 0);
        assert_string_equal(uri, "");
        tw_certificate_sha256(p, len, digest);
        tw_sha256(p, len, expected);
        assert_memory_equal(digest, expected, 32);
    }
    guard_free(&g);
}

static const struct {
    const char *bytes;
    size_t len;
} junk[] = {{"", 0}, {"\x30", 1}, {"\x30\x80", 2}, {"\x30\x84\xff\xff\xff\xff", 6},
    {"\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12}, {"\x30\x00", 2}, {"hello", 5}};

static void junk_has_no_uri(void **state)
{
    (void)state;
    char uri[64];
    for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++)
        assert_int_equal(tw_certificate_uri(junk[i].bytes, junk[i].len, uri, sizeof(uri)), 0);
}

static void everything_a_certificate_says(void **state)
{
    uint8_t der[2048], twice[4096];
    struct tw_certificate c;
    uint8_t sha1[EVP_MAX_MD_SIZE];
    unsigned n_sha1;
    (void)state;
    size_t n = make_certificate("URI:urn:a", der, sizeof(der));
    memcpy(twice, der, n);
    memcpy(twice + n, der, n);
    assert_true(tw_certificate_read(twice, 2 * n, &c));
    assert_string_equal(c.subject, "CN=client");
    assert_string_equal(c.issuer, "CN=client");
    assert_true(c.self_signed);
    assert_string_equal(c.key, "ED25519");
    assert_string_equal(c.signature, "ED25519");
    assert_int_equal(c.key_bits, 256);
    assert_true(
        c.not_before_ns > 0 && c.not_after_ns - c.not_before_ns == INT64_C(3600) * 1000000000);
    EVP_Digest(der, n, sha1, &n_sha1, EVP_sha1(), NULL);
    assert_memory_equal(c.sha1, sha1, sizeof(c.sha1));
}

static void what_is_no_certificate_is_not_read(void **state)
{
    struct guard g = guard_new();
    uint8_t der[2048];
    struct tw_certificate c = {.key_bits = 77};
    (void)state;
    size_t n = make_certificate(NULL, der, sizeof(der));
    for (size_t cut = 0; cut < n; cut++)
        assert_false(tw_certificate_read(guard_put(&g, der, cut), cut, &c));
    assert_int_equal(c.key_bits, 77);
    guard_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uri_is_the_first_of_the_alternative_names),
        cmocka_unit_test(uri_is_cut_to_the_buffer),
        cmocka_unit_test(digest_is_of_the_first_of_a_chain),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(junk_has_no_uri),
        cmocka_unit_test(everything_a_certificate_says),
        cmocka_unit_test(what_is_no_certificate_is_not_read),
    };
    return cmocka_run_group_tests_name("crypto certificate", tests, NULL, NULL);
}
