/* A fuzz target without libFuzzer: standalone TIMES FILE... runs the target on every file, and on TIMES changed copies of
 * each, the same ones everywhere. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Changes a few bytes, then perhaps the length.  Most changes fall near the beginning, where headers are. */
static size_t change(uint8_t *data, size_t size, uint64_t *state)
{
    static const uint8_t odd[] = {0x00, 0xff, 0x7f, 0x80, ' ', '\'', '-', '9', '\n', '=', '/', ':'};
    const size_t reach = next(state) % 2 && size > 4096 ? 4096 : size;
    for (uint64_t n = 1 + next(state) % 4; n > 0 && reach > 0; n--) {
        uint8_t *at = data + next(state) % reach;
        const uint64_t how = next(state) % 3, which = next(state);
        if (how == 0)
            *at = odd[which % sizeof odd];
        else if (how == 1)
            *at = (uint8_t)(*at ^ (1u << (which % 8)));
        else
            *at = (uint8_t)which;
    }
    return size > 0 && next(state) % 4 == 0 ? next(state) % size : size;
}

static int run_file(const char *path, long times)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0)
        return 1;
    const long length = ftell(f);
    const size_t size = length > 0 ? (size_t)length : 0;
    uint8_t *seed = malloc(size + 1);
    rewind(f);
    const int ok = seed && fread(seed, 1, size, f) == size;
    (void)fclose(f);
    uint64_t state = 0x9e3779b97f4a7c15u ^ size;
    for (long i = 0; ok && i <= times; i++) {
        /* a copy of exactly the right size, so that a read beyond its end shows */
        uint8_t *data = malloc(size ? size : 1);
        if (!data)
            abort();
        memcpy(data, seed, size);
        const size_t n = i > 0 ? change(data, size, &state) : size;
        uint8_t *exact = realloc(data, n ? n : 1);
        (void)LLVMFuzzerTestOneInput(exact ? exact : data, n);
        free(exact ? exact : data);
    }
    free(seed);
    return !ok;
}

int main(int argc, char **argv)
{
    const long times = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    for (int i = 2; i < argc; i++)
        if (run_file(argv[i], times) != 0) {
            fprintf(stderr, "standalone: cannot read %s\n", argv[i]);
            return 2;
        }
    printf("%d seeds, %ld changed copies of each\n", argc - 2, times);
    return argc < 3;
}
