/* Header keywords as attributes: io/hdf5/keywords.h. */
#include <stdlib.h>
#include <string.h>

#include "io/fits/cards.h"
#include "io/hdf5/h5.h"
#include "io/hdf5/keywords.h"

typedef struct types {
    hid_t scalar, text, flag;
} types;

static bool open_types(types *t)
{
    const signed char no = 0, yes = 1;
    t->scalar = H5Screate(H5S_SCALAR);
    t->text = H5Tcopy(H5T_C_S1);
    t->flag = H5Tenum_create(H5T_NATIVE_INT8); /* h5py's own form of a boolean */
    return t->scalar >= 0 && t->text >= 0 && t->flag >= 0 && H5Tset_size(t->text, H5T_VARIABLE) >= 0 &&
           H5Tset_cset(t->text, H5T_CSET_UTF8) >= 0 && H5Tenum_insert(t->flag, "FALSE", &no) >= 0 &&
           H5Tenum_insert(t->flag, "TRUE", &yes) >= 0;
}

static void close_types(const types *t)
{
    rp_h5_close(t->scalar);
    rp_h5_close(t->text);
    rp_h5_close(t->flag);
}

static bool add(hid_t object, const char *name, hid_t file_type, hid_t memory_type, hid_t space, const void *value)
{
    const htri_t exists = H5Aexists(object, name);
    if (exists != 0)
        return exists > 0;
    const hid_t attribute = H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
    const bool good = attribute >= 0 && H5Awrite(attribute, memory_type, value) >= 0;
    rp_h5_close(attribute);
    return good;
}

static bool add_text(hid_t object, const types *t, const char *name, const char *value)
{
    char *const clean = strdup(value);
    if (!clean)
        return false;
    for (char *p = clean; *p; p++) {
        if ((unsigned char)*p > '~')
            *p = '?'; /* headers are ASCII; the block itself is kept as it is */
    }
    const bool good = add(object, name, t->text, t->text, t->scalar, &clean);
    free(clean);
    return good;
}

static bool add_card(hid_t object, const types *t, const rp_card *card)
{
    const signed char flag = card->b;
    switch (card->kind) {
    case RP_CARD_STRING:
        return add_text(object, t, card->keyword, card->text);
    case RP_CARD_BOOL:
        return add(object, card->keyword, t->flag, t->flag, t->scalar, &flag);
    case RP_CARD_INT:
        return add(object, card->keyword, H5T_STD_I64LE, H5T_NATIVE_INT64, t->scalar, &card->i);
    case RP_CARD_FLOAT:
        return add(object, card->keyword, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, t->scalar, &card->f);
    case RP_CARD_OTHER:
        return !*card->keyword || add_text(object, t, card->keyword, card->text);
    case RP_CARD_UNDEFINED:
    case RP_CARD_COMMENTARY:
        return true;
    }
    return true;
}

/* All cards of one commentary keyword, a line each. */
static rp_code add_commentary(hid_t object, const types *t, const char *keyword, const char *cards, size_t ncards,
                              const char *path, rp_error *err)
{
    char *const text = malloc(ncards * RP_CARD_BYTES + 1);
    if (!text)
        return rp_fail(err, RP_E_MEMORY, "no memory for %s of '%s'", keyword, path);
    size_t used = 0;
    for (size_t i = 0; i < ncards; i++) {
        const char *const card = cards + i * RP_CARD_BYTES;
        if (memcmp(card, keyword, strlen(keyword)) != 0 || card[strlen(keyword)] != ' ')
            continue;
        size_t n = RP_CARD_BYTES - 8;
        while (n > 0 && (card[8 + n - 1] == ' ' || card[8 + n - 1] == '\0'))
            n--;
        if (used > 0)
            text[used++] = '\n';
        for (size_t k = 0; k < n; k++)
            text[used++] = card[8 + k] ? card[8 + k] : '?';
    }
    text[used] = '\0';
    rp_code code = RP_OK;
    if (used > 0 && !add_text(object, t, keyword, text))
        code = rp_h5_fail(err, RP_E_IO, "cannot write %s to '%s'; free space there or choose another folder", keyword,
                          path);
    free(text);
    return code;
}

rp_code rp_h5_write_keywords(hid_t object, const char *header, size_t header_bytes, const char *path, rp_error *err)
{
    const size_t ncards = rp_cards_count(header, header_bytes);
    types t;
    rp_card card = {0};
    rp_code code = RP_OK;
    if (!open_types(&t))
        code = rp_h5_fail(err, RP_E_MEMORY, "cannot describe the keywords of '%s'", path);
    for (size_t i = 0; i < ncards && !code; i += card.ncards) {
        code = rp_card_parse(&card, header + i * RP_CARD_BYTES, ncards - i, err);
        if (!code && !add_card(object, &t, &card))
            code =
                rp_h5_fail(err, RP_E_IO, "cannot write keyword %s to '%s'; free space there or choose another folder",
                           card.keyword, path);
    }
    if (!code)
        code = add_commentary(object, &t, "COMMENT", header, ncards, path, err);
    if (!code)
        code = add_commentary(object, &t, "HISTORY", header, ncards, path, err);
    rp_card_clear(&card);
    close_types(&t);
    return code;
}
