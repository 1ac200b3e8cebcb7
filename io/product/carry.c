/* What a product carries over from its exposure: tables, images of the model, foreign HDUs: io/product/product_impl.h.
 */
#include <stdlib.h>
#include <string.h>

#include "io/product/product_impl.h"

enum { COPY_BYTES = 1 << 20 };

static rp_code add_piece(rp_product *p, const char *extname, rp_piece **out, rp_error *err)
{
    rp_piece *fresh = realloc(p->pieces, (p->npieces + 1) * sizeof *fresh);
    if (!fresh)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for its planes", p->path);
    p->pieces = fresh;
    rp_piece *piece = &p->pieces[p->npieces];
    *piece = (rp_piece){0};
    if (strlen(extname) >= sizeof piece->extname)
        return rp_fail(err, RP_E_ARGUMENT, "%s: plane name \"%s\" is too long", p->path, extname);
    memcpy(piece->extname, extname, strlen(extname) + 1);
    p->npieces++;
    *out = piece;
    return RP_OK;
}

static const rp_plane_spec *find_spec(const rp_plane_spec *planes, size_t nplanes, const char *extname)
{
    for (size_t k = 0; k < nplanes; k++)
        if (!strcmp(planes[k].extname, extname))
            return &planes[k];
    return NULL;
}

static rp_code add_sink(rp_product *p, const rp_layout *layout, const rp_plane_spec *spec, rp_error *err)
{
    rp_piece *piece;
    const rp_code code = add_piece(p, spec->extname, &piece, err);
    if (code != RP_OK)
        return code;
    piece->kind = RP_PIECE_SINK;
    piece->layout = layout;
    piece->type = spec->type;
    piece->shape = spec->shape;
    return RP_OK;
}

static rp_code add_carried(rp_product *p, const rp_layout *layout, rp_error *err)
{
    const int index = rp_container_find(p->from->file, layout->hdu, 1);
    const rp_hdu *hdu = index > 0 ? &p->from->file->hdu[index] : NULL;
    rp_piece *piece;
    if (!hdu || layout->is_table == hdu->is_image || (hdu->is_image && !hdu->shape.naxis))
        return RP_OK;
    const rp_code code = add_piece(p, layout->hdu, &piece, err);
    if (code != RP_OK)
        return code;
    piece->kind = layout->is_table ? RP_PIECE_TABLE : RP_PIECE_COPY;
    piece->layout = layout;
    piece->type = layout->type;
    piece->shape = hdu->shape;
    piece->from = (size_t)index;
    piece->hdu = hdu;
    return RP_OK;
}

static rp_code add_foreign(rp_product *p, const char *extname, rp_error *err)
{
    const int index = rp_container_find(p->from->file, extname, 1);
    const rp_hdu *hdu = index > 0 ? &p->from->file->hdu[index] : NULL;
    rp_piece *piece;
    if (!hdu || !hdu->data_bytes || rp_schema_plane(p->schema, extname))
        return RP_OK;
    const rp_code code = add_piece(p, extname, &piece, err);
    if (code != RP_OK)
        return code;
    piece->kind = RP_PIECE_FOREIGN;
    piece->type = hdu->type;
    piece->shape = hdu->shape;
    piece->from = (size_t)index;
    piece->hdu = hdu;
    return RP_OK;
}

/* Models that share no content take over tables alone: INT_TIMES of a ramp, the tables of the guider. */
static bool is_carried(const rp_product *p, bool same_content, const rp_layout *layout)
{
    if (!p->from)
        return false;
    if (same_content)
        return true;
    if (!layout->is_table)
        return false;
    const int index = rp_container_find(p->from->file, layout->hdu, 1);
    return strcmp(layout->hdu, "INT_TIMES_STRIPE") || (index > 0 && rp_table_rows(&p->from->file->hdu[index]) > 0);
}

rp_code rp_pieces_plan(rp_product *p, bool same_content, const rp_plane_spec *planes, size_t nplanes, rp_error *err)
{
    size_t count, used = 0;
    const rp_layout *layouts = rp_schema_planes(p->schema, &count);
    rp_code code = RP_OK;
    for (size_t k = 0; code == RP_OK && k < count; k++) {
        const rp_plane_spec *spec = find_spec(planes, nplanes, layouts[k].hdu);
        used += spec != NULL;
        if (spec)
            code = add_sink(p, &layouts[k], spec, err);
        else if (is_carried(p, same_content, &layouts[k]))
            code = add_carried(p, &layouts[k], err);
    }
    if (code == RP_OK && used != nplanes)
        return rp_fail(err, RP_E_ARGUMENT, "%s: a plane that a %s does not have, or one twice", p->path,
                       rp_schema_class(p->schema));
    const rp_node *hdus = rp_map_get(rp_tree_root(p->meta->tree), "extra_fits");
    if (!same_content || !p->from || !hdus || hdus->kind != RP_NODE_MAPPING)
        return code;
    for (size_t k = 0; code == RP_OK && k < hdus->nentries; k++)
        code = add_foreign(p, hdus->entries[k].key, err);
    return code;
}

rp_code rp_piece_bytes(const rp_product *p, const rp_piece *piece, void **bytes, size_t *size, rp_error *err)
{
    rp_container *file = p->from->file;
    *size = (size_t)piece->hdu->data_bytes;
    *bytes = malloc(*size ? *size : 1);
    if (!*bytes)
        return rp_fail(err, RP_E_MEMORY, "%s[%s]: no memory for its %zu bytes", file->path, piece->extname, *size);
    const rp_code code = file->read_bytes(file, piece->from, 0, *size, *bytes, err);
    if (code != RP_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return code;
}

/* n elements in place of one another: the type of the file to that of the model. */
static void convert(void *dst, rp_dtype to, const void *src, rp_dtype from, void *middle, size_t n)
{
    if (to == from) {
        memcpy(dst, src, n * rp_dtype_size(to));
    } else if (to == RP_F32) {
        rp_elements_to_f32(middle, src, from, n);
        rp_elements_from_f32(dst, middle, n);
    } else {
        rp_elements_to_u32(middle, src, from, n);
        rp_elements_from_u32(dst, middle, n);
    }
}

static rp_code copy_rows(const rp_source *source, const rp_sink *sink, int64_t rows, void *in, void *middle, void *out,
                         rp_error *err)
{
    const int64_t ny = rp_shape_ny(&source->shape), nx = rp_shape_nx(&source->shape);
    rp_code code = RP_OK;
    for (int64_t plane = 0; code == RP_OK && plane < rp_shape_planes(&source->shape); plane++)
        for (int64_t y = 0; code == RP_OK && y < ny; y += rows) {
            const rp_rect rect = {.y0 = y, .x0 = 0, .ny = y + rows < ny ? rows : ny - y, .nx = nx};
            code = source->read(source, plane, rect, in, err);
            if (code != RP_OK)
                break;
            convert(out, sink->type, in, source->type, middle, (size_t)(rect.ny * rect.nx));
            code = sink->write(sink, plane, rect, out, err);
        }
    return code;
}

static rp_code copy_image(const rp_product *p, const rp_piece *piece, const rp_sink *sink, rp_error *err)
{
    rp_source *source;
    rp_code code = p->from->file->open_source(p->from->file, piece->from, &source, err);
    if (code != RP_OK)
        return code;
    const int64_t nx = rp_shape_nx(&source->shape);
    const int64_t rows = nx > 0 && COPY_BYTES / 8 / nx > 0 ? COPY_BYTES / 8 / nx : 1;
    const size_t elements = (size_t)(rows * nx);
    const bool known = sink->type == source->type || sink->type == RP_F32 || sink->type == RP_U32;
    void *in = malloc(elements * 8), *middle = malloc(elements * 4), *out = malloc(elements * 8);
    if (!known)
        code = rp_fail(err, RP_E_UNSUPPORTED, "%s: %s elements where the product has %s", source->label,
                       rp_dtype_name(source->type), rp_dtype_name(sink->type));
    else if (!in || !middle || !out)
        code = rp_fail(err, RP_E_MEMORY, "%s: no memory to copy it", source->label);
    else
        code = copy_rows(source, sink, rows, in, middle, out, err);
    free(in);
    free(middle);
    free(out);
    source->close(source);
    return code;
}

rp_code rp_pieces_copy(rp_product *p, rp_error *err)
{
    rp_code code = RP_OK;
    for (size_t k = 0; code == RP_OK && k < p->npieces; k++)
        if (p->pieces[k].kind == RP_PIECE_COPY)
            code = copy_image(p, &p->pieces[k], rp_product_sink(p, p->pieces[k].extname), err);
    return code;
}
