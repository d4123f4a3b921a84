#include "cli/evidence.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/digest.h"

enum { MAX_CHANGES = 1 << 20, READ_BYTES = 1 << 18 };

struct change {
    uint64_t packet;
    uint32_t input;
};

struct input {
    const char *path, *name; /* name: without folders */
    char sha256[72];         /* "" until asked for, or when it can not be read */
    bool tried;
};

struct tw_evidence_source {
    pthread_mutex_t lock; /* the reader notes, the analyst asks */
    struct change *changes;
    size_t n, size;
    struct input *inputs;
    size_t n_inputs;
};

struct tw_evidence_source *tw_evidence_source_new(const struct tw_capture *capture)
{
    const struct tw_capture_input *names;
    size_t n = tw_capture_inputs(capture, &names);
    struct tw_evidence_source *s = calloc(1, sizeof(*s));
    struct input *inputs = calloc(n + 1, sizeof(*inputs));
    if (s == NULL || inputs == NULL) {
        free(inputs);
        free(s);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        const char *slash = strrchr(names[i].name, '/');
        inputs[i] =
            (struct input){.path = names[i].name, .name = slash ? slash + 1 : names[i].name};
    }
    s->inputs = inputs;
    s->n_inputs = n;
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void tw_evidence_source_free(struct tw_evidence_source *s)
{
    if (s == NULL)
        return;
    pthread_mutex_destroy(&s->lock);
    free(s->changes);
    free(s->inputs);
    free(s);
}

static bool grow(struct tw_evidence_source *s)
{
    if (s->n < s->size)
        return true;
    size_t size = s->size ? 2 * s->size : 64;
    struct change *bigger = size > MAX_CHANGES ? NULL : realloc(s->changes, size * sizeof(*bigger));
    if (bigger == NULL)
        return false;
    s->changes = bigger;
    s->size = size;
    return true;
}

void tw_evidence_source_note(void *source, uint64_t packet, uint32_t index)
{
    struct tw_evidence_source *s = source;
    pthread_mutex_lock(&s->lock);
    if (grow(s))
        s->changes[s->n++] = (struct change){packet, index};
    pthread_mutex_unlock(&s->lock);
}

static void digest(struct input *in)
{
    uint8_t sum[32], block[4096];
    in->tried = true;
    FILE *f = strcmp(in->path, "-") == 0 ? NULL : fopen(in->path, "rb");
    struct tw_sha256_stream *sha = f == NULL ? NULL : tw_sha256_begin();
    if (sha != NULL) {
        size_t n;
        setvbuf(f, NULL, _IOFBF, READ_BYTES);
        while ((n = fread(block, 1, sizeof(block), f)) > 0)
            tw_sha256_add(sha, block, n);
        tw_sha256_end(sha, sum);
        for (size_t i = 0; i < sizeof(sum); i++)
            snprintf(in->sha256 + 2 * i, 3, "%02x", sum[i]);
    }
    if (f != NULL)
        fclose(f);
}

/* The input of `packet`: that of the last change at or before it. */
static uint32_t input_of(struct tw_evidence_source *s, uint64_t packet)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (s->changes[mid].packet <= packet)
            low = mid + 1;
        else
            high = mid;
    }
    return low == 0 ? 0 : s->changes[low - 1].input;
}

void tw_evidence_source_get(
    void *source, uint64_t packet, struct tw_str *out_name, struct tw_str *out_sha256)
{
    struct tw_evidence_source *s = source;
    pthread_mutex_lock(&s->lock);
    uint32_t i = input_of(s, packet);
    pthread_mutex_unlock(&s->lock);
    *out_name = *out_sha256 = TW_STR_NONE;
    if (i >= s->n_inputs)
        return;
    if (!s->inputs[i].tried)
        digest(&s->inputs[i]);
    *out_name = tw_str_of(s->inputs[i].name);
    if (s->inputs[i].sha256[0] != '\0')
        *out_sha256 = tw_str_of(s->inputs[i].sha256);
}
