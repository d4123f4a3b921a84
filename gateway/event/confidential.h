#pragma once
/* What a text gives away: keys, tokens, personal data. Pure functions on borrowed text; linear
 * time. Found things are named, never returned. */

#include "event/event.h"

/* "private-key": PEM [RFC7468]; "access-key": of AWS; "token": a JSON Web Token [RFC7519 3]. NULL:
 * none. */
const char *tw_confidential_secret(struct tw_str text);
/* "resident-id": 18 digits whose place, date of birth and check digit agree [GB 11643]; "phone-
 * number": a Chinese mobile number that stands by itself. NULL: none. */
const char *tw_confidential_personal(struct tw_str text);
/* Does the place of a value (a JSON Pointer), or the text itself, say that it is about a person? */
bool tw_confidential_named(struct tw_str field, struct tw_str text);

/* The address that gets the value of an event. */
static inline const struct tw_ip *tw_value_receiver(const struct tw_event *e)
{
    static const uint32_t asked = 1u << TW_ACTION_READ | 1u << TW_ACTION_HISTORY_READ;
    return (asked & 1u << e->action) != 0 ? &e->src.ip : &e->dst.ip;
}
