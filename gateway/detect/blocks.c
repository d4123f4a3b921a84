#include "detect/blocks.h"

#include <stdlib.h>

struct tw_block {
    struct tw_block *next;
    uint64_t pad_; /* keeps what follows aligned to 16 */
};

/* What else has to be done at the end. */
struct tw_blocks_end {
    struct tw_blocks_end *next;
    void (*fn)(void *user);
    void *user;
};

void *tw_blocks_alloc(struct tw_blocks *b, size_t n, size_t size)
{
    size_t bytes;
    if (b->failed || __builtin_mul_overflow(n, size, &bytes) ||
        __builtin_add_overflow(bytes, sizeof(struct tw_block), &bytes)) {
        b->failed = true;
        return NULL;
    }
    struct tw_block *block = calloc(1, bytes);
    if (block == NULL) {
        b->failed = true;
        return NULL;
    }
    block->next = b->first;
    b->first = block;
    return block + 1;
}

struct tw_str tw_blocks_str(struct tw_blocks *b, struct tw_str s)
{
    if (s.p == NULL)
        return s;
    char *p = tw_blocks_alloc(b, s.len + 1, 1);
    if (p == NULL)
        return TW_STR_NONE;
    if (s.len > 0)
        memcpy(p, s.p, s.len);
    return (struct tw_str){p, s.len};
}

bool tw_blocks_on_fini(struct tw_blocks *b, void (*fn)(void *user), void *user)
{
    struct tw_blocks_end *end = tw_blocks_alloc(b, 1, sizeof(*end));
    if (end == NULL) {
        fn(user);
        return false;
    }
    *end = (struct tw_blocks_end){b->ends, fn, user};
    b->ends = end;
    return true;
}

void tw_blocks_fini(struct tw_blocks *b)
{
    for (const struct tw_blocks_end *end = b->ends; end != NULL; end = end->next)
        end->fn(end->user);
    b->ends = NULL;
    while (b->first != NULL) {
        struct tw_block *next = b->first->next;
        free(b->first);
        b->first = next;
    }
}
