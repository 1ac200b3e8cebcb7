/* Broken exposures and references: tests/fault/fault.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fault/fault.h"
#include "tests/fault/fits_edit.h"
#include "tests/fault/inputs.h"

enum { FLIPS = 80 };

/* ------------------------------------------------------------------ the case with one file changed */
/* The path of "input" or of a reference type as the command names it, or NULL. */
static const char *path_in(const test_command *command, const char *file)
{
    char *end = test_text("/refs/%s.fits.gz", file);
    const char *found = NULL;
    for (int i = 2; i < command->argc && !found; i++) {
        const size_t n = strlen(command->argv[i]), m = strlen(end);
        if (!strcmp(file, "input") ? i == 3 : n > m && !strcmp(command->argv[i] + n - m, end))
            found = strcmp(file, "input") ? strchr(command->argv[i], '=') + 1 : command->argv[i];
    }
    free(end);
    return found;
}

/* Lets the command name `with` wherever it named `path`. */
static void replace_path(test_command *command, const char *path, const char *with)
{
    char *old = test_text("%s", path);
    for (int i = 0; i < command->argc; i++) {
        char *found = strstr(command->argv[i], old);
        if (!found || strlen(found) != strlen(old))
            continue;
        char *text = test_text("%.*s%s", (int)(found - command->argv[i]), command->argv[i], with);
        free(command->argv[i]);
        command->argv[i] = text;
    }
    free(old);
}

static fits_bytes read_file_of(const fault *f, const char *file)
{
    test_command command = fault_command(f, f->bin, NULL, NULL);
    const char *path = path_in(&command, file);
    if (!path) {
        printf("FAIL the case has no %s\n", file);
        exit(1);
    }
    const fits_bytes bytes = fits_bytes_read(path);
    test_clear(&command);
    return bytes;
}

typedef enum outcome { MUST_FAIL, MAY_PASS, MAY_PASS_UNCHANGED } outcome;

/* Runs the case with these bytes in the place of a file; a message must name the file. */
static void run_broken(fault *f, const char *file, const void *bytes, size_t n, const char *what, outcome allowed, const char *const *more)
{
    char *name = test_text("broken_%s_uncal.fits", file), *path = test_text("%s/%s", f->work, name);
    const char *words[5] = {name};
    for (int i = 0; i < 3 && more && more[i]; i++)
        words[i + 1] = more[i];
    test_command command = fault_command(f, f->bin, NULL, NULL);
    test_write_file(path, bytes, n);
    /* products keep the names of an undisturbed run */
    char *root = test_text("--output_file=%s", strrchr(path_in(&command, "input"), '/') + 1);
    *strstr(root, "_uncal") = '\0';
    test_push(&command, root);
    replace_path(&command, path_in(&command, file), path);
    fault_prepare(f);
    const int status = test_run(&command, f->log, false);
    if (status == 0 && allowed == MUST_FAIL) {
        printf("FAIL %s: it went through\n", what);
        f->failures++;
    } else if (status == 0 && allowed == MAY_PASS) {
        fault_passed(f, what);
    } else {
        (void)fault_judge(f, what, status, LEAVES_NOTHING, words);
    }
    test_clear(&command);
    free(root);
    free(name);
    free(path);
}

/* ------------------------------------------------------------------ one card or plane */
static void break_one(fault *f, const breakage *b)
{
    fits_bytes bytes = read_file_of(f, b->file);
    char *what = test_text("%s[%s] %s = %s", b->file, b->extname, b->keyword ? b->keyword : "data", b->value ? b->value : "(absent)");
    const bool done = b->keyword ? fits_set(&bytes, b->extname, b->keyword, b->value) : fits_fill(&bytes, b->extname, strtof(b->value, NULL));
    if (!strcmp(b->file, "input") && b->keyword && !b->value) /* the ASDF tree knows the keywords, too */
        (void)fits_set(&bytes, "ASDF", "EXTNAME", "'GONE'");
    if (done)
        run_broken(f, b->file, bytes.bytes, bytes.n, what, b->may_pass ? MAY_PASS : MUST_FAIL, b->words);
    else
        printf("    %s: no such card in this case\n", what);
    free(what);
    fits_bytes_free(&bytes);
}

static void refuse_one(fault *f, const refusal *r)
{
    const char *const words[] = {r->word, NULL};
    test_command command = fault_command(f, f->bin, r->option, NULL);
    fault_prepare(f);
    const int status = test_run(&command, f->log, false);
    if (status == 0 && !r->may_pass) {
        printf("FAIL %s: it went through\n", r->option);
        f->failures++;
    } else if (status != 0) {
        (void)fault_judge(f, r->option, status, LEAVES_NOTHING, words);
    } else {
        f->runs++, f->harmless++;
    }
    test_clear(&command);
}

/* Files that are no FITS files at all. */
static void break_whole(fault *f, const char *file)
{
    static const struct {
        const char *what, *bytes;
        size_t n;
    } files[] = {
        {"an empty file", "", 0},
        {"one byte", "S", 1},
        {"text", "It was a dark and stormy night.\n", 32},
        {"the signature of HDF5 alone", "\x89HDF\r\n\x1a\n", 8},
        {"the signature of gzip alone", "\x1f\x8b\x08\x00", 4},
        {"a FITS card and no more", "SIMPLE  =                    T", 30},
        {"an ASDF file", "#ASDF 1.0.0\n#ASDF_STANDARD 1.5.0\n", 33},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *what = test_text("%s as %s", files[i].what, file);
        run_broken(f, file, files[i].bytes, files[i].n, what, MUST_FAIL, NULL);
        free(what);
    }
}

int fault_inputs(fault *f)
{
    for (size_t i = 0; i < nbreakages; i++)
        break_one(f, &breakages[i]);
    break_whole(f, "input");
    break_whole(f, "gain");
    for (size_t i = 0; i < nrefusals; i++)
        refuse_one(f, &refusals[i]);
    return 0;
}

/* ------------------------------------------------------------------ truncated */
/* A file that ends where an HDU ends, or in the padding before and the first bytes after, is a shorter but sound one. */
static bool ends_with_hdu(const fits_bytes *bytes, size_t n)
{
    fits_place place;
    for (size_t k = 0; fits_find_index(bytes, k, &place); k++) {
        const size_t end = place.data + place.data_bytes;
        if (n >= end && n <= (end + 2879) / 2880 * 2880 + 1)
            return true;
    }
    return false;
}

static void cut(fault *f, const char *file, const fits_bytes *bytes, size_t n)
{
    char *what = test_text("%s cut to %zu of %zu bytes", file, n, bytes->n);
    const bool shorter = strcmp(file, "input") != 0 && ends_with_hdu(bytes, n);
    if (n < bytes->n)
        run_broken(f, file, bytes->bytes, n, what, shorter ? MAY_PASS : MAY_PASS_UNCHANGED, NULL);
    free(what);
}

/* Cuts around every border of every HDU, and at some lengths in between. */
static void cut_everywhere(fault *f, const char *file, unsigned long random_cuts)
{
    fits_place place;
    unsigned long state = 4711;
    fits_bytes bytes = read_file_of(f, file);
    for (size_t k = 0; fits_find_index(&bytes, k, &place); k++) {
        const size_t borders[] = {place.header, place.data, place.data + place.data_bytes};
        for (size_t i = 0; i < 3; i++) {
            cut(f, file, &bytes, borders[i] > 0 ? borders[i] - 1 : 0);
            cut(f, file, &bytes, borders[i]);
            cut(f, file, &bytes, borders[i] + 1);
        }
    }
    for (unsigned long i = 0; i < random_cuts; i++)
        cut(f, file, &bytes, fault_random(&state, bytes.n));
    fits_bytes_free(&bytes);
}

/* The gzipped exposure itself, as the case has it. */
static void cut_gzip(fault *f)
{
    char *folder = test_text("%s/input", f->case_dir), **names = test_names(folder);
    char *path = test_text("%s/%s", folder, names[0]);
    size_t n = 0;
    char *packed = test_read_file(path, &n);
    for (size_t i = 0; packed && i < 12; i++) {
        const size_t length = i < 10 ? n * i / 10 : n - (i == 10 ? 8 : 1);
        char *what = test_text("gzip cut to %zu of %zu bytes", length, n);
        run_broken(f, "input", packed, length, what, MUST_FAIL, NULL);
        free(what);
    }
    free(packed);
    free(path);
    free(folder);
    test_free_names(names);
}

int fault_truncated(fault *f)
{
    static const char *const references[] = {"gain", "readnoise", "mask", "saturation", "linearity", "superbias", "dark"};
    cut_everywhere(f, "input", 20);
    cut_gzip(f);
    for (size_t i = 0; i < sizeof references / sizeof *references; i++)
        cut_everywhere(f, references[i], 3);
    return 0;
}

/* ------------------------------------------------------------------ flipped bits */
/* A few bits of the headers and tables of the exposure or a reference are flipped; anything but a crash will do. */
int fault_bits(fault *f)
{
    static const char *const files[] = {"input", "mask", "dark", "linearity"};
    unsigned long state = 31337;
    for (int i = 0; i < FLIPS; i++) {
        const char *file = files[i % 4];
        fits_bytes bytes = read_file_of(f, file);
        fits_place place;
        char *what = test_text("flipped bits %d of %s", i, file);
        for (int flips = 1 + i % 3; flips > 0; flips--) {
            const size_t hdu = fault_random(&state, 3);
            if (!fits_find_index(&bytes, hdu, &place))
                (void)fits_find_index(&bytes, 0, &place);
            bytes.bytes[place.header + fault_random(&state, place.header_bytes)] ^= (unsigned char)(1u << fault_random(&state, 8));
        }
        run_broken(f, file, bytes.bytes, bytes.n, what, MAY_PASS, NULL);
        free(what);
        fits_bytes_free(&bytes);
    }
    return 0;
}
