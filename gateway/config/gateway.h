#pragma once
/* The configuration of a gateway: one YAML file, every key optional, everything
 * checked. Made once before threads start and only read afterwards. */

#include "config/yaml.h"

struct tw_names {
    char **list;
    size_t n;
};

struct tw_config {
    char *path;              /* of the file; NULL when there is none */
    char *site, *gateway;    /* site NULL: take the inventory's */
    struct tw_names include; /* empty once loaded: what it named is in force */
    struct tw_names interfaces;
    char *filter; /* BPF, or NULL */
    int64_t snaplen, ring_mb;
    double loss_percent; /* of packets that may be lost without an alert */
    int64_t workers;     /* 0: one a core */
    char *inventory;     /* paths are resolved; NULL when not given */
    struct tw_names rules;
    char *baseline;
    char *indicators;
    struct {
        char *dir;
        int64_t segment_mb, keep_mb;
    } ledger;
    struct {
        char *host; /* NULL: no broker */
        int64_t port;
        char *user, *password_file;
        char *password; /* what password_file holds; never dumped */
        struct {
            char *ca, *cert, *key;
        } tls;
    } broker;
    struct {
        int64_t flows, memory_mb, sessions;
    } limits;
    struct {
        char *listen, *textfile;
    } metrics;
    struct {
        char *level, *file;
        int64_t rotate_mb, keep;
    } log;
    struct {
        char *socket; /* NULL: the default place */
    } control;
    struct {
        char *syscalls; /* "filter" or "off" */
    } confine;
};

/* Defaults, then the file, then what it includes, in order; the last one to say something counts.
 * `path` NULL: defaults alone. NULL when anything is wrong; warnings (a
 * password file that others can read) do not hinder. */
struct tw_config *tw_config_load(const char *path, struct tw_diags *diags);
void tw_config_free(struct tw_config *c);
/* "broker.port=8883", as --set says it. The value is YAML ("rules=[a, b]"); paths are relative to
 * the working directory. False with diagnostics when it is no such key or value. */
bool tw_config_set(struct tw_config *c, const char *assignment, struct tw_diags *diags);
/* Everything that is in force, as YAML that tw_config_load() reads again. Secrets are left out. */
void tw_config_dump(const struct tw_config *c, struct tw_text *out);
/* The JSON schema of the format. */
void tw_config_schema(struct tw_text *out);
