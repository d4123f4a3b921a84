/* Several files into one bundle. */

#include <stdlib.h>

#include "crypto/digest.h"
#include "indicator/store.h"

static void put_scalar(const struct tw_node *n, struct tw_text *out)
{
    struct tw_number number;
    const bool word =
        tw_str_is(n->text, "true") || tw_str_is(n->text, "false") || tw_str_is(n->text, "null");
    if (!n->quoted && (word || tw_num_parse(n->text, &number)))
        tw_json_raw(out, n->text);
    else
        tw_json_str(out, n->text);
}

static void put_node(const struct tw_node *n, struct tw_text *out)
{
    if (n->kind == TW_NODE_SCALAR) {
        put_scalar(n, out);
    } else if (n->kind == TW_NODE_LIST) {
        tw_json_array(out);
        for (size_t i = 0; i < n->n; i++)
            put_node(&n->children[i], out);
        tw_json_array_end(out);
    } else {
        tw_json_object(out);
        for (size_t i = 0; i < n->n; i++) {
            tw_json_key_of(out, n->children[i].key.p, n->children[i].key.len);
            put_node(&n->children[i], out);
        }
        tw_json_object_end(out);
    }
}

static int by_id(const void *a, const void *b)
{
    const struct tw_indicator_object *const *x = a, *const *y = b;
    const int c = tw_str_cmp((*x)->what.id, (*y)->what.id);
    /* The latest first: times of one form are in order as texts. */
    return c != 0 ? c : tw_str_cmp((*y)->modified, (*x)->modified);
}

static size_t collect(
    const struct tw_indicators *const *all, size_t n_all, const struct tw_indicator_object **out)
{
    size_t n = 0;
    for (size_t k = 0; k < n_all; k++) {
        for (size_t i = 0; i < all[k]->n; i++)
            out[n++] = &all[k]->objects[i];
    }
    qsort(out, n, sizeof(*out), by_id);
    return n;
}

/* The same objects make the same bundle. */
static void put_bundle(const struct tw_text *objects, struct tw_text *out)
{
    char id[37];
    tw_uuid5(objects->p, objects->len, id);
    tw_text_addf(out, "{\"type\":\"bundle\",\"id\":\"bundle--%s\",\"objects\":[", id);
    tw_text_add_str(out, tw_text_str(objects));
    tw_text_addz(out, "\n]}\n");
    out->failed = out->failed || objects->failed;
}

void tw_indicators_merge(const struct tw_indicators *const *all, size_t n, int64_t now_ns,
    struct tw_text *out, size_t *out_n)
{
    size_t total = 0, kept = 0;
    for (size_t k = 0; k < n; k++)
        total += all[k]->n;
    const struct tw_indicator_object **list = calloc(total + 1, sizeof(*list));
    if (list == NULL) {
        out->failed = true;
        return;
    }
    total = collect(all, n, list);
    struct tw_text objects = {0};
    for (size_t i = 0; i < total; i++) {
        const bool older = i > 0 && tw_str_eq(list[i]->what.id, list[i - 1]->what.id);
        if (older || list[i]->revoked || !list[i]->used || list[i]->until_ns <= now_ns)
            continue;
        struct tw_text one = {0};
        put_node(list[i]->node, &one);
        tw_text_addz(&objects, kept++ > 0 ? ",\n" : "\n");
        tw_text_add_str(&objects, tw_text_str(&one));
        objects.failed = objects.failed || one.failed;
        tw_text_free(&one);
    }
    put_bundle(&objects, out);
    tw_text_free(&objects);
    free(list);
    *out_n = kept;
}
