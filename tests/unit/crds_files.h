/* Folders of mappings made by a test: a copy of the shipped ones that may be damaged. */
#ifndef RP_TESTS_UNIT_CRDS_FILES_H
#define RP_TESTS_UNIT_CRDS_FILES_H

#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "rampart/context.h"

#define SHIPPED RP_SOURCE_DIR "/tests/data/crds"

static char crds_folder[64];

static inline void crds_path(char out[512], const char *name)
{
    (void)snprintf(out, 512, "%s/mappings/jwst/%s", crds_folder, name);
}

static inline void put_file(const char *path, const char *text, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

/* Caller frees. */
static inline char *get_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *text = malloc(1 << 20);
    assert_non_null(text);
    *size = fread(text, 1, (1 << 20) - 1, f);
    text[*size] = '\0';
    (void)fclose(f);
    return text;
}

static inline void make_folder(void)
{
    char from[512], to[512];
    (void)strcpy(crds_folder, "/tmp/rampart-crds-XXXXXX");
    assert_non_null(mkdtemp(crds_folder));
    (void)snprintf(to, sizeof to, "%s/mappings", crds_folder);
    assert_int_equal(mkdir(to, 0777), 0);
    (void)snprintf(to, sizeof to, "%s/mappings/jwst", crds_folder);
    assert_int_equal(mkdir(to, 0777), 0);
    DIR *folder = opendir(SHIPPED "/mappings/jwst");
    assert_non_null(folder);
    for (struct dirent *e; (e = readdir(folder));) {
        if (e->d_name[0] == '.')
            continue;
        size_t size;
        (void)snprintf(from, sizeof from, "%s/mappings/jwst/%.200s", SHIPPED, e->d_name);
        char *text = get_file(from, &size);
        crds_path(to, e->d_name);
        put_file(to, text, size);
        free(text);
    }
    (void)closedir(folder);
}

static inline int remove_one(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info;
    (void)type;
    (void)place;
    return remove(path);
}

static inline void remove_folder(void)
{
    (void)nftw(crds_folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Replaces the first `from` in a file of the folder by `to`; with a new checksum when asked for. */
static inline void edit_mapping(const char *name, const char *from, const char *to, bool resum)
{
    char path[512], sum[RP_SHA1_TEXT];
    size_t size;
    crds_path(path, name);
    char *text = get_file(path, &size), *at = strstr(text, from), *changed = malloc(size + strlen(to) + 1);
    assert_non_null(at);
    assert_non_null(changed);
    (void)sprintf(changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    if (resum) {
        rp_sha1_mapping(sum, changed, strlen(changed));
        char *old = strstr(changed, "'sha1sum' : '");
        assert_non_null(old);
        memcpy(old + 13, sum, 40);
    }
    put_file(path, changed, strlen(changed));
    free(changed);
    free(text);
}

#endif
