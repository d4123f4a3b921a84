#pragma once
/* SHA-256 through OpenSSL, with contexts made once. */

#include <stddef.h>
#include <stdint.h>

void tw_sha256(const void *p, size_t len, uint8_t out[32]);
/* 64 lower-case hex digits and a terminator. */
void tw_sha256_hex(const void *p, size_t len, char out[65]);
/* UUID version 5 [RFC 9562 5.5] over `name` in tierwatch's own namespace; 36 characters and a
 * terminator. */
void tw_uuid5(const void *name, size_t len, char out[37]);

struct tw_sha256_stream;
struct tw_sha256_stream *tw_sha256_begin(void);
void tw_sha256_add(struct tw_sha256_stream *s, const void *p, size_t len);
/* Ends and frees. */
void tw_sha256_end(struct tw_sha256_stream *s, uint8_t out[32]);
