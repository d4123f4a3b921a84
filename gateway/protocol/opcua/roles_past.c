/* Reading and changing the past: HistoryReadDetails, HistoryUpdateDetails and what comes back
 * [UA11 6.5], [UA11 6.9]. */

#include "base/limits.h"
#include "protocol/opcua/walk.h"

typedef bool (*part_fn)(struct tw_opcua_walk *w, struct tw_cur *c);

static bool read_time(struct tw_cur *c, int64_t *out)
{
    uint64_t ticks;
    if (!tw_cur_u64le(c, &ticks))
        return false;
    *out = tw_opcua_time_ns((int64_t)ticks);
    return true;
}

static bool read_window(struct tw_opcua_walk *w, struct tw_cur *c)
{
    return read_time(c, &w->history.from_ns) && read_time(c, &w->history.to_ns);
}

static bool read_most(struct tw_opcua_walk *w, struct tw_cur *c)
{
    w->history.has_values = true;
    return tw_cur_u32le(c, &w->history.values);
}

static bool raw(struct tw_opcua_walk *w, struct tw_cur *c)
{
    uint8_t modified;
    if (!tw_cur_u8(c, &modified) || !read_window(w, c) || !read_most(w, c))
        return false;
    if (modified)
        w->history.kind = "modified";
    return tw_cur_skip(c, 1); /* ReturnBounds */
}

/* Which fields of events are meant. A monitored item's filter is remembered, one of the past is
 * only shown. */
static bool event_filter(struct tw_opcua_walk *w, struct tw_cur *c)
{
    enum { EVENT_FILTER = 727 };
    if (w->quiet)
        return tw_opcua_walk_layout(w, c, tw_opcua_structure(EVENT_FILTER));
    bool ok = tw_opcua_walk_event_filter(w, c);
    w->info->select = NULL;
    return ok;
}

static bool events(struct tw_opcua_walk *w, struct tw_cur *c)
{
    return read_most(w, c) && read_window(w, c) && event_filter(w, c);
}

static const struct {
    uint32_t id;
    const char *name;
} aggregates[] = {{2341, "Interpolative"}, {2342, "Average"}, {2343, "TimeAverage"},
    {2344, "Total"}, {2346, "Minimum"}, {2347, "Maximum"}, {2348, "MinimumActualTime"},
    {2349, "MaximumActualTime"}, {2350, "Range"}, {2351, "AnnotationCount"}, {2352, "Count"},
    {2355, "NumberOfTransitions"}, {2357, "Start"}, {2358, "End"}, {2359, "Delta"},
    {2360, "DurationGood"}, {2361, "DurationBad"}, {2362, "PercentGood"}, {2363, "PercentBad"},
    {2364, "WorstQuality"}, {11285, "TimeAverage2"}, {11286, "Minimum2"}, {11287, "Maximum2"},
    {11288, "Range2"}, {11292, "WorstQuality2"}, {11304, "Total2"}, {11305, "MinimumActualTime2"},
    {11306, "MaximumActualTime2"}, {11307, "DurationInStateZero"},
    {11308, "DurationInStateNonZero"}, {11426, "StandardDeviationSample"},
    {11427, "StandardDeviationPopulation"}, {11428, "VarianceSample"},
    {11429, "VariancePopulation"}, {11505, "StartBound"}, {11506, "EndBound"},
    {11507, "DeltaBounds"}};

static struct tw_str aggregate_text(struct tw_opcua_walk *w, const struct tw_opcua_node *node)
{
    for (size_t i = 0; i < sizeof(aggregates) / sizeof(aggregates[0]); i++)
        if (tw_opcua_node_is(node, aggregates[i].id))
            return tw_str_of(aggregates[i].name);
    return tw_opcua_walk_node(w, node);
}

enum { AGGREGATE_CONFIGURATION = 5 }; /* three Booleans, two Bytes [UA13 4.2.1.2] */

/* One aggregate for each node; clients ask for the same of all, so the first stands for them. */
static bool processed(struct tw_opcua_walk *w, struct tw_cur *c)
{
    uint64_t bits;
    uint32_t n;
    struct tw_opcua_node node;
    if (!read_window(w, c) || !tw_cur_u64le(c, &bits) || !tw_opcua_count(c, 2, &n))
        return false;
    memcpy(&w->history.interval_ms, &bits, sizeof(bits));
    for (uint32_t i = 0; i < n; i++) {
        if (!tw_opcua_node(c, &node))
            return false;
        if (i == 0)
            w->history.aggregate = aggregate_text(w, &node);
    }
    return tw_cur_skip(c, AGGREGATE_CONFIGURATION);
}

/* Points in time: how many, the first and the last. */
static bool times(struct tw_opcua_walk *w, struct tw_cur *c)
{
    uint32_t n;
    if (!tw_opcua_count(c, 8, &n))
        return false;
    w->history.has_values = true;
    w->history.values = n;
    for (uint32_t i = 0; i < n; i++) {
        int64_t at;
        if (!read_time(c, &at))
            return false;
        if (i == 0 || at < w->history.from_ns)
            w->history.from_ns = at;
        if (i == 0 || at > w->history.to_ns)
            w->history.to_ns = at;
    }
    return true;
}

struct kind {
    uint32_t id;
    const char *name;
    part_fn read;
};

static const struct kind read_kinds[] = {
    {646, "events", events},
    {649, "raw", raw},
    {652, "processed", processed},
    {655, "at_time", times},
    {23500, "annotations", times},
    {32800, "events", events},
};

static const struct kind *kind_of(
    const struct kind *kinds, size_t n, const struct tw_opcua_extension *e)
{
    for (size_t i = 0; e->encoding == 1 && i < n; i++)
        if (tw_opcua_node_is(&e->type, kinds[i].id))
            return &kinds[i];
    return NULL;
}

bool tw_opcua_role_past(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    struct tw_opcua_extension e;
    (void)f;
    if (!tw_opcua_extension(c, &e))
        return false;
    const struct kind *kind = kind_of(read_kinds, sizeof(read_kinds) / sizeof(read_kinds[0]), &e);
    if (kind == NULL)
        return true;
    w->history.kind = kind->name;
    if (!kind->read(w, &e.body))
        w->s.anomalies |= TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR);
    return true;
}

/* The values of DataValue[], without their times; the type is that of all of them. */
static bool data_values(
    struct tw_opcua_walk *w, struct tw_cur *c, uint32_t *n, struct tw_value *out)
{
    uint32_t shown = 0;
    const char *type = NULL;
    bool same = true;
    if (!tw_opcua_count(c, 1, n))
        return false;
    struct tw_value *items = out == NULL ? NULL : tw_opcua_elements(&w->s, *n, &shown);
    for (uint32_t i = 0; i < *n; i++) {
        struct tw_opcua_data_value v = {0};
        if (!tw_opcua_data_value(&w->s, c, i < shown ? &v : NULL))
            return false;
        if (i >= shown)
            continue;
        items[i] = v.v.value;
        same = same && (i == 0 || v.v.type == type);
        type = v.v.type;
    }
    if (out == NULL)
        return true;
    *out = (struct tw_value){
        .kind = TW_VALUE_ARRAY, .n = shown, .items = items, .truncated = shown < *n};
    w->event->type = same ? tw_opcua_array_of(type) : NULL;
    return true;
}

/* The fields of each of some events, in the order of the filter that asked for them. */
static bool event_fields(
    struct tw_opcua_walk *w, struct tw_cur *c, uint32_t *n, struct tw_value *out)
{
    uint32_t shown = 0;
    if (!tw_opcua_count(c, 4, n))
        return false;
    struct tw_value *items = out == NULL ? NULL : tw_opcua_elements(&w->s, *n, &shown);
    for (uint32_t i = 0; i < *n; i++)
        if (!tw_opcua_variants(&w->s, c, i < shown ? &items[i] : NULL))
            return false;
    if (out != NULL)
        *out = (struct tw_value){
            .kind = TW_VALUE_ARRAY, .n = shown, .items = items, .truncated = shown < *n};
    return true;
}

/* Of what was changed since: who did it, when and how [UA11 6.6.3]. */
static bool modifications(struct tw_opcua_walk *w, struct tw_cur *c)
{
    enum { MODIFICATION_INFO = 11226 };
    const struct tw_opcua_field f = {
        .type = TW_UA_STRUCTURE, .array = true, .of = tw_opcua_structure(MODIFICATION_INFO)};
    struct tw_value *detail = tw_opcua_walk_detail(w, "modifications");
    bool ok = tw_opcua_show(&w->s, c, &f, detail);
    detail->name = TW_STR("modifications");
    if (!ok || detail->n == 0)
        tw_opcua_walk_undo(w, detail);
    return ok;
}

bool tw_opcua_role_past_values(
    struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    enum { DATA = 658, EVENTS = 661, MODIFIED_DATA = 11227, MODIFIED_EVENTS = 32825 };
    struct tw_opcua_extension e;
    uint32_t n = 0;
    bool ok = true;
    (void)f;
    if (!tw_opcua_extension(c, &e))
        return false;
    if (e.encoding != 1 || w->quiet)
        return true;
    bool modified =
        tw_opcua_node_is(&e.type, MODIFIED_DATA) || tw_opcua_node_is(&e.type, MODIFIED_EVENTS);
    if (tw_opcua_node_is(&e.type, DATA) || tw_opcua_node_is(&e.type, MODIFIED_DATA))
        ok = data_values(w, &e.body, &n, &w->event->value);
    else if (tw_opcua_node_is(&e.type, EVENTS) || tw_opcua_node_is(&e.type, MODIFIED_EVENTS))
        ok = event_fields(w, &e.body, &n, &w->event->value);
    else
        return true;
    if (ok && modified)
        ok = modifications(w, &e.body);
    if (!ok)
        w->s.anomalies |= TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR);
    if (w->history.kind == NULL)
        w->history.kind = "raw";
    w->history.has_returned = true;
    w->history.returned = n;
    w->fresh = true;
    return true;
}

/* Insert, replace, update or remove [UA11 6.9.2]. */
static bool perform(struct tw_opcua_walk *w, struct tw_cur *c)
{
    static const char *const names[] = {NULL, "insert", "replace", "update", "remove"};
    uint32_t what;
    if (!tw_cur_u32le(c, &what))
        return false;
    if (what < sizeof(names) / sizeof(names[0]))
        w->history.perform = names[what];
    return true;
}

static bool update_data(struct tw_opcua_walk *w, struct tw_cur *c)
{
    uint32_t n = 0;
    if (!perform(w, c) || !data_values(w, c, &n, w->quiet ? NULL : &w->event->value))
        return false;
    w->history.has_values = true;
    w->history.values = n;
    return true;
}

/* [UA11 6.9.4] */
static bool update_events(struct tw_opcua_walk *w, struct tw_cur *c)
{
    uint32_t n = 0;
    if (!perform(w, c) || !event_filter(w, c) ||
        !event_fields(w, c, &n, w->quiet ? NULL : &w->event->value))
        return false;
    w->history.has_values = true;
    w->history.values = n;
    return true;
}

static bool delete_raw(struct tw_opcua_walk *w, struct tw_cur *c)
{
    uint8_t modified;
    if (!tw_cur_u8(c, &modified) || !read_window(w, c))
        return false;
    if (modified)
        w->history.kind = "delete_modified";
    return true;
}

static bool delete_events(struct tw_opcua_walk *w, struct tw_cur *c)
{
    struct tw_value *ids = w->quiet ? NULL : &w->event->value;
    if (!tw_opcua_array(&w->s, c, TW_UA_BYTESTRING, &w->history.values, ids))
        return false;
    w->event->type = tw_opcua_type_name(TW_UA_BYTESTRING, true);
    w->history.has_values = true;
    return true;
}

static const struct kind update_kinds[] = {
    {682, "data", update_data},
    {685, "events", update_events},
    {688, "delete_raw", delete_raw},
    {691, "delete_at_time", times},
    {694, "delete_events", delete_events},
    {11300, "structure_data", update_data},
};

/* Every kind begins with its NodeId [UA11 6.9.1]. */
bool tw_opcua_role_past_update(
    struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    struct tw_opcua_extension e;
    struct tw_opcua_node node;
    (void)f;
    if (!tw_opcua_extension(c, &e))
        return false;
    if (e.encoding != 1)
        return true;
    if (!tw_opcua_node(&e.body, &node)) {
        w->s.anomalies |= TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR);
        return true;
    }
    w->event->object = tw_opcua_walk_node(w, &node);
    w->has_object = true;
    const struct kind *kind =
        kind_of(update_kinds, sizeof(update_kinds) / sizeof(update_kinds[0]), &e);
    if (kind == NULL)
        return true;
    w->fresh = true;
    w->history.kind = kind->name;
    if (!kind->read(w, &e.body))
        w->s.anomalies |= TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR);
    return true;
}
