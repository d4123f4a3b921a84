#pragma once
/* Names of the numbers of OPC UA: status codes, attributes, built-in types. Static tables. */

#include "base/str.h"

enum { TW_OPCUA_STATUS_TEXT = 12 };

/* The symbolic name of a status code, its flag bits ignored; a code that is not in the standard is
 * written as "0x80AB1234" into `out`, which the result then borrows. */
struct tw_str tw_opcua_status_text(uint32_t code, char out[TW_OPCUA_STATUS_TEXT]);

static inline bool tw_opcua_is_bad(uint32_t code)
{
    return (code & 0x80000000u) != 0;
}

/* "Value", "DisplayName", …; absent for numbers that are no attribute [UA6 A.1]. */
struct tw_str tw_opcua_attribute_name(uint32_t id);

/* The built-in types by their numbers on the wire [UA6 5.1.2]. */
enum tw_opcua_type {
    TW_UA_NULL,
    TW_UA_BOOLEAN,
    TW_UA_SBYTE,
    TW_UA_BYTE,
    TW_UA_INT16,
    TW_UA_UINT16,
    TW_UA_INT32,
    TW_UA_UINT32,
    TW_UA_INT64,
    TW_UA_UINT64,
    TW_UA_FLOAT,
    TW_UA_DOUBLE,
    TW_UA_STRING,
    TW_UA_DATETIME,
    TW_UA_GUID,
    TW_UA_BYTESTRING,
    TW_UA_XMLELEMENT,
    TW_UA_NODEID,
    TW_UA_EXPANDEDNODEID,
    TW_UA_STATUSCODE,
    TW_UA_QUALIFIEDNAME,
    TW_UA_LOCALIZEDTEXT,
    TW_UA_EXTENSIONOBJECT,
    TW_UA_DATAVALUE,
    TW_UA_VARIANT,
    TW_UA_DIAGNOSTICINFO,
    TW_UA_TYPES, /* 26 to 31 are reserved and read as ByteString [UA6 5.2.2.16] */
};

/* "Double", or "Double[]" for arrays. */
const char *tw_opcua_type_name(unsigned type, bool array);
/* What an array of values of a type, as named by the former, is called; NULL for NULL. */
const char *tw_opcua_array_of(const char *type);
