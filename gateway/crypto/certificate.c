#include "crypto/certificate.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/cursor.h"
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

size_t tw_certificate_uri(const void *p, size_t len, char *out, size_t size)
{
    size_t n = 0;
    if (size == 0)
        return 0;
    out[0] = '\0';
    struct tw_cur first = first_certificate(tw_cur_of(p, len));
    if (first.left == 0 || first.left > MAX_CERTIFICATE)
        return 0;
    const unsigned char *at = first.p;
    X509 *certificate = d2i_X509(NULL, &at, (long)first.left);
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
