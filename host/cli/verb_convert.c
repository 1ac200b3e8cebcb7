/* rampart convert: FITS to HDF5 and back, to the byte. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/cli/cli.h"
#include "io/hdf5/hdf5.h"

static const char help[] =
    "Usage: rampart convert FROM TO [OPTION ...]\n\n"
    "Stores a FITS file in an HDF5 file, or writes it back: x.fits y.h5, or y.h5 x.fits.  Nothing is lost: the FITS file\n"
    "comes back to the last byte.  An HDF5 file holds one group per FITS file; \"y.h5:/rate\" names one.\n\n"
    "  --replace        a group of that name may exist, and is replaced\n"
    "  --level N        of compression with zstd, 1 to 19\n"
    "  --threads N      that compress and decompress (all cores)\n";

enum { REPLACE = 256, LEVEL, THREADS };

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcasecmp(text + n - m, end);
}

/* Splits "file.h5:/group"; *group = NULL without one.  Caller frees *file. */
static bool split(const char *spec, char **file, const char **group)
{
    const char *colon = strstr(spec, ":/");
    *group = colon ? colon + 2 : NULL;
    *file = colon ? strndup(spec, (size_t)(colon - spec)) : strdup(spec);
    return *file && (ends_with(*file, ".h5") || ends_with(*file, ".hdf5"));
}

/* The suffix of a product's name: "jw..._rate.fits" is "rate". */
static void group_of(char *out, size_t size, const char *fits)
{
    const char *slash = strrchr(fits, '/'), *name = slash ? slash + 1 : fits, *bar = strrchr(name, '_');
    (void)snprintf(out, size, "%s", bar ? bar + 1 : name);
    out[strcspn(out, ".")] = '\0';
}

static bool parse_number(const char *text, int least, int most, int *out)
{
    char *end;
    const long value = strtol(text, &end, 10);
    *out = (int)value;
    return end != text && !*end && value >= least && value <= most;
}

static int convert(const char *from, const char *to, const rp_hdf5_options *options)
{
    char *from_file = NULL, *to_file = NULL, own_group[128];
    const char *from_group, *to_group;
    const bool from_h5 = split(from, &from_file, &from_group), to_h5 = split(to, &to_file, &to_group);
    rp_error err = {0};
    rp_code code;
    if (!from_file || !to_file)
        code = rp_fail(&err, RP_E_MEMORY, "no memory for names");
    else if (from_h5 == to_h5)
        code = rp_fail(&err, RP_E_ARGUMENT, "one of the two files must end in .h5: %s, %s", from, to);
    else if (to_h5) {
        group_of(own_group, sizeof own_group, from);
        code = rp_hdf5_import(to_file, to_group ? to_group : own_group, from, options, &err);
    } else
        code = rp_hdf5_export(from_file, from_group, to, options, &err);
    free(from_file);
    free(to_file);
    return code == RP_OK ? RP_EXIT_OK : rp_cli_error("convert", err.text, rp_exit_code(code));
}

int rp_verb_convert(int argc, char **argv)
{
    static const struct option longs[] = {
        {"replace", no_argument, NULL, REPLACE},       {"level", required_argument, NULL, LEVEL},
        {"threads", required_argument, NULL, THREADS}, {"help", no_argument, NULL, 'h'},
        {0},
    };
    rp_hdf5_options options = {0};
    for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        if (c == REPLACE)
            options.replace = true;
        else if (c == 'h')
            return fputs(help, stdout) < 0 ? RP_EXIT_FAILED : RP_EXIT_OK;
        else if (c == LEVEL && parse_number(optarg, 1, 19, &options.level))
            continue;
        else if (c == THREADS && parse_number(optarg, 1, 1024, &options.threads))
            continue;
        else
            return rp_cli_usage_error("convert", "an option is unknown or its value out of range");
    }
    if (argc - optind != 2)
        return rp_cli_usage_error("convert", "give two files: what to read and what to write");
    return convert(argv[optind], argv[optind + 1], &options);
}
