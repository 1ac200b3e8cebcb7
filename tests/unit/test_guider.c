/* calwebb_guider on a track exposure of two by three pixels, from file to product. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "host/pipelines/guider.h"
#include "product_files.h"
#include "rampart/product.h"

enum { NX = 3, NY = 2, NPIX = NX * NY, NINTS = 2, NGROUPS = 2, REF = 4, MAX_STEPS = 4 };

static const char exposure_keywords[] =
    "TELESCOP= 'JWST    '\nINSTRUME= 'FGS     '\nDETECTOR= 'GUIDER1 '\n"
    "EXP_TYPE= '%s'\nNINTS   =                    2\nNGROUPS =                    2\n"
    "NFRAMES =                    1\nTGROUP  =                  0.5\n"
    "SUBSTRT1=                   11\nSUBSTRT2=                   21\n"
    "SUBSIZE1=                    3\nSUBSIZE2=                    2\n"
    "FASTAXIS=                    1\nSLOWAXIS=                    2\n";
static const char reference_keywords[] = "TELESCOP= 'JWST    '\nINSTRUME= 'FGS     '\n"
                                         "SUBSTRT1=                   10\nSUBSTRT2=                   20\n"
                                         "SUBSIZE1=                    4\nSUBSIZE2=                    4\n";

static void put_f32(uint32_t *words, size_t k, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    words[k] = __builtin_bswap32(bits);
}

/* The pixel of a reference that lies under (y, x) of the exposure. */
static size_t under(size_t y, size_t x)
{
    return (y + 1) * REF + x + 1;
}

/* Second read less first: 20 and 40 in the two integrations; the pixel (1, 2) falls by 10. */
static void write_exposure(const char *folder, const char *type)
{
    uint16_t reads[NINTS * NGROUPS * NPIX];
    char keywords[1024];
    for (size_t k = 0; k < NINTS * NGROUPS; k++)
        for (size_t p = 0; p < NPIX; p++) {
            const unsigned value = p == 5 ? 100 - 10 * (unsigned)(k % 2) : 100 + 20 * (unsigned)((k / 2 + 1) * (k % 2));
            reads[k * NPIX + p] = __builtin_bswap16((uint16_t)(value ^ 0x8000u));
        }
    (void)snprintf(keywords, sizeof keywords, exposure_keywords, type);
    const test_hdu hdus[] = {
        {.keywords = keywords},
        {"SCI", "BUNIT   = 'DN      '\n", RP_U16, {4, {NINTS, NGROUPS, NY, NX}}, reads, NULL, 0, 0}};
    test_write_fits(test_path(folder, "track_uncal.fits"), hdus, 2);
}

static void write_reference(const char *folder, const char *name, const uint32_t *sci, const uint32_t *err,
                            const uint32_t *dq)
{
    const rp_shape shape = {2, {REF, REF}};
    test_hdu hdus[4] = {{.keywords = reference_keywords}};
    size_t n = 1;
    if (sci)
        hdus[n++] = (test_hdu){"SCI", NULL, RP_F32, shape, sci, NULL, 0, 0};
    if (err)
        hdus[n++] = (test_hdu){"ERR", NULL, RP_F32, shape, err, NULL, 0, 0};
    if (dq)
        hdus[n++] = (test_hdu){"DQ", NULL, RP_U32, shape, dq, NULL, 0, 0};
    test_write_fits(test_path(folder, name), hdus, n);
}

static void write_references(const char *folder)
{
    uint32_t gain[REF * REF], noise[REF * REF], flat[REF * REF], spread[REF * REF], mask[REF * REF], flat_dq[REF * REF];
    for (size_t k = 0; k < REF * REF; k++) {
        put_f32(gain, k, 2.0f);
        put_f32(noise, k, 3.0f);
        put_f32(flat, k, 2.0f);
        put_f32(spread, k, 0.5f);
        mask[k] = flat_dq[k] = __builtin_bswap32(0x80000000u);
    }
    mask[under(0, 1)] = __builtin_bswap32(0x80000000u ^ 1u);
    put_f32(flat, under(1, 0), 0.0f);
    write_reference(folder, "gain.fits", gain, NULL, NULL);
    write_reference(folder, "readnoise.fits", noise, NULL, NULL);
    write_reference(folder, "mask.fits", NULL, NULL, mask);
    write_reference(folder, "flat.fits", flat, spread, flat_dq);
}

/* ------------------------------------------------------------------ a request */
typedef struct test_request {
    rp_request request;
    char input[512], path[4][512];
    rp_override override[8];
    rp_request_step step[MAX_STEPS];
    rp_values *values[MAX_STEPS], *top;
} test_request;

static rp_values *values_of(const rp_param *params, size_t n)
{
    const rp_param *const tables[] = {params, rp_common_params};
    const size_t counts[] = {n, rp_common_param_count};
    rp_values *values = NULL;
    assert_int_equal(rp_values_new(&values, tables, counts, 2, NULL), RP_OK);
    return values;
}

static void add_override(test_request *t, const char *step, const char *type, const char *path)
{
    t->override[t->request.noverrides++] = (rp_override){step, type, path};
}

static void make_request(test_request *t, const char *folder)
{
    static const char *const files[] = {"mask.fits", "gain.fits", "readnoise.fits", "flat.fits"};
    const rp_pipeline *pipeline = rp_pipeline_find("calwebb_guider");
    *t = (test_request){0};
    for (size_t k = 0; k < 4; k++)
        (void)snprintf(t->path[k], sizeof t->path[k], "%s/%s", folder, files[k]);
    (void)snprintf(t->input, sizeof t->input, "%s/track_uncal.fits", folder);
    t->top = values_of(pipeline->params, pipeline->nparams);
    assert_int_equal(rp_values_set(t->top, "output_dir", folder, RP_FROM_COMMAND, NULL), RP_OK);
    t->request = (rp_request){.input_path = t->input,
                              .name = "GuiderPipeline",
                              .pipeline = pipeline,
                              .pipeline_values = t->top,
                              .steps = t->step,
                              .overrides = t->override,
                              .save_top = true,
                              .device = {.backend = "openmp", .threads = 1}};
    for (const char *const *name = pipeline->steps; *name; name++) {
        const rp_step *step = rp_step_find(*name);
        const size_t k = t->request.nsteps++;
        t->values[k] = values_of(step->params, step->nparams);
        t->step[k] = (rp_request_step){step, *name, t->values[k]};
    }
    add_override(t, "dq_init", "mask", t->path[0]);
    add_override(t, "guider_cds", "gain", t->path[1]);
    add_override(t, "guider_cds", "readnoise", t->path[2]);
    add_override(t, "flat_field", "flat", t->path[3]);
    add_override(t, "flat_field", "fflat", "N/A");
    add_override(t, "flat_field", "sflat", "N/A");
    add_override(t, "flat_field", "dflat", "N/A");
}

static void free_request(test_request *t)
{
    for (size_t k = 0; k < MAX_STEPS; k++)
        rp_values_free(t->values[k]);
    rp_values_free(t->top);
}

/* ------------------------------------------------------------------ tests */
static void read_plane(const rp_exposure *product, const char *extname, int64_t plane, float *values)
{
    rp_source *source = NULL;
    uint32_t words[NPIX];
    assert_int_equal(rp_exposure_plane(product, extname, &source, NULL), RP_OK);
    assert_non_null(source);
    assert_int_equal(source->read(source, plane, (rp_rect){0, 0, NY, NX}, words, NULL), RP_OK);
    rp_elements_to_f32(values, words, source->type, NPIX);
    source->close(source);
}

static void check_status(const rp_exposure *product)
{
    static const char *const keyword[] = {"S_DQINIT", "S_GUICDS", "S_FLAT"};
    for (size_t k = 0; k < 3; k++)
        assert_string_equal(rp_meta_get_string(product->meta, keyword[k]), "COMPLETE");
    assert_string_equal(rp_meta_get_string(product->meta, "SCI:BUNIT"), "DN/s");
    assert_string_equal(rp_meta_get_string(product->meta, "R_FFLAT"), "N/A");
}

static void test_track(void **state)
{
    char *folder = test_folder();
    test_request t;
    rp_error err = {0};
    rp_exposure *product = NULL;
    float sci[NPIX], error[NPIX], dq[NPIX];
    (void)state;
    write_exposure(folder, "FGS_TRACK");
    write_references(folder);
    make_request(&t, folder);
    assert_int_equal(rp_guider_run(&t.request, &err), RP_OK);
    assert_int_equal(rp_exposure_open(&product, test_path(folder, "track_cal.fits"), NULL, NULL, &err), RP_OK);
    check_status(product);
    assert_true(product->nints == NINTS && product->ny == NY && product->nx == NX);
    read_plane(product, "SCI", 0, sci);
    read_plane(product, "ERR", 0, error);
    read_plane(product, "DQ", 0, dq);
    assert_true(sci[0] == 20.0f && sci[1] == 20.0f && sci[3] == 40.0f && sci[5] == -10.0f);
    assert_true(error[0] == sqrtf(92.0f + 25.0f));                        /* 20^2/2^2 * 0.5^2 */
    assert_true(error[3] == sqrtf(sqrtf(92.0f) * sqrtf(92.0f) + 400.0f)); /* no flat: 40^2 * 0.5^2 */
    assert_true(dq[0] == 0.0f && dq[1] == 1.0f && dq[3] == (float)0x40001 && dq[5] == 0.0f);
    read_plane(product, "SCI", 1, sci);
    assert_true(sci[0] == 40.0f && sci[5] == -10.0f);
    rp_exposure_close(product);
    free_request(&t);
    test_remove_folder(folder);
}

static void test_refusals(void **state)
{
    char *folder = test_folder();
    test_request t;
    rp_error err = {0};
    (void)state;
    write_references(folder);
    make_request(&t, folder);
    write_exposure(folder, "FGS_IMAGE");
    assert_int_equal(rp_guider_run(&t.request, &err), RP_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "FGS_IMAGE"));
    write_exposure(folder, "FGS_ACQ1");
    t.request.pipeline = NULL;
    t.step[0] = (rp_request_step){rp_step_find("saturation"), "SaturationStep", t.values[0]};
    assert_int_equal(rp_guider_run(&t.request, &err), RP_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "saturation"));
    t.step[0] = (rp_request_step){rp_step_find("flat_field"), "FlatFieldStep", t.values[2]};
    t.request.nsteps = 1;
    assert_int_equal(rp_guider_run(&t.request, &err), RP_E_ARGUMENT); /* reads, not rates */
    assert_int_equal(test_count_files(folder), 5);
    free_request(&t);
    test_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_track), cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
