#pragma once
/* What agents publish about themselves, as inventory entries. Two forms are known, both JSON or
 * YAML: the tool policy of an MCP server for OPC UA (version 1: profile, control.writable_nodes
 * with min, max, enum, max_change, control.callable_methods), and the configuration of an MCP
 * server with named controls (version 1: connection, read.roots, controls.items with dataType,
 * unit, min, max, cooldownMs, riskLevel). Every member becomes part of an entry or is named in a
 * comment as not mapped; what is wrong is said with line and column. */

#include "config/yaml.h"

struct tw_import;

struct tw_import *tw_import_new(void);
void tw_import_free(struct tw_import *i);
/* Take a file in. False when there are errors in it, or memory is short: they are in `diags`. */
bool tw_import_file(struct tw_import *i, const char *path, struct tw_diags *diags);
/* The same for bytes; `name` is for messages and for the id of the AI system. */
bool tw_import_bytes(
    struct tw_import *i, const char *name, const char *bytes, size_t n, struct tw_diags *diags);
/* An inventory of what was taken in: YAML with comments. */
void tw_import_write(const struct tw_import *i, struct tw_text *out);
