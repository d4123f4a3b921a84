#pragma once
/* The header that begins every message chunk [UA6 7.1.2.2]. */

#include "protocol/protocol.h"

enum tw_opcua_message {
    TW_OPCUA_HEL,
    TW_OPCUA_ACK,
    TW_OPCUA_ERR,
    TW_OPCUA_RHE,
    TW_OPCUA_OPN,
    TW_OPCUA_MSG,
    TW_OPCUA_CLO,
    TW_OPCUA_MESSAGES
};

enum { TW_OPCUA_HEADER = 8 };

struct tw_opcua_header {
    uint8_t message; /* enum tw_opcua_message; TW_OPCUA_MESSAGES: none of them */
    char chunk;      /* 'F', 'C', 'A'; 0: none of them */
    uint32_t size;
};

/* False when the header is cut. */
bool tw_opcua_header(struct tw_cur *c, struct tw_opcua_header *out);

/* The least that a message of this type takes. */
uint32_t tw_opcua_min_message(unsigned message);

/* Can these bytes, all there are so far, be the start of one? */
bool tw_opcua_header_begins(struct tw_cur c);

/* A connection that has not been seen from its start, or after a loss: is this a chunk's beginning?
 */
bool tw_opcua_header_plausible(struct tw_cur c, uint32_t max_size);

enum tw_probe tw_opcua_probe(struct tw_cur bytes, unsigned direction, bool midstream);
