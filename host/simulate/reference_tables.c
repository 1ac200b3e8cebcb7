/* Tables of the reference files: the meaning of their DQ bits, and the groups that MIRI's rscd step leaves out. */
#include <string.h>

#include "host/simulate/files.h"
#include "host/simulate/reference_bits.h"

typedef struct bit_name {
    const char *reftype;
    uint32_t value;
    const char *name, *description;
} bit_name;

static const bit_name bit_names[] = {
    {"mask", RP_SIM_MASK_DO_NOT_USE, "DO_NOT_USE", "Bad pixel, not to be used for science"},
    {"mask", RP_SIM_MASK_DEAD, "DEAD", "Dead pixel"},
    {"mask", RP_SIM_MASK_HOT, "HOT", "Hot pixel"},
    {"mask", RP_SIM_MASK_REFERENCE_PIXEL, "REFERENCE_PIXEL", "Pixel is a reference pixel"},
    {"mask", RP_SIM_MASK_LOW_QE, "LOW_QE", "Low quantum efficiency"},
    {"saturation", 1, "DO_NOT_USE", "Bad pixel, not to be used for science"},
    {"saturation", RP_SIM_SATURATION_NO_SAT_CHECK, "NO_SAT_CHECK", "Saturation check cannot be performed"},
    {"linearity", 1, "DO_NOT_USE", "Bad pixel, not to be used for science"},
    {"linearity", 2, "NONLINEAR", "Pixel highly nonlinear"},
    {"linearity", RP_SIM_LINEARITY_NO_LIN_CORR, "NO_LIN_CORR", "Linearity correction not available"},
    {"superbias", 1, "DO_NOT_USE", "Bad pixel, not to be used for science"},
    {"superbias", RP_SIM_BIAS_UNRELIABLE, "UNRELIABLE_BIAS", "Bias variance large"},
    {"dark", 1, "DO_NOT_USE", "Bad pixel, not to be used for science"},
    {"dark", RP_SIM_DARK_UNRELIABLE, "UNRELIABLE_DARK", "Dark variance large"},
    {"reset", 1, "UNRELIABLE_SLOPE", "Slope variance large"},
};

rp_sim_table rp_sim_dq_def_table(const char *reftype)
{
    static const rp_sim_column columns[] = {
        {"BIT", 'J', 1}, {"VALUE", 'U', 1}, {"NAME", 'A', 40}, {"DESCRIPTION", 'A', 80}};
    rp_sim_table table = {.column = columns, .ncolumns = 4};
    for (size_t k = 0; k < sizeof bit_names / sizeof *bit_names; k++) {
        if (strcmp(bit_names[k].reftype, reftype) != 0)
            continue;
        rp_sim_table_int(&table, __builtin_ctz(bit_names[k].value));
        rp_sim_table_int(&table, bit_names[k].value);
        rp_sim_table_text(&table, bit_names[k].name);
        rp_sim_table_text(&table, bit_names[k].description);
    }
    return table;
}

rp_sim_table rp_sim_rscd_table(const rp_sim *sim)
{
    static const rp_sim_column columns[] = {
        {"subarray", 'A', 17}, {"readpatt", 'A', 12}, {"group_skip1", 'J', 1}, {"group_skip", 'J', 1}};
    rp_sim_table table = {.column = columns, .ncolumns = 4};
    rp_sim_table_text(&table, sim->subarray);
    rp_sim_table_text(&table, sim->o.readpatt);
    rp_sim_table_int(&table, 1);
    rp_sim_table_int(&table, 2);
    return table;
}
