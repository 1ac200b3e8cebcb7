/* pulls BIN WORK: the simulator puts rates in, the pipeline gets them out, and the errors it states are the errors it
 * makes.
 *
 * Pull = (rate - truth) / ERR of a pixel.  Over a frame, pulls must have mean 0 +- 0.05 and width 1 +- 0.05.  Left out
 * are pixels with a flag other than JUMP_DET (bad pixels, reference pixels) and pixels that reach saturation, as the
 * truth has it: their rates come from what is left of the ramp.  At least 85 % of the frame must take part.
 *
 * The same with wrong references or without a correction must break these bounds, else they would say nothing.
 * docs/simulator.md says what widens and shifts pulls a little. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rampart/container.h"
#include "rampart/dq.h"
#include "tests/common/case.h"

enum { SIDE = 128, NPIX = SIDE * SIDE };

static const double mean_bound = 0.05, width_bound = 0.05, least_part = 0.85;

typedef struct statistics {
    double mean, width, part;
} statistics;

/* Where the frame lies: at the corner of the detector it has reference pixels, at (1000,1000) none. */
typedef struct layout {
    const char *name, *corner;
} layout;
static const layout layouts[] = {{"corner", "1,1"}, {"inner", "1000,1000"}};

/* An option of the run, or a reference file whose pixels are multiplied. */
typedef struct mutation {
    const char *what, *option, *reference;
    float factor;
} mutation;
static const mutation mutations[] = {
    {"three times the read noise", NULL, "readnoise", 3.0F},
    {"half the gain", NULL, "gain", 0.5F},
    {"twice the gain", NULL, "gain", 2.0F},
    {"no linearity correction", "--steps.linearity.skip=true", NULL, 1.0F},
    {"no search for jumps", "--steps.jump.skip=true", NULL, 1.0F},
};

static void give_up(const char *what)
{
    printf("pulls: %s\n", what);
    exit(2);
}

/* ------------------------------------------------------------------ files */
/* The file of `folder` whose name contains `part`; caller frees. */
static char *file_with(const char *folder, const char *part)
{
    char **names = test_names(folder), *found = NULL;
    for (int i = 0; names[i] && !found; i++)
        if (strstr(names[i], part))
            found = test_text("%s/%s", folder, names[i]);
    test_free_names(names);
    if (!found)
        give_up(test_text("no file with '%s' in %s", part, folder));
    return found;
}

static rp_container *open_file(const char *path)
{
    rp_error err = {0};
    rp_container *c = NULL;
    if (rp_container_open(&c, path, NULL, &err) != RP_OK)
        give_up(err.text);
    return c;
}

/* Planes of one frame each, in numbers of the machine; caller frees. */
static void *read_planes(rp_container *c, const char *extname, rp_dtype type, size_t *planes)
{
    rp_error err = {0};
    const int at = rp_container_find(c, extname, 1);
    if (at < 0 || c->hdu[at].type != type)
        give_up(test_text("%s: no plane %s", c->path, extname));
    const size_t bytes = (size_t)c->hdu[at].data_bytes, size = rp_dtype_size(type);
    unsigned char *data = malloc(bytes);
    if (!data || c->read_bytes(c, (size_t)at, 0, bytes, data, &err) != RP_OK)
        give_up(err.text);
    for (size_t i = 0; i < bytes; i += size)
        for (size_t k = 0; k < size / 2; k++) {
            const unsigned char swapped = data[i + k];
            data[i + k] = data[i + size - 1 - k];
            data[i + size - 1 - k] = swapped;
        }
    *planes = bytes / size / NPIX;
    return data;
}

/* Multiplies the SCI plane of a reference file. */
static void scale_reference(const char *path, float factor)
{
    rp_container *c = open_file(path);
    size_t planes, at = 0, bytes;
    float *values = read_planes(c, "SCI", RP_F32, &planes);
    for (int i = 0; strcmp(c->hdu[i].extname, "SCI") != 0; i++)
        at += c->hdu[i].header_bytes + ((size_t)c->hdu[i].data_bytes + 2879) / 2880 * 2880;
    at += c->hdu[rp_container_find(c, "SCI", 1)].header_bytes;
    c->close(c);
    char *file = test_read_file(path, &bytes);
    if (!file)
        give_up(path);
    for (size_t i = 0; i < planes * NPIX; i++) {
        uint32_t word;
        const float scaled = values[i] * factor;
        memcpy(&word, &scaled, sizeof word);
        for (size_t k = 0; k < 4; k++)
            file[at + 4 * i + k] = (char)(word >> (24 - 8 * k));
    }
    test_write_file(path, file, bytes);
    free(file);
    free(values);
}

/* ------------------------------------------------------------------ runs */
static void run(const char *log, const char *const *arguments)
{
    test_command command = {0};
    for (int i = 0; arguments[i]; i++)
        test_push(&command, arguments[i]);
    const int status = test_run(&command, log, false);
    test_clear(&command);
    if (status != 0) {
        char *said = test_read_file(log, NULL);
        printf("%s\n", said ? said : "");
        give_up("the run failed");
    }
}

static void simulate(const char *bin, const char *folder, const layout *where, int seed)
{
    char *size = test_text("%d", SIDE), *number = test_text("%d", seed), *log = test_text("%s.log", folder);
    test_fresh_folder(folder);
    run(log,
        (const char *const[]){bin, "simulate", "nircam", "-o", folder, "--size", size, "--frame-time", "10.73676",
                              "--background", "100", "--corner", where->corner, "--seed", number, "--quiet", NULL});
    free(size);
    free(number);
    free(log);
}

static void calibrate(const char *bin, const char *folder, const char *option)
{
    char *exposure = file_with(folder, "_uncal.fits"), *out = test_text("--output_dir=%s/out", folder),
         *log = test_text("%s.log", folder);
    run(log, (const char *const[]){bin, "run", "calwebb_detector1", exposure, "--refs", folder, out, "--backend=openmp",
                                   "--quiet", option, NULL});
    free(exposure);
    free(out);
    free(log);
}

/* ------------------------------------------------------------------ pulls */
static statistics measure(const char *folder)
{
    char *out = test_text("%s/out", folder), *rate_path = file_with(out, "_rate.fits"),
         *truth_path = file_with(folder, "_truth.fits");
    rp_container *rate = open_file(rate_path), *truth = open_file(truth_path);
    size_t planes, nints;
    float *sci = read_planes(rate, "SCI", RP_F32, &planes), *error = read_planes(rate, "ERR", RP_F32, &planes);
    uint32_t *dq = read_planes(rate, "DQ", RP_U32, &planes);
    float *put_in = read_planes(truth, "RATE", RP_F32, &planes);
    int16_t *saturated = read_planes(truth, "SATGROUP", RP_I16, &nints);
    double sum = 0.0, squares = 0.0, n = 0.0;
    for (size_t i = 0; i < NPIX; i++) {
        bool used =
            ((dq[i] ^ 0x80000000U) & ~(uint32_t)RP_DQ_JUMP_DET) == 0 && error[i] > 0.0F; /* stored with an offset */
        for (size_t k = 0; k < nints; k++)
            used = used && saturated[k * NPIX + i] == 0;
        if (!used)
            continue;
        const double pull = ((double)sci[i] - (double)put_in[i]) / (double)error[i];
        sum += pull;
        squares += pull * pull;
        n += 1.0;
    }
    rate->close(rate);
    truth->close(truth);
    void *const mine[] = {sci, error, dq, put_in, saturated, out, rate_path, truth_path};
    for (size_t i = 0; i < sizeof mine / sizeof *mine; i++)
        free(mine[i]);
    const double mean = sum / n;
    return (statistics){mean, sqrt(squares / n - mean * mean), n / NPIX};
}

static bool within(const statistics *s)
{
    return fabs(s->mean) <= mean_bound && fabs(s->width - 1.0) <= width_bound && s->part >= least_part;
}

static int check(const char *bin, const char *folder, const layout *where, int seed)
{
    simulate(bin, folder, where, seed);
    calibrate(bin, folder, NULL);
    const statistics s = measure(folder);
    printf("%s, seed %d: mean %+.4f, width %.4f, of %.1f %% of the pixels%s\n", where->name, seed, s.mean, s.width,
           100.0 * s.part, within(&s) ? "" : ": FAILED");
    return !within(&s);
}

static int check_mutation(const char *bin, const char *folder, const mutation *m)
{
    simulate(bin, folder, &layouts[1], 1);
    if (m->reference) {
        char *name = test_text("_%s_", m->reference), *path = file_with(folder, name);
        scale_reference(path, m->factor);
        free(name);
        free(path);
    }
    calibrate(bin, folder, m->option);
    const statistics s = measure(folder);
    printf("%s: mean %+.4f, width %.4f%s\n", m->what, s.mean, s.width, within(&s) ? ": NOT NOTICED" : ", noticed");
    return within(&s);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        give_up("usage: pulls BIN WORK");
    char *folder = test_text("%s/frame", argv[2]);
    int failures = 0;
    for (size_t k = 0; k < sizeof layouts / sizeof *layouts; k++)
        for (int seed = 1; seed <= 5; seed++)
            failures += check(argv[1], folder, &layouts[k], seed);
    for (size_t k = 0; k < sizeof mutations / sizeof *mutations; k++)
        failures += check_mutation(argv[1], folder, &mutations[k]);
    free(folder);
    if (!failures)
        test_remove_folder(argv[2]);
    return failures != 0;
}
