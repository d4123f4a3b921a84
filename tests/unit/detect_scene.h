#pragma once
/* A small plant for the tests of detect/: an inventory, events on it, and what the rules said. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "detect/detect.h"

#define SECOND TW_NS_PER_S

enum { MAX_FOUND = 256, MAX_SHOWN = 400 };

/* What one finding said, kept. */
struct found {
    char rule[16], summary[MAX_SHOWN], expected[MAX_SHOWN], observed[64];
    double floor, strength, count;
    enum tw_evidence evidence;
    uint64_t packets[8];
    size_t n_packets;
    unsigned readable;
    int64_t window_ns;
};

struct scene {
    struct tw_rules *rules;
    struct tw_registry *registry;
    struct tw_detect *detect;
    struct found found[MAX_FOUND];
    size_t n;
    int64_t now_ns;
    uint64_t packet, serial;
};

static inline char *scene_file(const char *text, const char *suffix)
{
    char *path = NULL;
    assert_true(asprintf(&path, "/tmp/tierwatch-detect-XXXXXX%s", suffix) > 0);
    int fd = mkstemps(path, (int)strlen(suffix));
    assert_true(fd >= 0);
    assert_int_equal((ssize_t)strlen(text), write(fd, text, strlen(text)));
    close(fd);
    return path;
}

static inline void scene_note(void *user, const struct tw_finding *f)
{
    struct scene *s = user;
    assert_true(s->n < MAX_FOUND);
    struct found *o = &s->found[s->n++];
    snprintf(o->rule, sizeof(o->rule), "%s", f->rule->id);
    tw_str_copy(o->summary, sizeof(o->summary), f->summary);
    tw_str_copy(o->expected, sizeof(o->expected), f->expected_json);
    if (f->observed != NULL && f->observed->kind == TW_VALUE_STRING)
        tw_str_copy(o->observed, sizeof(o->observed), f->observed->s);
    o->floor = f->floor;
    o->strength = f->strength;
    o->count = f->window_count;
    o->evidence = f->evidence;
    memcpy(o->packets, f->packets, sizeof(o->packets));
    o->n_packets = f->n_packets;
    o->readable = f->readable_percent;
    o->window_ns = f->window_ns;
    assert_true(f->key.len > 0);
}

/* `rules`: a folder, or the text of a rule file. */
static inline void scene_open(struct scene *s, const char *inventory, const char *rules)
{
    struct tw_diags diags = {0};
    *s = (struct scene){.now_ns = 1772352000 * SECOND};
    char *inventory_path = scene_file(inventory, ".yaml");
    char *rules_path = strchr(rules, '\n') ? scene_file(rules, ".yaml") : strdup(rules);
    const char *paths[] = {rules_path};
    s->registry = tw_registry_load(inventory_path, &diags);
    s->rules = tw_rules_load(paths, 1, &diags);
    tw_diags_print(&diags, stderr);
    assert_int_equal(0, diags.errors);
    tw_diags_fini(&diags);
    assert_non_null(s->registry);
    assert_non_null(s->rules);
    s->detect = tw_detect_new(s->rules, s->registry, scene_note, s);
    assert_non_null(s->detect);
    unlink(inventory_path);
    if (strchr(rules, '\n') != NULL)
        unlink(rules_path);
    free(inventory_path);
    free(rules_path);
}

static inline void scene_close(struct scene *s)
{
    tw_detect_free(s->detect);
    tw_rules_free(s->rules);
    tw_registry_free(s->registry);
}

static inline struct tw_endpoint scene_at(const char *ip, uint16_t port)
{
    struct tw_endpoint e = {.port = port};
    assert_true(tw_ip_parse(tw_str_of(ip), &e.ip));
    return e;
}

/* Time passes, and the event happens. */
static inline void scene_event(struct scene *s, double after_s, struct tw_event *e)
{
    struct tw_facts facts;
    s->now_ns += (int64_t)(after_s * (double)SECOND);
    e->ts_ns = s->now_ns;
    e->packet = ++s->packet;
    tw_registry_resolve(s->registry, e, &facts);
    tw_detect_event(s->detect, e, &facts);
}

static inline struct tw_value num(double d)
{
    return (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = d};
}

static inline struct tw_value text(const char *z)
{
    return (struct tw_value){.kind = TW_VALUE_STRING, .s = tw_str_of(z)};
}

static inline struct tw_value truth(bool b)
{
    return (struct tw_value){.kind = TW_VALUE_BOOL, .b = b};
}

/* An OPC UA request of `ip` and its answer. */
static inline void scene_opcua(struct scene *s, double after_s, const char *ip, const char *server,
    enum tw_action action, const char *object, struct tw_value value, const char *type,
    const char *status)
{
    struct tw_opcua_info info = {.attribute = TW_STR("Value")};
    struct tw_event e = {.protocol = TW_PROTO_OPCUA,
        .action = action,
        .src = scene_at(ip, 50000),
        .dst = scene_at(server, 4840),
        .object = tw_str_of(object),
        .value = value,
        .type = type,
        .status = {.s = tw_str_of(status)},
        .status_bad = status != NULL && strncmp(status, "Bad", 3) == 0,
        .opcua = &info};
    scene_event(s, after_s, &e);
}

/* One leaf of a payload. */
struct leaf {
    const char *field;
    struct tw_value value;
};

/* A JSON message: as a whole, then leaf by leaf, ended by one without field. */
static inline void scene_message(struct scene *s, double after_s, const char *ip,
    const char *client, enum tw_action action, const char *topic, const struct leaf *leaves)
{
    struct tw_mqtt_info info = {.serial = ++s->serial,
        .version = "5.0",
        .client_id = {.s = tw_str_of(client)},
        .has_publish_flags = true,
        .has_payload = true,
        .payload_format = "json"};
    struct tw_event e = {.protocol = TW_PROTO_MQTT,
        .action = action,
        .src = scene_at(ip, 50001),
        .dst = scene_at("10.7.0.20", 1883),
        .object = tw_str_of(topic),
        .flow = 77,
        .mqtt = &info};
    if (action == TW_ACTION_DELIVER) {
        e.src = scene_at("10.7.0.20", 1883);
        e.dst = scene_at(ip, 50001);
    }
    scene_event(s, after_s, &e);
    for (; leaves != NULL && leaves->field != NULL; leaves++) {
        e.field = tw_str_of(leaves->field);
        e.value = leaves->value;
        s->packet--;
        scene_event(s, 0, &e);
    }
}

/* Ids of what was found, in order, each once: "CMD-01 PRV-03". */
static inline const char *scene_rules(const struct scene *s, char out[MAX_SHOWN])
{
    out[0] = '\0';
    for (size_t i = 0; i < s->n; i++) {
        bool known = false;
        for (size_t k = 0; k < i; k++)
            known |= strcmp(s->found[k].rule, s->found[i].rule) == 0;
        if (known)
            continue;
        size_t n = strlen(out);
        snprintf(out + n, MAX_SHOWN - n, "%s%s", n ? " " : "", s->found[i].rule);
    }
    return out;
}

static inline const struct found *scene_find(const struct scene *s, const char *rule)
{
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->found[i].rule, rule) == 0)
            return &s->found[i];
    }
    return NULL;
}

/* How often a rule was found. */
static inline size_t scene_told(const struct scene *s, const char *rule)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += strcmp(s->found[i].rule, rule) == 0;
    return n;
}

/* Forget what was said, not what happened. */
static inline void scene_clear(struct scene *s)
{
    s->n = 0;
}
