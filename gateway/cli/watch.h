#pragma once
/* What replay and run share: configuration, inventory and rules loaded and checked, and what the
 * later stages are told of them. What is returned borrows from the watch and the options. */

#include "cli/common.h"
#include "config/gateway.h"
#include "share/publisher.h"

struct tw_evidence_source; /* cli/evidence.h */

struct tw_watch {
    struct tw_config *config; /* never NULL once loaded: defaults without --config */
    struct tw_registry *registry;
    struct tw_rules *rules;
    struct tw_baseline *baseline;     /* NULL: none is given */
    struct tw_indicators *indicators; /* NULL: none are */
    const char *site, *gateway;
    char *inventory_site;
};

/* Load everything, print every diagnostic. TW_EXIT_OK, or the exit code of what is wrong. */
int tw_watch_load(const struct tw_options *o, struct tw_watch *out);
void tw_watch_free(struct tw_watch *w);
/* The parts: --config and --set; --rules, else those of the configuration, else the default ones.
 */
struct tw_config *tw_watch_config(const struct tw_options *o, struct tw_diags *diags);
struct tw_rules *tw_watch_rules(const struct tw_options *o, const struct tw_config *c,
    const struct tw_rules_lint *lint, struct tw_diags *diags); /* `lint` NULL: mistakes only */
/* Those that the configuration names. False when they are broken; NULL where it names none. */
bool tw_watch_indicators(
    const struct tw_config *c, struct tw_diags *diags, struct tw_indicators **out);
/* What the command line names, else what the configuration does. */
struct tw_list tw_watch_list(const struct tw_list *given, const struct tw_names *configured);
struct tw_limits tw_watch_limits(const struct tw_watch *w);
/* What alerts say of this gateway; with `captures` also of the file that holds their packets. */
struct tw_alerts_config tw_watch_alerts(
    const struct tw_watch *w, struct tw_evidence_source *captures);

/* The broker of the configuration, with `root` "tierwatch/1" or "tierwatch-replay/1". */
struct tw_broker_config tw_watch_broker(const struct tw_watch *w, const char *root, char *root_out,
    size_t root_size, char *client_id, size_t client_id_size);
