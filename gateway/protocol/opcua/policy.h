#pragma once
/* Security policies: how long their signatures are and how their sequence numbers run [UA7 6.6]. */

#include "base/str.h"

struct tw_opcua_policy {
    const char *name;  /* the part of the URI after '#' */
    uint8_t signature; /* bytes at the end of a signed chunk */
    bool zero_based;   /* sequence numbers start at 0 and wrap at 2^32 [UA6 6.7.2.4] */
};

/* AES-GCM or ChaCha20-Poly1305: a tag of 16 bytes, which no other policy has. */
static inline bool tw_opcua_policy_is_aead(const struct tw_opcua_policy *policy)
{
    return policy != NULL && policy->signature == 16;
}

/* NULL for a URI that is no policy of the standard. */
const struct tw_opcua_policy *tw_opcua_policy_of(struct tw_str uri);

/* What a policy is called in events: the part after '#', or all of it. */
struct tw_str tw_opcua_policy_name(struct tw_str uri);

enum tw_opcua_mode { TW_OPCUA_MODE_UNKNOWN, TW_OPCUA_NONE, TW_OPCUA_SIGN, TW_OPCUA_ENCRYPT };
/* "None", "Sign", "SignAndEncrypt"; absent for anything else. */
struct tw_str tw_opcua_mode_name(uint32_t mode);
