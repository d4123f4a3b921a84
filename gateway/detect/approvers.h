#pragma once
/* How people approve: how fast they answer what AI systems propose, how many, and how often they
 * say yes. Used by approvals.c. Inside detect/. */

#include "base/table.h"
#include "event/facts.h"

struct tw_approvers;
/* NULL when memory is short. */
struct tw_approvers *tw_approvers_new(void);
void tw_approvers_free(struct tw_approvers *a);
void tw_approvers_adopt(struct tw_approvers *a, struct tw_approvers *old);
/* An AI system proposed something for an object. */
void tw_approvers_proposed(struct tw_approvers *a, struct tw_text_key object, int64_t ts_ns);
/* `by` answered, whatever it was. */
void tw_approvers_answered(struct tw_approvers *a, struct tw_text_key by, struct tw_text_key object,
    bool approved, int64_t ts_ns);
/* How `by` did so far. */
void tw_approvers_judge(const struct tw_approvers *a, struct tw_text_key by, int64_t now_ns,
    struct tw_approver_facts *out);
