#pragma once
/* What the two forms have in common. Private to learn/. */

#include "learn/import.h"
#include "learn/model.h"

struct import_node { /* that may be written */
    struct tw_str node, name, group, type, unit;
    bool has_min, has_max, has_step;
    double min, max, step, per_min; /* per_min: 0: not limited */
    struct tw_str risk;             /* riskNote */
    const struct tw_node *values;   /* the list of those that are allowed; NULL: any */
};

struct import_method {
    struct tw_str object, method;
};

struct import_file {
    struct tw_yaml *yaml;
    const char *form; /* for the comment */
    char name[64];    /* id of the AI system */
    char host[64];    /* of the endpoint; "": not said */
    unsigned port;
    struct tw_str security, user, endpoint;
    bool alarms, insecure, everything, off; /* off: controls are declared, but not enabled */
    struct import_node *nodes;
    struct import_method *methods;
    struct tw_str *roots;
    size_t n_nodes, n_methods, n_roots;
    struct tw_text unmapped; /* ", a.b, c" */
};

/* How a member is taken in; `import_members` calls it, or says that it is not mapped. */
struct import_member {
    const char *name;
    bool (*take)(struct import_file *f, const struct tw_node *n, struct tw_diags *d);
};
/* Walk through a map. `path` ("control.") goes before names that are not mapped; members without
 * `take` are known and have no counterpart, others get a warning too. False: something is wrong. */
bool import_members(struct import_file *f, const struct tw_node *map, const char *path,
    const struct import_member *members, struct tw_diags *d);
/* An error at the node unless it is of this kind. */
bool import_is(const struct import_file *f, const struct tw_node *n, enum tw_node_kind kind,
    struct tw_diags *d);
/* A NodeId as inventories have it. That of a namespace URI gets "ns=*", because its index is
 * the server's. */
bool import_nodeid(
    struct import_file *f, const struct tw_node *n, struct tw_diags *d, struct tw_str *out);
/* min and max belong together, and in that order. */
bool import_bounds(const struct import_file *f, const struct tw_node *n,
    const struct import_node *node, struct tw_diags *d);
bool import_version(struct import_file *f, const struct tw_node *n, struct tw_diags *d);

bool import_policy(struct import_file *f, const struct tw_node *root, struct tw_diags *d);
bool import_controls(struct import_file *f, const struct tw_node *root, struct tw_diags *d);
