#include "alert/record.h"

#include <string.h>

#include "crypto/digest.h"
#include "event/emit_json.h"
#include "event/secret.h"

static const char evidence_letters[] = {
    [TW_EVIDENCE_D] = 'D', [TW_EVIDENCE_S] = 'S', [TW_EVIDENCE_M] = 'M', [TW_EVIDENCE_W] = 'W'};

/* A change order that is open explains why an actor behaves otherwise than it did; it never excuses
 * what is certain or strong. */
static const double change_order_factor = 0.3;

static char evidence_letter(enum tw_evidence e)
{
    return (unsigned)e < sizeof(evidence_letters) ? evidence_letters[e] : 'W';
}

static double context_of(const struct tw_finding *f)
{
    bool deviation = f->evidence == TW_EVIDENCE_M || f->evidence == TW_EVIDENCE_W;
    return f->facts->change_open && deviation && !f->rule->safety ? change_order_factor : 1;
}

struct tw_score_input tw_alert_score_input(const struct tw_finding *f)
{
    bool known = f->facts->target.asset.p != NULL;
    return (struct tw_score_input){
        .evidence = evidence_letter(f->evidence),
        .strength = f->strength,
        .severity = f->rule->severity,
        .kind = f->facts->actor.kind,
        .tier = f->facts->actor.tier,
        .importance = known ? f->facts->target.importance : TW_IMPORTANCE_NORMAL,
        .context = context_of(f),
        .floor = f->floor,
    };
}

static const struct tw_endpoint *actor_endpoint(const struct tw_finding *f)
{
    const struct tw_endpoint *e = &f->facts->actor.endpoint;
    return e->ip.family != 0 || e->has_mac ? e : &f->event->src;
}

static const struct tw_endpoint *target_endpoint(const struct tw_finding *f)
{
    const struct tw_endpoint *e = &f->facts->target.endpoint;
    return e->ip.family != 0 || e->has_mac ? e : &f->event->dst;
}

struct tw_str tw_alert_actor(const struct tw_finding *f, char out[TW_IP_TEXT])
{
    const struct tw_actor_facts *actor = &f->facts->actor;
    const struct tw_endpoint *e = actor_endpoint(f);
    if (actor->id.p != NULL)
        return actor->id;
    if (e->ip.family != 0)
        return (struct tw_str){out, tw_ip_text(out, &e->ip)};
    if (e->has_mac)
        return (struct tw_str){out, tw_mac_text(out, e->mac)};
    if (actor->client_id.p != NULL)
        return actor->client_id;
    return TW_STR("unknown");
}

static void add_ip_port(struct tw_text *out, const struct tw_endpoint *e)
{
    char text[TW_IP_TEXT];
    struct tw_str ip = {text, tw_ip_text(text, &e->ip)};
    bool six = e->ip.family == 6;
    tw_text_addz(out, six ? "[" : "");
    tw_text_add_str(out, ip);
    tw_text_addz(out, six ? "]" : "");
    if (e->port != 0)
        tw_text_addf(out, ":%u", (unsigned)e->port);
}

/* "10.0.0.1:502>[fd00::1]:4840/tcp"; nothing when there are no addresses. */
static void add_tuple(struct tw_text *out, const struct tw_event *event)
{
    if (event->src.ip.family == 0 || event->dst.ip.family == 0)
        return;
    const char *transport = "udp";
    if (event->is_tcp)
        transport = "tcp";
    else if (event->flow_info != NULL && event->flow_info->transport != NULL)
        transport = event->flow_info->transport;
    add_ip_port(out, &event->src);
    tw_text_addz(out, ">");
    add_ip_port(out, &event->dst);
    tw_text_addf(out, "/%s", transport);
}

/* Each part with its length, so that no two lists of parts read the same. */
static void add_part(struct tw_text *out, struct tw_str part)
{
    tw_text_addf(out, "%zu:", part.len);
    tw_text_add_str(out, part);
}

void tw_alert_id(
    struct tw_text *scratch, const char *ruleset, const struct tw_finding *f, char out[37])
{
    char address[TW_IP_TEXT];
    tw_text_clear(scratch);
    add_part(scratch, tw_str_of(ruleset));
    add_part(scratch, tw_str_of(f->rule->id));
    tw_text_addf(scratch, "%u;", f->rule->rev);
    add_part(scratch, tw_alert_actor(f, address));
    add_part(scratch, f->facts->target.asset);
    add_part(scratch, f->event->object);
    add_part(scratch, f->event->field);
    add_part(scratch, f->key);
    tw_text_addf(scratch, "%lld;", (long long)f->ts_ns);
    add_tuple(scratch, f->event);
    struct tw_str name = tw_text_str(scratch);
    tw_uuid5(name.p, name.len, out);
}

/* Starts a piece: the key that follows finds its comma there. */
static void begin(struct tw_text *out, const char *key)
{
    tw_text_add(out, ",", 1);
    tw_json_key(out, key);
}

static void optional(struct tw_text *out, const char *key, struct tw_str s)
{
    if (s.p == NULL)
        return;
    tw_json_member_str(out, key, s);
}

static void addresses(struct tw_text *out, const struct tw_endpoint *e, bool with_mac)
{
    char text[TW_IP_TEXT];
    if (e->ip.family != 0)
        optional(out, "ip", (struct tw_str){text, tw_ip_text(text, &e->ip)});
    if (with_mac && e->has_mac)
        optional(out, "mac", (struct tw_str){text, tw_mac_text(text, e->mac)});
}

static void add_actor(struct tw_text *out, const struct tw_finding *f)
{
    const struct tw_actor_facts *actor = &f->facts->actor;
    tw_json_key(out, "actor");
    tw_json_object(out);
    tw_json_member_str(out, "id", actor->id);
    tw_json_member_z(out, "kind", tw_actor_kind_name(actor->kind));
    addresses(out, actor_endpoint(f), true);
    tw_json_member_z(out, "identity", tw_identity_name(actor->identity));
    optional(out, "mismatch", actor->mismatch);
    optional(out, "client_id", actor->client_id);
    optional(out, "application_uri", actor->application_uri);
    optional(out, "user", actor->user);
    tw_json_object_end(out);
}

static void add_target(struct tw_text *out, const struct tw_finding *f)
{
    const struct tw_event *event = f->event;
    tw_json_key(out, "target");
    tw_json_object(out);
    tw_json_member_str(out, "asset", f->facts->target.asset);
    addresses(out, target_endpoint(f), false);
    if (event->object.p != NULL || event->object_null)
        tw_json_member_str(out, "object", event->object);
    optional(out, "field", event->field);
    optional(out, "variable", f->facts->variable.id);
    tw_json_object_end(out);
}

static void add_who(struct tw_text *out, const struct tw_finding *f)
{
    begin(out, "rule");
    tw_json_object(out);
    tw_json_member_z(out, "id", f->rule->id);
    tw_json_member_z(out, "name", f->rule->name);
    tw_json_member_u64(out, "rev", f->rule->rev);
    tw_json_object_end(out);
    tw_json_member_z(out, "family", f->rule->family);
    add_actor(out, f);
    add_target(out, f);
}

/* One element of `why`: a thing that was weighed and the factor it gave. */
static void add_factor(
    struct tw_text *out, const char *what, struct tw_str name, double factor, const char *because)
{
    tw_json_object(out);
    tw_json_member_str(out, what, name);
    tw_json_member_double(out, "factor", factor);
    optional(out, "because", tw_str_of(because));
    tw_json_object_end(out);
}

static void add_tier_factor(
    struct tw_text *out, const struct tw_score_input *in, const struct tw_score *score)
{
    struct tw_str name = TW_STR_NONE;
    const char *because = NULL;
    if (in->kind == TW_ACTOR_UNREGISTERED) {
        name = TW_STR("T3");
        because = "unregistered";
    } else if (in->kind == TW_ACTOR_ASSET) {
        because = "asset";
    } else if (in->tier != TW_TIER_NONE) {
        name = tw_str_of(tw_tier_name(in->tier));
    }
    add_factor(out, "tier", name, score->tier_factor, because);
}

static double two_decimals(double v)
{
    return (double)(int64_t)(v * 100 + 0.5 + 1e-9) / 100;
}

static void add_rule_weight(struct tw_text *out, const struct tw_finding *f,
    const struct tw_score_input *in, const struct tw_score *score)
{
    double strength = in->strength > 0 ? (in->strength < 1 ? in->strength : 1) : 0;
    tw_json_object(out);
    tw_json_member_z(out, "rule", f->rule->id);
    tw_json_member_str(out, "evidence", (struct tw_str){&in->evidence, 1});
    tw_json_member_double(out, "strength", two_decimals(strength));
    tw_json_member_double(out, "severity", in->severity);
    tw_json_member_double(out, "p", score->p);
    tw_json_object_end(out);
}

static void add_why(struct tw_text *out, const struct tw_finding *f,
    const struct tw_score_input *in, const struct tw_score *score)
{
    struct tw_str importance = tw_str_of(tw_importance_name(in->importance));
    tw_json_key(out, "why");
    tw_json_array(out);
    add_rule_weight(out, f, in, score);
    add_tier_factor(out, in, score);
    add_factor(out, "asset", importance, score->asset_factor, NULL);
    if (score->context_factor < 1 || score->context_factor > 1)
        add_factor(out, "context", TW_STR("change order open"), score->context_factor, NULL);
    if (in->floor > 0) {
        tw_json_object(out);
        tw_json_member_double(out, "floor", in->floor);
        tw_json_object_end(out);
    }
    tw_json_array_end(out);
}

static void add_what(struct tw_text *out, const struct tw_finding *f,
    const struct tw_score_input *in, const struct tw_score *score)
{
    begin(out, "summary");
    tw_json_str(out, f->summary);
    if (f->observed != NULL && f->observed->kind != TW_VALUE_NONE) {
        tw_json_key(out, "observed");
        /* Dissectors hide secrets already; what a rule computes from them must not bring them back.
         */
        if (tw_secret_name(f->event->field.p != NULL ? f->event->field : f->event->object))
            tw_json_str(out, TW_REDACTED);
        else
            tw_value_json(out, f->observed);
    }
    if (f->expected_json.len > 0) {
        tw_json_key(out, "expected");
        tw_json_raw(out, f->expected_json);
    }
    add_why(out, f, in, score);
}

static struct tw_str base_name(struct tw_str path)
{
    const char *slash = path.len ? memrchr(path.p, '/', path.len) : NULL;
    if (slash == NULL)
        return path;
    size_t skip = (size_t)(slash - path.p) + 1;
    return (struct tw_str){path.p + skip, path.len - skip};
}

static void add_proof(
    struct tw_text *out, const struct tw_alerts_config *config, const struct tw_finding *f)
{
    struct tw_str name = TW_STR_NONE, sha256 = TW_STR_NONE;
    uint64_t packet = f->n_packets > 0 ? f->packets[0] : f->event->packet;
    if (config->source != NULL)
        config->source(config->source_user, packet, &name, &sha256);
    begin(out, "evidence");
    tw_json_object(out);
    if (name.len > 0)
        optional(out, "capture", base_name(name));
    if (sha256.len > 0)
        optional(out, "sha256", sha256);
}

static void add_flow(struct tw_text *out, const struct tw_event *event)
{
    if (event->flow != 0)
        tw_text_addf(out, ",\"flow\":\"%016llx\"", (unsigned long long)event->flow);
    if (event->src.ip.family != 0 && event->dst.ip.family != 0) {
        tw_text_addz(out, ",\"tuple\":\"");
        add_tuple(out, event);
        tw_text_addz(out, "\"");
    }
    tw_text_addz(out, "}");
}

static void add_advice(struct tw_text *out, const struct tw_rule_info *rule)
{
    begin(out, "tags");
    tw_json_array(out);
    for (size_t i = 0; i < rule->n_tags; i++)
        tw_json_z(out, rule->tags[i]);
    tw_json_array_end(out);
    tw_json_member_z(out, "tlp", "amber"); /* inside the plant and to whom it chooses */
    optional(out, "advice", tw_str_of(rule->advice));
}

static void add_target_text(struct tw_text *out, const struct tw_finding *f)
{
    char text[TW_IP_TEXT];
    const struct tw_endpoint *e = target_endpoint(f);
    struct tw_str where = f->facts->target.asset;
    if (where.p == NULL && e->ip.family != 0)
        where = (struct tw_str){text, tw_ip_text(text, &e->ip)};
    tw_text_add_str(out, where);
    if (where.len > 0 && f->event->object.len > 0)
        tw_text_addz(out, " ");
    tw_text_add_str(out, f->event->object);
}

void tw_alert_pieces(struct tw_text *out, const struct tw_alerts_config *config,
    const struct tw_finding *f, const struct tw_score_input *in, const struct tw_score *score,
    size_t out_at[TW_PIECES + 1])
{
    char address[TW_IP_TEXT];
    out_at[TW_PIECE_WHO] = out->len;
    add_who(out, f);
    out_at[TW_PIECE_WHAT] = out->len;
    add_what(out, f, in, score);
    out_at[TW_PIECE_PROOF] = out->len;
    add_proof(out, config, f);
    out_at[TW_PIECE_FLOW] = out->len;
    add_flow(out, f->event);
    out_at[TW_PIECE_ADVICE] = out->len;
    add_advice(out, f->rule);
    out_at[TW_PIECE_RULE] = out->len;
    tw_text_add(out, f->rule->id, strlen(f->rule->id) + 1);
    out_at[TW_PIECE_ACTOR] = out->len;
    tw_text_add_str(out, tw_alert_actor(f, address));
    out_at[TW_PIECE_TARGET] = out->len;
    add_target_text(out, f);
    out_at[TW_PIECE_SUMMARY] = out->len;
    tw_text_add_str(out, f->summary);
    out_at[TW_PIECES] = out->len;
}

static void add_start(
    struct tw_text *out, const struct tw_alerts_config *config, const struct tw_alert_state *state)
{
    tw_json_member_z(out, "schema", "tierwatch.alert/1");
    tw_json_member_z(out, "id", state->id);
    tw_json_member_time(out, "ts", state->first_ns, state->nano);
    tw_json_member_z(out, "site", config->site);
    tw_json_member_z(out, "gateway", config->gateway);
    tw_json_member_z(out, "severity", tw_severity_name(state->severity));
    tw_json_member_i64(out, "score", state->score);
    tw_json_member_z(out, "tier", state->tier == TW_TIER_NONE ? NULL : tw_tier_name(state->tier));
}

void tw_alert_line(struct tw_text *out, const struct tw_alerts_config *config,
    const struct tw_alert_text *text, const struct tw_alert_state *state)
{
    tw_json_object(out);
    add_start(out, config, state);
    tw_text_add_str(out, tw_alert_piece(text, TW_PIECE_WHO));
    tw_text_add_str(out, tw_alert_piece(text, TW_PIECE_WHAT));
    tw_text_add_str(out, tw_alert_piece(text, TW_PIECE_PROOF));
    tw_json_key(out, "packets");
    tw_json_array(out);
    for (size_t i = 0; i < state->n_packets; i++)
        tw_json_u64(out, state->packets[i]);
    tw_json_array_end(out);
    tw_text_add_str(out, tw_alert_piece(text, TW_PIECE_FLOW));
    tw_json_member_u64(out, "count", state->count);
    tw_json_member_time(out, "first_ts", state->first_ns, state->nano);
    tw_json_member_time(out, "last_ts", state->last_ns, state->nano);
    tw_json_member_i64(out, "risk", state->risk);
    tw_json_key(out, "coverage");
    tw_json_object(out);
    tw_json_member_i64(out, "readable", (int64_t)state->readable_percent);
    tw_json_object_end(out);
    tw_json_member_z(out, "ruleset", state->ruleset);
    tw_json_member_z(out, "inventory", state->inventory);
    if (state->by_baseline)
        optional(out, "baseline", tw_str_of(config->baseline));
    tw_json_member_z(out, "engine", config->engine);
    tw_json_member_z(out, "ndpi", config->ndpi);
    tw_text_add_str(out, tw_alert_piece(text, TW_PIECE_ADVICE));
    tw_json_object_end(out);
}
