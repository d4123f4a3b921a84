#pragma once
/* The keys of an inventory and the names among their values: for those who read one, and who write
 * one. */

#include "config/yaml.h"

const struct tw_key *tw_inventory_keys(void);
const char *const *tw_inventory_labels(void);   /* in the order of enum tw_label, from MODE on */
const char *const *tw_inventory_roles(void);    /* in the order of enum tw_role, from COMMAND on */
const char *const *tw_inventory_types(void);    /* of variables; "[]" may follow */
const char *const *tw_inventory_policies(void); /* security policies of OPC UA */
const char *const *tw_inventory_importances(void); /* in the order of enum tw_importance */
