/* gain_scale on rates: plane by plane, on the host, since the planes are few.  Behaviour of jwst 3.0.0. */
#include "host/pipelines/rate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/pipelines/context.h"
#include "host/steps/gain_scale.h"
#include "rampart/reference.h"

static const char *const planes[] = {"SCI", "ERR", "DQ", "VAR_POISSON", "VAR_RNOISE"};
enum { PLANES = sizeof planes / sizeof *planes };

bool rp_rate_wants(const rp_request *request, const rp_exposure *exposure)
{
    return !request->pipeline && !strcmp(request->steps[0].step->name, "gain_scale") &&
           rp_container_find(exposure->file, "VAR_RNOISE", 1) >= 0;
}

/* The factor of the exposure, else that of the gain reference; 0 for none. */
static rp_code find_factor(const rp_request *request, const rp_exposure *exposure, rp_meta *meta, double *factor, rp_error *err)
{
    char *path = NULL;
    rp_reference *gain = NULL;
    *factor = 0.0;
    if (rp_meta_get_double(meta, "GAINFACT", factor))
        return RP_OK;
    rp_code code = rp_request_reference(request, "gain_scale", "gain", meta, &path, err);
    if (code == RP_OK && path[0] != '\0')
        code = rp_note_reference(meta, request->refs, "R_GAIN", path, err);
    if (code == RP_OK && path[0] != '\0' && strcmp(path, "N/A") != 0)
        code = rp_reference_open(&gain, "gain", path, meta, exposure->ny, exposure->nx, request->log, err);
    if (code == RP_OK && gain)
        (void)rp_meta_get_double(rp_reference_meta(gain), "GAINFACT", factor);
    rp_reference_close(gain);
    free(path);
    return code;
}

static rp_code copy_plane(const rp_exposure *exposure, const rp_product *product, const char *name, double factor, rp_error *err)
{
    rp_source *source = NULL;
    rp_code code = rp_exposure_plane(exposure, name, &source, err);
    if (code != RP_OK || !source)
        return code;
    const rp_rect frame = {0, 0, exposure->ny, exposure->nx};
    const size_t n = (size_t)(frame.ny * frame.nx);
    void *words = malloc(n * 4);
    if (!words)
        code = rp_fail(err, RP_E_MEMORY, "%s: no memory for a plane", source->label);
    for (int64_t k = 0; code == RP_OK && k < rp_shape_planes(&source->shape); k++) {
        code = source->read(source, k, frame, words, err);
        if (code == RP_OK && factor != 0.0 && source->type == RP_F32)
            rp_gain_scale_plane(words, n, factor, !strncmp(name, "VAR_", 4));
        const rp_sink *sink = rp_product_sink(product, name);
        if (code == RP_OK)
            code = sink->write(sink, k, frame, words, err);
    }
    free(words);
    source->close(source);
    return code;
}

static rp_code create(rp_product **out, const rp_exposure *exposure, const rp_meta *meta, const char *path, rp_error *err)
{
    rp_plane_spec specs[PLANES];
    size_t n = 0;
    for (size_t i = 0; i < PLANES; i++) {
        const int hdu = rp_container_find(exposure->file, planes[i], 1);
        if (hdu >= 0)
            specs[n++] = (rp_plane_spec){planes[i], exposure->file->hdu[hdu].type, exposure->file->hdu[hdu].shape};
    }
    const char *kind = rp_meta_get_string(meta, "DATAMODL");
    const bool is_cube = n && specs[0].shape.naxis == 3;
    const rp_model model = is_cube ? RP_MODEL_CUBE : kind && !strcmp(kind, "IFUImageModel") ? RP_MODEL_IFU_IMAGE : RP_MODEL_IMAGE;
    return rp_product_create(out, model, path, exposure, meta, specs, n, err);
}

static rp_code finish(const rp_request *request, rp_product *product, const char *path, rp_error *err)
{
    char **lines = NULL;
    size_t nlines = 0;
    rp_code code = rp_recorder_lines(request->recorder, &lines, &nlines, err);
    if (code == RP_OK && nlines)
        code = rp_product_cal_logs(product, "gain_scale", (const char *const *)lines, nlines, err);
    free(lines);
    if (code != RP_OK) {
        rp_product_discard(product);
        return code;
    }
    code = rp_product_commit(product, request->durable, err);
    if (code == RP_OK && request->observer && request->observer->product) {
        struct stat info;
        const uint64_t bytes = stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
        request->observer->product(request->observer->payload, "gain_scale", path, bytes);
    }
    return code;
}

rp_code rp_rate_run(const rp_request *request, const rp_exposure *exposure, rp_error *err)
{
    rp_meta *meta = NULL;
    rp_product *product = NULL;
    char *path = NULL;
    double factor = 0.0;
    rp_code code = rp_meta_copy(&meta, exposure->meta, err);
    if (code == RP_OK)
        code = rp_request_prepare(request, err);
    if (code == RP_OK)
        code = find_factor(request, exposure, meta, &factor, err);
    if (code == RP_OK)
        code = rp_meta_set_string(meta, "S_GANSCL", factor != 0.0 ? "COMPLETE" : "SKIPPED", err);
    if (code == RP_OK)
        code = rp_request_path(request, NULL, NULL, &path, err);
    if (code == RP_OK)
        code = create(&product, exposure, meta, path, err);
    for (size_t i = 0; i < PLANES && code == RP_OK; i++)
        code = copy_plane(exposure, product, planes[i], factor, err);
    if (code == RP_OK)
        code = finish(request, product, path, err);
    else
        rp_product_discard(product);
    free(path);
    rp_meta_free(meta);
    return code;
}
