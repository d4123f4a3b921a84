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

static const char *const dangers[] = {[TW_DANGER_NONE] = NULL,
#define ROW(name, text) [TW_DANGER_##name] = text,
    TW_PAYLOAD_DANGER_TABLE(ROW)
#undef ROW
};

static const char *const origins[] = {[TW_ORIGIN_NONE] = NULL,
#define ROW(name, text) [TW_ORIGIN_##name] = text,
    TW_PAYLOAD_ORIGIN_TABLE(ROW)
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

bool tw_payload_kind_is_media(enum tw_payload_kind kind)
{
    static const enum tw_payload_kind media[] = {TW_PAYLOAD_PNG, TW_PAYLOAD_JPEG, TW_PAYLOAD_GIF,
        TW_PAYLOAD_WEBP, TW_PAYLOAD_TIFF, TW_PAYLOAD_PDF, TW_PAYLOAD_MP4, TW_PAYLOAD_WAV,
        TW_PAYLOAD_MP3};
    for (size_t i = 0; i < sizeof(media) / sizeof(media[0]); i++)
        if (media[i] == kind)
            return true;
    return false;
}

const char *tw_payload_danger_name(enum tw_payload_danger danger)
{
    return dangers[danger];
}

const char *tw_payload_origin_name(enum tw_payload_origin origin)
{
    return origins[origin];
}

const char *tw_payload_problem_name(enum tw_payload_problem problem)
{
    return problems[problem];
}
