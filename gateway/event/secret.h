#pragma once
/* Names whose values never leave the program: passwords, tokens, keys. */

#include "base/str.h"

#define TW_REDACTED TW_STR("(redacted)")

/* True when the last level of a JSON Pointer, topic or member name says that its value is a secret:
 * "password", "passwd", "secret", "token", "api_key", "apikey", "private_key", "authorization",
 * also as a suffix ("db_password") and in any case. */
bool tw_secret_name(struct tw_str name);
