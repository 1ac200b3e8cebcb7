/* Writing the dark that was subtracted: see dark_output.h. */
#include "host/steps/dark_output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/fits/cards.h"

enum { NHDU = 3, NOW_TEXT = 48 };

/* The dark with every group that it has been extended by, NaN replaced. */
static rp_dark_plan as_stored(const rp_dark_plan *plan)
{
    rp_dark_plan stored = *plan;
    if (plan->use == RP_DARK_AVERAGED)
        return stored;
    stored.science_nints = plan->nints;
    stored.science_groups = plan->groups + plan->extension;
    stored.science_nframes = 1;
    stored.science_groupgap = 0;
    return stored;
}

static void now_utc(char out[NOW_TEXT])
{
    struct timespec t;
    struct tm utc;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    (void)gmtime_r(&t.tv_sec, &utc);
    char text[24];
    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(out, NOW_TEXT, "%s.%03d", text, (int)(t.tv_nsec / 1000000));
}

/* ------------------------------------------------------------------ headers */
static const char *model_of(const rp_dark_plan *plan)
{
    return plan->per_integration ? "DarkMIRIModel" : "DarkModel";
}

/* A card of the reference's primary header, with the value that it has in the new file. */
static rp_code add_card(rp_cards *cards, const rp_card *card, const char *raw, const char *path,
                        const rp_dark_plan *plan, rp_error *err)
{
    const bool averaged = plan->use == RP_DARK_AVERAGED;
    const char *name = strrchr(path, '/');
    char now[NOW_TEXT];
    if (!strcmp(card->keyword, "DATE")) {
        now_utc(now);
        return rp_cards_add_string(cards, "DATE", now, card->comment, err);
    }
    if (!strcmp(card->keyword, "FILENAME"))
        return rp_cards_add_string(cards, "FILENAME", name ? name + 1 : path, card->comment, err);
    if (!strcmp(card->keyword, "DATAMODL"))
        return rp_cards_add_string(cards, "DATAMODL", model_of(plan), card->comment, err);
    if (!strcmp(card->keyword, "NFRAMES"))
        return rp_cards_add_int(cards, "NFRAMES", averaged ? plan->science_nframes : plan->nframes, card->comment, err);
    if (!strcmp(card->keyword, "GROUPGAP"))
        return rp_cards_add_int(cards, "GROUPGAP", averaged ? plan->science_groupgap : plan->groupgap, card->comment,
                                err);
    if (!strcmp(card->keyword, "NGROUPS"))
        return rp_cards_add_int(cards, "NGROUPS", averaged ? plan->science_groups : plan->groups + plan->extension,
                                card->comment, err);
    return rp_cards_add_raw(cards, raw, card->ncards, err);
}

static rp_code primary_cards(rp_cards *cards, const rp_hdu *primary, const char *path, const rp_dark_plan *plan,
                             rp_error *err)
{
    const size_t n = rp_cards_count(primary->header, primary->header_bytes);
    rp_card card = {0};
    rp_code code = RP_OK;
    for (size_t i = 0; i < n && code == RP_OK; i += card.ncards) {
        const char *raw = primary->header + i * RP_CARD_BYTES;
        code = rp_card_parse(&card, raw, n - i, err);
        if (code == RP_OK)
            code = add_card(cards, &card, raw, path, plan, err);
    }
    rp_card_clear(&card);
    if (code == RP_OK && !rp_cards_find(cards->text, cards->count, "DATAMODL"))
        code = rp_cards_add_string(cards, "DATAMODL", model_of(plan), "Type of data model", err);
    return code;
}

static rp_code image_cards(rp_cards *cards, const char *extname, const rp_shape *shape, rp_dtype type, rp_error *err)
{
    char axis[16];
    rp_code code = rp_cards_add_string(cards, "XTENSION", "IMAGE", "Image extension", err);
    if (code == RP_OK)
        code = rp_cards_add_int(cards, "BITPIX", type == RP_F32 ? -32 : 32, "array data type", err);
    if (code == RP_OK)
        code = rp_cards_add_int(cards, "NAXIS", shape->naxis, "number of array dimensions", err);
    for (int k = 0; k < shape->naxis && code == RP_OK; k++) {
        (void)snprintf(axis, sizeof axis, "NAXIS%d", k + 1);
        code = rp_cards_add_int(cards, axis, shape->axis[shape->naxis - 1 - k], NULL, err);
    }
    if (code == RP_OK)
        code = rp_cards_add_int(cards, "PCOUNT", 0, "number of parameters", err);
    if (code == RP_OK)
        code = rp_cards_add_int(cards, "GCOUNT", 1, "number of groups", err);
    if (code == RP_OK && type == RP_U32)
        code = rp_cards_add_int(cards, "BSCALE", 1, NULL, err);
    if (code == RP_OK && type == RP_U32)
        code = rp_cards_add_int(cards, "BZERO", 2147483648, NULL, err);
    if (code == RP_OK)
        code = rp_cards_add_string(cards, "EXTNAME", extname, "extension name", err);
    return code == RP_OK ? rp_cards_add_int(cards, "EXTVER", 1, "extension value", err) : code;
}

/* ------------------------------------------------------------------ the file */
static rp_code copy_planes(const rp_source *source, const rp_sink *sink, rp_error *err)
{
    const rp_rect all = {0, 0, rp_shape_ny(&source->shape), rp_shape_nx(&source->shape)};
    const int64_t nplanes = rp_shape_planes(&source->shape);
    void *plane = malloc((size_t)(all.ny * all.nx) * rp_dtype_size(source->type));
    rp_code code = plane ? RP_OK : rp_fail(err, RP_E_MEMORY, "%s: no memory for a plane", source->label);
    for (int64_t k = 0; k < nplanes && code == RP_OK; k++) {
        code = source->read(source, k, all, plane, err);
        if (code == RP_OK)
            code = sink->write(sink, k, all, plane, err);
    }
    free(plane);
    return code;
}

static rp_code write_file(const char *path, const rp_cards cards[NHDU], const rp_source *const source[NHDU],
                          size_t nhdu, rp_error *err)
{
    static const char *const extname[NHDU] = {"PRIMARY", "SCI", "DQ"};
    rp_hdu_plan plan[NHDU] = {0};
    for (size_t i = 0; i < nhdu; i++) {
        plan[i] = (rp_hdu_plan){
            .extname = extname[i], .extver = 1, .cards = cards[i].text, .ncards = cards[i].count, .is_image = true};
        if (source[i]) {
            plan[i].type = source[i]->type;
            plan[i].shape = source[i]->shape;
        }
    }
    rp_writer *writer = NULL;
    rp_code code = rp_fits_writer_new(&writer, path, plan, nhdu, err);
    for (size_t i = 1; i < nhdu && code == RP_OK; i++)
        code = copy_planes(source[i], rp_writer_sink(writer, i), err);
    if (code == RP_OK)
        return rp_writer_commit(writer, false, err);
    rp_writer_discard(writer);
    return code;
}

rp_code rp_dark_output_write(const char *path, const rp_dark_plan *plan, rp_reference *reference, rp_error *err)
{
    const rp_dark_plan stored = as_stored(plan);
    rp_source *frames = NULL, *groups = NULL, *dq = NULL;
    rp_cards cards[NHDU] = {0};
    rp_code code = rp_reference_plane(reference, "SCI", false, &frames, err);
    if (code == RP_OK)
        code = rp_dark_average_open(&groups, &stored, frames, err);
    if (code == RP_OK)
        code = rp_reference_dq(reference, "DQ", false, &dq, err);
    if (code == RP_OK)
        code = primary_cards(&cards[0], &rp_reference_file(reference)->hdu[0], path, plan, err);
    if (code == RP_OK)
        code = image_cards(&cards[1], "SCI", &groups->shape, RP_F32, err);
    if (code == RP_OK && dq)
        code = image_cards(&cards[2], "DQ", &dq->shape, RP_U32, err);
    if (code == RP_OK)
        code = write_file(path, cards, (const rp_source *const[NHDU]){NULL, groups, dq}, dq ? 3 : 2, err);
    for (int i = 0; i < NHDU; i++)
        rp_cards_free(&cards[i]);
    if (groups)
        groups->close(groups);
    if (dq)
        dq->close(dq);
    return code;
}
