#include "event/value.h"

#include "base/num.h"
#include "base/timefmt.h"

bool tw_value_number(const struct tw_value *v, double *out)
{
    switch (v->kind) {
    case TW_VALUE_INT:
        *out = (double)v->i;
        return true;
    case TW_VALUE_UINT:
        *out = (double)v->u;
        return true;
    case TW_VALUE_FLOAT:
    case TW_VALUE_DOUBLE:
        *out = v->d;
        return true;
    default:
        return false;
    }
}

bool tw_value_as_number(const struct tw_value *v, double *out)
{
    struct tw_number n;
    if (v->kind != TW_VALUE_STRING)
        return tw_value_number(v, out);
    if (!tw_num_parse(v->s, &n))
        return false;
    *out = n.d;
    return true;
}

bool tw_value_as_time(const struct tw_value *v, int64_t *out_ns)
{
    double number;
    if (v->kind == TW_VALUE_STRING && tw_time_parse(v->s, out_ns))
        return true;
    if (!tw_value_as_number(v, &number))
        return false;
    *out_ns = tw_time_of_number(number);
    return *out_ns != 0;
}
