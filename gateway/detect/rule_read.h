#pragma once
/* Inside the rule reader: members of a rule's map. Shapes were checked against keys.c before, so a
 * member of the wrong kind was reported already and reads as absent. */

#include "detect/rule.h"

__attribute__((format(printf, 4, 5))) void tw_rule_wrong(const struct tw_expr_place *at,
    const struct tw_node *node, const char *hint, const char *format, ...);
const char *tw_rule_text(const struct tw_expr_place *at, const struct tw_node *map, const char *key,
    const char *otherwise);
struct tw_program tw_rule_program(
    const struct tw_expr_place *at, const struct tw_node *map, const char *key);
double tw_rule_number(const struct tw_node *map, const char *key, double otherwise);
int64_t tw_rule_duration(
    const struct tw_expr_place *at, const struct tw_node *map, const char *key, int64_t otherwise);
bool tw_rule_flag(const struct tw_node *map, const char *key, bool otherwise);
enum tw_evidence tw_rule_evidence(const struct tw_node *map);
/* `by:`, or the fields of these names (NULL: none) where it is not given. */
struct tw_by tw_rule_by(const struct tw_expr_place *at, const struct tw_node *map,
    const char *first, const char *second, const char *third);
struct tw_floors tw_rule_floors(const struct tw_expr_place *at, const struct tw_node *map);

/* Everything beside the rule's own description and `when`: window, sprt, hold, upgrades,
 * exceptions, observed, expected. */
void tw_rule_read_parts(
    const struct tw_expr_place *at, const struct tw_node *rule, struct tw_rule *out);
