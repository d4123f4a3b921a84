#pragma once
/* Scalars of JSON as values of events, and the leaves of a container. Between payload.c, which
 * reads a payload, and payload_give.c, which tells of it. */

#include "protocol/payload.h"
#include "protocol/pubsub/json.h"

/* A string value, unescaped into `scratch` (TW_MAX_EVENT_STRING bytes) where it has to be, cut to
 * what an event keeps. */
struct tw_value tw_payload_string(const struct tw_json_token *t, char *scratch);
/* The value of a scalar token and its type (NULL for null); false for any other token. */
bool tw_payload_scalar(
    const struct tw_json_token *t, char *scratch, struct tw_value *out, const char **out_type);
/* What the leaves of a valid container are called: their JSON Pointers, in document order. */
typedef void (*tw_payload_name_fn)(void *user, struct tw_str path, bool is_secret, bool is_cut);
void tw_payload_names(struct tw_str text, tw_payload_name_fn name, void *user);
/* Every leaf of the container as a copy of `message`; with those of `pubsub` (NULL: it is none) the
 * facts of their DataSetMessage. */
void tw_payload_expand_json(const struct tw_payload *p, const struct tw_event *message,
    struct tw_pubsub_json *pubsub, tw_pass_fn pass, const struct tw_emit *out);
