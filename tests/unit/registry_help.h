#pragma once
/* A brewery, and short ways to say what was seen there. */

#include <stdio.h>

#include "config_help.h"
#include "registry/registry.h"

#define BREWERY "tests/unit/data/inventory/brewery.yaml"

static struct tw_registry *brewery;

static inline int open_brewery(void **state)
{
    struct tw_diags d = {0};
    (void)state;
    brewery = tw_registry_load(BREWERY, &d);
    if (brewery == NULL)
        fputs(said(&d), stderr);
    tw_diags_fini(&d);
    return brewery == NULL;
}

static inline int close_brewery(void **state)
{
    (void)state;
    tw_registry_free(brewery);
    return 0;
}

static inline struct tw_endpoint place(const char *ip, uint16_t port, const char *mac)
{
    struct tw_endpoint e = {.port = port};
    (void)tw_ip_parse(tw_str_of(ip), &e.ip);
    e.has_mac = mac != NULL && tw_mac_parse(tw_str_of(mac), e.mac);
    return e;
}

/* An absent text stays absent, "?" is one that is not known. */
static inline struct tw_maybe maybe(const char *z)
{
    if (z != NULL && strcmp(z, "?") == 0)
        return (struct tw_maybe){.is_null = true};
    return (struct tw_maybe){.s = tw_str_of(z)};
}

/* What an OPC UA client at `ip` does to the kettle's PLC. */
static inline struct tw_event opcua_event(
    enum tw_action action, const char *ip, const char *object, struct tw_opcua_info *info)
{
    return (struct tw_event){.protocol = TW_PROTO_OPCUA,
        .action = action,
        .src = place(ip, 50000, NULL),
        .dst = place("192.168.7.10", 4840, "02:07:00:00:00:10"),
        .flow = 1,
        .object = tw_str_of(object),
        .opcua = info};
}

static inline struct tw_event mqtt_event(enum tw_action action, const char *ip, const char *object,
    const char *field, struct tw_mqtt_info *info)
{
    return (struct tw_event){.protocol = TW_PROTO_MQTT,
        .action = action,
        .src = place(ip, 50000, NULL),
        .dst = place("192.168.7.20", 1883, NULL),
        .flow = 2,
        .object = tw_str_of(object),
        .field = tw_str_of(field),
        .mqtt = info};
}

static inline struct tw_facts resolve(const struct tw_event *e)
{
    struct tw_facts f, again;
    tw_registry_resolve(brewery, e, &f);
    /* The second answer comes from the caches and must be the same. */
    tw_registry_resolve(brewery, e, &again);
    if (f.actor.id.p != again.actor.id.p || f.actor.identity != again.actor.identity ||
        f.actor.mismatch.len != again.actor.mismatch.len ||
        f.grant.allowed != again.grant.allowed || f.variable.id.p != again.variable.id.p ||
        f.target.asset.p != again.target.asset.p || f.report.is_report != again.report.is_report)
        abort();
    return again;
}

static inline const char *text(struct tw_str s)
{
    static char ring[8][512];
    static unsigned at;
    char *out = ring[at++ % 8];
    tw_str_copy(out, 512, s.p != NULL ? s : TW_STR("-"));
    return out;
}
