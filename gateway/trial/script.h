#pragma once
/* Inside trial/: the events that a test writes out, one after the other in event time. */

#include "trial/stage.h"

/* TW_INVALID when anything about them is wrong, which is reported. */
TW_MUST_CHECK enum tw_status tw_script_play(
    struct tw_stage *s, struct tw_analyst *analyst, const struct tw_node *test);
