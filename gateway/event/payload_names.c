#include "event/payload_names.h"

#include <stddef.h>

static const struct {
    const char *name;
    bool is_model;
} kinds[] = {[TW_PAYLOAD_UNKNOWN] = {NULL, false},
#define ROW(name, text, is_model) [TW_PAYLOAD_##name] = {text, is_model},
    TW_PAYLOAD_KIND_TABLE(ROW)
#undef ROW
};

static const char *const problems[] = {[TW_PROBLEM_NONE] = NULL,
#define ROW(name, text) [TW_PROBLEM_##name] = text,
    TW_PAYLOAD_PROBLEM_TABLE(ROW)
#undef ROW
};

const char *tw_payload_kind_name(enum tw_payload_kind kind)
{
    return kinds[kind].name;
}

bool tw_payload_kind_is_model(enum tw_payload_kind kind)
{
    return kinds[kind].is_model;
}

const char *tw_payload_problem_name(enum tw_payload_problem problem)
{
    return problems[problem];
}
