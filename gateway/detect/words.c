#include "detect/words.h"

enum { MAX_PARTS = 4 };

struct word {
    struct tw_str parts[MAX_PARTS]; /* lower case as compared; case is folded while comparing */
    size_t n_parts;                 /* 0: not ASCII, `parts[0]` is looked for anywhere */
};

struct tw_words {
    struct word *list;
    size_t n;
    uint32_t first_letters; /* bit per letter a word begins with */
    bool has_others;        /* some are not ASCII */
};

enum glyph { OTHER, LOWER, UPPER, DIGIT };

static enum glyph glyph_of(char c)
{
    if (c >= 'a' && c <= 'z')
        return LOWER;
    if (c >= 'A' && c <= 'Z')
        return UPPER;
    return c >= '0' && c <= '9' ? DIGIT : OTHER;
}

/* A part ends before `i`. */
static bool ends(struct tw_str s, size_t i)
{
    enum glyph before = glyph_of(s.p[i - 1]), here = glyph_of(s.p[i]);
    if (here == OTHER || (before == DIGIT) != (here == DIGIT))
        return true;
    if (before == LOWER && here == UPPER)
        return true;
    return before == UPPER && here == UPPER && i + 1 < s.len && glyph_of(s.p[i + 1]) == LOWER;
}

/* The next part of `s` at or after `*at`; false when there is none. */
static bool next_part(struct tw_str s, size_t *at, struct tw_str *out)
{
    size_t i = *at;
    while (i < s.len && glyph_of(s.p[i]) == OTHER)
        i++;
    if (i == s.len)
        return false;
    size_t start = i++;
    while (i < s.len && !ends(s, i))
        i++;
    *out = (struct tw_str){s.p + start, i - start};
    *at = i;
    return true;
}

static bool is_ascii(struct tw_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    }
    return true;
}

static void split(struct tw_str text, struct word *out)
{
    size_t at = 0;
    out->parts[0] = text;
    if (!is_ascii(text))
        return;
    while (out->n_parts < MAX_PARTS && next_part(text, &at, &out->parts[out->n_parts]))
        out->n_parts++;
}

static uint32_t letter_bit(char c)
{
    enum glyph g = glyph_of(c);
    unsigned i = g == LOWER ? (unsigned)(c - 'a') : g == UPPER ? (unsigned)(c - 'A') : 26u;
    return 1u << i;
}

struct tw_words *tw_words_new(struct tw_blocks *blocks, const struct tw_str *list, size_t n)
{
    struct tw_words *w = tw_blocks_alloc(blocks, 1, sizeof(*w));
    struct word *words = tw_blocks_alloc(blocks, n ? n : 1, sizeof(*words));
    if (w == NULL || words == NULL)
        return NULL;
    w->list = words;
    for (size_t i = 0; i < n; i++) {
        struct tw_str text = tw_blocks_str(blocks, list[i]);
        if (text.len == 0)
            continue;
        struct word *word = &words[w->n];
        split(text, word);
        if (word->n_parts > 0)
            w->first_letters |= letter_bit(word->parts[0].p[0]);
        w->has_others |= word->n_parts == 0;
        w->n++;
    }
    return blocks->failed ? NULL : w;
}

static bool part_eq(struct tw_str wanted, struct tw_str part, bool last)
{
    if (tw_str_eq_nocase(wanted, part))
        return true;
    if (!last || part.len != wanted.len + 1 || (part.p[part.len - 1] | 0x20) != 's')
        return false;
    return tw_str_eq_nocase(wanted, (struct tw_str){part.p, wanted.len});
}

/* `part` begins the rest of `text`, which goes on at `at`. */
static bool word_at(const struct word *w, struct tw_str text, size_t at, struct tw_str part)
{
    for (size_t i = 0; i < w->n_parts; i++) {
        if (i > 0 && !next_part(text, &at, &part))
            return false;
        if (!part_eq(w->parts[i], part, i + 1 == w->n_parts))
            return false;
    }
    return w->n_parts > 0;
}

bool tw_words_match(const struct tw_words *w, struct tw_str text)
{
    for (size_t i = 0; w->has_others && i < w->n; i++) {
        const struct word *word = &w->list[i];
        if (word->n_parts == 0 && text.len > 0 &&
            memmem(text.p, text.len, word->parts[0].p, word->parts[0].len) != NULL)
            return true;
    }
    size_t at = 0;
    struct tw_str part;
    while (next_part(text, &at, &part)) {
        if ((letter_bit(part.p[0]) & w->first_letters) == 0)
            continue;
        for (size_t i = 0; i < w->n; i++) {
            if (word_at(&w->list[i], text, at, part))
                return true;
        }
    }
    return false;
}
