#include "protocol/opcua/layout.h"
#include "protocol/opcua/names.h"

/* [UA8 5.6.2], [UA8 5.6.4.3], [UA3 8.6], [UA5 12.10], [UA5 12.4] */

static const struct tw_opcua_field range[] = {
    {.name = "Low", .type = TW_UA_DOUBLE},
    {.name = "High", .type = TW_UA_DOUBLE},
};

static const struct tw_opcua_field unit[] = {
    {.name = "NamespaceUri", .type = TW_UA_STRING},
    {.name = "UnitId", .type = TW_UA_INT32},
    {.name = "DisplayName", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "Description", .type = TW_UA_LOCALIZEDTEXT},
};

static const struct tw_opcua_field argument[] = {
    {.name = "Name", .type = TW_UA_STRING},
    {.name = "DataType", .type = TW_UA_NODEID},
    {.name = "ValueRank", .type = TW_UA_INT32},
    {.name = "ArrayDimensions", .type = TW_UA_UINT32, .array = true},
    {.name = "Description", .type = TW_UA_LOCALIZEDTEXT},
};

static const struct tw_opcua_field build_info[] = {
    {.name = "ProductUri", .type = TW_UA_STRING},
    {.name = "ManufacturerName", .type = TW_UA_STRING},
    {.name = "ProductName", .type = TW_UA_STRING},
    {.name = "SoftwareVersion", .type = TW_UA_STRING},
    {.name = "BuildNumber", .type = TW_UA_STRING},
    {.name = "BuildDate", .type = TW_UA_DATETIME},
};
static const struct tw_opcua_layout build_info_layout = TW_LAYOUT(build_info);

static const struct tw_opcua_field server_status[] = {
    {.name = "StartTime", .type = TW_UA_DATETIME},
    {.name = "CurrentTime", .type = TW_UA_DATETIME},
    {.name = "State", .type = TW_UA_INT32},
    {.name = "BuildInfo", .type = TW_UA_STRUCTURE, .of = &build_info_layout},
    {.name = "SecondsTillShutdown", .type = TW_UA_UINT32},
    {.name = "ShutdownReason", .type = TW_UA_LOCALIZEDTEXT},
};

static const struct tw_opcua_field enum_value[] = {
    {.name = "Value", .type = TW_UA_INT64},
    {.name = "DisplayName", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "Description", .type = TW_UA_LOCALIZEDTEXT},
};

static const struct tw_opcua_field time_zone[] = {
    {.name = "Offset", .type = TW_UA_INT16},
    {.name = "DaylightSavingInOffset", .type = TW_UA_BOOLEAN},
};

static const struct structure {
    uint32_t id;
    struct tw_opcua_layout layout;
} structures[] = {
    {298, TW_LAYOUT(argument)},
    {340, TW_LAYOUT(build_info)},
    {864, TW_LAYOUT(server_status)},
    {886, TW_LAYOUT(range)},
    {889, TW_LAYOUT(unit)},
    {8251, TW_LAYOUT(enum_value)},
    {8917, TW_LAYOUT(time_zone)},
};

const struct tw_opcua_layout *tw_opcua_structure(uint32_t encoding_id)
{
    for (size_t i = 0; i < sizeof(structures) / sizeof(structures[0]); i++)
        if (structures[i].id == encoding_id)
            return &structures[i].layout;
    return NULL;
}
