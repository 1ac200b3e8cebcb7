/* Headers and tables of the raw exposure: the keywords that science data processing writes and the pipeline reads. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host/simulate/header.h"

static const double target_ra = 80.0, target_dec = -69.5, roll_deg = 30.0;
static const double light_travel_d = 0.00394; /* barycentric correction, as a constant */

double rp_sim_start_mjd(const rp_sim *sim)
{
    return 59800.1 + 0.01 * (double)(sim->number - 1);
}

double rp_sim_integration_s(const rp_sim *sim)
{
    return sim->group_time_s * (double)sim->o.ngroups + sim->frame_time_s;
}

static double effective_integration_s(const rp_sim *sim)
{
    return sim->group_time_s * (double)sim->o.ngroups - sim->frame_time_s * (double)sim->o.groupgap;
}

static double duration_s(const rp_sim *sim)
{
    return (effective_integration_s(sim) + sim->frame_time_s) * (double)sim->o.nints;
}

void rp_sim_root_name(const rp_sim *sim, char out[64])
{
    (void)snprintf(out, 64, "jw%05d%03d%03d_02101_%05lld_", sim->o.program, sim->o.observation, sim->o.visit,
                   (long long)sim->number);
    char *end = out + strlen(out);
    for (const char *c = sim->det->name; *c; c++)
        *end++ = (char)tolower((unsigned char)*c);
    *end = '\0';
}

static void program_cards(rp_sim_header *h, const rp_sim *sim)
{
    char program[16], observation[16], visit[16], visit_id[64], number[24], text[96], start[32], end[32];
    (void)snprintf(program, sizeof program, "%05d", sim->o.program);
    (void)snprintf(observation, sizeof observation, "%03d", sim->o.observation);
    (void)snprintf(visit, sizeof visit, "%03d", sim->o.visit);
    (void)snprintf(visit_id, sizeof visit_id, "%s%s%s", program, observation, visit);
    (void)snprintf(number, sizeof number, "%lld", (long long)sim->number);
    rp_sim_iso_time(start, rp_sim_start_mjd(sim), 3);
    rp_sim_iso_time(end, rp_sim_start_mjd(sim) + duration_s(sim) / 86400.0, 3);
    rp_sim_text(h, "TITLE", "Simulated exposure", "Proposal title");
    rp_sim_text(h, "PI_NAME", "Rampart", "Principal investigator name");
    rp_sim_text(h, "CATEGORY", "CAL", "Program category");
    (void)snprintf(text, sizeof text, "%.10s", start);
    rp_sim_text(h, "DATE-OBS", text, "[yyyy-mm-dd] UTC date at start of exposure");
    rp_sim_text(h, "TIME-OBS", start + 11, "[hh:mm:ss.sss] UTC time at start of exposure");
    rp_sim_text(h, "DATE-BEG", start, "Date-time start of exposure");
    rp_sim_text(h, "DATE-END", end, "Date-time end of exposure");
    (void)snprintf(text, sizeof text, "V%sP0000000002101", visit_id);
    rp_sim_text(h, "OBS_ID", text, "Programmatic observation identifier");
    rp_sim_text(h, "VISIT_ID", visit_id, "Visit identifier");
    rp_sim_text(h, "PROGRAM", program, "Program number");
    rp_sim_text(h, "OBSERVTN", observation, "Observation number");
    rp_sim_text(h, "VISIT", visit, "Visit number");
    rp_sim_text(h, "VISITGRP", "02", "Visit group identifier");
    rp_sim_text(h, "SEQ_ID", "1", "Parallel sequence identifier");
    rp_sim_text(h, "ACT_ID", "01", "Activity identifier");
    rp_sim_text(h, "EXPOSURE", number, "Exposure request number");
    rp_sim_bool(h, "BKGDTARG", false, "Background target");
    rp_sim_text(h, "VISITYPE", "PRIME_TARGETED_FIXED", "Visit type");
    rp_sim_text(h, "VISITSTA", "SUCCESSFUL", "Status of a visit");
    rp_sim_bool(h, "TSOVISIT", false, "Time Series Observation visit indicator");
    rp_sim_text(h, "TARGNAME", "SIMULATED FIELD", "Standard astronomical catalog name for target");
    rp_sim_text(h, "TARGTYPE", "FIXED", "Type of target (fixed, moving, generic)");
    rp_sim_real(h, "TARG_RA", target_ra, "[deg] Target RA at mid time of exposure");
    rp_sim_real(h, "TARG_DEC", target_dec, "[deg] Target Dec at mid time of exposure");
}

static void exposure_cards(rp_sim_header *h, const rp_sim *sim)
{
    const rp_sim_options *o = &sim->o;
    const double start = rp_sim_start_mjd(sim), days = duration_s(sim) / 86400.0;
    rp_sim_int(h, "EXPCOUNT", sim->number, "Running count of exposures in visit");
    rp_sim_text(h, "EXPRIPAR", "PRIME", "Prime or parallel exposure");
    rp_sim_text(h, "EXP_TYPE", sim->det->exp_type, "Type of data in the exposure");
    rp_sim_real(h, "EXPSTART", start, "[d] exposure start time in MJD");
    rp_sim_real(h, "EXPMID", start + 0.5 * days, "[d] exposure mid time in MJD");
    rp_sim_real(h, "EXPEND", start + days, "[d] exposure end time in MJD");
    rp_sim_text(h, "READPATT", o->readpatt, "Readout pattern");
    rp_sim_int(h, "NOUTPUTS", sim->noutputs, "Number of detector outputs used");
    rp_sim_int(h, "NINTS", o->nints, "Number of integrations in exposure");
    rp_sim_int(h, "INTSTART", 1, "Starting integration number in this segment");
    rp_sim_int(h, "INTEND", o->nints, "Ending integration number in this segment");
    rp_sim_int(h, "NGROUPS", o->ngroups, "Number of groups in integration");
    rp_sim_int(h, "NFRAMES", o->nframes, "Number of frames per group");
    rp_sim_int(h, "FRMDIVSR", o->nframes, "Divisor applied to frame-averaged groups");
    rp_sim_int(h, "GROUPGAP", o->groupgap, "Number of frames dropped between groups");
    rp_sim_int(h, "DRPFRMS1", 0, "Number of frames dropped prior to 1st integration");
    rp_sim_int(h, "DRPFRMS3", 0, "Number of frames dropped between integrations");
    rp_sim_int(h, "NSAMPLES", 1, "Number of A/D samples per pixel");
    rp_sim_real(h, "TSAMPLE", 10.0, "[us] Time between samples");
    rp_sim_real(h, "TFRAME", sim->frame_time_s, "[s] Time between frames");
    rp_sim_real(h, "TGROUP", sim->group_time_s, "[s] Time between groups");
    rp_sim_real(h, "EFFINTTM", effective_integration_s(sim), "[s] Effective integration time");
    rp_sim_real(h, "EFFEXPTM", effective_integration_s(sim) * (double)o->nints, "[s] Effective exposure time");
    rp_sim_real(h, "DURATION", duration_s(sim), "[s] Total duration of exposure");
    rp_sim_int(h, "NRSTSTRT", 1, "Number of reset frames at start of exposure");
    rp_sim_int(h, "NRESETS", 1, "Number of reset frames between integrations");
    rp_sim_bool(h, "ZEROFRAM", o->zeroframe, "Zero frame was downlinked separately");
    rp_sim_bool(h, "DATAPROB", false, "Science telemetry indicated a problem");
    rp_sim_int(h, "SCA_NUM", sim->det->sca, "Sensor Chip Assembly number");
}

void rp_sim_uncal_primary(rp_sim_header *h, const rp_sim *sim)
{
    const rp_sim_detector *d = sim->det;
    char root[64], text[96], date[32];
    rp_sim_root_name(sim, root);
    rp_sim_primary_cards(h);
    rp_sim_iso_time(date, rp_sim_start_mjd(sim) + 1.0, 3); /* not today's: the same options give the same bytes */
    rp_sim_text(h, "DATE", date, "UTC date file created");
    rp_sim_text(h, "ORIGIN", "STSCI", "Organization responsible for creating file");
    rp_sim_text(h, "TIMESYS", "UTC", "principal time system for time-related keywords");
    rp_sim_text(h, "TIMEUNIT", "s", "Default unit applicable to all time values");
    (void)snprintf(text, sizeof text, "%s_uncal.fits", root);
    rp_sim_text(h, "FILENAME", text, "Name of the file");
    rp_sim_text(h, "SDP_VER", "2022_3b", "Data Processing (DP) Software Version");
    rp_sim_text(h, "PRD_VER", "PRDOPSSOC-058", "S&OC Project Reference Database (PRD) Version");
    rp_sim_text(h, "DATAMODL", "Level1bModel", "Type of data model");
    rp_sim_text(h, "TELESCOP", "JWST", "Telescope used to acquire the data");
    program_cards(h, sim);
    rp_sim_text(h, "INSTRUME", d->instrument, "Instrument used to acquire the data");
    rp_sim_text(h, "DETECTOR", d->name, "Name of detector used to acquire the data");
    rp_sim_text(h, "MODULE", d->module, "NIRCam module: A, B or MULTIPLE");
    rp_sim_text(h, "CHANNEL", d->channel, "Instrument channel");
    rp_sim_text(h, "FILTER", d->filter, "Name of the filter element used");
    rp_sim_text(h, "PUPIL", d->pupil, "Name of the pupil element used");
    rp_sim_text(h, "GRATING", d->grating, "Name of the grating element used");
    exposure_cards(h, sim);
    rp_sim_text(h, "SUBARRAY", sim->subarray, "Subarray used");
    rp_sim_int(h, "SUBSTRT1", sim->o.x0, "Starting pixel in axis 1 direction");
    rp_sim_int(h, "SUBSTRT2", sim->o.y0, "Starting pixel in axis 2 direction");
    rp_sim_int(h, "SUBSIZE1", sim->nx, "Number of pixels in axis 1 direction");
    rp_sim_int(h, "SUBSIZE2", sim->ny, "Number of pixels in axis 2 direction");
    rp_sim_int(h, "FASTAXIS", d->fast_axis, "Fast readout axis direction");
    rp_sim_int(h, "SLOWAXIS", d->slow_axis, "Slow readout axis direction");
    rp_sim_text(h, "PATTTYPE", "NONE", "Primary dither pattern type");
    rp_sim_int(h, "PATT_NUM", sim->number, "Position number within dither pattern");
    (void)snprintf(text, sizeof text, "%s_%s", d->name, sim->subarray);
    rp_sim_text(h, "APERNAME", text, "S&OC PRD science aperture used");
}

void rp_sim_uncal_science(rp_sim_header *h, const rp_sim *sim)
{
    const rp_sim_detector *d = sim->det;
    const double start = rp_sim_start_mjd(sim), days = duration_s(sim) / 86400.0;
    const double sine = sin(roll_deg * M_PI / 180.0), cosine = cos(roll_deg * M_PI / 180.0);
    rp_sim_real(h, "MJD-BEG", start, "[d] exposure start time in MJD");
    rp_sim_real(h, "MJD-AVG", start + 0.5 * days, "[d] exposure mid-point in MJD");
    rp_sim_real(h, "MJD-END", start + days, "[d] exposure end time in MJD");
    rp_sim_real(h, "XPOSURE", effective_integration_s(sim) * (double)sim->o.nints, "[s] Effective exposure time");
    rp_sim_real(h, "TELAPSE", duration_s(sim), "[s] Total elapsed exposure time");
    rp_sim_real(h, "VA_SCALE", 1.0, "Velocity aberration scale factor");
    rp_sim_text(h, "BUNIT", "DN", "physical units of the array values");
    rp_sim_text(h, "RADESYS", "ICRS", "Name of the coordinate reference frame");
    rp_sim_real(h, "RA_V1", target_ra, "[deg] RA of telescope V1 axis");
    rp_sim_real(h, "DEC_V1", target_dec, "[deg] Dec of telescope V1 axis");
    rp_sim_real(h, "PA_V3", roll_deg, "[deg] Position angle of telescope V3 axis");
    rp_sim_int(h, "WCSAXES", 2, "number of World Coordinate System axes");
    rp_sim_real(h, "CRPIX1", 0.5 * (double)sim->nx + 0.5, "axis 1 coordinate of the reference pixel");
    rp_sim_real(h, "CRPIX2", 0.5 * (double)sim->ny + 0.5, "axis 2 coordinate of the reference pixel");
    rp_sim_real(h, "CRVAL1", target_ra, "first axis value at the reference pixel");
    rp_sim_real(h, "CRVAL2", target_dec, "second axis value at the reference pixel");
    rp_sim_text(h, "CTYPE1", "RA---TAN", "first axis coordinate type");
    rp_sim_text(h, "CTYPE2", "DEC--TAN", "second axis coordinate type");
    rp_sim_text(h, "CUNIT1", "deg", "first axis units");
    rp_sim_text(h, "CUNIT2", "deg", "second axis units");
    rp_sim_real(h, "CDELT1", d->x_scale / 3600.0, "first axis increment per pixel");
    rp_sim_real(h, "CDELT2", d->y_scale / 3600.0, "second axis increment per pixel");
    rp_sim_real(h, "PC1_1", -cosine, "linear transformation matrix element");
    rp_sim_real(h, "PC1_2", sine, "linear transformation matrix element");
    rp_sim_real(h, "PC2_1", sine, "linear transformation matrix element");
    rp_sim_real(h, "PC2_2", cosine, "linear transformation matrix element");
    rp_sim_real(h, "V2_REF", d->v2_ref, "[arcsec] Telescope v2 coordinate of the reference point");
    rp_sim_real(h, "V3_REF", d->v3_ref, "[arcsec] Telescope v3 coordinate of the reference point");
    rp_sim_int(h, "VPARITY", -1, "Relative sense of rotation between Ideal xy and V2V3");
    rp_sim_real(h, "V3I_YANG", d->v3i_yang, "[deg] Angle from V3 axis to Ideal y axis");
    rp_sim_real(h, "RA_REF", target_ra, "[deg] Right ascension of the reference point");
    rp_sim_real(h, "DEC_REF", target_dec, "[deg] Declination of the reference point");
    rp_sim_real(h, "ROLL_REF", roll_deg, "[deg] V3 roll angle at the reference point");
}

static double integration_start(const rp_sim *sim, int64_t i)
{
    return rp_sim_start_mjd(sim) + ((double)i * rp_sim_integration_s(sim) + sim->frame_time_s) / 86400.0;
}

void rp_sim_group_table(rp_sim_table *table, const rp_sim *sim)
{
    static const rp_sim_column columns[] = {
        {"integration_number", 'J', 1},     {"group_number", 'I', 1},          {"end_day", 'I', 1},
        {"end_milliseconds", 'J', 1},       {"end_submilliseconds", 'I', 1},   {"group_end_time", 'A', 26},
        {"number_of_columns", 'I', 1},      {"number_of_rows", 'I', 1},        {"number_of_gaps", 'I', 1},
        {"completion_code_number", 'I', 1}, {"completion_code_text", 'A', 36}, {"bary_end_time", 'D', 1},
        {"helio_end_time", 'D', 1},
    };
    *table = (rp_sim_table){.column = columns, .ncolumns = (int)(sizeof columns / sizeof *columns)};
    for (int64_t i = 0; i < sim->o.nints; i++) {
        for (int64_t g = 0; g < sim->o.ngroups; g++) {
            const double end = integration_start(sim, i) + (double)(g + 1) * sim->group_time_s / 86400.0;
            char iso[32];
            rp_sim_iso_time(iso, end, 6);
            rp_sim_table_int(table, i + 1);
            rp_sim_table_int(table, g + 1);
            rp_sim_table_int(table, (int64_t)floor(end) - 51544);
            rp_sim_table_int(table, (int64_t)((end - floor(end)) * 86400000.0));
            rp_sim_table_int(table, 0);
            rp_sim_table_text(table, iso);
            rp_sim_table_int(table, sim->nx);
            rp_sim_table_int(table, sim->ny);
            rp_sim_table_int(table, 0);
            rp_sim_table_int(table, 0);
            rp_sim_table_text(table, "COMPLETE");
            rp_sim_table_real(table, end - light_travel_d);
            rp_sim_table_real(table, end - light_travel_d);
        }
    }
}

void rp_sim_int_times_table(rp_sim_table *table, const rp_sim *sim)
{
    static const rp_sim_column columns[] = {
        {"integration_number", 'J', 1}, {"int_start_MJD_UTC", 'D', 1}, {"int_mid_MJD_UTC", 'D', 1},
        {"int_end_MJD_UTC", 'D', 1},    {"int_start_BJD_TDB", 'D', 1}, {"int_mid_BJD_TDB", 'D', 1},
        {"int_end_BJD_TDB", 'D', 1},
    };
    *table = (rp_sim_table){.column = columns, .ncolumns = (int)(sizeof columns / sizeof *columns)};
    for (int64_t i = 0; i < sim->o.nints; i++) {
        const double start = integration_start(sim, i);
        const double days = sim->group_time_s * (double)sim->o.ngroups / 86400.0;
        rp_sim_table_int(table, i + 1);
        for (int k = 0; k < 6; k++)
            rp_sim_table_real(table, start + 0.5 * (k % 3) * days - (k < 3 ? 0.0 : light_travel_d));
    }
}

void rp_sim_asdf_table(rp_sim_table *table, rp_sim_column *column, const rp_sim *sim)
{
    char root[64], text[1024];
    rp_sim_root_name(sim, root);
    const int n =
        snprintf(text, sizeof text,
                 "#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n%%YAML 1.1\n%%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\n"
                 "asdf_library: !core/software-1.0.0 {name: 'rampart', version: '%s'}\n"
                 "meta:\n  filename: '%s_uncal.fits'\n  model_type: 'Level1bModel'\n  telescope: 'JWST'\n...\n",
                 RP_VERSION, root);
    *column = (rp_sim_column){"ASDF_METADATA", 'B', n};
    *table = (rp_sim_table){.column = column, .ncolumns = 1};
    rp_sim_table_text(table, text);
}

void rp_sim_truth_primary(rp_sim_header *h, const rp_sim *sim)
{
    char root[64], text[96];
    rp_sim_root_name(sim, root);
    rp_sim_primary_cards(h);
    (void)snprintf(text, sizeof text, "%s_truth.fits", root);
    rp_sim_text(h, "FILENAME", text, "Name of the file");
    rp_sim_text(h, "CREATOR", "rampart simulate", "Program that made the exposure");
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)sim->o.seed);
    rp_sim_text(h, "SEED", text, "Seed of the random streams");
    rp_sim_int(h, "NCOSMIC", sim->ncosmic_rays, "Cosmic rays placed");
    rp_sim_int(h, "NSNOWBAL", sim->nsnowballs, "Snowballs placed");
    rp_sim_real(h, "BACKGRND", sim->o.background_e_s, "[e-/s] Sky background per pixel");
    rp_sim_real(h, "STARS", sim->o.stars, "Stars per 2048 x 2048 pixels");
    rp_sim_real(h, "ONE_F_DN", sim->o.one_over_f_dn, "[DN] rms of line-to-line drift");
    rp_sim_real(h, "AMP_DN", sim->o.amplifier_dn, "[DN] rms of drift of an output");
}
