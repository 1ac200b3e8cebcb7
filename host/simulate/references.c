/* The reference files of stage 1: planned from one table, filled row by row. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "host/simulate/files.h"

enum { COEFFICIENTS = 5 };

/* The order is that of rp_sim_references.file. */
typedef enum kind { MASK, GAIN, READ_NOISE, SATURATION, LINEARITY, DARK, SUPERBIAS, RESET = SUPERBIAS, RSCD } kind;

static rp_shape shape2(const rp_sim *sim)
{
    return (rp_shape){.naxis = 2, .axis = {sim->ny, sim->nx}};
}

static rp_shape shape3(int64_t n, const rp_sim *sim)
{
    return (rp_shape){.naxis = 3, .axis = {n, sim->ny, sim->nx}};
}

static rp_shape shape4(int64_t m, int64_t n, const rp_sim *sim)
{
    return (rp_shape){.naxis = 4, .axis = {m, n, sim->ny, sim->nx}};
}

/* "jwst_nircam_gain_nrcb1_full.fits"; a subarray without a name is told by its rectangle. */
static void file_name(const rp_sim *sim, const char *reftype, char out[128])
{
    char where[64];
    if (strcmp(sim->subarray, "GENERIC") == 0)
        (void)snprintf(where, sizeof where, "%lldx%lld-%lld-%lld", (long long)sim->nx, (long long)sim->ny,
                       (long long)sim->o.x0, (long long)sim->o.y0);
    else
        (void)snprintf(where, sizeof where, "%s", sim->subarray);
    (void)snprintf(out, 128, "jwst_%s_%s_%s_%s.fits", sim->instrument, reftype, sim->det->name, where);
    for (char *c = out; *c; c++)
        *c = (char)tolower((unsigned char)*c);
}

static void exposure_cards(rp_sim_header *h, const rp_sim *sim, const char *reftype)
{
    const bool dark = strcmp(reftype, "dark") == 0, reset = strcmp(reftype, "reset") == 0;
    if (dark)
        rp_sim_text(h, "EXP_TYPE", sim->det->exp_type, "Type of data in the exposure");
    if (dark || reset) {
        rp_sim_text(h, "READPATT", sim->o.readpatt, "Readout pattern");
        rp_sim_int(h, "NGROUPS", dark ? sim->o.ngroups : RP_SIM_RESET_GROUPS, "Number of groups in integration");
        if (sim->miri)
            rp_sim_int(h, "NINTS", RP_SIM_RESET_INTS, "Number of integrations in exposure");
    }
    if (dark) {
        rp_sim_int(h, "NFRAMES", sim->o.nframes, "Number of frames per group");
        rp_sim_int(h, "GROUPGAP", sim->o.groupgap, "Number of frames dropped between groups");
        rp_sim_real(h, "AVDRKCUR", sim->det->dark_e_s, "[e-/s] Average dark current");
    }
}

static void primary_cards(rp_sim_header *h, const rp_sim *sim, const char *reftype, const char *model, const char *name)
{
    const rp_sim_detector *d = sim->det;
    char upper[24] = "", text[96];
    for (size_t k = 0; reftype[k] && k + 1 < sizeof upper; k++)
        upper[k] = (char)toupper((unsigned char)reftype[k]);
    rp_sim_primary_cards(h);
    rp_sim_text(h, "DATE", "2022-01-01T00:00:00.000", "Date this file was created (UTC)");
    rp_sim_text(h, "FILENAME", name, "Name of the file");
    rp_sim_text(h, "DATAMODL", model, "Type of data model");
    rp_sim_text(h, "TELESCOP", "JWST", "Telescope used to acquire the data");
    rp_sim_text(h, "REFTYPE", upper, "Reference file type");
    rp_sim_text(h, "PEDIGREE", "SIMULATION", "The pedigree of the reference file");
    (void)snprintf(text, sizeof text, "Simulated %s, seed %llu", reftype, (unsigned long long)sim->o.seed);
    rp_sim_text(h, "DESCRIP", text, "Description of the reference file");
    rp_sim_text(h, "AUTHOR", "rampart simulate", "Author of the reference file");
    rp_sim_text(h, "USEAFTER", "2022-01-01T00:00:00", "Use after date of the reference file");
    rp_sim_text(h, "INSTRUME", d->instrument, "Instrument used to acquire the data");
    rp_sim_text(h, "DETECTOR", d->name, "Name of detector used to acquire the data");
    rp_sim_text(h, "MODULE", d->module, "NIRCam module: A, B or MULTIPLE");
    rp_sim_text(h, "CHANNEL", d->channel, "Instrument channel");
    exposure_cards(h, sim, reftype);
    if (strcmp(reftype, "rscd") == 0)
        return;
    rp_sim_text(h, "SUBARRAY", sim->subarray, "Subarray used");
    rp_sim_int(h, "SUBSTRT1", sim->o.x0, "Starting pixel in axis 1 direction");
    rp_sim_int(h, "SUBSTRT2", sim->o.y0, "Starting pixel in axis 2 direction");
    rp_sim_int(h, "SUBSIZE1", sim->nx, "Number of pixels in axis 1 direction");
    rp_sim_int(h, "SUBSIZE2", sim->ny, "Number of pixels in axis 2 direction");
    rp_sim_int(h, "FASTAXIS", d->fast_axis, "Fast readout axis direction");
    rp_sim_int(h, "SLOWAXIS", d->slow_axis, "Slow readout axis direction");
}

static rp_code begin(rp_sim_references *refs, const rp_sim *sim, const char *dir, const char *reftype,
                     const char *model, rp_error *err)
{
    char name[128];
    file_name(sim, reftype, name);
    rp_sim_file *file = &refs->file[refs->nfiles++];
    const rp_code code = rp_sim_file_begin(file, dir, name, err);
    if (!code)
        primary_cards(rp_sim_file_header(file, 0), sim, reftype, model, name);
    return code;
}

/* Planes of the file begun last: the values, and their flags with the table that explains them. */
static void plan_planes(rp_sim_references *refs, const rp_sim *sim, kind k)
{
    rp_sim_file *file = &refs->file[refs->nfiles - 1];
    const int64_t ngroups = sim->o.ngroups;
    if (k == LINEARITY)
        (void)rp_sim_file_image(file, "COEFFS", RP_F32, shape3(COEFFICIENTS, sim));
    else if (k == DARK)
        (void)rp_sim_file_image(file, "SCI", RP_F32,
                                sim->miri ? shape4(RP_SIM_RESET_INTS, ngroups, sim) : shape3(ngroups, sim));
    else if (k == RESET && sim->miri)
        (void)rp_sim_file_image(file, "SCI", RP_F32, shape4(RP_SIM_RESET_INTS, RP_SIM_RESET_GROUPS, sim));
    else if (k != MASK)
        (void)rp_sim_file_image(file, "SCI", RP_F32, shape2(sim));
    if (k == SUPERBIAS && !sim->miri)
        (void)rp_sim_file_image(file, "ERR", RP_F32, shape2(sim));
    if (k != GAIN && k != READ_NOISE)
        (void)rp_sim_file_image(file, "DQ", RP_U32,
                                k == DARK && sim->miri ? shape4(RP_SIM_RESET_INTS, 1, sim) : shape2(sim));
}

rp_code rp_sim_references_open(rp_sim_references *refs, const rp_sim *sim, const char *dir, rp_error *err)
{
    const struct {
        const char *reftype, *model;
    } list[] = {
        [MASK] = {"mask", "MaskModel"},
        [GAIN] = {"gain", "GainModel"},
        [READ_NOISE] = {"readnoise", "ReadnoiseModel"},
        [SATURATION] = {"saturation", "SaturationModel"},
        [LINEARITY] = {"linearity", "LinearityModel"},
        [DARK] = {"dark", sim->miri                                 ? "DarkMIRIModel"
                          : strcmp(sim->instrument, "NIRSPEC") == 0 ? "DarkNirspecModel"
                                                                    : "DarkModel"},
        [SUPERBIAS] = {sim->miri ? "reset" : "superbias", sim->miri ? "ResetModel" : "SuperBiasModel"},
        [RSCD] = {"rscd", "RSCDModel"},
    };
    const kind count = sim->miri ? RSCD + 1 : RSCD;
    *refs = (rp_sim_references){0};
    rp_code code = RP_OK;
    for (kind k = MASK; k < count && !code; k++) {
        code = begin(refs, sim, dir, list[k].reftype, list[k].model, err);
        if (code)
            break;
        rp_sim_file *file = &refs->file[k];
        if (k == RSCD) {
            rp_sim_file_table(file, "RSCD_GROUP_SKIP", rp_sim_rscd_table(sim));
        } else {
            plan_planes(refs, sim, k);
            if (k != GAIN && k != READ_NOISE)
                rp_sim_file_table(file, "DQ_DEF", rp_sim_dq_def_table(list[k].reftype));
        }
        code = rp_sim_file_open(file);
    }
    return code;
}

static rp_code put_floats(const rp_sim_references *refs, const rp_sim *sim, kind k, size_t hdu, int64_t plane,
                          int64_t y, const float *values, void *buffer, rp_error *err)
{
    rp_elements_from_f32(buffer, values, (size_t)sim->nx);
    return rp_sim_file_row(&refs->file[k], hdu, plane, y, buffer, err);
}

static rp_code put_words(const rp_sim_references *refs, const rp_sim *sim, kind k, size_t hdu, int64_t plane, int64_t y,
                         const uint32_t *values, void *buffer, rp_error *err)
{
    rp_elements_from_u32(buffer, values, (size_t)sim->nx);
    return rp_sim_file_row(&refs->file[k], hdu, plane, y, buffer, err);
}

/* u + a2 u^2 + a3 u^3 + a4 u^4 about the pedestal, as a polynomial of the measured value: coefficient k. */
static double coefficient(const rp_sim *sim, const rp_sim_row *row, int64_t x, int k)
{
    const double p = -sim->pedestal_dn;
    const double a[COEFFICIENTS] = {sim->pedestal_dn, 1.0, (double)row->a2[x], (double)row->a3[x], (double)row->a4[x]};
    static const double binomial[COEFFICIENTS][COEFFICIENTS] = {{1}, {1, 1}, {1, 2, 1}, {1, 3, 3, 1}, {1, 4, 6, 4, 1}};
    double sum = 0.0, power = 1.0;
    for (int n = k; n < COEFFICIENTS; n++) {
        sum += a[n] * binomial[n][k] * power;
        power *= p;
    }
    return sum;
}

static rp_code linearity_row(const rp_sim_references *refs, const rp_sim *sim, int64_t y, const rp_sim_row *row,
                             float *values, void *buffer, rp_error *err)
{
    rp_code code = RP_OK;
    for (int k = 0; k < COEFFICIENTS && !code; k++) {
        for (int64_t x = 0; x < sim->nx; x++)
            values[x] = (float)coefficient(sim, row, x, k);
        code = put_floats(refs, sim, LINEARITY, 1, k, y, values, buffer, err);
    }
    return code ? code : put_words(refs, sim, LINEARITY, 2, 0, y, row->linearity_dq, buffer, err);
}

/* The mean over the frames of a group of what the dark current has left since the reset. */
static rp_code dark_row(const rp_sim_references *refs, const rp_sim *sim, int64_t y, const rp_sim_row *row,
                        float *values, void *buffer, rp_error *err)
{
    const int64_t nints = sim->miri ? RP_SIM_RESET_INTS : 1, per_group = sim->o.nframes + sim->o.groupgap;
    rp_code code = RP_OK;
    for (int64_t p = 0; p < nints * sim->o.ngroups && !code; p++) {
        const int64_t g = p % sim->o.ngroups;
        const double seconds = sim->frame_time_s * ((double)(g * per_group) + 0.5 * (double)(sim->o.nframes + 1));
        for (int64_t x = 0; x < sim->nx; x++)
            values[x] = (float)((double)row->dark_dn_s[x] * seconds);
        code = put_floats(refs, sim, DARK, 1, p, y, values, buffer, err);
    }
    for (int64_t i = 0; i < nints && !code; i++)
        code = put_words(refs, sim, DARK, 2, i, y, row->dark_dq, buffer, err);
    return code;
}

/* NIR: superbias.  MIRI: the reset anomaly. */
static rp_code start_row(const rp_sim_references *refs, const rp_sim *sim, int64_t y, const rp_sim_row *row,
                         float *values, void *buffer, rp_error *err)
{
    rp_code code = RP_OK;
    for (int64_t p = 0; sim->miri && p < (int64_t)RP_SIM_RESET_INTS * RP_SIM_RESET_GROUPS && !code; p++) {
        for (int64_t x = 0; x < sim->nx; x++)
            values[x] = (float)rp_sim_reset_dn(sim, p / RP_SIM_RESET_GROUPS, p % RP_SIM_RESET_GROUPS);
        code = put_floats(refs, sim, RESET, 1, p, y, values, buffer, err);
    }
    if (sim->miri)
        return code ? code : put_words(refs, sim, RESET, 2, 0, y, row->bias_dq, buffer, err);
    code = put_floats(refs, sim, SUPERBIAS, 1, 0, y, row->bias_dn, buffer, err);
    for (int64_t x = 0; x < sim->nx; x++)
        values[x] = 2.0f;
    if (!code)
        code = put_floats(refs, sim, SUPERBIAS, 2, 0, y, values, buffer, err);
    return code ? code : put_words(refs, sim, SUPERBIAS, 3, 0, y, row->bias_dq, buffer, err);
}

rp_code rp_sim_references_row(const rp_sim_references *refs, const rp_sim *sim, int64_t y, const rp_sim_row *row,
                              float *values, void *buffer, rp_error *err)
{
    rp_code code = put_words(refs, sim, MASK, 1, 0, y, row->mask_dq, buffer, err);
    if (!code)
        code = put_floats(refs, sim, GAIN, 1, 0, y, row->gain, buffer, err);
    if (!code)
        code = put_floats(refs, sim, READ_NOISE, 1, 0, y, row->read_noise_dn, buffer, err);
    if (!code)
        code = put_floats(refs, sim, SATURATION, 1, 0, y, row->saturation_dn, buffer, err);
    if (!code)
        code = put_words(refs, sim, SATURATION, 2, 0, y, row->saturation_dq, buffer, err);
    if (!code)
        code = linearity_row(refs, sim, y, row, values, buffer, err);
    if (!code)
        code = dark_row(refs, sim, y, row, values, buffer, err);
    return code ? code : start_row(refs, sim, y, row, values, buffer, err);
}

rp_code rp_sim_references_commit(rp_sim_references *refs, rp_sim_result *result, rp_error *err)
{
    rp_code code = RP_OK;
    for (size_t k = 0; k < refs->nfiles && !code; k++)
        code = rp_sim_file_commit(&refs->file[k], result, err);
    return code;
}

void rp_sim_references_end(rp_sim_references *refs)
{
    for (size_t k = 0; k < refs->nfiles; k++)
        rp_sim_file_end(&refs->file[k]);
    refs->nfiles = 0;
}
