#include <stdlib.h>

#include "base/limits.h"
#include "session/opcua.h"

enum { MAX_NAMES = 64, NAMES_ROOM = 1536 };

/* The names of an EventFilter's select clauses, one behind the other. */
struct filter {
    uint32_t n;
    uint16_t end[MAX_NAMES];
    char room[NAMES_ROOM];
};

struct tw_opcua_filters {
    struct tw_seed seed;
    struct tw_table *table; /* by a digest of all of it */
    struct filter made;
    struct tw_value members[MAX_NAMES];
};

struct tw_opcua_filters *tw_opcua_filters_new(size_t capacity)
{
    struct tw_opcua_filters *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return NULL;
    f->seed = tw_seed_random();
    f->table = tw_table_new(sizeof(struct tw_text_key), sizeof(struct filter), capacity, f->seed);
    if (f->table == NULL) {
        free(f);
        return NULL;
    }
    return f;
}

void tw_opcua_filters_free(struct tw_opcua_filters *f)
{
    if (f == NULL)
        return;
    tw_table_free(f->table);
    free(f);
}

static bool collect(struct filter *to, const struct tw_value *names)
{
    size_t used = 0;
    *to = (struct filter){.n = names->n};
    for (uint32_t i = 0; i < names->n; i++) {
        const struct tw_value *name = &names->items[i];
        if (name->kind != TW_VALUE_STRING || name->s.len > sizeof(to->room) - used)
            return false;
        if (name->s.len > 0)
            memcpy(to->room + used, name->s.p, name->s.len);
        used += name->s.len;
        to->end[i] = (uint16_t)used;
    }
    return true;
}

bool tw_opcua_filters_keep(
    struct tw_opcua_filters *f, const struct tw_value *names, struct tw_text_key *out)
{
    if (names->kind != TW_VALUE_ARRAY || names->truncated || names->n > MAX_NAMES ||
        names->n == 0 || !collect(&f->made, names))
        return false;
    const struct tw_text_key key =
        tw_text_key(f->seed, (struct tw_str){(const char *)&f->made, sizeof(f->made)});
    struct filter *kept = tw_table_put(f->table, &key, NULL);
    *kept = f->made;
    *out = key;
    return true;
}

void tw_opcua_filters_name(
    struct tw_opcua_filters *f, const struct tw_text_key *key, struct tw_value *values)
{
    const struct filter *filter = tw_table_find(f->table, key);
    if (filter == NULL || values->kind != TW_VALUE_ARRAY || values->n != filter->n)
        return;
    size_t at = 0;
    for (uint32_t i = 0; i < filter->n; i++) {
        f->members[i] = values->items[i];
        f->members[i].name = (struct tw_str){filter->room + at, filter->end[i] - at};
        at = filter->end[i];
    }
    values->kind = TW_VALUE_OBJECT;
    values->items = f->members;
}
