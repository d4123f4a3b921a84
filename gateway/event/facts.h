#pragma once
/* What is known about an event beyond the wire: who acts, on what, what was declared and what is
 * allowed. registry/ fills it from the inventory, detect/ adds what happened before (approvals,
 * open changes, last values, signs of life). Rules read it through fields.c; alerts quote it. Views
 * are good during the event.
 */

#include "event/event.h"

enum tw_tier { TW_TIER_NONE, TW_TIER_T0, TW_TIER_T1, TW_TIER_T2, TW_TIER_T3, TW_TIER_T4 };
enum tw_actor_kind { TW_ACTOR_UNREGISTERED, TW_ACTOR_ASSET, TW_ACTOR_AI_SYSTEM };
enum tw_identity { TW_IDENTITY_UNREGISTERED, TW_IDENTITY_REGISTERED, TW_IDENTITY_MISMATCH };
enum tw_importance {
    TW_IMPORTANCE_LOW,
    TW_IMPORTANCE_NORMAL,
    TW_IMPORTANCE_HIGH,
    TW_IMPORTANCE_ESSENTIAL
};
enum tw_role {
    TW_ROLE_NONE,
    TW_ROLE_COMMAND,
    TW_ROLE_MEASUREMENT,
    TW_ROLE_APPROVAL,
    TW_ROLE_SAFETY,
    TW_ROLE_RECIPE,
    TW_ROLE_STATUS,
    TW_ROLE_NOTE,
    TW_ROLE_HEARTBEAT,
    TW_ROLE_MODEL
};
/* What the content of a variable is for beyond its role: where a change of it changes how something
 * works, where pictures come from, or who may see it. */
enum tw_label {
    TW_LABEL_NONE,
    TW_LABEL_MODE,
    TW_LABEL_PROGRAM,
    TW_LABEL_FIRMWARE,
    TW_LABEL_PROMPT, /* prompt to config: those of an AI system */
    TW_LABEL_POLICY,
    TW_LABEL_TOOLS,
    TW_LABEL_CONFIG,
    TW_LABEL_CAMERA_ORIGINAL,
    TW_LABEL_AI_GENERATED,
    TW_LABEL_RECIPE, /* recipe to core: not for everybody */
    TW_LABEL_KNOW_HOW,
    TW_LABEL_PERSONAL,
    TW_LABEL_IMPORTANT, /* as regulation grades data, and core above it */
    TW_LABEL_CORE
};
enum tw_approval_state {
    TW_APPROVAL_NONE, /* no grant of this action asks for one */
    TW_APPROVAL_VALID,
    TW_APPROVAL_MISSING, /* none was ever given for this target, or it was refused */
    TW_APPROVAL_REJECTED,
    TW_APPROVAL_MISMATCH, /* given for another value */
    TW_APPROVAL_EXPIRED,
    TW_APPROVAL_USED,    /* more uses than were granted */
    TW_APPROVAL_UNKNOWN, /* watching began less than `valid` ago, or bytes were lost */
};

const char *tw_tier_name(enum tw_tier t);             /* "none", "T0" … */
const char *tw_actor_kind_name(enum tw_actor_kind k); /* ai_system, asset, unregistered */
const char *tw_identity_name(enum tw_identity i);     /* registered, mismatch, unregistered */
const char *tw_importance_name(enum tw_importance i);
const char *tw_role_name(enum tw_role r);
const char *tw_label_name(enum tw_label l); /* "none", "mode", …, "camera-original" */
const char *tw_approval_name(enum tw_approval_state s);

/* Bits: what is by design with commands on a variable, and so no sign of a fault. */
enum {
    TW_NORMAL_RETAINED = 1 << 0,
    TW_NORMAL_RAMP = 1 << 1,
    TW_NORMAL_CYCLE = 1 << 2,
    TW_NORMAL_LIMIT = 1 << 3
};

struct tw_range {
    bool has_min, has_max;
    double min, max;
};

struct tw_actor_facts {
    struct tw_str id; /* absent when unregistered */
    enum tw_actor_kind kind;
    enum tw_identity identity;
    enum tw_tier tier;           /* NONE unless an AI system */
    struct tw_str asset_kind;    /* operator, sensor, … of an asset */
    struct tw_str technology;    /* llm, ml, rule */
    struct tw_str network;       /* name of the network its address is in; absent: outside */
    bool in_registered_only;     /* an unregistered client there is IDN-01 */
    bool has_may;                /* something is listed, so the rest is not allowed */
    bool certain;                /* the inventory pins what the wire contradicts (IDN-03 is D) */
    bool off_hours;              /* outside the hours that are declared for it */
    bool registered_address;     /* is that of an asset or AI system, whoever it says it is */
    struct tw_str mismatch;      /* what contradicts what, for people; absent when nothing does */
    struct tw_str security;      /* declared identity.security: a policy name, or absent */
    struct tw_str mqtt_security; /* tls, plain, or absent */
    bool has_min_confidence;
    double min_confidence;
    int64_t max_input_age_ns; /* 0: not declared */
    double quota_per_s;       /* acts; 0: not declared */
    uint32_t ai;              /* its number among the AI systems of the inventory, from 1; else 0 */
    double history_per_s, egress_per_s; /* bytes of its quotas; 0: not declared */
    bool trainer;                       /* models are trained on what it collects */
    struct tw_str model_name, model_version;
    /* What it called itself on the wire. */
    struct tw_endpoint endpoint;
    struct tw_str client_id, application_uri, user;
};

struct tw_target_facts {
    struct tw_str asset; /* id of the asset that is acted on; absent: not in the inventory */
    uint32_t ai;         /* its number where it is an AI system, from 1; else 0 */
    struct tw_str kind;
    enum tw_importance importance;
    struct tw_str min_security;
    bool in_plant; /* its address is in one of the networks */
    struct tw_endpoint endpoint;
};

struct tw_command_def; /* registry/registry.h */

struct tw_variable_facts {
    /* Absent: no variable declares this object (and field), and nothing else is set. */
    struct tw_str id;
    enum tw_role role;
    uint8_t normal; /* TW_NORMAL_… */
    enum tw_label label;
    bool above_clearance;                 /* of the actor, who declares one without the label */
    bool leaves;                          /* its value goes to where its zones do not reach */
    struct tw_str ai_system;              /* whose prompt, policy, tools or configuration it is */
    bool has_changed, changed;            /* its content is another than was seen before */
    const struct tw_command_def *command; /* NULL: nothing is declared of commands on it */
    struct tw_str unit, type;
    struct tw_range range;
    bool range_learned; /* from EURange on the wire, not from the inventory */
    bool has_max_step, has_max_rate;
    double max_step, max_rate;         /* rate per second */
    int64_t hold_off_ns;               /* for which a person's word stands; 0: not declared */
    bool has_publishers, publisher_ok; /* the variable names who may publish it; the actor is one */
    bool is_input;                     /* some AI system declares it among its inputs */
    bool is_payload;  /* field "": this event carries the variable's value itself */
    bool is_value;    /* of the variable; not only a part of it, or a message that carries it */
    bool is_followed; /* commands on another one are judged by it */
    bool is_stated;   /* some AI system says what it is at [registry.h, tw_state_def] */
};

struct tw_grant_facts {
    bool allowed;      /* some `may` covers this action on this object (or nothing is listed) */
    bool default_open; /* allowed because the actor has no `may` at all */
    struct tw_str needs_approval; /* id of an approval definition */
    bool has_max_step, has_rate;
    double max_step, rate_per_s;
    struct tw_str rate_text;
    int64_t max_window_ns; /* of one history read; 0: any */
};

/* How the sender of an approval answered before this one. */
struct tw_approver_facts {
    size_t answers;   /* to proposals, up to the last 32: of these is … */
    double median_s;  /* … the time from proposal to answer */
    unsigned yes, no; /* of about the last hour */
};

struct tw_approval_facts {
    enum tw_approval_state state;
    struct tw_str id; /* definition */
    bool has_value;
    double value; /* that was approved */
    int64_t given_ns, expires_ns;
    struct tw_str by; /* actor id of the approver */
    bool is_given;    /* this very event gives an approval: a message that says yes */
    struct tw_approver_facts approver;
    bool giver_ok; /* its sender is one of those who may */
};

/* This event is a leaf of a report the actor makes about itself, or an AI system's action that
 * carries the context of its decision. */
struct tw_report_facts {
    bool is_report; /* else nothing else is set */
    bool has_confidence;
    double confidence;
    bool has_inputs_age;
    int64_t inputs_age_ns;              /* event time minus inputs_ts */
    struct tw_str model, model_version; /* absent unless this leaf carries it */
    bool version_declared; /* model_version is the registered one or an open change names it */
    struct tw_str change_ticket;  /* of the open change, if any */
    struct tw_str object;         /* that it decided about */
    const struct tw_value *value; /* that it decided on; NULL: not in this leaf */
    struct tw_str stated; /* id of the variable that it says is at the event's value; or absent */
};

/* What an AI system says a variable is at, against what was last seen of it. */
struct tw_claim_facts {
    struct tw_str variable; /* id */
    double actual;          /* where it is */
    int64_t age_ns;         /* since that was seen last */
    double deviation;       /* from all that it was in the last seconds, in % of its range */
    bool contradicts;
    unsigned wrong, judged; /* of the actor's last claims, this one included: up to ten */
};

/* How far a command goes from where its target was. Only of numbers. */
struct tw_step_facts {
    bool has_step, has_rate;
    double last; /* value of the target before */
    double step; /* distance from it, without the rounding of floating point */
    double rate; /* step per second since the target got that value; less than 1 s counts as 1 s */
};

/* A declared sign of life that does not come any more although its AI system is active. */
struct tw_heartbeat_facts {
    struct tw_str object; /* node or topic; absent: none is overdue */
    int64_t silent_ns;    /* since the last one */
    int64_t limit_ns;     /* silence that is declared to be an alarm */
    bool is_sign;         /* this very event is one of the actor's signs of life */
};

/* What an AI system acts under: of its write, call, tool call or published command, but not of a
 * sign of life. */
struct tw_act_facts {
    /* Told to stop, and not to go on since. */
    struct tw_str stop_object; /* node or topic; absent: it was not */
    struct tw_str stop_by;     /* absent: somebody who is not registered */
    int64_t stopped_ns;        /* how long ago */
    /* The last it was given of an input that it decides from was no good value. */
    struct tw_str input;  /* id of the variable; absent: all were good, or not seen */
    struct tw_str status; /* as its server or edge node said */
    int64_t input_ns;     /* how long ago */
    /* It acts too often. */
    double budget_per_s; /* what it may, of the budget that is spent; 0: none is */
    double budget_burst; /* how many of them at once */
    bool budget_declared;
    unsigned acts; /* under it in the last minute */
    /* Numbers only. A person wanted another value a short while ago. */
    size_t person_len; /* 0: nobody did */
    char person[48];
    double wanted;
    int64_t wanted_ns;   /* how long ago */
    int64_t hold_off_ns; /* as declared; 0: the usual time */
    /* Somebody else commanded another value before: how often that changed in the last 5 min. */
    size_t turns, rival_len;
    char rival[48];
    /* Against the commands before it, whoever gave them. */
    const char *slip; /* what it looks like, of `usual`; NULL: nothing */
    double usual;
    unsigned flips; /* of the last ten steps, those that went back */
    double swing;   /* their mean size; these are shares of the range */
    unsigned same;  /* steps in one direction, this one included */
    double travel, drift;
    unsigned commands; /* of the last hour */
    bool is_at_limit;
    /* The variable that follows it goes around it: half-waves in a row, mean of their lengths over
     * three times the deviation. */
    unsigned halves; /* 0: fewer than ten */
    double regularity;
    /* What has to be so before this command is given, and is not. */
    struct tw_str unmet;  /* id of the variable; absent: nothing, or not known */
    bool unmet_forbidden; /* a state in which it is not given at all */
    size_t unmet_len;
    char unmet_value[48];
    double at_limit; /* share of those that were at a limit of the range */
};

/* What was to follow a command, and did not (of an event that was made for that). */
struct tw_readback_facts {
    struct tw_str variable;       /* that follows it */
    double value, wanted, before; /* where it stands; what was commanded; where it stood then */
    int64_t after_ns;             /* since the command */
    bool is_missed, is_turned;    /* it is not there; it went the other way */
    unsigned missed, turned;      /* of the last five, and three, commands */
};

struct tw_filter_facts { /* a subscription in MQTT, or the topic of a will */
    uint32_t commands;   /* declared command variables whose topics it takes in */
    struct tw_str first; /* id of the first of them */
};

/* What its actor did before, and was given. */
struct tw_conduct_facts {
    int64_t known_ns;      /* since the AI system was first seen doing anything */
    bool has_first, first; /* it never did this to this object before */
    uint32_t alike;        /* AI systems of its model that did so first within 60 s, it included */
    uint32_t new_names;    /* unregistered ones under which its address connected within the hour */
    /* The last text that talks to models which it was given; absent: none. */
    struct tw_str injected_object, injected_by;
    int64_t injected_ns;
    uint64_t injected_packet;
    /* Of an act of an AI system with declared inputs: did any of them reach it? */
    bool has_basis, basis_missing;
    int64_t basis_ns, basis_limit_ns; /* since the last one; longest silence; 0: not known */
    /* What it usually does to this target while its inputs are as they are. n 0: not known. */
    uint64_t habit_n;
    double habit_mean, habit_deviation; /* in standard deviations */
    /* Of an act within 30 s after another AI system wrote to an input of this one; else absent. */
    struct tw_str chain_by, chain_variable;
    enum tw_tier chain_tier;
    int64_t chain_ns;
    uint32_t chain_depth; /* AI systems before it */
    bool chain_declared, chain_granted, chain_follows;
    /* Of a message to an AI system that the actor's own input came from. */
    struct tw_str loop_with;
    uint64_t loop_rounds;
    double loop_rate_gain, loop_size_gain; /* 0: none */
    /* Values among what it collects that a rule doubted; absent: none. */
    struct tw_str doubt_object, doubt_rule;
    int64_t doubt_ns;
};

/* What an AI system does is not what it used to do, in so many windows of 5 min in a row. */
struct tw_routine_facts {
    unsigned windows;
    double divergence, limit; /* of the shares of its acts, 0 to 1 */
    const char *action, *on;  /* what it does more than before, and to what … */
    double share, usual;      /* … in % of all that it does, now and before */
};

/* Something that others have met and shared. */
struct tw_indicator {
    struct tw_str id, name, source; /* of the STIX object: "indicator--…", its name, who made it */
    struct tw_str type, value;      /* what was met: "domain-name", "api.example.com" */
    double confidence;              /* 0 to 100 */
};

struct tw_facts {
    struct tw_actor_facts actor;
    struct tw_target_facts target;
    struct tw_variable_facts variable;
    struct tw_grant_facts grant;
    struct tw_approval_facts approval;
    struct tw_report_facts report;
    struct tw_filter_facts filter;
    struct tw_step_facts step;
    struct tw_heartbeat_facts heartbeat;
    const struct tw_conduct_facts *conduct;   /* NULL: nothing to say */
    const struct tw_readback_facts *readback; /* NULL: all that was to follow did */
    const struct tw_indicator *indicator;     /* that the event fits; NULL: none */
    const struct tw_act_facts *act;           /* NULL: it is none */
    const struct tw_routine_facts *routine;   /* NULL: as usual, or not known */
    const struct tw_claim_facts *claim;       /* NULL: it says nothing that can be compared */
    bool is_order;          /* approvals, change orders or stops come by this topic */
    bool change_open;       /* a change order of this actor, or of variable.ai_system, is open */
    int64_t watching_ns;    /* event time since the first packet */
    int64_t clock_ahead_ns; /* of the capture, before the plant's; 0: they agree */
};
