/* Headers of reference files: host/reference/crds/reference_header.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/date.h"
#include "host/reference/crds/reference_header.h"
#include "io/product/dictionary.h"
#include "rampart/dataset.h"

const char *rp_reference_header_get(const rp_reference_header *header, const char *name)
{
    for (size_t i = 0; i < header->count; i++)
        if (strcmp(header->item[i].name, name) == 0)
            return header->item[i].value;
    return NULL;
}

bool rp_reference_header_set(rp_reference_header *header, const char *name, const char *value)
{
    const char *kept = rp_arena_copy(&header->arena, value, strlen(value));
    if (!kept)
        return false;
    for (size_t i = 0; i < header->count; i++)
        if (strcmp(header->item[i].name, name) == 0) {
            header->item[i].value = kept;
            return true;
        }
    const char *named = rp_arena_copy(&header->arena, name, strlen(name));
    if (!named || !rp_grow(&header->item, &header->room, header->count, sizeof *header->item))
        return false;
    header->item[header->count++] = (rp_header_item){named, kept};
    return true;
}

static rp_code no_memory(const char *path, rp_error *err)
{
    return rp_fail(err, RP_E_MEMORY, "%s: no memory for its header", path);
}

/* The keyword, and the path that it has in the data models. */
static bool set_both(rp_reference_header *header, const rp_header_item *item)
{
    char path[256];
    size_t first;
    if (!rp_reference_header_set(header, item->name, item->value))
        return false;
    if (!rp_keyword_range(item->name, &first))
        return true;
    const char *lower = rp_keyword_named(first)->path;
    size_t n = strlen(lower);
    if (n >= sizeof path)
        return true;
    for (size_t i = 0; i <= n; i++)
        path[i] = rp_upper(lower[i]);
    return rp_reference_header_set(header, path, item->value);
}

rp_code rp_reference_header_read(rp_reference_header *out, const char *path, rp_error *err)
{
    /* Keywords of references that the product dictionary lacks. */
    static const char *const more[][2] = {{"REFTYPE", "META.REFTYPE"},     {"USEAFTER", "META.USEAFTER"},
                                          {"AUTHOR", "META.AUTHOR"},       {"PEDIGREE", "META.PEDIGREE"},
                                          {"DESCRIP", "META.DESCRIPTION"}, {"TELESCOP", "META.TELESCOPE"}};
    rp_dataset_source *source = NULL;
    rp_dataset dataset;
    bool end = false;
    *out = (rp_reference_header){0};
    rp_code code = rp_source_files(&source, &path, 1, err);
    if (!code)
        code = source->next(source, &dataset, &end, err);
    if (!code && dataset.problem)
        code = rp_fail(err, RP_E_FORMAT, "%s", dataset.problem);
    for (size_t i = 0; !code && i < dataset.nitems; i++)
        if (!set_both(out, &dataset.item[i]))
            code = no_memory(path, err);
    for (size_t i = 0; !code && i < sizeof more / sizeof *more; i++) {
        const char *value = rp_reference_header_get(out, more[i][0]);
        if (value && !rp_reference_header_set(out, more[i][1], value))
            code = no_memory(path, err);
    }
    if (source)
        source->close(source);
    return code;
}

void rp_reference_header_clear(rp_reference_header *header)
{
    rp_arena_clear(&header->arena);
    free(header->item);
    *header = (rp_reference_header){0};
}

/* ---- translation ---- */

static bool take_over(rp_reference_header *header, const char *from, const char *to)
{
    const char *value = rp_reference_header_get(header, from);
    return !value || strcmp(value, "UNDEFINED") == 0 || rp_reference_header_set(header, to, value);
}

static bool translate(rp_reference_header *header, const rp_mapping *rmap)
{
    static const char *const patterns[][2] = {
        {"P_EXP_TY", "META.EXPOSURE.TYPE"},         {"P_BAND", "META.INSTRUMENT.BAND"},
        {"P_DETECT", "META.INSTRUMENT.DETECTOR"},   {"P_CHANNE", "META.INSTRUMENT.CHANNEL"},
        {"P_FILTER", "META.INSTRUMENT.FILTER"},     {"P_PUPIL", "META.INSTRUMENT.PUPIL"},
        {"P_MODULE", "META.INSTRUMENT.MODULE"},     {"P_SUBARR", "META.SUBARRAY.NAME"},
        {"P_GRATIN", "META.INSTRUMENT.GRATING"},    {"P_READPA", "META.EXPOSURE.READPATT"},
        {"P_CORONM", "META.INSTRUMENT.CORONAGRAPH"}};
    bool good = true;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        good = good && take_over(header, patterns[i][0], patterns[i][1]);
    const rp_literal *own = rp_literal_get(rmap->module.header, "reference_to_dataset");
    for (size_t i = 0; own && own->kind == RP_LITERAL_DICT && i < own->count; i++)
        if (own->pair[i].key->kind == RP_LITERAL_TEXT && own->pair[i].value->kind == RP_LITERAL_TEXT)
            good = good && take_over(header, own->pair[i].key->text, own->pair[i].value->text);
    return good;
}

rp_code rp_reference_header_translate(rp_reference_header *header, const rp_mapping *rmap, const char *path,
                                      rp_error *err)
{
    char text[RP_DATE_TEXT];
    rp_date date;
    rp_buffer why = {0};
    rp_code code = translate(header, rmap) ? RP_OK : no_memory(path, err);
    const char *useafter = rp_reference_header_get(header, "META.USEAFTER");
    if (code || !useafter)
        return code;
    if (!rp_date_parse(&date, useafter, strlen(useafter), &why)) {
        code = rp_fail(err, RP_E_FORMAT, "%s: Bad USEAFTER time format = '%.100s': %.200s", path, useafter,
                       rp_buffer_text(&why));
    } else {
        text[rp_date_format(text, &date)] = '\0';
        text[10] = '\0';
        if (!rp_reference_header_set(header, "META.OBSERVATION.DATE", text) ||
            !rp_reference_header_set(header, "META.OBSERVATION.TIME", text + 11) ||
            !rp_reference_header_set(header, "DATE-OBS", text) ||
            !rp_reference_header_set(header, "TIME-OBS", text + 11))
            code = no_memory(path, err);
    }
    rp_buffer_clear(&why);
    return code;
}

static void lower_into(char out[64], const char *text, size_t length)
{
    size_t i = 0;
    for (; i < length && i < 63; i++)
        out[i] = rp_lower(text[i]);
    out[i] = '\0';
}

rp_code rp_reference_kind(const rp_reference_header *header, const char *path, char instrument[64], char type[64],
                          rp_error *err)
{
    const char *in = rp_reference_header_get(header, "META.INSTRUMENT.NAME");
    const char *ty = rp_reference_header_get(header, "META.REFTYPE");
    const char *base = rp_base_name(path);
    const size_t a = strcspn(base, "_"), b = base[a] ? strcspn(base + a + 1, "_") : 0;
    const char *third = base[a] && base[a + 1 + b] ? base + a + 1 + b + 1 : NULL;
    if (in)
        lower_into(instrument, in, strlen(in));
    else if (third)
        lower_into(instrument, base + a + 1, b);
    if (ty)
        lower_into(type, ty, strlen(ty));
    else if (third)
        lower_into(type, third, strcspn(third, "_."));
    if ((!in || !ty) && !third)
        return rp_fail(err, RP_E_MISSING, "%s: neither INSTRUME and REFTYPE nor its name say what it is for", path);
    return RP_OK;
}
