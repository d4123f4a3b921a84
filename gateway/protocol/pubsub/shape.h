#pragma once
/* How many bytes a structure takes as a RawData field: told from the descriptions that stand beside
 * the fields in the metadata [UA14 6.2.3.2, 7.2.4.5.11]. */

#include "event/event.h"
#include "protocol/opcua/types.h"

/* The descriptions of one DataSetMetaData, each list with its count, checked. */
struct tw_uadp_types {
    struct tw_cur structures, enumerations, simple;
    unsigned budget; /* descriptions that may still be looked at */
};

/* Read the three lists; `out` borrows. */
TW_MUST_CHECK bool tw_uadp_types(struct tw_cur *c, struct tw_uadp_types *out);

/* 0 when it is not known, or not the same for every value. */
uint32_t tw_uadp_structure_size(struct tw_uadp_types *types, const struct tw_opcua_node *type);
