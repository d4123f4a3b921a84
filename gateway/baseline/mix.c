#include "baseline/mix.h"

#include <math.h>

static const enum tw_action actions[TW_MIX_ACTIONS] = {TW_ACTION_BROWSE, TW_ACTION_READ,
    TW_ACTION_WRITE, TW_ACTION_CALL, TW_ACTION_SUBSCRIBE, TW_ACTION_PUBLISH, TW_ACTION_HISTORY_READ,
    TW_ACTION_HISTORY_WRITE, TW_ACTION_MANAGE, TW_ACTION_TOOL, TW_ACTION_FLOW};

static unsigned class_of(const struct tw_facts *f)
{
    if (f->variable.id.p != NULL)
        return f->variable.role;
    return TW_MIX_ROLES + (tw_str_is(f->target.kind, "opcua-server")     ? 0
                              : tw_str_is(f->target.kind, "mqtt-broker") ? 1
                                                                         : 2);
}

unsigned tw_mix_cell(const struct tw_event *e, const struct tw_facts *f)
{
    const bool other = f->actor.identity == TW_IDENTITY_MISMATCH && f->actor.certain;
    if (e->field.len > 0 || e->phase != 0 || other)
        return TW_MIX_CELLS;
    for (unsigned i = 0; i < TW_MIX_ACTIONS; i++) {
        if (actions[i] == e->action)
            return i * TW_MIX_CLASSES + class_of(f);
    }
    return TW_MIX_CELLS;
}

const char *tw_mix_action(unsigned cell)
{
    return tw_action_name(actions[cell / TW_MIX_CLASSES]);
}

const char *tw_mix_on(unsigned cell)
{
    static const char *const others[] = {"servers of OPC UA", "brokers", "others"};
    const unsigned class = cell % TW_MIX_CLASSES;
    return class == TW_ROLE_NONE  ? "variables"
           : class < TW_MIX_ROLES ? tw_role_name((enum tw_role) class)
                                  : others[class - TW_MIX_ROLES];
}

double tw_mix_divergence(const struct tw_mix *now, const struct tw_mix *usual)
{
    double sum = 0;
    for (unsigned i = 0; now->n > 0 && usual->n > 0 && i < TW_MIX_CELLS; i++) {
        const double p = (double)now->cells[i] / (double)now->n,
                     q = (double)usual->cells[i] / (double)usual->n, m = (p + q) / 2;
        sum += (p > 0 ? p * log2(p / m) : 0) + (q > 0 ? q * log2(q / m) : 0);
    }
    return sum / 2;
}

void tw_mix_learn(struct tw_mix *usual, const struct tw_mix *window, double *limit)
{
    if (usual->n > 0)
        *limit = fmax(*limit, TW_MIX_MARGIN * tw_mix_divergence(window, usual));
    for (unsigned i = 0; i < TW_MIX_CELLS; i++)
        usual->cells[i] += window->cells[i];
    usual->n += window->n;
}

struct tw_mix_rise tw_mix_rise(const struct tw_mix *now, const struct tw_mix *usual)
{
    struct tw_mix_rise out = {.share = 0};
    unsigned most = 0;
    double rise = -1;
    for (unsigned i = 0; now->n > 0 && usual->n > 0 && i < TW_MIX_CELLS; i++) {
        const double share = 100.0 * now->cells[i] / (double)now->n,
                     before = 100.0 * usual->cells[i] / (double)usual->n;
        if (share - before <= rise)
            continue;
        rise = share - before;
        most = i;
        out.share = round(share);
        out.usual = round(before);
    }
    out.action = tw_mix_action(most);
    out.on = tw_mix_on(most);
    return out;
}
