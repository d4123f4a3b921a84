/* The tier of an AI system from how much it may decide and what its worst action could do. */

#include <stdio.h>

#include "registry/model.h"

enum { AXIS = 4 };

static const enum tw_tier matrix[AXIS][AXIS] = {
    /*         C0          C1          C2          C3 */
    /* A0 */ {TW_TIER_T0, TW_TIER_T0, TW_TIER_T0, TW_TIER_T1},
    /* A1 */ {TW_TIER_T1, TW_TIER_T1, TW_TIER_T1, TW_TIER_T2},
    /* A2 */ {TW_TIER_T1, TW_TIER_T2, TW_TIER_T2, TW_TIER_T4},
    /* A3 */ {TW_TIER_T2, TW_TIER_T3, TW_TIER_T3, TW_TIER_T4},
};

/* U1: generative technology with a right to write is one tier higher, and never below T2. */
static enum tw_tier uplift(enum tw_tier t)
{
    if (t >= TW_TIER_T4)
        return TW_TIER_T4;
    return t + 1 < TW_TIER_T2 ? TW_TIER_T2 : (enum tw_tier)(t + 1);
}

enum tw_tier tw_tier_derive(const struct tw_tier_case *c, char *out_why, size_t size)
{
    if (size > 0)
        out_why[0] = '\0';
    if (c->autonomy < 0 || c->autonomy >= AXIS || c->consequence < 0 || c->consequence >= AXIS)
        return TW_TIER_NONE;
    enum tw_tier plain = matrix[c->autonomy][c->consequence];
    if (!c->is_llm || !c->may_write) {
        snprintf(out_why, size, "autonomy A%d with consequence C%d is %s", c->autonomy,
            c->consequence, tw_tier_name(plain));
        return plain;
    }
    enum tw_tier raised = uplift(plain);
    snprintf(out_why, size,
        "autonomy A%d with consequence C%d is %s; an llm with a right to write is one higher and "
        "at "
        "least T2 (uplift U1): %s",
        c->autonomy, c->consequence, tw_tier_name(plain), tw_tier_name(raised));
    return raised;
}
