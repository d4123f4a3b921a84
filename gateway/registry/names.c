/* Sorted names: exact look-ups while a cache misses, without a table that strangers could fill. */

#include <stdlib.h>

#include "registry/model.h"

static int by_text(const void *a, const void *b)
{
    const struct tw_name_row *x = a, *y = b;
    int c = tw_str_cmp(x->text, y->text);
    return c != 0 ? c : x->item < y->item ? -1 : x->item > y->item;
}

void tw_name_index_sort(struct tw_name_index *index)
{
    if (index->n > 1)
        qsort(index->rows, index->n, sizeof(index->rows[0]), by_text);
}

const struct tw_name_row *tw_name_index_find(const struct tw_name_index *index, struct tw_str text)
{
    size_t low = 0, high = index->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tw_str_cmp(index->rows[middle].text, text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < index->n && tw_str_eq(index->rows[low].text, text) ? &index->rows[low] : NULL;
}

/* Every declaration of one kind of identity, with the entry that made it. */
static bool index_ids(struct tw_registry *r, enum tw_id_kind kind)
{
    struct tw_name_index *index = &r->by_id[kind];
    size_t total = 0;
    for (size_t e = 0; e < r->n_entries; e++)
        total += r->entries[e].ids[kind].n;
    index->rows = tw_registry_keep(r, total, sizeof(*index->rows));
    if (index->rows == NULL)
        return false;
    for (size_t e = 0; e < r->n_entries; e++) {
        const struct tw_strs *ids = &r->entries[e].ids[kind];
        for (size_t i = 0; i < ids->n; i++)
            index->rows[index->n++] = (struct tw_name_row){ids->list[i], (uint32_t)e};
    }
    tw_name_index_sort(index);
    return true;
}

static bool index_variables(struct tw_registry *r)
{
    r->exact_nodes.rows = tw_registry_keep(r, r->n_variables, sizeof(struct tw_name_row));
    r->exact_topics.rows = tw_registry_keep(r, r->n_variables, sizeof(struct tw_name_row));
    r->glob_nodes = tw_registry_keep(r, r->n_variables, sizeof(uint32_t));
    r->filter_topics = tw_registry_keep(r, r->n_variables, sizeof(uint32_t));
    if (r->exact_nodes.rows == NULL || r->exact_topics.rows == NULL || r->glob_nodes == NULL ||
        r->filter_topics == NULL)
        return false;
    for (uint32_t i = 0; i < r->n_variables; i++) {
        const struct tw_variable *v = &r->variables[i];
        if (v->opcua_node.p != NULL && tw_has_glob(v->opcua_node))
            r->glob_nodes[r->n_glob_nodes++] = i;
        else if (v->opcua_node.p != NULL)
            r->exact_nodes.rows[r->exact_nodes.n++] = (struct tw_name_row){v->opcua_node, i};
        if (v->topic.p != NULL && memchr(v->topic.p, '+', v->topic.len) == NULL &&
            memchr(v->topic.p, '#', v->topic.len) == NULL)
            r->exact_topics.rows[r->exact_topics.n++] = (struct tw_name_row){v->topic, i};
        else if (v->topic.p != NULL)
            r->filter_topics[r->n_filter_topics++] = i;
    }
    tw_name_index_sort(&r->exact_nodes);
    tw_name_index_sort(&r->exact_topics);
    return true;
}

bool tw_registry_index(struct tw_registry *r)
{
    for (int kind = 0; kind < TW_ID_KINDS; kind++) {
        if (!index_ids(r, (enum tw_id_kind)kind))
            return false;
    }
    return index_variables(r);
}
