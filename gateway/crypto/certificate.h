#pragma once
/* What a passive observer reads from an X.509 certificate (DER). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SHA-256 over the first certificate of a chain (concatenated DER) [UA6 6.7.2.3]. */
void tw_certificate_sha256(const void *p, size_t len, uint8_t out[32]);
/* The first URI of subjectAltName: the ApplicationUri that the certificate vouches for [UA6 6.2.2].
 * Returns its length, 0 when there is none or the bytes are no certificate. Terminated. */
size_t tw_certificate_uri(const void *p, size_t len, char *out, size_t size);

enum { TW_CERTIFICATE_NAME = 256, TW_CERTIFICATE_ALGORITHM = 48 };

/* Text is terminated and may be cut; "" where there is none. */
struct tw_certificate {
    uint8_t sha1[20];
    char subject[TW_CERTIFICATE_NAME], issuer[TW_CERTIFICATE_NAME]; /* RFC 2253, UTF-8 */
    char key[TW_CERTIFICATE_ALGORITHM];                             /* "RSA", "EC", "ED25519" */
    char signature[TW_CERTIFICATE_ALGORITHM];                       /* "sha256WithRSAEncryption" */
    uint32_t key_bits;                                              /* 0: not known */
    bool self_signed;                    /* issuer and subject are the same name */
    int64_t not_before_ns, not_after_ns; /* 0: not readable */
};
/* The first certificate of a chain; false when the bytes are no certificate. */
bool tw_certificate_read(const void *p, size_t len, struct tw_certificate *out);
