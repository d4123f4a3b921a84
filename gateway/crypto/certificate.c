#include "crypto/certificate.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/cursor.h"
#include "base/timefmt.h"
#include "crypto/digest.h"

enum { DER_SEQUENCE = 0x30, DER_LONG = 0x80, MAX_CERTIFICATE = 1 << 20 };

/* The length octets of a definite DER length [X.690 8.1.3]. */
static bool der_length(struct tw_cur *c, size_t *out)
{
    uint8_t first, byte;
    if (!tw_cur_u8(c, &first) || first == DER_LONG)
        return false;
    size_t n = first;
    if (first & DER_LONG) {
        n = 0;
        for (unsigned left = first & 0x7f; left > 0; left--) {
            if (!tw_cur_u8(c, &byte) || n > (SIZE_MAX >> 9))
                return false;
            n = n << 8 | byte;
        }
    }
    *out = n;
    return true;
}

/* The first SEQUENCE of `whole`, its header included; all of it when it does not begin with a whole
 * one. A chain is the leaf followed by its issuers [UA6 6.7.2.3]. */
static struct tw_cur first_certificate(struct tw_cur whole)
{
    struct tw_cur c = whole, first;
    uint8_t tag;
    size_t n;
    if (!tw_cur_u8(&c, &tag) || tag != DER_SEQUENCE || !der_length(&c, &n) || n > c.left)
        return whole;
    if (!tw_cur_sub(&whole, whole.left - c.left + n, &first))
        return whole;
    return first;
}

void tw_certificate_sha256(const void *p, size_t len, uint8_t out[32])
{
    struct tw_cur first = first_certificate(tw_cur_of(p, len));
    tw_sha256(first.p, first.left, out);
}

/* A URI with a NUL inside reads as two different ones, depending on who looks: it is none. */
static size_t copy_uri(const GENERAL_NAMES *names, char *out, size_t size)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_URI)
            continue;
        const ASN1_IA5STRING *uri = name->d.uniformResourceIdentifier;
        const unsigned char *text = ASN1_STRING_get0_data(uri);
        int n = ASN1_STRING_length(uri);
        if (n <= 0 || memchr(text, 0, (size_t)n) != NULL)
            return 0;
        return tw_str_copy(out, size, tw_str_bytes(text, (size_t)n));
    }
    return 0;
}

/* NULL when the bytes are none. */
static X509 *parse(const void *p, size_t len)
{
    struct tw_cur first = first_certificate(tw_cur_of(p, len));
    if (first.left == 0 || first.left > MAX_CERTIFICATE)
        return NULL;
    const unsigned char *at = first.p;
    return d2i_X509(NULL, &at, (long)first.left);
}

size_t tw_certificate_uri(const void *p, size_t len, char *out, size_t size)
{
    size_t n = 0;
    if (size == 0)
        return 0;
    out[0] = '\0';
    X509 *certificate = parse(p, len);
    if (certificate != NULL) {
        GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
        if (names != NULL)
            n = copy_uri(names, out, size);
        GENERAL_NAMES_free(names);
        X509_free(certificate);
    }
    /* OpenSSL queues why it refused; nobody asks, and the queue would only grow. */
    ERR_clear_error();
    return n;
}

/* As RFC 2253 has it, but UTF-8 as itself. */
static void name_text(const X509_NAME *name, char out[TW_CERTIFICATE_NAME])
{
    BIO *text = name == NULL ? NULL : BIO_new(BIO_s_mem());
    char *data = NULL;
    if (text != NULL &&
        X509_NAME_print_ex(text, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        long n = BIO_get_mem_data(text, &data);
        if (n > 0) {
            struct tw_str whole = {data, (size_t)n};
            tw_str_copy(out, TW_CERTIFICATE_NAME, tw_utf8_cut(whole, TW_CERTIFICATE_NAME - 1));
        }
    }
    BIO_free(text);
}

static int64_t time_ns(const ASN1_TIME *at)
{
    struct tm t;
    if (at == NULL || ASN1_TIME_to_tm(at, &t) != 1)
        return 0;
    int64_t year = INT64_C(1900) + t.tm_year;
    if (year < 1700 || year > 2250) /* 9999 stands for "never"; nanoseconds end before */
        return year > 2250 ? INT64_MAX : 0;
    int64_t days = tw_days_of_date(year, (unsigned)t.tm_mon + 1, (unsigned)t.tm_mday);
    return (((days * 24 + t.tm_hour) * 60 + t.tm_min) * 60 + t.tm_sec) * TW_NS_PER_S;
}

static void copy_name(int nid, char out[TW_CERTIFICATE_ALGORITHM])
{
    const char *name = nid == NID_undef ? NULL : OBJ_nid2ln(nid);
    if (name != NULL)
        tw_str_copy(out, TW_CERTIFICATE_ALGORITHM, tw_str_of(name));
}

static void read_key(const X509 *certificate, struct tw_certificate *out)
{
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    int bits = key == NULL ? 0 : EVP_PKEY_get_bits(key);
    if (key == NULL)
        return;
    const char *name = EVP_PKEY_get0_type_name(key);
    if (name != NULL)
        tw_str_copy(out->key, sizeof(out->key), tw_str_of(name));
    out->key_bits = bits > 0 ? (uint32_t)bits : 0;
}

bool tw_certificate_read(const void *p, size_t len, struct tw_certificate *out)
{
    X509 *certificate = parse(p, len);
    struct tw_certificate c = {.key_bits = 0};
    unsigned int n = sizeof(c.sha1);
    if (certificate != NULL) {
        const X509_NAME *subject = X509_get_subject_name(certificate);
        const X509_NAME *issuer = X509_get_issuer_name(certificate);
        X509_digest(certificate, EVP_sha1(), c.sha1, &n);
        name_text(subject, c.subject);
        name_text(issuer, c.issuer);
        c.self_signed = X509_NAME_cmp(subject, issuer) == 0;
        copy_name(X509_get_signature_nid(certificate), c.signature);
        c.not_before_ns = time_ns(X509_get0_notBefore(certificate));
        c.not_after_ns = time_ns(X509_get0_notAfter(certificate));
        read_key(certificate, &c);
        X509_free(certificate);
        *out = c;
    }
    ERR_clear_error();
    return certificate != NULL;
}
