#pragma once
/* A talk whose events are written down with their details; after <cmocka.h>. */

#include "opcua_wire.h"

/* Besides what talk_event() says: the details, and what is known of a part of the past. */
static inline void detailed_event(void *user, const struct tw_event *e)
{
    struct talk *t = user;
    talk_event(user, e);
    t->said.len--; /* its end of line */
    const struct tw_opcua_info *info = e->opcua;
    const struct tw_opcua_history *h = info->history;
    if (info->details != NULL) {
        tw_text_addz(&t->said, " ");
        talk_value(&t->said, info->details);
    }
    if (h != NULL) {
        tw_text_addf(&t->said, " <%s%s%s %lld..%lld", h->kind, h->perform == NULL ? "" : " ",
            h->perform == NULL ? "" : h->perform, (long long)(h->from_ns / 1000000000),
            (long long)(h->to_ns / 1000000000));
        if (h->has_values)
            tw_text_addf(&t->said, " n=%u", h->values);
        if (h->has_returned)
            tw_text_addf(&t->said, " got=%u", h->returned);
        if (h->aggregate.p != NULL)
            tw_text_addf(&t->said, " %.*s/%g", TW_STR_ARG(h->aggregate), h->interval_ms);
        tw_text_addz(&t->said, ">");
    }
    if (info->has_publishing_interval)
        tw_text_addf(&t->said, " publishing %g", info->publishing_interval);
    if (info->has_sampling_interval)
        tw_text_addf(&t->said, " sampling %g", info->sampling_interval);
    for (uint32_t i = 0; i < info->n_properties; i++)
        tw_text_addf(&t->said, " property %d %.*s", (int)info->properties[i].kind,
            TW_STR_ARG(info->properties[i].node));
    if (info->sessionless)
        tw_text_addz(&t->said, " sessionless");
    tw_text_addz(&t->said, "\n");
}

static inline void start(struct talk *t)
{
    talk_start(t);
    t->env.emit = (struct tw_emit){detailed_event, t};
}

/* What was said so far, and nothing was wrong with it. */
static inline void finish(struct talk *t, const char *said)
{
    assert_string_equal(talk_said(t), said);
    assert_int_equal(t->counters.malformed, 0);
    assert_true(talk_close(t, TW_END_CLOSED));
    tw_text_free(&t->said);
}
