/* golden BIN CASE_DIR WORK_DIR [option...]: runs BIN on a golden case and compares its products with the reference's.
 *
 * HDUs, shapes and keywords must be the same, flags and integers equal, NaNs at the same pixels.  Floats must agree to
 * 1e-6 of the value (variances and errors 1e-5) or 1e-3 of ERR; how many differ at all is printed.
 * Exit 0 when all products agree and none is missing or extra. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rampart/container.h"
#include "tests/common/case.h"

static int failures;

static void complain(const char *file, const char *what, const char *detail)
{
    printf("    %s: %s %s\n", file, what, detail);
    failures++;
}

/* ------------------------------------------------------------------ running */
static void run_case(const char *bin, const char *case_dir, const char *out_dir, int extra, char **options)
{
    test_command command = {0};
    char *log = test_text("%s.log", out_dir), *exposure_dir = test_text("%s.input", out_dir);
    test_push_case(&command, bin, case_dir, exposure_dir, out_dir);
    for (int i = 0; i < extra; i++)
        test_push(&command, options[i]);
    const int status = test_run(&command, log, false);
    if (status != 0) {
        char *said = test_read_file(log, NULL);
        printf("    exit status %d\n%s\n", status, said ? said : "");
        free(said);
        failures++;
    }
    free(log);
    free(exposure_dir);
    test_clear(&command);
}

/* ------------------------------------------------------------------ headers */
static bool ignored(const char *card)
{
    static const char *const names[] = {"DATE    ", "CAL_VER ", "CAL_VCS ", "CRDS_VER", "CRDS_CTX", "CHECKSUM", "DATASUM ", "COMMENT ",
                                        "HISTORY ", "        ", "END     ", "CONTINUE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strncmp(card, names[i], 8))
            return true;
    return !strncmp(card, "R_", 2); /* paths of another machine; presence is checked, not the value */
}

static const char *find_card(const rp_hdu *hdu, const char *name)
{
    for (size_t i = 0; i + 80 <= hdu->header_bytes; i += 80)
        if (!strncmp(hdu->header + i, name, 8))
            return hdu->header + i;
    return NULL;
}

/* The value field without comment and padding. */
static void card_value(const char *card, char *out)
{
    size_t n = 0;
    bool quoted = false;
    for (int i = 10; i < 80; i++) {
        if (card[i] == '\'')
            quoted = !quoted;
        if (card[i] == '/' && !quoted)
            break;
        out[n++] = card[i];
    }
    while (n && (out[n - 1] == ' ' || (out[n - 1] == '\'' && n > 1 && out[n - 2] == ' ')))
        n--;
    out[n] = '\0';
}

static bool same_value(const char *a, const char *b)
{
    char x[96], y[96], *end_x, *end_y;
    card_value(a, x);
    card_value(b, y);
    const double u = strtod(x, &end_x), v = strtod(y, &end_y);
    if (end_x != x && end_y != y && !*end_x && !*end_y)
        return u == v || fabs(u - v) <= 1e-9 * fmax(fabs(u), fabs(v));
    return !strcmp(x + strspn(x, " "), y + strspn(y, " "));
}

static void compare_header(const char *file, const rp_hdu *ours, const rp_hdu *truth)
{
    char text[120];
    const bool tree = !strcmp(truth->extname, "ASDF"); /* its size is its own */
    for (size_t i = 0; i + 80 <= truth->header_bytes && !tree; i += 80) {
        const char *card = truth->header + i;
        if (!strncmp(card, "END     ", 8))
            break;
        const char *own = find_card(ours, card);
        (void)snprintf(text, sizeof text, "%s %.40s", truth->extname, card);
        if (!own && strncmp(card, "        ", 8) != 0 && strncmp(card, "CONTINUE", 8) != 0)
            complain(file, "keyword missing:", text);
        else if (own && !ignored(card) && !same_value(own, card))
            complain(file, "keyword differs:", text);
    }
    for (size_t i = 0; i + 80 <= ours->header_bytes && !tree; i += 80) {
        const char *card = ours->header + i;
        if (!strncmp(card, "END     ", 8))
            break;
        (void)snprintf(text, sizeof text, "%s %.40s", truth->extname, card);
        if (!find_card(truth, card) && !ignored(card))
            complain(file, "keyword extra:", text);
    }
}

/* ------------------------------------------------------------------ pixels */
static void *read_image(rp_container *c, size_t hdu)
{
    rp_error err = {0};
    void *bytes = malloc((size_t)c->hdu[hdu].data_bytes + 1);
    if (!bytes || c->read_bytes(c, hdu, 0, (size_t)c->hdu[hdu].data_bytes, bytes, &err) != RP_OK) {
        printf("    %s\n", err.text);
        exit(2);
    }
    return bytes;
}

static float *as_float(const void *bytes, size_t n)
{
    float *v = malloc((n + 1) * sizeof *v);
    if (!v)
        exit(2);
    rp_elements_to_f32(v, bytes, RP_F32, n);
    return v;
}

static void compare_floats(const char *file, const char *name, const void *ours, const void *truth, const float *error, size_t n)
{
    const bool variance = !strncmp(name, "VAR_", 4) || !strcmp(name, "ERR");
    const double rel = variance ? 1e-5 : 1e-6;
    float *a = as_float(ours, n), *b = as_float(truth, n);
    size_t different = 0, bad = 0, first = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(a[i]) && isnan(b[i]))
            continue;
        const double d = fabs((double)a[i] - (double)b[i]);
        if (a[i] == b[i])
            continue;
        different++;
        double limit = rel * fabs((double)b[i]);
        if (!variance && error && isfinite(error[i]) && 1e-3 * (double)error[i] > limit)
            limit = 1e-3 * (double)error[i];
        if (!(d <= limit) && bad++ == 0)
            first = i;
    }
    char text[200];
    (void)snprintf(text, sizeof text, "%zu of %zu beyond tolerance, first at %zu: %.9g, truth %.9g", bad, n, first, (double)a[first], (double)b[first]);
    if (bad)
        complain(file, name, text);
    else if (different)
        printf("    %s: %s: %zu of %zu differ within tolerance\n", file, name, different, n);
    free(a);
    free(b);
}

static void compare_hdu(const char *file, rp_container *ours, rp_container *truth, size_t k, const float *error, size_t nerror)
{
    const rp_hdu *x = &ours->hdu[k], *y = &truth->hdu[k];
    compare_header(file, x, y);
    if (!strcmp(y->extname, "ASDF"))
        return;
    if (x->data_bytes != y->data_bytes || x->is_image != y->is_image || (y->is_image && x->type != y->type)) {
        complain(file, y->extname, "has other dimensions or another type");
        return;
    }
    void *a = read_image(ours, k), *b = read_image(truth, k);
    const size_t bytes = (size_t)y->data_bytes;
    if (y->is_image && y->type == RP_F32)
        compare_floats(file, y->extname, a, b, nerror == bytes / 4 ? error : NULL, bytes / 4);
    else if (memcmp(a, b, bytes) != 0)
        complain(file, y->extname, "differs");
    free(a);
    free(b);
}

static void compare_product(const char *file, const char *ours_path, const char *truth_path)
{
    rp_error err = {0};
    rp_container *ours = NULL, *truth = NULL;
    if (rp_container_open(&truth, truth_path, NULL, &err) != RP_OK || rp_container_open(&ours, ours_path, NULL, &err) != RP_OK) {
        complain(file, "cannot be compared:", err.text);
    } else if (ours->nhdu != truth->nhdu) {
        complain(file, "has another number of HDUs", "");
    } else {
        const int at = rp_container_find(truth, "ERR", 1);
        void *words = at >= 0 ? read_image(truth, (size_t)at) : NULL;
        const size_t n = at >= 0 ? (size_t)truth->hdu[at].data_bytes / 4 : 0;
        float *error = words ? as_float(words, n) : NULL;
        for (size_t k = 0; k < truth->nhdu; k++) {
            if (strcmp(ours->hdu[k].extname, truth->hdu[k].extname) != 0)
                complain(file, "HDU order:", truth->hdu[k].extname);
            else
                compare_hdu(file, ours, truth, k, error, n);
        }
        free(error);
        free(words);
    }
    if (ours)
        ours->close(ours);
    if (truth)
        truth->close(truth);
}

static void compare_products(const char *case_dir, const char *out_dir)
{
    char *truth_dir = test_text("%s/truth", case_dir);
    char **truths = test_names(truth_dir), **products = test_names(out_dir);
    size_t n = 0, written = 0;
    for (; truths[n]; n++) {
        char *truth = test_text("%s/%s", truth_dir, truths[n]);
        char *ours = test_text("%s/%.*s", out_dir, (int)(strlen(truths[n]) - 3), truths[n]); /* without .gz */
        if (access(ours, R_OK) != 0)
            complain(truths[n], "product missing", "");
        else
            compare_product(truths[n], ours, truth);
        free(truth);
        free(ours);
    }
    while (products[written])
        written++;
    if (written != n)
        complain(out_dir, "holds products that the reference does not write", "");
    test_free_names(truths);
    test_free_names(products);
    free(truth_dir);
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    const char *name = strrchr(argv[2], '/') ? strrchr(argv[2], '/') + 1 : argv[2];
    char *out_dir = test_text("%s/%s", argv[3], name);
    test_fresh_folder(out_dir);
    run_case(argv[1], argv[2], out_dir, argc - 4, argv + 4);
    compare_products(argv[2], out_dir);
    printf("%s %s\n", failures ? "FAIL" : "ok  ", name);
    free(out_dir);
    return failures != 0;
}
