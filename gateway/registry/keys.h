#pragma once
/* The keys of an inventory and the names among their values. Private to registry/. */

#include "config/yaml.h"

const struct tw_key *tw_inventory_keys(void);
const char *const *tw_inventory_labels(void); /* in the order of enum tw_label, from MODE on */
const char *const *tw_inventory_roles(void);  /* in the order of enum tw_role, from COMMAND on */
const char *const *tw_inventory_importances(void); /* in the order of enum tw_importance */
