/* The events of a payload. */

#include "protocol/payload_json.h"
#include "protocol/sparkplug/report.h"

/* The facts of UADP stand with each field; those of the whole message with the message. Kept out of
 * the way of ordinary messages, whose stack need not be as large. */
__attribute__((noinline)) static unsigned give_uadp(const struct tw_payload *p,
    const struct tw_event *message, bool itself, bool expand, const struct tw_emit *out)
{
    struct tw_event base = *message;
    const struct tw_cur bytes = tw_cur_str(p->text);
    /* The events of the fields are of the same message: what was told of it is still looked at. */
    struct tw_pubsub_text text;
    struct tw_uadp_discovery discovery;
    struct tw_pubsub_info info;
    if (itself) {
        tw_uadp_describe(bytes, &p->place, message->mqtt->serial, &text, &discovery, &info);
        if (message->truncated)
            info.bytes = TW_STR_NONE;
        base.pubsub = &info;
        tw_emit(out, &base);
    }
    /* Of what was cut the rest would seem malformed. */
    if (!expand || message->truncated)
        return 0;
    base.pubsub = NULL;
    const struct tw_uadp_report report = {
        .emit = out, .base = &base, .place = &p->place, .serial = message->mqtt->serial};
    return tw_uadp_report(&report, bytes) != TW_PUBSUB_NONE;
}

__attribute__((noinline)) static void give_json(const struct tw_payload *p,
    const struct tw_event *message, bool itself, bool expand, const struct tw_emit *out)
{
    struct tw_pubsub_json pubsub;
    struct tw_event base = *message;
    tw_pubsub_json_read(p->text, &p->place, message->mqtt->serial, &pubsub);
    base.pubsub = &pubsub.head;
    if (itself)
        tw_emit(out, &base);
    if (expand)
        tw_payload_expand_json(p, &base, &pubsub, NULL, out);
}

/* Metrics; or what a host says of itself, in JSON or text as any other message. */
__attribute__((noinline)) static unsigned give_sparkplug(const struct tw_payload *p,
    const struct tw_event *message, bool itself, bool expand, const struct tw_emit *out)
{
    const struct tw_cur bytes = tw_cur_str(p->text);
    const bool metrics = tw_sparkplug_has_metrics(p->sparkplug.kind);
    enum tw_sparkplug_anomaly wrong = TW_SPARKPLUG_OK;
    struct tw_sparkplug_info info;
    struct tw_event base = *message;
    base.sparkplug = p->sparkplug.kind == TW_SPARKPLUG_BAD ? NULL : &info;
    if (metrics)
        tw_sparkplug_describe(bytes, &p->sparkplug, message->mqtt->serial, &info);
    else
        wrong = tw_sparkplug_state(p->text, &p->sparkplug, message->mqtt->serial, &info);
    info.incomplete |= message->truncated;
    if (itself) {
        struct tw_event first = base;
        first.truncated |= info.cut;
        tw_emit(out, &first);
    }
    if (metrics)
        return expand ? tw_sparkplug_report(&base, bytes, out) : 0;
    if (expand && strcmp(p->format, "json") == 0 && p->value.kind == TW_VALUE_NONE)
        tw_payload_expand_json(p, &base, NULL, NULL, out);
    return expand ? tw_sparkplug_give_anomaly(&base, wrong, out) : 0;
}

static unsigned give(const struct tw_payload *p, const struct tw_event *message, bool itself,
    bool expand, tw_pass_fn pass, const struct tw_emit *out)
{
    if (message->mqtt != NULL && p->sparkplug.kind != TW_SPARKPLUG_NONE)
        return give_sparkplug(p, message, itself, expand, out);
    if (message->mqtt != NULL && p->place.encoding == TW_PUBSUB_UADP)
        return give_uadp(p, message, itself, expand, out);
    if (message->mqtt != NULL && p->place.encoding == TW_PUBSUB_JSON) {
        give_json(p, message, itself, expand, out);
        return 0;
    }
    if (itself)
        tw_emit(out, message);
    if (expand && p->container)
        tw_payload_expand_json(p, message, NULL, pass, out);
    return 0;
}

unsigned tw_payload_give(const struct tw_payload *p, const struct tw_event *message, bool expand,
    tw_pass_fn pass, const struct tw_emit *out)
{
    return give(p, message, true, expand, pass, out);
}

void tw_payload_expand(
    const struct tw_payload *p, const struct tw_event *message, const struct tw_emit *out)
{
    (void)give(p, message, false, true, NULL, out);
}

void tw_payload_leaves(const struct tw_event *message, const struct tw_emit *out)
{
    if (message->mqtt == NULL || message->mqtt->payload.len == 0)
        return;
    struct tw_payload p;
    /* What is called a tool is no topic; its arguments are JSON. */
    const struct tw_str topic = message->action == TW_ACTION_TOOL ? TW_STR("") : message->object;
    tw_payload_read(NULL, topic, message->mqtt, message->mqtt->payload, &p);
    tw_payload_expand(&p, message, out);
}
