#pragma once
/* Inside the field table: how getters are written, and the rows that stand in other files. */

#include "base/timefmt.h"
#include "event/fields.h"

extern const struct tw_field tw_fields_opcua[];
extern const size_t tw_fields_opcua_count;
extern const struct tw_field tw_fields_pubsub[];
extern const size_t tw_fields_pubsub_count;
extern const struct tw_field tw_fields_sparkplug[];
extern const size_t tw_fields_sparkplug_count;
extern const struct tw_field tw_fields_payload[];
extern const size_t tw_fields_payload_count;
extern const struct tw_field tw_fields_conduct[];
extern const size_t tw_fields_conduct_count;
extern const struct tw_field tw_fields_command[];
extern const size_t tw_fields_command_count;
extern const struct tw_field tw_fields_carrier[];
extern const size_t tw_fields_carrier_count;
extern const struct tw_field tw_fields_series[];
extern const size_t tw_fields_series_count;
extern const struct tw_field tw_fields_practice[];
extern const size_t tw_fields_practice_count;
extern const struct tw_field tw_fields_leaving[];
extern const size_t tw_fields_leaving_count;

/* One getter a field: GET(name) { ... } with `s` the scene and `out` what to fill. A getter only
 * says what is there; `out->present` is false on entry. */
#define GET(name) static void get_##name(const struct tw_scene *s, struct tw_field_value *out)

#define STR(name, from)                                                                            \
    GET(name)                                                                                      \
    {                                                                                              \
        set_str(out, from);                                                                        \
    }
#define TEXT(name, from)                                                                           \
    GET(name)                                                                                      \
    {                                                                                              \
        set_text(out, from);                                                                       \
    }
#define FLAG(name, from)                                                                           \
    GET(name)                                                                                      \
    {                                                                                              \
        set_flag(out, from);                                                                       \
    }
#define NUM(name, when, from)                                                                      \
    GET(name)                                                                                      \
    {                                                                                              \
        if (when)                                                                                  \
            set_number(out, (double)(from));                                                       \
    }

/* Fields of one protocol exist only in its events. */
#define U_STR(name, from)                                                                          \
    GET(name)                                                                                      \
    {                                                                                              \
        if (s->event->opcua)                                                                       \
            set_str(out, s->event->opcua->from);                                                   \
    }
#define U_MAYBE(name, from)                                                                        \
    GET(name)                                                                                      \
    {                                                                                              \
        if (s->event->opcua)                                                                       \
            set_str(out, s->event->opcua->from.s);                                                 \
    }
#define M_STR(name, from)                                                                          \
    GET(name)                                                                                      \
    {                                                                                              \
        if (s->event->mqtt)                                                                        \
            set_str(out, s->event->mqtt->from);                                                    \
    }
#define M_MAYBE(name, from)                                                                        \
    GET(name)                                                                                      \
    {                                                                                              \
        if (s->event->mqtt)                                                                        \
            set_str(out, s->event->mqtt->from.s);                                                  \
    }
#define M_TEXT(name, from)                                                                         \
    GET(name)                                                                                      \
    {                                                                                              \
        if (s->event->mqtt)                                                                        \
            set_text(out, s->event->mqtt->from);                                                   \
    }
#define M_FLAG(name, when, from)                                                                   \
    GET(name)                                                                                      \
    {                                                                                              \
        if (s->event->mqtt && s->event->mqtt->when)                                                \
            set_flag(out, s->event->mqtt->from);                                                   \
    }
#define M_NUM(name, when, from)                                                                    \
    NUM(name, s->event->mqtt && s->event->mqtt->when, s->event->mqtt->from)
#define U_NUM(name, when, from)                                                                    \
    NUM(name, s->event->opcua && s->event->opcua->when, s->event->opcua->from)

static inline void set_str(struct tw_field_value *out, struct tw_str v)
{
    if (v.p == NULL)
        return;
    out->present = true;
    out->value.kind = TW_VALUE_STRING;
    out->value.s = v;
}

static inline void set_text(struct tw_field_value *out, const char *z)
{
    set_str(out, tw_str_of(z));
}

static inline void set_flag(struct tw_field_value *out, bool v)
{
    out->present = true;
    out->value.kind = TW_VALUE_BOOL;
    out->value.b = v;
}

static inline void set_number(struct tw_field_value *out, double v)
{
    out->present = true;
    out->value.kind = TW_VALUE_DOUBLE;
    out->value.d = v;
}

static inline void set_seconds(struct tw_field_value *out, int64_t ns)
{
    set_number(out, (double)ns / (double)TW_NS_PER_S);
}

static inline void set_ip(struct tw_field_value *out, const struct tw_ip *ip)
{
    if (ip->family == 0)
        return;
    out->present = true;
    out->ip = *ip;
}

/* The MAC's text lives in the value's own bytes: rules compare it, they do not keep it. */
static inline void set_mac(struct tw_field_value *out, const struct tw_endpoint *e)
{
    if (!e->has_mac)
        return;
    size_t n = tw_mac_text(out->text, e->mac);
    set_str(out, (struct tw_str){out->text, n});
}

static inline void set_ip_text(struct tw_field_value *out, const struct tw_ip *ip)
{
    if (ip->family == 0)
        return;
    size_t n = tw_ip_text(out->text, ip);
    set_str(out, (struct tw_str){out->text, n});
}

static inline void set_value(struct tw_field_value *out, const struct tw_value *v)
{
    if (v == NULL || v->kind == TW_VALUE_NULL)
        return;
    out->present = true;
    out->value = *v;
}

static inline void set_range(struct tw_field_value *out, double min, double max)
{
    out->present = true;
    out->range = (struct tw_range){.has_min = true, .has_max = true, .min = min, .max = max};
}
