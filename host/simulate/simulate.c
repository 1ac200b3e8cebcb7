/* The exposure simulator's main loop: rows are independent, so threads take them as they come. */
#include <errno.h>
#include <omp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/simulate/files.h"

/* Truth and raw exposure while they are written. */
typedef struct products {
    rp_sim_file uncal, truth;
    rp_sim_references references;
    size_t zeroframe_hdu, refout_hdu;
    bool with_references, with_truth;
} products;

/* Everything one thread needs. */
typedef struct worker {
    rp_sim_row row;
    rp_sim_scratch scratch;
    rp_sim_output_row out;
    void *block;
    float *values;
    void *buffer; /* nx elements of at most 4 bytes */
} worker;

static void worker_free(worker *w)
{
    rp_sim_row_free(&w->row);
    rp_sim_scratch_free(&w->scratch);
    free(w->block);
    *w = (worker){0};
}

static rp_code worker_new(worker *w, const rp_sim *sim, rp_error *err)
{
    *w = (worker){0};
    const size_t n = (size_t)sim->nx, nints = (size_t)sim->o.nints, planes = nints * (size_t)sim->o.ngroups;
    const size_t bytes = n * (2 * sizeof(float) + planes * (sizeof(uint16_t) + 1) + 2 * nints * sizeof(uint16_t));
    rp_code code = rp_sim_row_new(&w->row, sim, err);
    if (!code)
        code = rp_sim_scratch_new(&w->scratch, sim, err);
    if (code)
        return code;
    w->block = calloc(1, bytes);
    if (!w->block)
        return rp_fail(err, RP_E_MEMORY, "no memory for the %zu groups of a row", planes);
    w->values = w->block;
    w->buffer = w->values + n;
    w->out.raw = (uint16_t *)(w->values + 2 * n);
    w->out.saturated_group = (int16_t *)(w->out.raw + planes * n);
    uint16_t *zeroframe = (uint16_t *)(w->out.saturated_group + nints * n);
    w->out.zeroframe = sim->o.zeroframe ? zeroframe : NULL;
    w->out.events = (uint8_t *)(zeroframe + nints * n);
    w->out.stride = n;
    return RP_OK;
}

static void big_endian16(uint16_t *dst, const uint16_t *src, size_t n, uint16_t flip)
{
    for (size_t x = 0; x < n; x++) {
        const uint16_t v = src[x] ^ flip;
        dst[x] = (uint16_t)(v << 8 | v >> 8);
    }
}

static rp_code put_planes16(const rp_sim_file *file, size_t hdu, int64_t nplanes, int64_t y, const uint16_t *from,
                            uint16_t flip, size_t nx, void *buffer, rp_error *err)
{
    rp_code code = RP_OK;
    for (int64_t p = 0; p < nplanes && !code; p++) {
        big_endian16(buffer, from + (size_t)p * nx, nx, flip);
        code = rp_sim_file_row(file, hdu, p, y, buffer, err);
    }
    return code;
}

static rp_code put_truth(const products *p, const rp_sim *sim, int64_t y, worker *w, rp_error *err)
{
    const size_t nx = (size_t)sim->nx;
    for (int64_t x = 0; x < sim->nx; x++)
        w->values[x] = (float)rp_sim_true_rate(sim, &w->row, y, x);
    rp_elements_from_f32(w->buffer, w->values, nx);
    rp_code code = rp_sim_file_row(&p->truth, 1, 0, y, w->buffer, err);
    for (int64_t g = 0; g < sim->o.nints * sim->o.ngroups && !code; g++)
        code = rp_sim_file_row(&p->truth, 2, g, y, w->out.events + (size_t)g * nx, err);
    if (!code)
        code = put_planes16(&p->truth, 3, sim->o.nints, y, (const uint16_t *)w->out.saturated_group, 0, nx, w->buffer,
                            err);
    return code;
}

/* MIRI's reference output: a quarter as many rows, no light. */
static rp_code put_reference_output(const products *p, const rp_sim *sim, int64_t y, worker *w, rp_error *err)
{
    rp_code code = RP_OK;
    uint16_t *line = (uint16_t *)w->values;
    for (int64_t g = 0; g < sim->o.nints * sim->o.ngroups && !code; g++) {
        rp_random r =
            rp_random_stream(sim->o.seed, RP_SIM_REFERENCE_OUTPUT, (uint64_t)(sim->number << 40 | g), (uint64_t)y);
        for (int64_t x = 0; x < sim->nx; x++)
            line[x] = (uint16_t)(sim->det->bias_dn + 12.0 * rp_random_normal(&r));
        big_endian16(w->buffer, line, (size_t)sim->nx, 0x8000);
        code = rp_sim_file_row(&p->uncal, p->refout_hdu, g, y, w->buffer, err);
    }
    return code;
}

static rp_code make_row(const products *p, const rp_sim *sim, int64_t y, worker *w, rp_error *err)
{
    const size_t nx = (size_t)sim->nx;
    rp_sim_row_fill(&w->row, sim, y);
    rp_sim_ramp_row(sim, y, &w->row, &w->scratch, &w->out);
    rp_code code = put_planes16(&p->uncal, 1, sim->o.nints * sim->o.ngroups, y, w->out.raw, 0x8000, nx, w->buffer, err);
    if (!code && p->zeroframe_hdu)
        code = put_planes16(&p->uncal, p->zeroframe_hdu, sim->o.nints, y, w->out.zeroframe, 0x8000, nx, w->buffer, err);
    if (!code && p->refout_hdu && y < sim->ny / 4)
        code = put_reference_output(p, sim, y, w, err);
    if (!code && p->with_truth)
        code = put_truth(p, sim, y, w, err);
    if (!code && p->with_references)
        code = rp_sim_references_row(&p->references, sim, y, &w->row, w->values, w->buffer, err);
    return code;
}

static rp_code make_rows(const products *p, const rp_sim *sim, rp_error *err)
{
    rp_code first = RP_OK;
    atomic_bool stop = false;
    const int threads = sim->o.threads > 0 ? sim->o.threads : omp_get_max_threads();
#pragma omp parallel num_threads(threads)
    {
        worker w;
        rp_error own = {0};
        rp_code code = worker_new(&w, sim, &own);
        if (code)
            atomic_store(&stop, true);
#pragma omp for schedule(dynamic, 8)
        for (int64_t y = 0; y < sim->ny; y++) {
            if (atomic_load(&stop))
                continue;
            code = make_row(p, sim, y, &w, &own);
            if (code)
                atomic_store(&stop, true);
        }
        worker_free(&w);
#pragma omp critical(rp_simulate_error)
        if (code && !first) {
            first = code;
            if (err)
                *err = own;
        }
    }
    return first;
}

static rp_code plan_uncal(products *p, const rp_sim *sim, const char *dir, rp_error *err)
{
    char root[64], name[96];
    rp_sim_root_name(sim, root);
    (void)snprintf(name, sizeof name, "%s_uncal.fits", root);
    rp_sim_file *file = &p->uncal;
    const rp_code code = rp_sim_file_begin(file, dir, name, err);
    if (code)
        return code;
    const int64_t nints = sim->o.nints, ngroups = sim->o.ngroups;
    rp_sim_table group, int_times, asdf;
    rp_sim_column asdf_column;
    rp_sim_uncal_primary(rp_sim_file_header(file, 0), sim);
    const size_t sci = rp_sim_file_image(file, "SCI", RP_U16, (rp_shape){4, {nints, ngroups, sim->ny, sim->nx}});
    rp_sim_uncal_science(rp_sim_file_header(file, sci), sim);
    if (sim->o.zeroframe)
        p->zeroframe_hdu = rp_sim_file_image(file, "ZEROFRAME", RP_U16, (rp_shape){3, {nints, sim->ny, sim->nx}});
    if (sim->miri)
        p->refout_hdu =
            rp_sim_file_image(file, "REFOUT", RP_U16, (rp_shape){4, {nints, ngroups, sim->ny / 4, sim->nx}});
    rp_sim_group_table(&group, sim);
    rp_sim_file_table(file, "GROUP", group);
    rp_sim_int_times_table(&int_times, sim);
    rp_sim_file_table(file, "INT_TIMES", int_times);
    rp_sim_asdf_table(&asdf, &asdf_column, sim);
    rp_sim_file_table(file, "ASDF", asdf);
    return rp_sim_file_open(file);
}

static rp_code plan_truth(products *p, const rp_sim *sim, const char *dir, rp_error *err)
{
    char root[64], name[96];
    rp_sim_root_name(sim, root);
    (void)snprintf(name, sizeof name, "%s_truth.fits", root);
    const rp_code code = rp_sim_file_begin(&p->truth, dir, name, err);
    if (code)
        return code;
    const int64_t nints = sim->o.nints, ngroups = sim->o.ngroups;
    rp_sim_truth_primary(rp_sim_file_header(&p->truth, 0), sim);
    const size_t rate = rp_sim_file_image(&p->truth, "RATE", RP_F32, (rp_shape){2, {sim->ny, sim->nx}});
    rp_sim_text(rp_sim_file_header(&p->truth, rate), "BUNIT", "DN/s", "physical units of the array values");
    (void)rp_sim_file_image(&p->truth, "EVENTS", RP_U8, (rp_shape){4, {nints, ngroups, sim->ny, sim->nx}});
    (void)rp_sim_file_image(&p->truth, "SATGROUP", RP_I16, (rp_shape){3, {nints, sim->ny, sim->nx}});
    return rp_sim_file_open(&p->truth);
}

static rp_code make_exposure(rp_sim *sim, const char *dir, bool with_references, rp_sim_result *result, rp_error *err)
{
    products p = {.with_references = with_references, .with_truth = sim->o.truth};
    rp_code code = rp_sim_make_scene(sim, err);
    if (!code)
        code = rp_sim_make_events(sim, err);
    if (!code)
        code = rp_sim_make_noise(sim, err);
    if (!code)
        code = plan_uncal(&p, sim, dir, err);
    if (!code && p.with_truth)
        code = plan_truth(&p, sim, dir, err);
    if (!code && with_references)
        code = rp_sim_references_open(&p.references, sim, dir, err);
    if (!code)
        code = make_rows(&p, sim, err);
    if (!code && with_references)
        code = rp_sim_references_commit(&p.references, result, err);
    if (!code && p.with_truth)
        code = rp_sim_file_commit(&p.truth, result, err);
    if (!code)
        code = rp_sim_file_commit(&p.uncal, result, err);
    if (!code) {
        (void)snprintf(result->uncal, sizeof result->uncal, "%s", p.uncal.path);
        (void)snprintf(result->truth, sizeof result->truth, "%s", p.with_truth ? p.truth.path : "");
        result->cosmic_rays += sim->ncosmic_rays;
        result->snowballs += sim->nsnowballs;
    }
    rp_sim_references_end(&p.references);
    rp_sim_file_end(&p.truth);
    rp_sim_file_end(&p.uncal);
    return code;
}

rp_code rp_simulate(const rp_sim_options *options, const char *dir, const rp_log *log, rp_sim_result *result,
                    rp_error *err)
{
    rp_sim_result none, *out = result ? result : &none;
    *out = (rp_sim_result){0};
    rp_sim sim;
    rp_code code = rp_sim_resolve(&sim, options, err);
    if (code)
        return code;
    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        return rp_fail_errno(err, RP_E_IO, "%s: cannot make this folder", dir);
    for (int64_t number = 1; number <= options->exposures && !code; number++) {
        code = rp_sim_resolve(&sim, options, err);
        if (code)
            break;
        sim.number = number;
        code = make_exposure(&sim, dir, options->references && number == 1, out, err);
        if (!code)
            rp_logf(log, RP_INFO, "rampart.simulate",
                    "%s: %s %s, %lld x %lld pixels, %lld integrations of %lld groups, %lld cosmic rays, %lld snowballs",
                    out->uncal, sim.instrument, sim.det->name, (long long)sim.nx, (long long)sim.ny,
                    (long long)sim.o.nints, (long long)sim.o.ngroups, (long long)sim.ncosmic_rays,
                    (long long)sim.nsnowballs);
        rp_sim_clear(&sim);
    }
    return code;
}
