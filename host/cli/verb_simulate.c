/* rampart simulate INSTRUMENT -o FOLDER: a test exposure and its reference files. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/cli.h"
#include "host/simulate/simulate.h"

typedef enum option_type {
    INT64,
    INT32,
    UINT64,
    REAL,
    TEXT,
    YES,
    NO,
    SIZE,
    CORNER,
    OUTPUT,
    JSON,
    QUIET,
    HELP
} option_type;

typedef struct option_row {
    const char *name;
    option_type type;
    size_t offset; /* into rp_sim_options */
    const char *argument, *help;
} option_row;

#define AT(member) offsetof(rp_sim_options, member)

static const option_row rows[] = {
    {"output", OUTPUT, 0, "FOLDER", "where the files go; -o FOLDER (required)"},
    {"detector", TEXT, AT(detector), "NAME", "NRCB1, NRCALONG, MIRIMAGE, NIS, NRS1, GUIDER1 ..."},
    {"readpatt", TEXT, AT(readpatt), "NAME", "read pattern: RAPID, BRIGHT2, DEEP8, FASTR1, NRS ... (the rapid one)"},
    {"subarray", TEXT, AT(subarray), "NAME", "FULL, SUB160, SUB128 ...; GENERIC with --size and --corner"},
    {"size", SIZE, 0, "N|NXxNY", "pixels of the frame (full frame)"},
    {"corner", CORNER, 0, "X,Y", "detector position of the first pixel, from 1 (1,1)"},
    {"nints", INT64, AT(nints), "N", "integrations (1)"},
    {"ngroups", INT64, AT(ngroups), "N", "groups per integration (10)"},
    {"nframes", INT64, AT(nframes), "N", "frames averaged per group (of the read pattern)"},
    {"groupgap", INT64, AT(groupgap), "N", "frames dropped between groups (of the read pattern)"},
    {"frame-time", REAL, AT(frame_time_s), "S", "seconds per frame (what so many pixels take)"},
    {"exposures", INT64, AT(exposures), "N", "exposures that share the reference files (1)"},
    {"seed", UINT64, AT(seed), "N", "of all random numbers (1)"},
    {"program", INT32, AT(program), "N", "PROGRAM (1234)"},
    {"observation", INT32, AT(observation), "N", "OBSERVTN (1)"},
    {"visit", INT32, AT(visit), "N", "VISIT (1)"},
    {"background", REAL, AT(background_e_s), "E", "sky in electron/s per pixel (by instrument)"},
    {"stars", REAL, AT(stars), "N", "stars per 2048 x 2048 pixels (3000)"},
    {"star-min", REAL, AT(star_min_e_s), "E", "faintest star in electron/s (20)"},
    {"star-max", REAL, AT(star_max_e_s), "E", "brightest star in electron/s (200000)"},
    {"fwhm", REAL, AT(fwhm_px), "PX", "width of stars in pixels (2.2)"},
    {"cosmic-rays", REAL, AT(cosmic_rays), "R", "hits per pixel and second (3e-5)"},
    {"snowballs", REAL, AT(snowballs), "N", "large cosmic-ray events per exposure (2 on a full frame)"},
    {"one-over-f", REAL, AT(one_over_f_dn), "DN", "rms of the line-to-line drift (1.2)"},
    {"amplifier", REAL, AT(amplifier_dn), "DN", "rms of an output's drift (6; 0 without reference pixels)"},
    {"odd-even", REAL, AT(odd_even_dn), "DN", "difference between even and odd lines, +- (3)"},
    {"bad-pixels", REAL, AT(bad_pixels), "F", "fraction of dead, and of hot pixels (0.003)"},
    {"zeroframe", YES, AT(zeroframe), NULL, "write the first frames as ZEROFRAME"},
    {"no-references", NO, AT(references), NULL, "no reference files"},
    {"no-truth", NO, AT(truth), NULL, "no file of true rates and events"},
    {"threads", INT32, AT(threads), "N", "worker threads (all cores); no result depends on it"},
    {"json", JSON, 0, NULL, "report as JSON"},
    {"quiet", QUIET, 0, NULL, "no report"},
    {"help", HELP, 0, NULL, "this text"},
};

enum { NROWS = sizeof rows / sizeof *rows };

typedef struct request {
    rp_sim_options options;
    const char *output;
    bool json, quiet;
} request;

static void print_help(FILE *to)
{
    fputs("Usage: rampart simulate nircam|miri|niriss|nirspec|fgs -o FOLDER [OPTION ...]\n\n"
          "Makes a raw exposure, the reference files that calibrate it, and a file with the truth.\n"
          "Then: rampart run calwebb_detector1 FOLDER/jw..._uncal.fits --refs FOLDER\n\n",
          to);
    for (size_t k = 0; k < NROWS; k++) {
        char left[48];
        (void)snprintf(left, sizeof left, "--%s%s%s", rows[k].name, rows[k].argument ? " " : "",
                       rows[k].argument ? rows[k].argument : "");
        fprintf(to, "  %-24s %s\n", left, rows[k].help);
    }
}

static bool parse_integer(const char *text, long long *out)
{
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return end != text && *end == '\0' && errno == 0;
}

/* "128x64", "1000,1000" */
static bool parse_pair(const char *text, char between, long long *first, long long *second)
{
    char *end;
    errno = 0;
    *first = strtoll(text, &end, 10);
    return end != text && *end == between && errno == 0 && parse_integer(end + 1, second);
}

static bool parse_size(rp_sim_options *o, const char *text)
{
    long long nx, ny;
    if (!parse_pair(text, 'x', &nx, &ny)) {
        if (!parse_integer(text, &nx))
            return false;
        ny = nx;
    }
    o->nx = nx;
    o->ny = ny;
    return nx > 0 && ny > 0;
}

static bool parse_corner(rp_sim_options *o, const char *text)
{
    long long x0, y0;
    const bool good = parse_pair(text, ',', &x0, &y0) && x0 > 0 && y0 > 0;
    if (good) {
        o->x0 = x0;
        o->y0 = y0;
    }
    return good;
}

static bool parse_number(void *field, option_type type, const char *text)
{
    long long i = 0;
    char *end = NULL;
    if (type == REAL) {
        const double value = strtod(text, &end);
        memcpy(field, &value, sizeof value);
        return end != text && *end == '\0' && value >= 0.0;
    }
    if (!parse_integer(text, &i) || i < 0)
        return false;
    if (type == INT32) {
        const int value = (int)i;
        memcpy(field, &value, sizeof value);
        return i <= 2000000000;
    }
    memcpy(field, &i, sizeof i); /* INT64, and UINT64 as far as int64 goes */
    return true;
}

/* false when the value makes no sense. */
static bool apply(request *r, const option_row *row, const char *text)
{
    void *field = (char *)&r->options + row->offset;
    const bool yes = row->type == YES;
    switch (row->type) {
    case TEXT:
        memcpy(field, &text, sizeof text);
        return true;
    case YES:
    case NO:
        memcpy(field, &yes, sizeof yes);
        return true;
    case SIZE:
        return parse_size(&r->options, text);
    case CORNER:
        return parse_corner(&r->options, text);
    case OUTPUT:
        r->output = text;
        return true;
    case JSON:
        return r->json = true;
    case QUIET:
        return r->quiet = true;
    case HELP:
        return true;
    default:
        return parse_number(field, row->type, text);
    }
}

/* -1: go on; else the exit code. */
static int parse(request *r, int argc, char **argv)
{
    struct option longs[NROWS + 1] = {0};
    for (size_t k = 0; k < NROWS; k++)
        longs[k] =
            (struct option){rows[k].name, rows[k].argument ? required_argument : no_argument, NULL, 256 + (int)k};
    int c;
    optind = 0;
    while ((c = getopt_long(argc, argv, "o:qh", longs, NULL)) != -1) {
        const size_t k = c == 'o' ? 0 : c == 'q' ? NROWS - 2 : c == 'h' ? NROWS - 1 : (size_t)c - 256;
        if (c == '?') /* getopt has said what is wrong */
            return RP_EXIT_USAGE;
        if (rows[k].type == HELP) {
            print_help(stdout);
            return RP_EXIT_OK;
        }
        if (!apply(r, &rows[k], optarg)) {
            char text[256];
            (void)snprintf(text, sizeof text, "--%s: '%.80s' is not a value it can take (%s)", rows[k].name, optarg,
                           rows[k].help);
            return rp_cli_usage_error("simulate", text);
        }
    }
    if (optind + 1 != argc || !r->output)
        return rp_cli_usage_error("simulate", "one instrument and -o FOLDER are needed");
    r->options.instrument = argv[optind];
    return -1;
}

static int report(const request *r, const rp_sim_result *made)
{
    if (r->quiet)
        return 0;
    if (!r->json) {
        printf("%s\n", made->uncal);
        printf("%lld files, %.1f MB, %lld cosmic rays, %lld snowballs\n", (long long)made->files,
               (double)made->bytes / 1e6, (long long)made->cosmic_rays, (long long)made->snowballs);
        return 0;
    }
    json_t *line = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "uncal", made->uncal, "truth", made->truth, "files",
                             (json_int_t)made->files, "bytes", (json_int_t)made->bytes, "cosmic_rays",
                             (json_int_t)made->cosmic_rays, "snowballs", (json_int_t)made->snowballs);
    const bool good = line && json_dumpf(line, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF;
    json_decref(line);
    return good ? RP_EXIT_OK : RP_EXIT_FAILED;
}

int rp_verb_simulate(int argc, char **argv)
{
    request r = {.options = rp_sim_defaults()};
    const int done = parse(&r, argc, argv);
    if (done >= 0)
        return done;
    rp_sim_result made;
    rp_error err = {0};
    const rp_code code = rp_simulate(&r.options, r.output, NULL, &made, &err);
    if (code == RP_E_ARGUMENT)
        return rp_cli_usage_error("simulate", err.text);
    if (code)
        return rp_cli_error("simulate", err.text, rp_exit_code(code));
    return report(&r, &made);
}
