#include "detect/state.h"

struct tw_str tw_version_plain(struct tw_str v)
{
    bool prefixed = v.len > 1 && (v.p[0] == 'v' || v.p[0] == 'V') && v.p[1] >= '0' && v.p[1] <= '9';
    return prefixed ? (struct tw_str){v.p + 1, v.len - 1} : v;
}

void tw_reports_event(struct tw_changes *changes, const struct tw_event *e, struct tw_facts *facts)
{
    struct tw_report_facts *r = &facts->report;
    if (!r->is_report || r->model_version.p == NULL || r->version_declared)
        return;
    r->version_declared =
        tw_str_eq(
            tw_version_plain(r->model_version), tw_version_plain(facts->actor.model_version)) ||
        tw_changes_declare(changes, facts->actor.id, r->model_version, e->ts_ns, &r->change_ticket);
}
