#pragma once
/* Reading an inventory: tools that the load_*.c share. Structure was checked against keys.c before,
 * so whatever has the wrong kind here is skipped in silence: it has been reported. Private to
 * registry/. */

#include "registry/model.h"

/* Names that others refer to: sorted for finding, and as a NULL-ended list for nearest matches. */
struct tw_load_names {
    struct tw_name_index index;
    const char **list;
    const char *what;
};

struct tw_load {
    struct tw_registry *r;
    const struct tw_yaml *y;
    struct tw_diags *d;
    struct tw_load_names entries, ai_systems, networks, variables, approvals;
    bool no_memory;
};

bool tw_load_names_init(struct tw_load *l, struct tw_load_names *names, size_t n, const char *what);
void tw_load_names_add(struct tw_load_names *names, struct tw_str name, size_t item);
/* Sort; then report names that come twice, at `key` of what node_of() gives for an item. */
void tw_load_names_done(struct tw_load *l, struct tw_load_names *names,
    const struct tw_node *(*node_of)(const struct tw_registry *r, uint32_t item));
/* The row of a name; reported when there is none and `report`. */
const struct tw_name_row *tw_load_names_find(
    struct tw_load *l, const struct tw_load_names *names, const struct tw_node *n);

/* Check one item of a list; `out` is what to keep. False: reported. */
typedef bool (*tw_load_check_fn)(struct tw_load *l, const struct tw_node *n, struct tw_str *out);

/* A member's text; absent unless it is a text with something in it. */
struct tw_str tw_load_text(const struct tw_node *map, const char *key);
const struct tw_node *tw_load_list(const struct tw_node *map, const char *key);
const struct tw_node *tw_load_map(const struct tw_node *map, const char *key);
/* Silent: false when it is absent or no number. */
bool tw_load_number(const struct tw_node *n, double *out);
/* The same, and greater than 0, else reported. */
bool tw_load_positive(struct tw_load *l, const struct tw_node *map, const char *key, double *out);
/* 0 when absent; reported when it is 0. */
int64_t tw_load_duration(struct tw_load *l, const struct tw_node *map, const char *key);
/* A count per time; reported when it is bytes or 0. */
bool tw_load_count_rate(
    struct tw_load *l, const struct tw_node *map, const char *key, struct tw_rate *out);
/* Index among `names`, `otherwise` when absent. */
int tw_load_choice(
    const struct tw_node *map, const char *key, const char *const *names, int otherwise);
void tw_load_strs(struct tw_load *l, const struct tw_node *map, const char *key,
    tw_load_check_fn check, struct tw_strs *out);
/* "range": [lowest, highest]; left alone when absent. */
void tw_load_range(struct tw_load *l, const struct tw_node *map, struct tw_range *out);
void tw_load_ports(struct tw_load *l, const struct tw_node *map, struct tw_ports *out);
void *tw_load_keep(struct tw_load *l, size_t n, size_t size);

/* Checks for tw_load_strs(), and for single members: `tw_load_one` reports and gives absent. */
bool tw_load_check_text(struct tw_load *l, const struct tw_node *n, struct tw_str *out);
bool tw_load_check_nodeid(struct tw_load *l, const struct tw_node *n, struct tw_str *out);
bool tw_load_check_filter(struct tw_load *l, const struct tw_node *n, struct tw_str *out);
bool tw_load_check_pointer(struct tw_load *l, const struct tw_node *n, struct tw_str *out);
bool tw_load_check_entry(struct tw_load *l, const struct tw_node *n, struct tw_str *out);
bool tw_load_check_variable(struct tw_load *l, const struct tw_node *n, struct tw_str *out);
bool tw_load_check_approval(struct tw_load *l, const struct tw_node *n, struct tw_str *out);
bool tw_load_check_sha256(struct tw_load *l, const struct tw_node *n, struct tw_str *out);
struct tw_str tw_load_one(
    struct tw_load *l, const struct tw_node *map, const char *key, tw_load_check_fn check);

/* The asset or AI system of a name, NULL (reported) when there is none. */
struct tw_entry *tw_load_entry(struct tw_load *l, const struct tw_node *n);

/* In this order. */
void tw_load_networks(struct tw_load *l, const struct tw_node *root);
void tw_load_entries(struct tw_load *l, const struct tw_node *root); /* ids and identities */
void tw_load_sn_topics(struct tw_load *l);                           /* after the entries */
void tw_load_approvals(struct tw_load *l, const struct tw_node *root);
void tw_load_variables(struct tw_load *l, const struct tw_node *root);
void tw_load_commands(struct tw_load *l); /* after all variables */
void tw_load_changes(struct tw_load *l, const struct tw_node *root);
void tw_load_grants(struct tw_load *l, struct tw_entry *e);
void tw_load_ai_system(struct tw_load *l, struct tw_entry *e); /* after its grants */
void tw_load_schedule(struct tw_load *l, struct tw_entry *e);  /* the hours it may act in */
