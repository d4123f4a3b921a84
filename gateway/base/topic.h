#pragma once
/* MQTT Topic Names and Topic Filters [MQTT5 4.7], for everyone who compares them: the dissector,
 * session/ and the inventory. Pure functions on borrowed strings; linear time. */

#include "base/str.h"

/* Does `filter` match `topic`? "+" and "#" do not match a first level that starts with "$"
 * [MQTT5 4.7.2]; "a/#" matches "a"; the "$share/GROUP/" of a shared subscription is not part of the
 * match [MQTT5 4.8.2]. An invalid filter matches nothing. */
bool tw_topic_matches(struct tw_str filter, struct tw_str topic);

/* Is there a topic that both filters (or names) match? Shared ones count by what is behind their
 * group; an invalid one overlaps nothing. */
bool tw_topic_overlaps(struct tw_str a, struct tw_str b);

/* "+" alone in its level, "#" alone in the last one, not empty [MQTT5 4.7.1]. */
bool tw_topic_filter_valid(struct tw_str filter);

/* A name to publish on: not empty, without wildcards. */
bool tw_topic_name_valid(struct tw_str topic);

bool tw_topic_has_wildcard(struct tw_str s);

/* The filter behind "$share/GROUP/"; `filter` itself when it is not shared. `out_shared` may be
 * NULL. A shared filter without group or rest gives an absent string [MQTT5 4.8.2]. */
struct tw_str tw_topic_unshared(struct tw_str filter, bool *out_shared);
