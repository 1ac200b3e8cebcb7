/* Reference files: opening, checking, planes: include/rampart/reference.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "host/reference/reference_impl.h"
#include "io/product/meta.h"

static const char logger[] = "rampart.reference";

static bool is_wildcard(const char *value)
{
    return !strcasecmp(value, "N/A") || !strcasecmp(value, "ANY") || !strcasecmp(value, "GENERIC");
}

/* A file of another instrument is used all the same, as the reference pipeline does, but not without a word. */
static void check_origin(const rp_reference *r, const rp_meta *exposure)
{
    static const char *const keywords[] = {"TELESCOP", "INSTRUME", "DETECTOR"};
    for (size_t k = 0; k < sizeof keywords / sizeof *keywords; k++) {
        const char *ours = rp_meta_get_string(exposure, keywords[k]),
                   *theirs = rp_meta_get_string(r->meta, keywords[k]);
        if (ours && theirs && !is_wildcard(theirs) && strcasecmp(ours, theirs))
            rp_logf(r->log, RP_WARNING, logger, "%s (%s): %s is %s, but %s has %s", r->file->path, r->type, keywords[k],
                    theirs, r->exposure, ours);
    }
}

static rp_code read_exposure(rp_reference *r, const rp_meta *exposure, rp_error *err)
{
    int64_t ysize = 0, stripes = 0;
    const char *name = rp_meta_get_string(exposure, "FILENAME");
    r->exposure = strdup(name ? name : "the exposure");
    if (!r->exposure)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory to open it", r->file->path);
    r->has_corner =
        rp_meta_get_int(exposure, "SUBSTRT1", &r->xstart) && rp_meta_get_int(exposure, "SUBSTRT2", &r->ystart);
    r->irs2 = r->ny == 3200 && rp_meta_get_int(exposure, "SUBSIZE2", &ysize) && ysize == 2048;
    r->superstriped = rp_meta_get_int(exposure, "SSTR_NST", &stripes) && stripes > 0;
    r->striped = rp_meta_has(exposure, "MSTR_RD1");
    return r->striped && !r->superstriped ? rp_stripes_read(&r->stripes, exposure, r->ny, r->nx, err) : RP_OK;
}

static rp_code open_reference(rp_reference *r, const char *type, const char *path, const rp_meta *exposure,
                              rp_error *err)
{
    r->type = strdup(type);
    if (!r->type)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory to open it", path);
    rp_code code = rp_container_open(&r->file, path, NULL, err);
    if (code == RP_OK)
        code = rp_meta_load(&r->meta, r->file, RP_SCHEMA_ANY, true, r->log, err);
    if (code == RP_OK)
        code = read_exposure(r, exposure, err);
    if (code == RP_OK)
        check_origin(r, exposure);
    return code;
}

rp_code rp_reference_open(rp_reference **out, const char *type, const char *path, const rp_meta *meta, int64_t ny,
                          int64_t nx, const rp_log *log, rp_error *err)
{
    *out = NULL;
    rp_reference *r = calloc(1, sizeof *r);
    if (!r)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory to open it", path);
    r->log = log;
    r->ny = ny;
    r->nx = nx;
    const rp_code code = open_reference(r, type, path, meta, err);
    if (code == RP_OK) {
        *out = r;
        return RP_OK;
    }
    rp_error_prefix(err, "%s reference", type);
    rp_reference_close(r);
    return code;
}

void rp_reference_close(rp_reference *reference)
{
    if (!reference)
        return;
    rp_meta_free(reference->meta);
    if (reference->file)
        reference->file->close(reference->file);
    free(reference->type);
    free(reference->exposure);
    free(reference);
}

const char *rp_reference_path(const rp_reference *reference)
{
    return reference->file->path;
}

const rp_meta *rp_reference_meta(const rp_reference *reference)
{
    return reference->meta;
}

rp_container *rp_reference_file(const rp_reference *reference)
{
    return reference->file;
}

/* FNV-1a; 64 bits do for the planes that one process sees. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ p[i]) * 0x100000001b3u;
    return hash;
}

/* Of what a source will deliver: the file as it is now, the plane, the rectangle, what becomes of its elements. */
static uint64_t identity_of(const rp_reference *r, const char *extname, const rp_cut *cut, rp_dtype type, const rp_dq_map *map)
{
    struct stat info;
    if (stat(r->file->path, &info) != 0)
        return 0;
    const int64_t facts[] = {(int64_t)info.st_dev, (int64_t)info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                             cut->y0, cut->x0, cut->ny, cut->nx, type};
    uint64_t hash = mix(0xcbf29ce484222325u, facts, sizeof facts);
    hash = mix(hash, r->file->path, strlen(r->file->path));
    hash = mix(hash, extname, strlen(extname));
    if (map && map->present)
        hash = mix(hash, map->flag, map->count * sizeof *map->flag);
    return hash ? hash : 1;
}

static rp_code open_plane(rp_reference *r, const char *extname, bool cut, rp_dtype type, const rp_dq_map *map,
                          rp_source **out, rp_error *err)
{
    *out = NULL;
    const int index = rp_container_find(r->file, extname, 1);
    const rp_hdu *hdu = index < 0 ? NULL : &r->file->hdu[index];
    if (!hdu || !hdu->is_image || !hdu->shape.naxis)
        return RP_OK;
    rp_cut rectangle = {.y0 = 0, .x0 = 0, .ny = rp_shape_ny(&hdu->shape), .nx = rp_shape_nx(&hdu->shape)};
    const bool stripes = cut && r->striped && !r->superstriped;
    bool as_stored = true;
    rp_code code = stripes ? rp_reference_striped_cut(r, hdu, &rectangle, &as_stored, err)
                   : cut   ? rp_reference_cut(r, hdu, &rectangle, err)
                           : RP_OK;
    rp_source *inner = NULL;
    if (code == RP_OK)
        code = r->file->open_source(r->file, (size_t)index, &inner, err);
    if (code == RP_OK)
        code = rp_reference_wrap(out, inner, &rectangle, type, map, err);
    if (code == RP_OK)
        (*out)->identity = identity_of(r, extname, &rectangle, type, map); /* of stripes put together: none */
    return code == RP_OK && !as_stored ? rp_stripes_wrap(out, *out, &r->stripes, r->exposure, err) : code;
}

rp_code rp_reference_plane(rp_reference *reference, const char *extname, bool cut, rp_source **out, rp_error *err)
{
    return open_plane(reference, extname, cut, RP_F32, NULL, out, err);
}

rp_code rp_reference_dq(rp_reference *reference, const char *extname, bool cut, rp_source **out, rp_error *err)
{
    *out = NULL;
    const rp_code code = rp_reference_read_dq_def(reference, err);
    const rp_dq_map *map = reference->dq.present ? &reference->dq : NULL;
    return code == RP_OK ? open_plane(reference, extname, cut, RP_U32, map, out, err) : code;
}
