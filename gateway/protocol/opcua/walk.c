#include "protocol/opcua/ahead.h"

#include <stddef.h>

void tw_opcua_walk_init(struct tw_opcua_walk *w, struct tw_proto_env *env,
    const struct tw_opcua_service *service, bool quiet)
{
    memset(w, 0, offsetof(struct tw_opcua_walk, base));
    w->env = env;
    w->service = service;
    w->quiet = quiet;
    w->base_history = w->history = (struct tw_opcua_history){.kind = NULL};
    w->base_info = (struct tw_opcua_info){.serial = 0};
    w->event = &w->base;
    w->info = &w->base_info;
}

void tw_opcua_walk_begin(struct tw_opcua_walk *w)
{
    uint32_t anomalies = w->s.anomalies;
    tw_opcua_scratch_reset(&w->s);
    w->s.anomalies = anomalies;
    if (w->quiet) /* nobody will see the event */
        return;
    w->item = w->base;
    w->item_info = w->base_info;
    w->event = &w->item;
    w->info = &w->item_info;
    w->has_status = w->has_object = w->fresh = w->status_unknown = false;
    w->details = w->base_details;
    w->n_details = w->n_base_details;
    w->history = w->base_history;
    w->path_leads_to = TW_UA_PROPERTY_NONE;
}

void tw_opcua_walk_base(struct tw_opcua_walk *w)
{
    w->base_details = w->details;
    w->n_base_details = w->n_details;
    w->base_history = w->history;
    w->s.keep = w->arena.used;
}

struct tw_value *tw_opcua_walk_detail(struct tw_opcua_walk *w, const char *name)
{
    w->fresh = true;
    if (w->details == w->base_details) {
        w->details = tw_arena_alloc(w->s.arena, TW_OPCUA_MAX_DETAILS * sizeof(*w->details));
        if (w->details != NULL && w->n_base_details > 0)
            memcpy(w->details, w->base_details, w->n_base_details * sizeof(*w->details));
        w->n_details = w->details == NULL ? 0 : w->n_base_details;
    }
    if (w->details == NULL || w->n_details == TW_OPCUA_MAX_DETAILS) {
        w->s.truncated = true;
        return &w->shown;
    }
    struct tw_value *detail = &w->details[w->n_details++];
    *detail = (struct tw_value){.kind = TW_VALUE_NULL, .name = tw_str_of(name)};
    return detail;
}

void tw_opcua_walk_undo(struct tw_opcua_walk *w, const struct tw_value *detail)
{
    if (w->n_details > w->n_base_details && detail == &w->details[w->n_details - 1])
        w->n_details--;
}

static void set_status(struct tw_opcua_walk *w)
{
    if (!w->answered || w->status_unknown) {
        w->event->status = (struct tw_maybe){.is_null = true};
        return;
    }
    uint32_t code = w->has_status ? w->status : w->service_result;
    if (w->event->status.s.p != NULL && w->event->status_code == code)
        return; /* that of the item before */
    w->event->status_code = code;
    w->event->status_bad = tw_opcua_is_bad(code);
    w->event->status.s = tw_opcua_status_text(code, w->status_text);
}

/* Events of one message whose facts are equal share them [event/batch.h]. */
static void set_info(struct tw_opcua_walk *w)
{
    if (w->n_details > 0) {
        w->shown =
            (struct tw_value){.kind = TW_VALUE_OBJECT, .n = w->n_details, .items = w->details};
        w->info->details = &w->shown;
    }
    if (w->history.kind != NULL)
        w->info->history = &w->history;
    w->info->serial = w->last.serial;
    tw_opcua_info_set_item(&w->last, w->info);
    if (!w->sent || w->fresh || memcmp(w->info, &w->last, sizeof(w->last)) != 0) {
        w->info->serial = w->env->next_serial++;
        memcpy(&w->last, w->info, sizeof(w->last));
    }
    w->event->opcua = w->info;
}

static bool pass(struct tw_opcua_walk *w)
{
    w->event->opcua = w->info;
    return w->env->asks.pass != NULL && w->env->asks.pass(w->env->emit.user, w->event);
}

void tw_opcua_walk_emit(struct tw_opcua_walk *w)
{
    if (w->quiet)
        return;
    set_status(w);
    if ((w->service->flags & TW_OPCUA_NEEDS_OBJECT) && !w->has_object)
        w->event->object_null = true;
    if (w->event->action == TW_ACTION_READ && (!w->answered || w->event->status_bad)) {
        w->event->value = (struct tw_value){0};
        w->event->type = NULL;
    }
    w->event->truncated = w->event->truncated || w->s.truncated;
    set_info(w);
    w->emitted++;
    w->sent = true;
    tw_emit(&w->env->emit, w->event);
}

void tw_opcua_walk_next(struct tw_opcua_walk *w)
{
    if (w->fresh) {
        tw_opcua_walk_begin(w);
        return;
    }
    tw_opcua_scratch_reset(&w->s);
    w->event->truncated = w->base.truncated;
}

void tw_opcua_walk_emit_next(struct tw_opcua_walk *w, bool asked)
{
    if (w->quiet)
        return;
    set_status(w);
    w->event->opcua = w->info;
    w->event->truncated = w->base.truncated || w->s.truncated;
    if (!asked && pass(w)) {
        w->emitted++;
    } else if (w->fresh || !w->sent) {
        tw_opcua_walk_emit(w);
    } else {
        w->emitted++;
        tw_emit(&w->env->emit, w->event);
    }
}

static bool skip_structures(
    struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_layout *layout)
{
    uint32_t n;
    if (!tw_opcua_count(c, 1, &n))
        return false;
    if (layout->limit != 0 && n > layout->limit)
        w->s.anomalies |= TW_OPCUA_BIT(TW_OPCUA_RELATIVE_PATH_LIMIT);
    for (; n > 0; n--)
        if (!tw_opcua_walk_layout(w, c, layout))
            return false;
    return true;
}

static bool skip_array(struct tw_opcua_walk *w, struct tw_cur *c, unsigned type)
{
    uint32_t n;
    if (!tw_opcua_count(c, tw_opcua_min_size(type), &n))
        return false;
    for (; n > 0; n--)
        if (!tw_opcua_skip(&w->s, c, type))
            return false;
    return true;
}

/* A null says nothing, and most arrays of results that may be empty are. */
static bool show(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    struct tw_value *detail = tw_opcua_walk_detail(w, f->name);
    struct tw_str name = tw_str_of(f->name);
    bool ok = tw_opcua_show(&w->s, c, f, detail);
    detail->name = name;
    bool none = f->role == TW_UA_ROLE_SHOW_SOME && detail->n == 0 && !detail->truncated;
    if (!ok || detail->kind == TW_VALUE_NULL || none)
        tw_opcua_walk_undo(w, detail);
    return ok;
}

/* Of an array only how long it is. */
static void show_count(struct tw_opcua_walk *w, struct tw_cur c, const struct tw_opcua_field *f)
{
    uint32_t n;
    if (!tw_opcua_count(&c, 1, &n))
        return;
    struct tw_value *detail = tw_opcua_walk_detail(w, f->name);
    *detail = (struct tw_value){.kind = TW_VALUE_UINT, .u = n, .name = tw_str_of(f->name)};
}

static bool walk_field(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    if (f->role >= TW_UA_ROLE_SHOW && f->role <= TW_UA_ROLE_COUNT && !w->quiet) {
        if (f->role != TW_UA_ROLE_COUNT)
            return show(w, c, f);
        show_count(w, *c, f);
    } else if (tw_opcua_roles[f->role] != NULL) {
        return tw_opcua_roles[f->role](w, c, f);
    }
    if (f->type == TW_UA_STRUCTURE)
        return f->array ? skip_structures(w, c, f->of) : tw_opcua_walk_layout(w, c, f->of);
    return f->array ? skip_array(w, c, f->type) : tw_opcua_skip(&w->s, c, f->type);
}

bool tw_opcua_walk_layout(
    struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_layout *layout)
{
    for (unsigned i = 0; i < layout->n; i++)
        if (!walk_field(w, c, &layout->fields[i]))
            return false;
    return true;
}

/* One side of the walk. It stops for good at the first field that can not be read. */
struct side {
    struct tw_cur *c;
    bool alive, cut;
    uint32_t *anomalies;
    uint32_t left; /* elements of its array still to come */
    /* What is said of each of them, behind the array: that of the next, and how many. */
    struct tw_cur diagnostics;
    uint32_t n_diagnostics;
};

static bool stop(struct side *side)
{
    side->alive = false;
    side->left = 0;
    if (!side->cut)
        *side->anomalies |= TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR);
    return false;
}

static bool run(struct tw_opcua_walk *w, struct side *side, const struct tw_opcua_layout *layout)
{
    if (!side->alive)
        return false;
    w->s.anomalies = 0;
    bool ok = tw_opcua_walk_layout(w, side->c, layout);
    *side->anomalies |= w->s.anomalies;
    return ok || stop(side);
}

static void open_array(struct side *side, bool has, const struct tw_opcua_layout *element)
{
    side->left = 0;
    if (!has || !side->alive)
        return;
    size_t min = 0;
    for (unsigned i = 0; i < element->n; i++)
        min += element->fields[i].array || element->fields[i].type == TW_UA_STRUCTURE
                   ? 1
                   : tw_opcua_min_size(element->fields[i].type);
    /* What was cut off may have held the rest of the array. */
    uint32_t n;
    if (side->cut ? !tw_cur_u32le(side->c, &n) : !tw_opcua_count(side->c, min, &n))
        stop(side);
    else
        side->left = n == UINT32_MAX ? 0 : n;
}

/* A response ends with what it says of its items: no elements, or a null array, when that is
 * nothing. */
static bool ends_with_none(const struct tw_cur *c)
{
    uint8_t first, byte;
    if (c->left < 4 || !tw_cur_peek(c, c->left - 4, &first) || (first != 0 && first != 0xff))
        return false;
    for (size_t i = 1; i < 4; i++)
        if (!tw_cur_peek(c, c->left - i, &byte) || byte != first)
            return false;
    return true;
}

/* Servers say more of an item mostly to who asks for it: else nobody looks for it twice. */
static void find_diagnostics(
    struct tw_opcua_walk *w, const struct tw_opcua_shape *shape, struct side *response)
{
    response->n_diagnostics = 0;
    if (w->quiet || response->left == 0 || (!w->asks_diagnostics && ends_with_none(response->c)) ||
        shape->response_tail.n == 0 || shape->response_tail.fields[0].type != TW_UA_DIAGNOSTICINFO)
        return;
    response->diagnostics = *response->c;
    bool ok = true;
    tw_opcua_walk_begin(w); /* what is written on the way is written to an item */
    w->quiet = true;
    for (uint32_t i = 0; ok && i < response->left; i++)
        ok = tw_opcua_walk_layout(w, &response->diagnostics, &shape->result);
    w->quiet = false;
    if (!ok || !tw_opcua_count(&response->diagnostics, 1, &response->n_diagnostics))
        response->n_diagnostics = 0;
}

/* What is said of a message is said again by each of its items, so it is not shown at length. */
static void show_diagnostics(struct tw_opcua_walk *w, struct tw_cur *c, const char *name)
{
    enum { MOST = 2048 };
    struct tw_value *detail = tw_opcua_walk_detail(w, name);
    const size_t budget = w->s.budget;
    w->s.budget = budget < MOST ? budget : MOST;
    if (!tw_opcua_value(&w->s, c, TW_UA_DIAGNOSTICINFO, detail) || detail->kind == TW_VALUE_NULL)
        tw_opcua_walk_undo(w, detail);
    else
        detail->name = tw_str_of(name);
    w->s.budget = budget;
}

/* One item of each side; true while there is another. */
static bool next_item(struct tw_opcua_walk *w, const struct tw_opcua_shape *shape,
    struct side *request, struct side *response)
{
    if (request->left == 0 && (w->has_request || response->left == 0))
        return false;
    if (w->emitted >= TW_OPCUA_MAX_ITEMS) {
        w->env->counters->cut++;
        return false;
    }
    tw_opcua_walk_begin(w);
    if (shape->part != NULL && !w->quiet) {
        struct tw_value *part = tw_opcua_walk_detail(w, "part");
        part->kind = TW_VALUE_STRING;
        part->s = tw_str_of(shape->part);
    }
    bool known = false, answered = false;
    if (request->left > 0) {
        request->left--;
        known = run(w, request, &shape->item);
        if (!known) {
            w->s.truncated = w->s.truncated || request->cut;
            if (w->has_object)
                tw_opcua_walk_emit(w);
            return false;
        }
    }
    if (response->left > 0) {
        response->left--;
        answered = run(w, response, &shape->result);
    }
    if (answered && response->n_diagnostics > 0) {
        response->n_diagnostics--;
        show_diagnostics(w, &response->diagnostics, "item_diagnostics");
    }
    if (!answered && shape->has_results && !shape->results_optional && w->answered &&
        !tw_opcua_is_bad(w->service_result))
        w->status_unknown = true;
    if (known || answered)
        tw_opcua_walk_emit(w);
    return true;
}

/* Those that pass before anything is made of them. */
static void pass_items(struct tw_opcua_walk *w, const struct tw_opcua_shape *shape,
    struct side *request, struct side *response, struct tw_opcua_ahead *ahead)
{
    uint32_t left = request->left < response->left ? request->left : response->left;
    if (!shape->reads || w->quiet || w->env->asks.pass_values == NULL || left == 0 ||
        request->cut || response->cut || response->n_diagnostics > 0 ||
        w->emitted >= TW_OPCUA_MAX_ITEMS)
        return;
    if (left > TW_OPCUA_MAX_ITEMS - w->emitted)
        left = TW_OPCUA_MAX_ITEMS - w->emitted;
    left = tw_opcua_pass_reads(w, request->c, response->c, left, ahead);
    request->left -= left;
    response->left -= left;
}

/* Whether there was any item. */
static bool walk_items(struct tw_opcua_walk *w, const struct tw_opcua_shape *shape,
    struct side *request, struct side *response)
{
    open_array(request, shape->has_items, &shape->item);
    open_array(response, shape->has_results, &shape->result);
    find_diagnostics(w, shape, response);
    bool mismatch = w->has_request && request->alive && response->alive && shape->has_results &&
                    response->left > 0 && request->left != response->left;
    if (mismatch)
        w->response_anomalies |= TW_OPCUA_BIT(TW_OPCUA_RESPONSE_MISMATCH);
    bool any = request->left > 0 || (!w->has_request && response->left > 0);
    struct tw_opcua_ahead ahead = tw_opcua_ahead_of_all();
    do {
        pass_items(w, shape, request, response, &ahead);
    } while (next_item(w, shape, request, response));
    if (request->left > 0)
        request->alive = false;
    if (response->left > 0)
        response->alive = false;
    return any;
}

static void walk_all_items(
    struct tw_opcua_walk *w, struct side *request, struct side *response, bool *whole)
{
    bool any = false;
    whole[0] = whole[1] = true;
    tw_opcua_walk_base(w);
    for (const struct tw_opcua_shape *shape = w->service->shape; shape != NULL;
         shape = shape->then) {
        any = walk_items(w, shape, request, response) || any;
        whole[0] = run(w, request, &shape->tail) && whole[0];
        whole[1] = run(w, response, &shape->response_tail) && whole[1];
    }
    /* An empty or unreadable list is still a request that was made. */
    if (!any || (w->emitted == 0 && !request->alive)) {
        tw_opcua_walk_begin(w);
        w->s.truncated = request->cut && !request->alive;
        tw_opcua_walk_emit(w);
    }
}

void tw_opcua_walk(struct tw_opcua_walk *w, void *memory)
{
    const struct tw_opcua_shape *shape = w->service->shape;
    bool whole[2];
    tw_arena_init(&w->arena, memory, TW_OPCUA_SCRATCH_BYTES);
    w->s.arena = &w->arena;
    tw_opcua_scratch_reset(&w->s);
    if (!w->quiet && w->diagnostics.left > 1) /* what is said of the message as a whole */
        show_diagnostics(w, &w->diagnostics, "diagnostics");
    struct side request = {.c = &w->request,
        .alive = w->has_request,
        .cut = w->cut_request,
        .anomalies = &w->request_anomalies};
    struct side response = {.c = &w->response,
        .alive = w->has_response,
        .cut = w->cut_response,
        .anomalies = &w->response_anomalies};
    run(w, &request, &shape->head);
    run(w, &response, &shape->response_head);
    if (shape->has_items) {
        walk_all_items(w, &request, &response, whole);
    } else {
        if (!(w->service->flags & TW_OPCUA_DELIVERS) || !w->has_response ||
            tw_opcua_is_bad(w->service_result))
            tw_opcua_walk_emit(w);
        whole[0] = run(w, &request, &shape->tail);
        whole[1] = run(w, &response, &shape->response_tail);
    }
    w->complete = (!w->has_request || whole[0]) && (!w->has_response || whole[1]);
}
