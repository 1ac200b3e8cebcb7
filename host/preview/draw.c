/* A plane as a picture with its legend. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/preview/preview.h"
#include "io/png/canvas.h"

enum { MARGIN = 6, MIN_WIDTH = 420, MIN_IMAGE = 256 };

static const rp_colour black = {0, 0, 0}, no_data = {60, 0, 90}, other_flag = {150, 150, 150};

/* What is to be drawn, resolved. */
typedef struct scene {
    const rp_preview_options *o;
    rp_container *file;
    size_t hdu;
    int64_t plane, integration, group, nints, ngroups;
    bool is_flags;
    rp_view values, flags;
    double low, high;
    rp_flag_count census[RP_PREVIEW_FLAGS];
    int ncensus;
    int zoom;
} scene;

rp_preview_options rp_preview_defaults(void)
{
    return (rp_preview_options){
        .stretch = RP_STRETCH_ZSCALE, .low = NAN, .high = NAN, .max_size = 1024, .legend = true};
}

static bool is_drawable(const rp_hdu *hdu)
{
    return hdu->is_image && hdu->shape.naxis >= 2 && hdu->data_bytes > 0;
}

static rp_code find_plane(scene *s, rp_error *err)
{
    char name[96];
    int version = 1, found = -1;
    (void)snprintf(name, sizeof name, "%s", s->o->plane ? s->o->plane : "SCI");
    char *comma = strchr(name, ',');
    if (comma) {
        *comma = '\0';
        version = (int)strtol(comma + 1, NULL, 10);
    }
    found = rp_container_find(s->file, name, version);
    if (!s->o->plane && (found < 0 || !is_drawable(&s->file->hdu[found]))) {
        found = -1;
        for (size_t k = 0; k < s->file->nhdu && found < 0; k++)
            if (is_drawable(&s->file->hdu[k]))
                found = (int)k;
        if (found < 0)
            return rp_fail(err, RP_E_MISSING, "%s: there is no image in this file", s->file->path);
    }
    if (found < 0 || !is_drawable(&s->file->hdu[found])) {
        char list[256] = "";
        for (size_t k = 0; k < s->file->nhdu; k++)
            if (is_drawable(&s->file->hdu[k]) && strlen(list) < sizeof list - 80)
                (void)snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *list ? ", " : "",
                               s->file->hdu[k].extname);
        return rp_fail(err, RP_E_MISSING, "%s: there is no image plane '%s': use --plane with one of %s", s->file->path,
                       s->o->plane, *list ? list : "none");
    }
    s->hdu = (size_t)found;
    return RP_OK;
}

static bool is_flag_plane(const rp_hdu *hdu)
{
    const size_t n = strlen(hdu->extname);
    return n >= 2 && strcmp(hdu->extname + n - 2, "DQ") == 0 && hdu->type != RP_F32 && hdu->type != RP_F64;
}

/* Number of the plane behind integration and group; of cubes with one more axis the first image is taken. */
static rp_code choose_plane(scene *s, rp_error *err)
{
    const rp_hdu *hdu = &s->file->hdu[s->hdu];
    const rp_shape *shape = &hdu->shape;
    const int leading = shape->naxis - 2;
    const bool ramp = leading >= 2;
    s->ngroups = ramp ? shape->axis[leading - 1] : 1;
    s->nints = leading == 0 ? 1 : ramp ? shape->axis[leading - 2] : shape->axis[0];
    s->integration = s->o->integration ? s->o->integration : 1;
    s->group = s->o->group ? s->o->group : s->ngroups;
    if (s->integration < 1 || s->integration > s->nints)
        return rp_fail(err, RP_E_ARGUMENT, "%s[%s]: there is no integration %lld: use --int 1 to %lld", s->file->path,
                       hdu->extname, (long long)s->integration, (long long)s->nints);
    if (s->group < 1 || s->group > s->ngroups)
        return rp_fail(err, RP_E_ARGUMENT, "%s[%s]: there is no group %lld: use --group 1 to %lld", s->file->path,
                       hdu->extname, (long long)s->group, (long long)s->ngroups);
    s->plane = (s->integration - 1) * s->ngroups + s->group - 1;
    return RP_OK;
}

static rp_code read_view(scene *s, size_t hdu, int64_t plane, bool as_flags, rp_view *out, rp_error *err)
{
    rp_source *source = NULL;
    rp_code code = s->file->open_source(s->file, hdu, &source, err);
    if (code)
        return code;
    code = rp_view_read(out, source, plane, s->o->max_size, as_flags, err);
    source->close(source);
    return code;
}

/* DQ, or PIXELDQ and the GROUPDQ of the same plane: everything that flags pixels of this image. */
static rp_code read_flags(scene *s, rp_error *err)
{
    static const char *const names[] = {"DQ", "PIXELDQ", "GROUPDQ"};
    const rp_shape *mine = &s->file->hdu[s->hdu].shape;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        const int found = rp_container_find(s->file, names[k], s->file->hdu[s->hdu].extver);
        if (found < 0 || !is_drawable(&s->file->hdu[found]))
            continue;
        const rp_shape *shape = &s->file->hdu[found].shape;
        const int64_t planes = rp_shape_planes(shape);
        if (rp_shape_nx(shape) != rp_shape_nx(mine) || rp_shape_ny(shape) != rp_shape_ny(mine) ||
            (planes != 1 && planes != rp_shape_planes(mine)))
            continue;
        rp_view view;
        const rp_code code = read_view(s, (size_t)found, planes == 1 ? 0 : s->plane, true, &view, err);
        if (code)
            return code;
        if (!s->flags.flags) {
            s->flags = view;
            continue;
        }
        for (int64_t p = 0; p < view.nx * view.ny; p++)
            s->flags.flags[p] |= view.flags[p];
        rp_view_free(&view);
    }
    if (!s->flags.flags)
        return rp_fail(err, RP_E_MISSING, "%s: there are no DQ planes for %s: leave --flags out", s->file->path,
                       s->file->hdu[s->hdu].extname);
    return RP_OK;
}

static rp_code find_limits(scene *s, rp_error *err)
{
    const size_t n = (size_t)(s->values.nx * s->values.ny);
    rp_code code = RP_OK;
    double low = 0.0, high = 1.0;
    if (s->o->stretch == RP_STRETCH_LINEAR) {
        code = rp_quantile(s->values.values, n, 0.0, &low, err);
        if (!code)
            code = rp_quantile(s->values.values, n, 1.0, &high, err);
    } else {
        code = rp_zscale(s->values.values, n, &low, &high, err);
        if (!code && s->o->stretch != RP_STRETCH_ZSCALE)
            code = rp_quantile(s->values.values, n, 0.999, &high, err);
    }
    s->low = isnan(s->o->low) ? low : s->o->low;
    s->high = isnan(s->o->high) ? high : s->o->high;
    return code;
}

static rp_code load(scene *s, rp_error *err)
{
    rp_code code = find_plane(s, err);
    if (!code)
        code = choose_plane(s, err);
    if (code)
        return code;
    s->is_flags = is_flag_plane(&s->file->hdu[s->hdu]);
    if (s->is_flags)
        code = read_view(s, s->hdu, s->plane, true, &s->flags, err);
    else
        code = read_view(s, s->hdu, s->plane, false, &s->values, err);
    if (!code && s->o->flags && !s->is_flags)
        code = read_flags(s, err);
    if (!code && !s->is_flags)
        code = find_limits(s, err);
    if (!code && s->flags.flags)
        s->ncensus = rp_flag_census(s->flags.flags, (size_t)(s->flags.nx * s->flags.ny), s->census);
    return code;
}

static rp_colour pixel_colour(const scene *s, int64_t p)
{
    if (s->flags.flags && s->flags.flags[p]) {
        for (int k = 0; k < s->ncensus; k++)
            if (s->flags.flags[p] >> s->census[k].bit & 1)
                return rp_palette((size_t)k);
        return other_flag;
    }
    if (s->is_flags)
        return black;
    const float value = s->values.values[p];
    if (!isfinite(value))
        return no_data;
    const uint8_t grey = rp_stretch_grey(s->o->stretch, (double)value, s->low, s->high);
    return (rp_colour){grey, grey, grey};
}

static void draw_image(rp_picture *picture, const scene *s, int left, int top)
{
    const rp_view *view = s->is_flags ? &s->flags : &s->values;
    for (int64_t y = 0; y < view->ny; y++)
        for (int64_t x = 0; x < view->nx; x++)
            rp_draw_rectangle(picture, left + (int)x * s->zoom, top + (int)(view->ny - 1 - y) * s->zoom, s->zoom,
                              s->zoom, pixel_colour(s, y * view->nx + x));
}

static void draw_title(rp_picture *picture, const scene *s)
{
    const char *slash = strrchr(s->file->path, '/'), *name = slash ? slash + 1 : s->file->path;
    const rp_hdu *hdu = &s->file->hdu[s->hdu];
    char text[160];
    (void)snprintf(text, sizeof text, "%.100s", name);
    rp_draw_text(picture, MARGIN, MARGIN, 1, black, text);
    int n = snprintf(text, sizeof text, "%.70s  %lld x %lld", hdu->extname, (long long)rp_shape_nx(&hdu->shape),
                     (long long)rp_shape_ny(&hdu->shape));
    if (s->nints > 1 || s->ngroups > 1)
        n += snprintf(text + n, sizeof text - (size_t)n, "  integration %lld/%lld", (long long)s->integration,
                      (long long)s->nints);
    if (s->ngroups > 1)
        (void)snprintf(text + n, sizeof text - (size_t)n, "  group %lld/%lld", (long long)s->group,
                       (long long)s->ngroups);
    rp_draw_text(picture, MARGIN, MARGIN + RP_GLYPH_HEIGHT, 1, black, text);
}

static void draw_scale(rp_picture *picture, const scene *s, int top)
{
    static const char *const names[] = {"zscale", "asinh", "linear", "log"};
    char text[96];
    const int width = picture->width - 2 * MARGIN;
    for (int x = 0; x < width; x++) {
        const double value = s->low + (s->high - s->low) * x / (width > 1 ? width - 1 : 1);
        const uint8_t grey = rp_stretch_grey(s->o->stretch, value, s->low, s->high);
        rp_draw_rectangle(picture, MARGIN + x, top, 1, 8, (rp_colour){grey, grey, grey});
    }
    rp_draw_frame(picture, MARGIN, top, width, 8, black);
    (void)snprintf(text, sizeof text, "%.5g", s->low);
    rp_draw_text(picture, MARGIN, top + 10, 1, black, text);
    (void)snprintf(text, sizeof text, "%.5g", s->high);
    rp_draw_text(picture, MARGIN + width - rp_text_width(text, 1), top + 10, 1, black, text);
    rp_draw_text(picture, MARGIN + (width - rp_text_width(names[s->o->stretch], 1)) / 2, top + 10, 1, black,
                 names[s->o->stretch]);
}

static void draw_flag_names(rp_picture *picture, const scene *s, int top)
{
    const double pixels = (double)(s->flags.nx * s->flags.ny);
    const int column = (picture->width - 2 * MARGIN) / 2;
    for (int k = 0; k < s->ncensus; k++) {
        char text[64];
        const rp_flag_count *entry = &s->census[s->ncensus - 1 - k]; /* most frequent first */
        const int x = MARGIN + (k % 2) * column, y = top + (k / 2) * (RP_GLYPH_HEIGHT + 2);
        rp_draw_rectangle(picture, x, y, 8, 8, rp_palette((size_t)(s->ncensus - 1 - k)));
        (void)snprintf(text, sizeof text, "%s %.3g %%", rp_flag_name(entry->bit),
                       100.0 * (double)entry->pixels / pixels);
        rp_draw_text(picture, x + 12, y, 1, black, text);
    }
}

rp_code rp_preview_draw(rp_picture *out, rp_container *file, const rp_preview_options *options, rp_error *err)
{
    *out = (rp_picture){0};
    scene s = {.o = options, .file = file, .zoom = 1};
    rp_code code = options->max_size < 1 || options->max_size > RP_PICTURE_MAX_SIDE / 2
                       ? rp_fail(err, RP_E_ARGUMENT, "a picture of %d pixels cannot be made: use --max-size 1 to %d",
                                 options->max_size, RP_PICTURE_MAX_SIDE / 2)
                       : load(&s, err);
    if (code)
        goto done;
    const rp_view *view = s.is_flags ? &s.flags : &s.values;
    const int64_t longest = view->nx > view->ny ? view->nx : view->ny;
    const int64_t wanted = MIN_IMAGE < options->max_size ? MIN_IMAGE : options->max_size;
    if (longest > 0 && longest < wanted)
        s.zoom = (int)(wanted / longest);
    const int width = (int)view->nx * s.zoom, height = (int)view->ny * s.zoom;
    if (!options->legend) {
        code = rp_picture_new(out, width, height, err);
        if (!code)
            draw_image(out, &s, 0, 0);
        goto done;
    }
    const int head = 2 * MARGIN + 2 * RP_GLYPH_HEIGHT, scale = s.is_flags ? 0 : 8 + 2 + RP_GLYPH_HEIGHT + MARGIN;
    const int names = (s.ncensus + 1) / 2 * (RP_GLYPH_HEIGHT + 2);
    const int full = (width > MIN_WIDTH ? width : MIN_WIDTH) + 2 * MARGIN;
    code = rp_picture_new(out, full, head + height + MARGIN + scale + names + MARGIN, err);
    if (code)
        goto done;
    draw_title(out, &s);
    draw_image(out, &s, (full - width) / 2, head);
    if (!s.is_flags)
        draw_scale(out, &s, head + height + MARGIN);
    draw_flag_names(out, &s, head + height + MARGIN + scale);
done:
    rp_view_free(&s.values);
    rp_view_free(&s.flags);
    return code;
}
