#include "event/plain_value.h"

static bool is_number(const struct tw_value *v)
{
    return v->kind >= TW_VALUE_BOOL && v->kind <= TW_VALUE_DOUBLE;
}

static void take_number(const struct tw_value *v, struct tw_plain_value *out)
{
    if (v->kind == TW_VALUE_FLOAT) {
        const float narrow = (float)v->d;
        uint32_t bits;
        memcpy(&bits, &narrow, sizeof(bits));
        out->below = 32;
        out->word = (uint64_t)bits << 32;
    } else {
        out->word = v->kind == TW_VALUE_BOOL ? v->b : v->u;
    }
    const bool is_floating = v->kind == TW_VALUE_FLOAT || v->kind == TW_VALUE_DOUBLE;
    out->is_odd = is_floating && !tw_value_is_ordinary(v);
}

bool tw_plain_read(const struct tw_event *read, struct tw_plain_values *out)
{
    const struct tw_value *v = &read->value;
    const struct tw_opcua_info *info = read->opcua;
    const bool is_array = v->kind == TW_VALUE_ARRAY && v->n > 0 && is_number(&v->items[0]) &&
                          !tw_str_starts(read->object, TW_STR("i="));
    if (info == NULL || read->object.len == 0 || (info->node.h[0] | info->node.h[1]) == 0 ||
        !tw_str_is(info->attribute, "Value") || info->index_range.s.len > 0 ||
        read->status.s.p == NULL || read->status_bad || read->status_code >> 31 != 0 ||
        !(is_number(v) || is_array))
        return false;
    out->n = 1;
    out->list[0] = (struct tw_plain_value){
        .kind = v->kind, .status = read->status_code, .server_ts_ns = read->server_ts_ns};
    if (!is_array)
        take_number(v, &out->list[0]);
    out->of.nodes[0] = info->node;
    return true;
}
