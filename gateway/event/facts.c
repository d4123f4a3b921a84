#include "event/facts.h"

static const char *const tiers[] = {"none", "T0", "T1", "T2", "T3", "T4"};
static const char *const actor_kinds[] = {"unregistered", "asset", "ai_system"};
static const char *const identities[] = {"unregistered", "registered", "mismatch"};
static const char *const importances[] = {"low", "normal", "high", "essential"};
static const char *const roles[] = {"none", "command", "measurement", "approval", "safety",
    "recipe", "status", "note", "heartbeat", "model"};
static const char *const labels[] = {"none", "mode", "program", "firmware", "prompt", "policy",
    "tools", "config", "camera-original", "ai-generated", "recipe", "know-how", "personal",
    "important", "core"};
static const char *const approvals[] = {
    "none", "valid", "missing", "rejected", "mismatch", "expired", "used", "unknown"};

#define NAME_OF(table, value)                                                                      \
    ((size_t)(value) < sizeof(table) / sizeof((table)[0]) ? (table)[(value)] : (table)[0])

const char *tw_tier_name(enum tw_tier t)
{
    return NAME_OF(tiers, t);
}

const char *tw_actor_kind_name(enum tw_actor_kind k)
{
    return NAME_OF(actor_kinds, k);
}

const char *tw_identity_name(enum tw_identity i)
{
    return NAME_OF(identities, i);
}

const char *tw_importance_name(enum tw_importance i)
{
    return NAME_OF(importances, i);
}

const char *tw_role_name(enum tw_role r)
{
    return NAME_OF(roles, r);
}

const char *tw_label_name(enum tw_label l)
{
    return NAME_OF(labels, l);
}

const char *tw_approval_name(enum tw_approval_state s)
{
    return NAME_OF(approvals, s);
}
