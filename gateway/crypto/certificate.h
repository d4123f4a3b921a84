#pragma once
/* What a passive observer reads from an X.509 certificate (DER). */

#include <stddef.h>
#include <stdint.h>

/* SHA-256 over the first certificate of a chain (concatenated DER) [UA6 6.7.2.3]. */
void tw_certificate_sha256(const void *p, size_t len, uint8_t out[32]);
/* The first URI of subjectAltName: the ApplicationUri that the certificate vouches for [UA6 6.2.2].
 * Returns its length, 0 when there is none or the bytes are no certificate. Terminated. */
size_t tw_certificate_uri(const void *p, size_t len, char *out, size_t size);
