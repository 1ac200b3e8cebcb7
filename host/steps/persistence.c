/* persistence: flags groups that may still show what a pixel saw before.
 * Behaviour of jwst 3.0.0, which flags and corrects nothing; the arithmetic is in kernels/persistence.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/steps/ramp_reference.h"
#include "io/asdf/asdf.h"

typedef struct persistence_state {
    rp_persistence_params params; /* but the strides */
    double *times_s;              /* [nints*ngroups], of the Unix epoch, at the end of each group */
    double *window_end_s;         /* [ny][nx]: what came from a file and what goes into one; NULL when neither */
} persistence_state;

enum { TABLE_TIMES = 0, SLOT_INITIAL = 0, SLOT_FINAL = 1 };

static double epoch_of(double mjd)
{
    return (mjd - 40587.0) * 86400.0;
}

/* ------------------------------------------------------------------ times */
/* Starts of the integrations that INT_TIMES knows, MJD; *rows 0 without the table. */
static rp_code read_starts(const rp_run *run, double **mjd, size_t *rows, rp_error *err)
{
    rp_container *file = run->exposure->file;
    *mjd = NULL;
    *rows = 0;
    if (rp_container_find(file, "INT_TIMES", 1) < 0)
        return RP_OK;
    return rp_table_column(file, "INT_TIMES", "int_start_MJD_UTC", mjd, NULL, NULL, rows, err);
}

static rp_code read_times(const rp_run *run, persistence_state *state, rp_error *err)
{
    double start = 0.0, integration_s = 0.0, group_s = 0.0, *starts = NULL;
    size_t rows = 0;
    rp_code code = rp_meta_need_double(run->meta, "EXPSTART", &start, err);
    if (code == RP_OK)
        code = rp_meta_need_double(run->meta, "EFFINTTM", &integration_s, err);
    if (code == RP_OK)
        code = rp_meta_need_double(run->meta, "TGROUP", &group_s, err);
    if (code == RP_OK)
        code = read_starts(run, &starts, &rows, err);
    state->times_s = malloc((size_t)(run->nints * run->ngroups) * sizeof *state->times_s);
    if (code == RP_OK && !state->times_s)
        code = rp_fail(err, RP_E_MEMORY, "persistence: no memory for the times of its groups");
    for (int64_t i = 0; code == RP_OK && i < run->nints; i++) {
        /* jwst 3.0.0: rows of the table are counted from the file's first integration, whatever their number */
        double now = (size_t)i < rows ? epoch_of(starts[i]) : epoch_of(start) + (double)i * integration_s;
        for (int64_t g = 0; g < run->ngroups; g++) {
            now += group_s;
            state->times_s[i * run->ngroups + g] = now;
        }
    }
    free(starts);
    return code;
}

/* ------------------------------------------------------------------ windows of other exposures */
/* One member of a detector's entry as numbers. */
static rp_code take_list(const rp_node *entry, const char *key, const char *path, double **values, size_t *n,
                         rp_error *err)
{
    int naxis = 0;
    int64_t axis[RP_ARRAY_MAX_AXES] = {0};
    const rp_node *node = rp_map_get(entry, key);
    if (!node)
        return rp_fail(err, RP_E_FORMAT, "%s: no %s; give another persistence_array_file", path, key);
    const rp_code code = rp_asdf_numbers(node, path, values, &naxis, axis, err);
    *n = code == RP_OK ? (size_t)axis[0] : 0;
    return code == RP_OK && naxis != 1 ? rp_fail(err, RP_E_FORMAT, "%s: %s has %d axes, not 1", path, key, naxis)
                                       : code;
}

static rp_code place_windows(const rp_run *run, persistence_state *state, const rp_node *entry, const char *path,
                             rp_error *err)
{
    double *rows = NULL, *cols = NULL, *values = NULL;
    size_t nrows = 0, ncols = 0, nvalues = 0;
    rp_code code = take_list(entry, "rows", path, &rows, &nrows, err);
    if (code == RP_OK)
        code = take_list(entry, "cols", path, &cols, &ncols, err);
    if (code == RP_OK)
        code = take_list(entry, "vals", path, &values, &nvalues, err);
    if (code == RP_OK && (nrows != ncols || nrows != nvalues))
        code = rp_fail(err, RP_E_FORMAT, "%s: rows, cols and vals differ in length", path);
    for (size_t k = 0; code == RP_OK && k < nrows; k++) {
        const double y = rows[k], x = cols[k];
        if (!(y >= 0 && y < (double)run->ny && x >= 0 && x < (double)run->nx))
            code = rp_fail(err, RP_E_MISMATCH, "%s: pixel (%g, %g) lies outside the exposure of %lld x %lld pixels",
                           path, x, y, (long long)run->nx, (long long)run->ny);
        else
            state->window_end_s[(size_t)y * (size_t)run->nx + (size_t)x] = values[k];
    }
    free(rows);
    free(cols);
    free(values);
    return code;
}

static rp_code read_windows(rp_stage *stage, persistence_state *state, const char *path, rp_error *err)
{
    const rp_run *run = stage->run;
    if (access(path, F_OK) != 0) {
        rp_logf(run->log, RP_INFO, stage->log_name, "Persistence array file does not exist: '%s'", path);
        rp_logf(run->log, RP_INFO, stage->log_name, ".... Creating new persistence array.");
        return RP_OK;
    }
    rp_tree *tree = NULL;
    const char *detector = NULL;
    double window_s = 0.0;
    rp_code code = rp_meta_need_string(run->meta, "DETECTOR", &detector, err);
    if (code == RP_OK)
        code = rp_asdf_read(&tree, path, err);
    if (code != RP_OK)
        return code;
    const rp_node *entry = rp_map_get(rp_tree_root(tree), detector);
    if (!entry) {
        rp_logf(run->log, RP_INFO, stage->log_name, "Detector %s not in persistence array file.", detector);
        rp_logf(run->log, RP_INFO, stage->log_name, ".... Creating new persistence array.");
    } else if (!rp_node_number(rp_map_get(entry, "pers_time"), &window_s) || window_s != state->params.window_s) {
        rp_logf(run->log, RP_INFO, stage->log_name, "%g does not equal persistence_time :%g", window_s,
                state->params.window_s);
    } else {
        code = place_windows(run, state, entry, path, err);
        state->params.has_initial = 1;
    }
    rp_tree_free(tree);
    return code;
}

/* ------------------------------------------------------------------ setup */
static rp_code open_windows(rp_stage *stage, persistence_state *state, rp_error *err)
{
    const rp_run *run = stage->run;
    const char *from = rp_values_string(stage->values, "persistence_array_file");
    const char *to = rp_values_string(stage->values, "save_persistence");
    if (!from && !to)
        return RP_OK;
    state->window_end_s = calloc((size_t)(run->ny * run->nx), sizeof *state->window_end_s);
    if (!state->window_end_s)
        return rp_fail(err, RP_E_MEMORY, "persistence: no memory for a frame of times");
    state->params.has_final = to != NULL;
    return from ? read_windows(stage, state, from, err) : RP_OK;
}

static rp_code setup(rp_stage *stage, rp_error *err)
{
    const rp_run *run = stage->run;
    const rp_value *threshold = rp_values_find(stage->values, "dn_threshold");
    const long long window_s = rp_values_int(stage->values, "persistence_time", 0);
    if (window_s <= 0) { /* jwst 3.0.0: the step fails, the run goes on */
        rp_logf(run->log, RP_INFO, stage->log_name, "Persistence step failed due to invalid persistence_time.");
        stage->skip = stage->says_failed = true;
        return RP_OK;
    }
    persistence_state *state = calloc(1, sizeof *state);
    if (!state)
        return rp_fail(err, RP_E_MEMORY, "persistence: no memory");
    stage->state = state;
    const uint32_t unusable = rp_values_bool(stage->values, "persistence_dnu") ? RP_DQ_DO_NOT_USE : 0;
    state->params = (rp_persistence_params){.window_s = (double)window_s,
                                            .nints = (uint32_t)run->nints,
                                            .ngroups = (uint32_t)run->ngroups,
                                            .flag = RP_DQ_PERSISTENCE | unusable,
                                            .has_threshold = threshold && !threshold->is_none,
                                            .threshold = (float)rp_values_float(stage->values, "dn_threshold", 0.0)};
    const rp_code code = read_times(run, state, err);
    return code == RP_OK ? open_windows(stage, state, err) : code;
}

/* ------------------------------------------------------------------ blocks */
/* Moves the windows of a block from or to the frame: all that it holds, or its core. */
static void move_windows(const persistence_state *state, const rp_block *b, double *block_end_s, bool to_frame)
{
    const rp_rect *r = to_frame ? &b->core : &b->rect;
    for (int64_t y = 0; y < r->ny; y++) {
        double *frame = state->window_end_s + (r->y0 + y) * b->run->nx + r->x0;
        double *block = block_end_s + (r->y0 - b->rect.y0 + y) * b->rect.nx + (r->x0 - b->rect.x0);
        memcpy(to_frame ? frame : block, to_frame ? block : frame, (size_t)r->nx * sizeof *frame);
    }
}

static rp_code bring_initial(rp_stage *stage, rp_block *b, rp_buffer **out, rp_error *err)
{
    const persistence_state *state = stage->state;
    const size_t bytes = b->stride * sizeof(double);
    *out = NULL;
    if (!state->params.has_initial)
        return RP_OK;
    const rp_code code = rp_block_scratch(b, stage, SLOT_INITIAL, bytes, out, err);
    if (code != RP_OK)
        return code;
    memset(rp_buffer_host(*out), 0, bytes);
    move_windows(state, b, rp_buffer_host(*out), false);
    return rp_queue_push(b->queue, *out, 0, bytes, err);
}

static rp_code block(rp_stage *stage, rp_block *b, rp_error *err)
{
    const persistence_state *state = stage->state;
    rp_persistence_params params = state->params;
    rp_buffer *times = NULL, *initial = NULL, *final = NULL;
    const size_t bytes = b->stride * sizeof(double);
    params.stride = b->stride;
    rp_code code = rp_block_table(b, stage, TABLE_TIMES, state->times_s,
                                  (size_t)(b->run->nints * b->run->ngroups) * sizeof(double), 1, &times, err);
    if (code == RP_OK)
        code = bring_initial(stage, b, &initial, err);
    if (code == RP_OK && params.has_final)
        code = rp_block_scratch(b, stage, SLOT_FINAL, bytes, &final, err);
    rp_buffer *const buffers[] = {b->data, b->groupdq, times, initial, final};
    if (code == RP_OK)
        code = rp_block_lanes(b, RP_K_persistence, &params, sizeof params, buffers, 5, err);
    if (code != RP_OK || !params.has_final)
        return code;
    code = rp_queue_pull(b->queue, final, 0, bytes, err);
    if (code == RP_OK)
        move_windows(state, b, rp_buffer_host(final), true);
    return code;
}

/* ------------------------------------------------------------------ the file of windows */
static rp_node *list_node(rp_tree *tree, const char *datatype, const void *data, size_t n)
{
    const rp_array array = {
        .datatype = datatype, .item_bytes = 8, .naxis = 1, .axis = {(int64_t)n}, .data = data, .bytes = 8 * n};
    return rp_new_array(tree, &array);
}

/* Only pixels with a window are kept. */
static rp_node *windows_node(rp_tree *tree, const rp_run *run, const persistence_state *state)
{
    const size_t npix = (size_t)(run->ny * run->nx);
    size_t n = 0;
    for (size_t p = 0; p < npix; p++)
        n += state->window_end_s[p] != 0.0;
    int64_t *rows = malloc((n + 1) * sizeof *rows), *cols = malloc((n + 1) * sizeof *cols);
    double *values = malloc((n + 1) * sizeof *values);
    rp_node *entry = rp_new_mapping(tree);
    bool ok = rows && cols && values && entry;
    n = 0;
    for (size_t p = 0; ok && p < npix; p++)
        if (state->window_end_s[p] != 0.0) {
            rows[n] = (int64_t)p / run->nx;
            cols[n] = (int64_t)p % run->nx;
            values[n++] = state->window_end_s[p];
        }
    const char *name = rp_meta_get_string(run->meta, "FILENAME");
    ok = ok && rp_map_set(tree, entry, "filename", rp_new_string(tree, name ? name : run->exposure->path)) &&
         rp_map_set(tree, entry, "rows", list_node(tree, "int64", rows, n)) &&
         rp_map_set(tree, entry, "cols", list_node(tree, "int64", cols, n)) &&
         rp_map_set(tree, entry, "vals", list_node(tree, "float64", values, n)) &&
         rp_map_set(tree, entry, "pers_time", rp_new_int(tree, (int64_t)state->params.window_s));
    free(rows);
    free(cols);
    free(values);
    return ok ? entry : NULL;
}

/* The name with .asdf in place of any other extension. */
static char *asdf_path(const char *path)
{
    const char *slash = strrchr(path, '/'), *point = strrchr(slash ? slash + 1 : path, '.');
    const bool has_extension = point && point != (slash ? slash + 1 : path);
    const size_t stem = has_extension ? (size_t)(point - path) : strlen(path);
    char *out = malloc(stem + sizeof ".asdf");
    if (out) {
        memcpy(out, path, stem);
        memcpy(out + stem, ".asdf", sizeof ".asdf");
    }
    return out;
}

static rp_code write_windows(const rp_run *run, const persistence_state *state, const char *path, rp_error *err)
{
    rp_tree *tree = NULL;
    const char *detector = NULL;
    rp_code code = rp_meta_need_string(run->meta, "DETECTOR", &detector, err);
    if (code == RP_OK && access(path, F_OK) == 0) { /* other detectors of the file stay */
        code = rp_asdf_read(&tree, path, err);
    } else if (code == RP_OK) {
        tree = rp_tree_new();
        rp_node *root = tree ? rp_new_mapping(tree) : NULL;
        if (root)
            rp_tree_set_root(tree, root);
        else
            code = rp_fail(err, RP_E_MEMORY, "%s: no memory", path);
    }
    if (code == RP_OK && !rp_map_set(tree, rp_tree_root(tree), detector, windows_node(tree, run, state)))
        code = rp_fail(err, RP_E_MEMORY, "%s: no memory for the times of persistence", path);
    if (code == RP_OK)
        code = rp_asdf_sign(tree, rp_tree_root(tree), err);
    if (code == RP_OK)
        code = rp_asdf_write(path, rp_tree_root(tree), true, err);
    rp_tree_free(tree);
    return code;
}

static rp_code finish(rp_stage *stage, rp_error *err)
{
    const persistence_state *state = stage->state;
    const char *wanted = rp_values_string(stage->values, "save_persistence");
    if (!wanted)
        return RP_OK;
    char *path = asdf_path(wanted);
    const rp_code code =
        path ? write_windows(stage->run, state, path, err) : rp_fail(err, RP_E_MEMORY, "no memory for a name");
    free(path);
    return code;
}

static void clear(rp_stage *stage)
{
    persistence_state *state = stage->state;
    if (state) {
        free(state->times_s);
        free(state->window_end_s);
    }
    free(state);
    stage->state = NULL;
}

const struct rp_step_ops rp_ops_persistence = {.setup = setup, .block = block, .finish = finish, .clear = clear};
