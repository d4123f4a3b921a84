#pragma once
/* What belongs to a loaded YAML file besides its nodes. Private to config/. */

#include "config/lines.h"
#include "config/yaml.h"

struct tw_yaml_memory {
    struct tw_lines lines;
    struct tw_yaml_block {
        struct tw_yaml_block *next;
        size_t size, used;
        char bytes[];
    } * blocks;
};

static inline const struct tw_lines *tw_yaml_lines(const struct tw_yaml *y)
{
    return &((const struct tw_yaml_memory *)y->memory)->lines;
}
