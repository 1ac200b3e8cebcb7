/* Products: layout, headers and the ASDF extension: include/rampart/product.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/product/product_impl.h"
#include "rampart/provenance.h"

/* The release of the reference whose products these equal, with our own version behind it. */
#define CAL_VERSION "3.0.0+rampart." RP_VERSION
#define CAL_REVISION "rampart-" RP_VERSION

static rp_schema schema_of(rp_model model)
{
    switch (model) {
    case RP_MODEL_RAMP:
        return RP_SCHEMA_RAMP;
    case RP_MODEL_IMAGE:
    case RP_MODEL_CHISQ:
        return RP_SCHEMA_IMAGE;
    case RP_MODEL_IFU_IMAGE:
        return RP_SCHEMA_IFU_IMAGE;
    case RP_MODEL_CUBE:
        return RP_SCHEMA_CUBE;
    case RP_MODEL_FITOPT:
        return RP_SCHEMA_FITOPT;
    case RP_MODEL_GUIDER_RAW:
        return RP_SCHEMA_GUIDER_RAW;
    case RP_MODEL_GUIDER_CAL:
        return RP_SCHEMA_GUIDER_CAL;
    }
    return RP_SCHEMA_ANY;
}

/* UTC with milliseconds, as DATE has it. */
static rp_code set_date(rp_meta *meta, rp_error *err)
{
    struct timespec now;
    struct tm utc;
    char text[48];
    if (clock_gettime(CLOCK_REALTIME, &now) || !gmtime_r(&now.tv_sec, &utc))
        return rp_fail_errno(err, RP_E_IO, "the clock cannot be read");
    (void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03d", utc.tm_year + 1900, utc.tm_mon + 1,
                   utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, (int)(now.tv_nsec / 1000000));
    return rp_meta_set_string(meta, "DATE", text, err);
}

static rp_code set_identity(rp_product *p, rp_error *err)
{
    const char *slash = strrchr(p->path, '/');
    rp_code code = rp_meta_set_string(p->meta, "FILENAME", slash ? slash + 1 : p->path, err);
    if (code == RP_OK)
        code = rp_meta_set_string(p->meta, "DATAMODL", rp_schema_class(p->schema), err);
    if (code == RP_OK)
        code = rp_meta_set_string(p->meta, "CAL_VER", CAL_VERSION, err);
    if (code == RP_OK)
        code = rp_meta_set_string(p->meta, "CAL_VCS", CAL_REVISION, err);
    if (code == RP_OK)
        code = set_date(p->meta, err);
    return code == RP_OK ? rp_product_provenance(p, "program", "rampart " RP_VERSION, err) : code;
}

static void free_plan(rp_hdu_plan *plan, size_t n)
{
    for (size_t k = 0; plan && k < n; k++)
        free((void *)(uintptr_t)plan[k].bytes);
    free(plan);
}

static rp_code plan_hdu(rp_product *p, const rp_built *built, size_t index, rp_hdu_plan *plan, rp_error *err)
{
    rp_laid *laid = &p->laid[index];
    memcpy(laid->extname, built->extname, sizeof laid->extname);
    rp_code code = rp_build_cards(&laid->cards, built, index == 0, err);
    if (code != RP_OK)
        return code;
    const rp_piece *piece = built->piece;
    *plan = (rp_hdu_plan){.extname = laid->extname,
                          .extver = 1,
                          .cards = laid->cards.text,
                          .ncards = laid->cards.count,
                          .is_image = true};
    if (piece && (piece->kind == RP_PIECE_SINK || piece->kind == RP_PIECE_COPY)) {
        plan->type = piece->type;
        plan->shape = piece->shape;
    } else if (piece) {
        void *bytes;
        plan->is_image = false;
        code = rp_piece_bytes(p, piece, &bytes, &plan->nbytes, err);
        plan->bytes = bytes;
    }
    return code;
}

static rp_code lay_out(rp_product *p, rp_error *err)
{
    rp_build build;
    rp_code code = rp_build_headers(&build, p->meta, p->pieces, p->npieces, err);
    if (code != RP_OK)
        return code;
    rp_hdu_plan *plan = calloc(build.count, sizeof *plan);
    p->laid = calloc(build.count, sizeof *p->laid);
    if (!plan || !p->laid)
        code = rp_fail(err, RP_E_MEMORY, "%s: no memory for its headers", p->path);
    else
        p->nlaid = build.count;
    for (size_t k = 0; code == RP_OK && k < build.count; k++)
        code = plan_hdu(p, &build.hdu[k], k, &plan[k], err);
    if (code == RP_OK)
        code = rp_fits_writer_new(&p->writer, p->path, plan, build.count, err);
    free_plan(plan, build.count);
    rp_build_free(&build);
    return code;
}

static void free_product(rp_product *p)
{
    for (size_t k = 0; k < p->nlaid; k++)
        rp_cards_free(&p->laid[k].cards);
    free(p->laid);
    free(p->pieces);
    rp_meta_free(p->meta);
    free(p->path);
    free(p);
}

rp_code rp_product_create(rp_product **out, rp_model model, const char *path, const rp_exposure *from,
                          const rp_meta *meta, const rp_plane_spec *planes, size_t nplanes, rp_error *err)
{
    *out = NULL;
    rp_product *p = calloc(1, sizeof *p);
    if (p)
        p->path = strdup(path);
    if (!p || !p->path) {
        free(p);
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for a product", path);
    }
    p->schema = schema_of(model);
    p->from = from;
    const bool same_content =
        meta->schema == p->schema || (meta->schema == RP_SCHEMA_IMAGE && p->schema == RP_SCHEMA_IFU_IMAGE);
    rp_code code = rp_meta_convert(&p->meta, meta, p->schema, err);
    if (code == RP_OK)
        code = set_identity(p, err);
    if (code == RP_OK)
        code = rp_pieces_plan(p, same_content && from && from->meta->schema == meta->schema, planes, nplanes, err);
    if (code == RP_OK)
        code = lay_out(p, err);
    if (code == RP_OK)
        *out = p;
    else
        free_product(p);
    return code;
}

rp_meta *rp_product_meta(rp_product *product)
{
    return product->meta;
}

static int laid_index(const rp_product *p, const char *extname)
{
    for (size_t k = 0; k < p->nlaid; k++)
        if (!strcmp(p->laid[k].extname, extname))
            return (int)k;
    return -1;
}

const rp_sink *rp_product_sink(const rp_product *product, const char *extname)
{
    const int index = laid_index(product, extname);
    return index < 0 ? NULL : rp_writer_sink(product->writer, (size_t)index);
}

/* The header as it will stand in the file: cards, END, blanks to a whole block. */
static void hash_cards(rp_hasher *hasher, const rp_cards *cards)
{
    char end[RP_BLOCK_BYTES];
    const size_t bytes = cards->count * RP_CARD_BYTES, over = (bytes + RP_CARD_BYTES) % RP_BLOCK_BYTES;
    memset(end, ' ', sizeof end);
    memcpy(end, "END", 3);
    rp_hasher_add(hasher, cards->text, bytes);
    rp_hasher_add(hasher, end, RP_CARD_BYTES + (over ? RP_BLOCK_BYTES - over : 0));
}

/* Headers are made anew, since keywords may have changed; an HDU that changed keeps its place. */
static rp_code update_headers(rp_product *p, rp_error *err)
{
    rp_build build;
    rp_code code = rp_build_headers(&build, p->meta, p->pieces, p->npieces, err);
    for (size_t k = 0; code == RP_OK && k < build.count; k++) {
        const int index = laid_index(p, build.hdu[k].extname);
        if (index < 0) {
            code = rp_fail(err, RP_E_INTERNAL, "%s: a keyword of HDU %s was set after the product was laid out",
                           p->path, build.hdu[k].extname);
            break;
        }
        rp_cards cards = {0};
        rp_laid *laid = &p->laid[index];
        code = rp_build_cards(&cards, &build.hdu[k], index == 0, err);
        const bool same = code == RP_OK && cards.count == laid->cards.count &&
                          !memcmp(cards.text, laid->cards.text, cards.count * RP_CARD_BYTES);
        if (code == RP_OK && !same)
            code = rp_writer_set_cards(p->writer, (size_t)index, cards.text, cards.count, err);
        rp_cards_free(&laid->cards);
        laid->cards = cards;
    }
    rp_build_free(&build);
    return code;
}

static rp_code asdf_cards(rp_cards *cards, size_t size, rp_error *err)
{
    char format[32];
    (void)snprintf(format, sizeof format, "%zuB", size);
    const struct {
        const char *keyword, *comment;
        int64_t value;
    } sizes[] = {{"BITPIX", "array data type", 8},
                 {"NAXIS", "number of array dimensions", 2},
                 {"NAXIS1", "length of dimension 1", (int64_t)size},
                 {"NAXIS2", "length of dimension 2", 1},
                 {"PCOUNT", "number of group parameters", 0},
                 {"GCOUNT", "number of groups", 1},
                 {"TFIELDS", "number of table fields", 1}};
    rp_code code = rp_cards_add_string(cards, "XTENSION", "BINTABLE", "binary table extension", err);
    for (size_t k = 0; code == RP_OK && k < sizeof sizes / sizeof *sizes; k++)
        code = rp_cards_add_int(cards, sizes[k].keyword, sizes[k].value, sizes[k].comment, err);
    if (code == RP_OK)
        code = rp_cards_add_string(cards, "TTYPE1", "ASDF_METADATA", NULL, err);
    if (code == RP_OK)
        code = rp_cards_add_string(cards, "TFORM1", format, NULL, err);
    return code == RP_OK ? rp_cards_add_string(cards, "EXTNAME", "ASDF", "extension name", err) : code;
}

static rp_code append_asdf(rp_product *p, rp_error *err)
{
    char hash[RP_HASH_TEXT], *bytes = NULL;
    size_t size = 0;
    rp_cards cards = {0};
    rp_hasher *hasher = rp_hasher_new();
    if (!hasher)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for its metadata", p->path);
    for (size_t k = 0; k < p->nlaid; k++)
        hash_cards(hasher, &p->laid[k].cards);
    rp_hasher_end(hasher, hash);
    rp_code code = rp_product_tree(p, hash, &bytes, &size, err);
    if (code == RP_OK)
        code = asdf_cards(&cards, size, err);
    if (code == RP_OK) {
        const rp_hdu_plan plan = {
            .extname = "ASDF", .extver = 1, .cards = cards.text, .ncards = cards.count, .bytes = bytes, .nbytes = size};
        code = rp_writer_append(p->writer, &plan, err);
    }
    rp_cards_free(&cards);
    free(bytes);
    return code;
}

rp_code rp_product_finish(rp_product *product, rp_error *err)
{
    rp_code code = rp_pieces_copy(product, err);
    if (code == RP_OK)
        code = set_date(product->meta, err);
    if (code == RP_OK)
        code = update_headers(product, err);
    if (code == RP_OK)
        code = append_asdf(product, err);
    if (code == RP_OK)
        code = rp_writer_finish(product->writer, err);
    product->finished = code == RP_OK;
    return code;
}

rp_code rp_product_commit(rp_product *product, bool durable, rp_error *err)
{
    rp_code code = product->finished ? RP_OK : rp_product_finish(product, err);
    if (code == RP_OK)
        code = rp_writer_commit(product->writer, durable, err);
    else
        rp_writer_discard(product->writer);
    free_product(product);
    return code;
}

void rp_product_discard(rp_product *product)
{
    if (!product)
        return;
    rp_writer_discard(product->writer);
    free_product(product);
}
