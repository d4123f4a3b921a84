/* A fuzz target over given files, without a fuzzing engine: the seeds and every input that once
 * broke something are tests like others. One TAP line a file. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int one(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return 0;
    size_t size = 1 << 20;
    uint8_t *data = malloc(size);
    size_t n = data == NULL ? 0 : fread(data, 1, size, f);
    fclose(f);
    /* Exactly as many bytes as there are, so that a read past the end is seen. */
    uint8_t *exact = malloc(n ? n : 1);
    for (size_t i = 0; exact != NULL && i < n; i++)
        exact[i] = data[i];
    free(data);
    if (exact == NULL)
        return 0;
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return 1;
}

int main(int argc, char **argv)
{
    int bad = 0;
    for (int i = 1; i < argc; i++) {
        int ok = one(argv[i]);
        printf("%sok %d - %s\n", ok ? "" : "not ", i, argv[i]);
        fflush(stdout);
        bad += !ok;
    }
    return bad > 0 || argc < 2;
}
