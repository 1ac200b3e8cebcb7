/* See header.h. */
#include "host/reference/client/header.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/fits/cards.h"
#include "io/product/dictionary.h"

static rp_code no_memory(rp_error *err)
{
    return rp_fail(err, RP_E_MEMORY, "no memory for the header of an exposure");
}

/* *out NULL when the metadata have no such value. */
static rp_code value_of(char **out, const rp_meta *meta, const char *path, rp_error *err)
{
    int64_t integer;
    double real;
    char digits[RP_NUMBER_TEXT];
    bool logical;
    const char *text = rp_meta_get_string(meta, path);
    *out = NULL;
    if (text) {
        *out = strdup(text);
    } else if (rp_meta_get_bool(meta, path, &logical)) {
        *out = strdup(logical ? "True" : "False");
    } else if (rp_meta_get_int(meta, path, &integer)) {
        if (asprintf(out, "%" PRId64, integer) < 0)
            *out = NULL;
    } else if (rp_meta_get_double(meta, path, &real)) {
        rp_double_repr(digits, real);
        *out = strdup(digits);
    } else {
        return RP_OK;
    }
    return *out ? RP_OK : no_memory(err);
}

/* Keeps a text until the header is cleared; frees it when there is no memory. */
static bool keep(rp_crds_header *h, char *text)
{
    char **grown = text ? realloc(h->text, (h->ntexts + 1) * sizeof *grown) : NULL;
    if (!grown) {
        free(text);
        return false;
    }
    h->text = grown;
    h->text[h->ntexts++] = text;
    return true;
}

static void stir(uint64_t *hash, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text;; p++) { /* FNV-1a, with the end of the text */
        *hash = (*hash ^ *p) * UINT64_C(0x100000001b3);
        if (!*p)
            return;
    }
}

/* `name` in any case: "META.INSTRUMENT.DETECTOR". */
static rp_code add(rp_crds_header *h, const rp_meta *meta, const char *name, rp_error *err)
{
    char *path = strdup(name), *value = NULL;
    if (!path)
        return no_memory(err);
    for (char *p = path; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    const rp_code code = value_of(&value, meta, path, err);
    if (code || !value) {
        free(path);
        return code;
    }
    if (!keep(h, path)) {
        free(value);
        return no_memory(err);
    }
    if (!keep(h, value))
        return no_memory(err);
    rp_header_item *grown = realloc(h->item, (h->count + 1) * sizeof *grown);
    if (!grown)
        return no_memory(err);
    h->item = grown;
    h->item[h->count++] = (rp_header_item){path, value};
    stir(&h->fingerprint, path);
    stir(&h->fingerprint, value);
    return RP_OK;
}

rp_code rp_crds_header_read(rp_crds_header *h, const rp_meta *meta, const rp_context *context, rp_error *err)
{
    *h = (rp_crds_header){.instrument = rp_meta_get_string(meta, "INSTRUME"),
                          .fingerprint = UINT64_C(0xcbf29ce484222325)};
    if (!h->instrument)
        return rp_fail(err, RP_E_MISSING,
                       "the exposure names no instrument (INSTRUME): no references can be chosen for it");
    rp_code code = add(h, meta, "meta.instrument.name", err);
    if (context) {
        const rp_names keys = rp_context_parkeys(context, h->instrument);
        for (size_t i = 0; !code && i < keys.count; i++)
            if (strcmp(keys.name[i], "META.INSTRUMENT.NAME") != 0)
                code = add(h, meta, keys.name[i], err);
        return code;
    }
    for (size_t i = 0; !code && i < rp_keyword_count(); i++) {
        const rp_keyword *keyword = rp_keyword_at(i);
        if (strcmp(keyword->hdu, "PRIMARY") == 0 && strcmp(keyword->path, "meta.instrument.name") != 0)
            code = add(h, meta, keyword->path, err);
    }
    return code;
}

void rp_crds_header_clear(rp_crds_header *h)
{
    for (size_t i = 0; i < h->ntexts; i++)
        free(h->text[i]);
    free(h->text);
    free(h->item);
    *h = (rp_crds_header){0};
}
