/* A small CRDS observatory in a folder: two contexts of NIRCam and MIRI with darks and gains, and reference files. */
#ifndef RP_TESTS_OBSERVATORY_H
#define RP_TESTS_OBSERVATORY_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rampart/context.h"

enum { OBSERVATORY_REFERENCE = 2880 };

static inline bool observatory_write(const char *root, const char *folder, const char *name, const char *text,
                                     size_t size)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s/%s", root, folder, name);
    FILE *out = fopen(path, "w");
    if (!out)
        return false;
    const bool sound = fwrite(text, 1, size, out) == size;
    return fclose(out) == 0 && sound;
}

/* `text` holds "@" where its own checksum belongs. */
static inline bool observatory_mapping(const char *root, const char *name, const char *text)
{
    char sum[RP_SHA1_TEXT], whole[4096];
    const char *at = strchr(text, '@');
    rp_sha1_mapping(sum, text, strlen(text));
    const int n = snprintf(whole, sizeof whole, "%.*s%s%s", (int)(at - text), text, sum, at + 1);
    return observatory_write(root, "mappings/jwst", name, whole, (size_t)n);
}

static inline bool observatory_rules(const char *root, const char *instrument, const char *type, int serial,
                                     const char *detector)
{
    char name[64], text[2048], upper[16];
    size_t n = 0;
    for (; instrument[n] && n < 15; n++)
        upper[n] = (char)(instrument[n] - 'a' + 'A');
    upper[n] = '\0';
    (void)snprintf(name, sizeof name, "jwst_%s_%s_%04d.rmap", instrument, type, serial);
    (void)snprintf(text, sizeof text,
                   "header = {\n 'classes' : ('Match', 'UseAfter'),\n 'derived_from' : 'made',\n 'filekind' : '%s',\n"
                   " 'instrument' : '%s',\n 'mapping' : 'REFERENCE',\n 'name' : '%s',\n 'observatory' : 'JWST',\n"
                   " 'parkey' : (('META.INSTRUMENT.DETECTOR',), ('META.OBSERVATION.DATE', 'META.OBSERVATION.TIME')),\n"
                   " 'sha1sum' : '@',\n}\n\nselector = Match({\n ('%s',) : UseAfter({\n"
                   "  '2015-01-01 00:00:00' : 'jwst_%s_%s_%04d.fits',\n }),\n})\n",
                   type, upper, name, detector, instrument, type, serial);
    return observatory_mapping(root, name, text);
}

static inline bool observatory_instrument(const char *root, const char *instrument, int serial, const char *detector)
{
    char name[64], text[1024];
    (void)snprintf(name, sizeof name, "jwst_%s_%04d.imap", instrument, serial);
    (void)snprintf(
        text, sizeof text,
        "header = {\n 'derived_from' : 'made',\n 'instrument' : '%s',\n 'mapping' : 'INSTRUMENT',\n 'name' : '%s',\n"
        " 'observatory' : 'JWST',\n 'parkey' : ('REFTYPE',),\n 'sha1sum' : '@',\n}\n\nselector = {\n"
        " 'dark' : 'jwst_%s_dark_%04d.rmap',\n 'gain' : 'jwst_%s_gain_%04d.rmap',\n 'ipc' : 'N/A',\n}\n",
        strcmp(instrument, "miri") ? "NIRCAM" : "MIRI", name, instrument, serial, instrument, serial);
    return observatory_mapping(root, name, text) && observatory_rules(root, instrument, "dark", serial, detector) &&
           observatory_rules(root, instrument, "gain", serial, detector);
}

static inline bool observatory_context(const char *root, int serial)
{
    char name[32], text[1024];
    (void)snprintf(name, sizeof name, "jwst_%04d.pmap", serial);
    (void)snprintf(
        text, sizeof text,
        "header = {\n 'derived_from' : 'made',\n 'mapping' : 'PIPELINE',\n 'name' : '%s',\n 'observatory' : 'JWST',\n"
        " 'parkey' : ('META.INSTRUMENT.NAME',),\n 'sha1sum' : '@',\n}\n\nselector = {\n"
        " 'MIRI' : 'jwst_miri_%04d.imap',\n 'NIRCAM' : 'jwst_nircam_%04d.imap',\n}\n",
        name, serial, serial);
    return observatory_mapping(root, name, text) && observatory_instrument(root, "nircam", serial, "NRCA1|NRCALONG") &&
           observatory_instrument(root, "miri", serial, "MIRIMAGE");
}

static inline bool observatory_reference(const char *root, const char *instrument, const char *type, int serial)
{
    char name[64], bytes[OBSERVATORY_REFERENCE];
    (void)snprintf(name, sizeof name, "jwst_%s_%s_%04d.fits", instrument, type, serial);
    memset(bytes, ' ', sizeof bytes);
    memcpy(bytes, "SIMPLE  =                    T", 30);
    memcpy(bytes + 80, "BITPIX  =                    8", 30);
    memcpy(bytes + 160, "NAXIS   =                    0", 30);
    (void)snprintf(bytes + 240, 80, "NAME    = '%s'", name);
    bytes[240 + strlen(bytes + 240)] = ' ';
    memcpy(bytes + 320, "END", 3);
    return observatory_write(root, "references/jwst", name, bytes, sizeof bytes);
}

/* Contexts 1 and 2 below `root`, which exists. */
static inline bool observatory_make(const char *root)
{
    static const char *const folders[] = {"mappings", "mappings/jwst", "references", "references/jwst"};
    char path[512];
    bool sound = true;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", root, folders[i]);
        (void)mkdir(path, 0777);
    }
    for (int serial = 1; serial <= 2; serial++)
        sound = sound && observatory_context(root, serial) && observatory_reference(root, "nircam", "dark", serial) &&
                observatory_reference(root, "nircam", "gain", serial) &&
                observatory_reference(root, "miri", "dark", serial) &&
                observatory_reference(root, "miri", "gain", serial);
    return sound;
}

#endif
