#pragma once
/* What variables stand at that commands are judged by: those that follow a command, and those that
 * permit one. Whoever read or wrote them, whoever was told. Inside detect/. */

#include "base/num.h"
#include "detect/state.h"

enum { TW_STANDING_TEXT = 48 };

struct tw_standing {
    struct tw_str variable; /* its id, of the inventory */
    bool is_number;
    bool is_local; /* somebody holds it by hand at the equipment [UA8 6.4.2] */
    double number;
    double noise; /* mean size of its last steps */
    unsigned n_steps;
    size_t text_len;
    char text[TW_STANDING_TEXT];
    int64_t seen_ns;
    uint64_t packet;
};

struct tw_standings;
struct tw_standings *tw_standings_new(
    const struct tw_registry *registry, const struct tw_pulse *pulse);
void tw_standings_free(struct tw_standings *s);
/* `registry` is the one that `s` was made of. */
void tw_standings_adopt(
    struct tw_standings *s, const struct tw_standings *old, const struct tw_registry *registry);
/* False when its variable is not followed. `out_told` is what it tells; NULL: nothing. */
bool tw_standings_event(struct tw_standings *s, const struct tw_event *e,
    const struct tw_facts *facts, const struct tw_standing **out_told);
/* NULL when it is not known. */
const struct tw_standing *tw_standing_of(const struct tw_standings *s, struct tw_str variable);
/* A value as people write it; absent for what is not one value. */
struct tw_str tw_standing_text(const struct tw_value *v, char digits[TW_NUM_TEXT]);
