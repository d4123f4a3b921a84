#include "protocol/sparkplug/topic.h"

#include "base/limits.h"

static const struct tw_str namespace = {"spBv1.0/", 8}, old_state = {"STATE/", 6};

static struct tw_str next_level(struct tw_str *rest)
{
    const char *slash = rest->len > 0 ? memchr(rest->p, '/', rest->len) : NULL;
    const struct tw_str level = {rest->p, slash == NULL ? rest->len : (size_t)(slash - rest->p)};
    *rest = slash == NULL ? TW_STR_NONE : (struct tw_str){slash + 1, rest->len - level.len - 1};
    return level;
}

static enum tw_sparkplug_kind kind_of(struct tw_str level)
{
    for (unsigned k = TW_SPARKPLUG_NBIRTH; k <= TW_SPARKPLUG_DCMD; k++)
        if (tw_str_is(level, tw_sparkplug_kind_name((enum tw_sparkplug_kind)k)))
            return (enum tw_sparkplug_kind)k;
    return TW_SPARKPLUG_BAD;
}

static bool is_of_device(enum tw_sparkplug_kind kind)
{
    return kind >= TW_SPARKPLUG_DBIRTH && kind <= TW_SPARKPLUG_DCMD;
}

static struct tw_str cut(struct tw_str id)
{
    return tw_utf8_cut(id, TW_MAX_IDENTITY);
}

/* group/type/edge node, and a device exactly where the type is of one. */
static void read_levels(struct tw_str rest, struct tw_sparkplug_place *out)
{
    const struct tw_str group = next_level(&rest), type = next_level(&rest),
                        edge_node = next_level(&rest);
    const enum tw_sparkplug_kind kind = kind_of(type);
    const bool has_device = rest.p != NULL;
    const struct tw_str device = next_level(&rest);
    out->kind = TW_SPARKPLUG_BAD;
    if (kind == TW_SPARKPLUG_BAD || group.len == 0 || edge_node.len == 0 || rest.p != NULL ||
        has_device != is_of_device(kind) || (has_device && device.len == 0))
        return;
    out->kind = kind;
    out->group = cut(group);
    out->edge_node = cut(edge_node);
    out->device = has_device ? cut(device) : TW_STR_NONE;
}

static void read_host(struct tw_str rest, struct tw_sparkplug_place *out)
{
    const struct tw_str host = next_level(&rest);
    out->kind = host.len > 0 && rest.p == NULL ? TW_SPARKPLUG_STATE : TW_SPARKPLUG_BAD;
    out->host = out->kind == TW_SPARKPLUG_STATE ? cut(host) : TW_STR_NONE;
}

void tw_sparkplug_place(struct tw_str topic, struct tw_sparkplug_place *out)
{
    struct tw_str rest = topic;
    const bool new = tw_str_starts(topic, namespace);
    *out = (struct tw_sparkplug_place){.kind = TW_SPARKPLUG_NONE};
    if (!new && !tw_str_starts(topic, old_state))
        return;
    if (new)
        rest = (struct tw_str){rest.p + namespace.len, rest.len - namespace.len};
    if (!tw_str_starts(rest, old_state)) {
        read_levels(rest, out);
        return;
    }
    rest = (struct tw_str){rest.p + old_state.len, rest.len - old_state.len};
    read_host(rest, out);
    out->is_old_state = !new;
    if (!new && out->kind == TW_SPARKPLUG_BAD)
        out->kind = TW_SPARKPLUG_NONE;
}
