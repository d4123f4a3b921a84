#pragma once
/* The built-in types that are more than a number: strings, identifiers, times, and how they are
 * written as text [UA6 5.2.2]. Everything here borrows from the cursor's bytes. */

#include "base/arena.h"
#include "base/cursor.h"
#include "protocol/opcua/names.h"

/* String, ByteString, XmlElement: absent when null. False also for lengths below -1. */
TW_MUST_CHECK bool tw_opcua_string(struct tw_cur *c, struct tw_str *out);

/* The length of an array: a null array is counted as empty. False when its elements, of at least
 * `min_size` bytes each, can not fit into what is left. */
TW_MUST_CHECK bool tw_opcua_count(struct tw_cur *c, size_t min_size, uint32_t *out);

struct tw_opcua_node {
    char kind; /* 'i', 's', 'g' or 'b' */
    uint16_t ns;
    uint32_t id;          /* 'i' */
    struct tw_str text;   /* 's': the string, 'g': 16 bytes as on the wire, 'b': the bytes */
    struct tw_str ns_uri; /* ExpandedNodeId only */
    uint32_t server;      /* ExpandedNodeId only */
};

/* What `out` holds after a failure says nothing. */
TW_MUST_CHECK bool tw_opcua_node(struct tw_cur *c, struct tw_opcua_node *out);
TW_MUST_CHECK bool tw_opcua_expanded_node(struct tw_cur *c, struct tw_opcua_node *out);

static inline bool tw_opcua_node_is(const struct tw_opcua_node *node, uint32_t id)
{
    return node->kind == 'i' && node->ns == 0 && node->id == id;
}

/* The text form [UA6 5.3.1.10], [UA6 5.3.1.11]; identifiers longer than TW_MAX_EVENT_STRING are
 * cut. Absent when the arena is full. */
struct tw_str tw_opcua_node_text(struct tw_arena *a, const struct tw_opcua_node *node);

/* A stable digest of the identifier, never 0 but for the null NodeId. */
uint64_t tw_opcua_node_digest(const struct tw_opcua_node *node);

/* Guid as it is on the wire to its text, in upper case. */
enum { TW_OPCUA_GUID_TEXT = 36 };
void tw_opcua_guid_text(struct tw_str wire, char out[TW_OPCUA_GUID_TEXT]);

struct tw_opcua_name {
    uint16_t ns;
    struct tw_str name;
};
TW_MUST_CHECK bool tw_opcua_qualified_name(struct tw_cur *c, struct tw_opcua_name *out);
/* "1:Name", or "Name" in namespace 0. */
struct tw_str tw_opcua_name_text(struct tw_arena *a, const struct tw_opcua_name *name);

/* The text of a LocalizedText; `locale` may be NULL. */
TW_MUST_CHECK bool tw_opcua_localized_text(
    struct tw_cur *c, struct tw_str *locale, struct tw_str *text);

/* 1970 as a DateTime, which counts 100 ns since 1601; and how far from there nanoseconds reach. */
#define TW_OPCUA_EPOCH (INT64_C(11644473600) * 10000000)
#define TW_OPCUA_REACH (INT64_MAX / 100)

/* For times out of reach. */
int64_t tw_opcua_far_time_ns(int64_t ticks);

/* DateTime to ns since 1970, saturating; 0 for what is no time: zero, the least, the most. */
static inline int64_t tw_opcua_time_ns(int64_t ticks)
{
    const uint64_t least = TW_OPCUA_EPOCH - TW_OPCUA_REACH;
    if ((uint64_t)ticks - least > 2 * (uint64_t)TW_OPCUA_REACH)
        return tw_opcua_far_time_ns(ticks);
    return (ticks - TW_OPCUA_EPOCH) * 100;
}
/* ISO 8601, also for years that do not fit into nanoseconds. Returns the length. */
enum { TW_OPCUA_TIME_TEXT = 40 };
size_t tw_opcua_time_text(char out[TW_OPCUA_TIME_TEXT], int64_t ticks);

struct tw_opcua_extension {
    struct tw_opcua_node type;
    uint8_t encoding; /* 0 none, 1 binary, 2 XML */
    struct tw_cur body;
};
/* The same. */
TW_MUST_CHECK bool tw_opcua_extension(struct tw_cur *c, struct tw_opcua_extension *out);
