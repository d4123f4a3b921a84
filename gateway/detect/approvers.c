#include "detect/approvers.h"

#include <stdlib.h>

#include "base/timefmt.h"

enum {
    MAX_OBJECTS = 1024, /* with a proposal that waits for its answer */
    MAX_PEOPLE = 256,
    ANSWERS = 32,  /* whose time is kept, of each */
    OPEN_S = 3600, /* a later answer is not one to this proposal */
    SLOTS = 6,     /* of an hour */
    SLOT_S = 600
};

struct slot {
    int64_t number;
    unsigned yes, no;
};

struct person {
    size_t n;
    double answers_s[ANSWERS];
    struct slot slots[SLOTS];
};

struct tw_approvers {
    struct tw_table *proposals; /* by object: when */
    struct tw_table *people;
};

struct tw_approvers *tw_approvers_new(void)
{
    struct tw_approvers *a = calloc(1, sizeof(*a));
    if (a == NULL)
        return NULL;
    a->proposals =
        tw_table_new(sizeof(struct tw_text_key), sizeof(int64_t), MAX_OBJECTS, tw_seed_random());
    a->people = tw_table_new(
        sizeof(struct tw_text_key), sizeof(struct person), MAX_PEOPLE, tw_seed_random());
    if (a->proposals != NULL && a->people != NULL)
        return a;
    tw_approvers_free(a);
    return NULL;
}

void tw_approvers_free(struct tw_approvers *a)
{
    if (a == NULL)
        return;
    tw_table_free(a->proposals);
    tw_table_free(a->people);
    free(a);
}

void tw_approvers_adopt(struct tw_approvers *a, struct tw_approvers *old)
{
    const struct tw_approvers fresh = *a;
    *a = *old;
    *old = fresh;
}

void tw_approvers_proposed(struct tw_approvers *a, struct tw_text_key object, int64_t ts_ns)
{
    bool created;
    *(int64_t *)tw_table_put(a->proposals, &object, &created) = ts_ns;
}

void tw_approvers_answered(struct tw_approvers *a, struct tw_text_key by, struct tw_text_key object,
    bool approved, int64_t ts_ns)
{
    bool created;
    struct person *p = tw_table_put(a->people, &by, &created);
    const int64_t number = ts_ns / (SLOT_S * TW_NS_PER_S);
    struct slot *s = &p->slots[number % SLOTS];
    if (s->number != number)
        *s = (struct slot){.number = number};
    s->yes += approved;
    s->no += !approved;
    int64_t *proposed_ns = tw_table_find(a->proposals, &object);
    if (proposed_ns == NULL)
        return;
    const int64_t waited_ns = ts_ns - *proposed_ns;
    tw_table_remove(a->proposals, proposed_ns);
    if (waited_ns >= 0 && waited_ns <= OPEN_S * TW_NS_PER_S)
        p->answers_s[p->n++ % ANSWERS] = (double)waited_ns / (double)TW_NS_PER_S;
}

static int order(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void tw_approvers_judge(const struct tw_approvers *a, struct tw_text_key by, int64_t now_ns,
    struct tw_approver_facts *out)
{
    double sorted[ANSWERS];
    const struct person *p = tw_table_peek(a->people, &by);
    const int64_t number = now_ns / (SLOT_S * TW_NS_PER_S);
    if (p == NULL)
        return;
    for (size_t i = 0; i < SLOTS; i++) {
        if (number - p->slots[i].number >= SLOTS)
            continue;
        out->yes += p->slots[i].yes;
        out->no += p->slots[i].no;
    }
    out->answers = p->n < ANSWERS ? p->n : ANSWERS;
    memcpy(sorted, p->answers_s, out->answers * sizeof(*sorted));
    qsort(sorted, out->answers, sizeof(*sorted), order);
    out->median_s = out->answers > 0 ? sorted[out->answers / 2] : 0;
}
