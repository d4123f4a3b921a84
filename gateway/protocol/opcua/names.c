#include "protocol/opcua/names.h"

static const char *const attributes[] = {
    [1] = "NodeId",
    "NodeClass",
    "BrowseName",
    "DisplayName",
    "Description",
    "WriteMask",
    "UserWriteMask",
    "IsAbstract",
    "Symmetric",
    "InverseName",
    "ContainsNoLoops",
    "EventNotifier",
    "Value",
    "DataType",
    "ValueRank",
    "ArrayDimensions",
    "AccessLevel",
    "UserAccessLevel",
    "MinimumSamplingInterval",
    "Historizing",
    "Executable",
    "UserExecutable",
    "DataTypeDefinition",
    "RolePermissions",
    "UserRolePermissions",
    "AccessRestrictions",
    "AccessLevelEx",
};

struct tw_str tw_opcua_attribute_name(uint32_t id)
{
    if (id >= sizeof(attributes) / sizeof(attributes[0]))
        return TW_STR_NONE;
    return tw_str_of(attributes[id]);
}

#define TYPE_NAME(name)                                                                            \
    {                                                                                              \
        name, name "[]"                                                                            \
    }
static const char *const types[TW_UA_TYPES][2] = {
    [TW_UA_NULL] = {NULL, NULL},
    [TW_UA_BOOLEAN] = TYPE_NAME("Boolean"),
    [TW_UA_SBYTE] = TYPE_NAME("SByte"),
    [TW_UA_BYTE] = TYPE_NAME("Byte"),
    [TW_UA_INT16] = TYPE_NAME("Int16"),
    [TW_UA_UINT16] = TYPE_NAME("UInt16"),
    [TW_UA_INT32] = TYPE_NAME("Int32"),
    [TW_UA_UINT32] = TYPE_NAME("UInt32"),
    [TW_UA_INT64] = TYPE_NAME("Int64"),
    [TW_UA_UINT64] = TYPE_NAME("UInt64"),
    [TW_UA_FLOAT] = TYPE_NAME("Float"),
    [TW_UA_DOUBLE] = TYPE_NAME("Double"),
    [TW_UA_STRING] = TYPE_NAME("String"),
    [TW_UA_DATETIME] = TYPE_NAME("DateTime"),
    [TW_UA_GUID] = TYPE_NAME("Guid"),
    [TW_UA_BYTESTRING] = TYPE_NAME("ByteString"),
    [TW_UA_XMLELEMENT] = TYPE_NAME("XmlElement"),
    [TW_UA_NODEID] = TYPE_NAME("NodeId"),
    [TW_UA_EXPANDEDNODEID] = TYPE_NAME("ExpandedNodeId"),
    [TW_UA_STATUSCODE] = TYPE_NAME("StatusCode"),
    [TW_UA_QUALIFIEDNAME] = TYPE_NAME("QualifiedName"),
    [TW_UA_LOCALIZEDTEXT] = TYPE_NAME("LocalizedText"),
    [TW_UA_EXTENSIONOBJECT] = TYPE_NAME("ExtensionObject"),
    [TW_UA_DATAVALUE] = TYPE_NAME("DataValue"),
    [TW_UA_VARIANT] = TYPE_NAME("Variant"),
    [TW_UA_DIAGNOSTICINFO] = TYPE_NAME("DiagnosticInfo"),
};

const char *tw_opcua_array_of(const char *type)
{
    for (size_t i = 0; i < TW_UA_TYPES; i++)
        if (type != NULL && types[i][0] == type)
            return types[i][1];
    return type == NULL ? NULL : types[TW_UA_VARIANT][1];
}

const char *tw_opcua_type_name(unsigned type, bool array)
{
    return types[type < TW_UA_TYPES ? type : TW_UA_BYTESTRING][array];
}
