/* rampart preview FILE: an image plane as a PNG picture. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/cli/cli.h"
#include "host/preview/preview.h"

static const char help[] =
    "Usage: rampart preview FILE [OPTION ...]\n\n"
    "Draws one image plane of a FITS or HDF5 file, y upwards, and writes it as a PNG picture.\n\n"
    "  -o, --output FILE       the picture (name of the input with .png, in this folder)\n"
    "  --plane NAME[,VER]      EXTNAME of the plane (SCI, else the first image)\n"
    "  --int I                 integration, from 1 (1)\n"
    "  --group G               group, from 1 (the last)\n"
    "  --stretch NAME          zscale, asinh, linear or log (zscale)\n"
    "  --low V, --high V       values of black and white (from the data)\n"
    "  --max-size N            longest side of the image in pixels (1024)\n"
    "  --flags                 colour the pixels that the DQ planes flag\n"
    "  --no-legend             the bare image\n";

enum { PLANE = 256, INTEGRATION, GROUP, STRETCH, LOW, HIGH, MAX_SIZE, FLAGS, NO_LEGEND };

static const struct option longs[] = {
    {"output", required_argument, NULL, 'o'},
    {"plane", required_argument, NULL, PLANE},
    {"int", required_argument, NULL, INTEGRATION},
    {"group", required_argument, NULL, GROUP},
    {"stretch", required_argument, NULL, STRETCH},
    {"low", required_argument, NULL, LOW},
    {"high", required_argument, NULL, HIGH},
    {"max-size", required_argument, NULL, MAX_SIZE},
    {"flags", no_argument, NULL, FLAGS},
    {"no-legend", no_argument, NULL, NO_LEGEND},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static bool parse_count(const char *text, int64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && *out >= 1 && *out <= INT32_MAX;
}

static bool parse_value(const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*out);
}

static bool parse_stretch(const char *text, rp_stretch *out)
{
    static const char *const names[] = {"zscale", "asinh", "linear", "log"};
    for (int k = 0; k < 4; k++) {
        if (strcasecmp(text, names[k]) == 0) {
            *out = (rp_stretch)k;
            return true;
        }
    }
    return false;
}

/* false when the option's value makes no sense. */
static bool apply(rp_preview_options *o, const char **output, int option, const char *text)
{
    int64_t count = 0;
    switch (option) {
    case 'o':
        *output = text;
        return true;
    case PLANE:
        o->plane = text;
        return true;
    case INTEGRATION:
        return parse_count(text, &o->integration);
    case GROUP:
        return parse_count(text, &o->group);
    case STRETCH:
        return parse_stretch(text, &o->stretch);
    case LOW:
        return parse_value(text, &o->low);
    case HIGH:
        return parse_value(text, &o->high);
    case MAX_SIZE:
        if (!parse_count(text, &count))
            return false;
        o->max_size = (int)count;
        return true;
    case FLAGS:
        o->flags = true;
        return true;
    default:
        o->legend = false;
        return true;
    }
}

/* "dir/x_rate.fits.gz" -> "x_rate.png" */
static void default_name(char *out, size_t size, const char *input)
{
    const char *slash = strrchr(input, '/'), *name = slash ? slash + 1 : input;
    (void)snprintf(out, size, "%.240s", name);
    const size_t n = strlen(out);
    if (n > 3 && strcmp(out + n - 3, ".gz") == 0)
        out[n - 3] = '\0';
    char *dot = strrchr(out, '.');
    if (dot && dot != out)
        *dot = '\0';
    (void)snprintf(out + strlen(out), size - strlen(out), ".png");
}

static rp_code preview(const char *input, const char *output, const rp_preview_options *options, rp_error *err)
{
    rp_container *file = NULL;
    rp_picture picture = {0};
    rp_code code = rp_container_open(&file, input, NULL, err);
    if (code)
        return code;
    code = rp_preview_draw(&picture, file, options, err);
    if (!code)
        code = rp_png_write(&picture, output, err);
    rp_picture_free(&picture);
    file->close(file);
    return code;
}

int rp_verb_preview(int argc, char **argv)
{
    rp_preview_options options = rp_preview_defaults();
    const char *output = NULL;
    char name[256];
    int c;
    optind = 0;
    while ((c = getopt_long(argc, argv, "o:h", longs, NULL)) != -1) {
        if (c == 'h') {
            (void)fputs(help, stdout);
            return RP_EXIT_OK;
        }
        if (c == '?') /* getopt has said what is wrong */
            return RP_EXIT_USAGE;
        if (!apply(&options, &output, c, optarg)) {
            fprintf(stderr, "rampart preview: '%s' is not a value of this option; see rampart preview --help\n",
                    optarg);
            return 2;
        }
    }
    if (optind + 1 != argc)
        return rp_cli_usage_error("preview", "one file is needed");
    if (!output) {
        default_name(name, sizeof name, argv[optind]);
        output = name;
    }
    rp_error err = {0};
    const rp_code code = preview(argv[optind], output, &options, &err);
    if (code)
        return rp_cli_error("preview", err.text, rp_exit_code(code));
    (void)puts(output);
    return RP_EXIT_OK;
}
