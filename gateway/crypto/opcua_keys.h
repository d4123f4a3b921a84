#pragma once
/* Keys of OPC UA SecureChannels from the key log that Wireshark 4.4 and later reads (its preference
 * "OPCUA debug file"), and the opening of chunks with them. Six lines are one set of keys:
 *
 *     client_iv_CHANNEL_TOKEN: 32 hexadecimal digits
 *     client_key_CHANNEL_TOKEN: 32 or 64 hexadecimal digits
 *     client_siglen_CHANNEL_TOKEN: 20, 32 or 48
 *     server_iv_…, server_key_…, server_siglen_… likewise
 *
 * CHANNEL and TOKEN are decimal. Blank lines and lines that begin with '#' are skipped. The format
 * has no signing keys, so signatures are not verified; padding is. Servers number their channels
 * alike, so there may be several sets for the same channel and token: which one it is, a message
 * tells.
 *
 * A set of keys is read only once loaded and may be shared by threads; an opener belongs to one. */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct tw_opcua_keys;

/* A mistake. Never quotes a value. */
struct tw_opcua_keys_problem {
    unsigned line, column; /* 1-based; line 0: the file itself */
    bool warning;
    const char *text;   /* valid during the call, as are the next two */
    const char *source; /* the line, its values masked; NULL: none */
    struct tw_str
        word; /* a name that is none, for a suggestion; may be a secret: not to be shown */
};
typedef void (*tw_opcua_keys_problem_fn)(void *user, const struct tw_opcua_keys_problem *problem);

/* What `word` may have been meant to be; ended by NULL. */
extern const char *const tw_opcua_keys_names[];

/* NULL when anything but warnings was reported. While keys are held there is no core dump. */
struct tw_opcua_keys *tw_opcua_keys_load(
    const char *path, tw_opcua_keys_problem_fn problem, void *user);
/* The same for bytes in memory; the caller overwrites them. */
struct tw_opcua_keys *tw_opcua_keys_parse(
    struct tw_str text, tw_opcua_keys_problem_fn problem, void *user);
void tw_opcua_keys_free(struct tw_opcua_keys *keys);
/* Sets that can be used. */
size_t tw_opcua_keys_count(const struct tw_opcua_keys *keys);

struct tw_opcua_opener;

/* `keys` must live as long. NULL when memory is short. */
struct tw_opcua_opener *tw_opcua_opener_new(const struct tw_opcua_keys *keys);
void tw_opcua_opener_free(struct tw_opcua_opener *o);
/* How many sets there are for this channel and token. */
unsigned tw_opcua_opener_sets(const struct tw_opcua_opener *o, uint32_t channel, uint32_t token);

struct tw_opcua_chunk_sealed {
    uint32_t channel, token;
    unsigned set; /* below tw_opcua_opener_sets() */
    bool from_client;
    const void *p; /* from the sequence header on [UA6 6.7.2.4] */
    size_t len;
};
/* Decrypt into `out`, which has room for sealed->len bytes. What stands before the padding is
 * `*out_len` bytes; `*out_padding` is how many bytes of padding were found right, the size of the
 * padding not counted [UA6 6.7.2.5]. False: these are not the keys, or it is damaged; `out` then
 * holds garbage. Allocates nothing. */
bool tw_opcua_opener_open(struct tw_opcua_opener *o, const struct tw_opcua_chunk_sealed *sealed,
    void *out, size_t *out_len, unsigned *out_padding);
