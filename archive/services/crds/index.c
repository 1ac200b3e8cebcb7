/* Checksums of an earlier start: service_impl.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/services/crds/service_impl.h"

/* Device, inode, size and times of change: no change of the bytes leaves all of them alone. */
static void describe(char out[RP_CRDS_INDEX_KEY], const struct stat *s)
{
    (void)snprintf(out, RP_CRDS_INDEX_KEY,
                   "%" PRIuMAX ":%" PRIuMAX ":%" PRIdMAX ":%" PRIdMAX ".%09ld:%" PRIdMAX ".%09ld", (uintmax_t)s->st_dev,
                   (uintmax_t)s->st_ino, (intmax_t)s->st_size, (intmax_t)s->st_mtim.tv_sec, s->st_mtim.tv_nsec,
                   (intmax_t)s->st_ctim.tv_sec, s->st_ctim.tv_nsec);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const rp_crds_index_entry *)a)->key, ((const rp_crds_index_entry *)b)->key);
}

static rp_code add(rp_crds_index *index, const char *key, const char *sha1, rp_error *err)
{
    if (index->count == index->capacity) {
        const size_t capacity = 2 * index->capacity + 256;
        rp_crds_index_entry *grown = realloc(index->entry, capacity * sizeof *grown);
        if (!grown)
            return rp_fail(err, RP_E_MEMORY, "no memory for the index of checksums");
        index->entry = grown;
        index->capacity = capacity;
    }
    rp_crds_index_entry *entry = &index->entry[index->count++];
    (void)snprintf(entry->key, sizeof entry->key, "%s", key);
    (void)snprintf(entry->sha1, sizeof entry->sha1, "%s", sha1);
    return RP_OK;
}

rp_code rp_crds_index_read(rp_crds_index *out, const char *path, rp_error *err)
{
    char line[256], key[RP_CRDS_INDEX_KEY], sha1[RP_SHA1_TEXT];
    *out = (rp_crds_index){0};
    FILE *in = path ? fopen(path, "r") : NULL;
    if (path && !in && errno != ENOENT)
        return rp_fail_errno(err, RP_E_IO, "cannot read %s", path);
    rp_code code = RP_OK;
    /* a line that is none is one file hashed again */
    while (in && !code && fgets(line, sizeof line, in))
        if (sscanf(line, "%159s %40[0-9a-f]", key, sha1) == 2 && strlen(sha1) == 40)
            code = add(out, key, sha1, err);
    if (in)
        (void)fclose(in);
    if (out->count > 0)
        qsort(out->entry, out->count, sizeof *out->entry, by_key);
    return code;
}

const char *rp_crds_index_find(const rp_crds_index *index, const struct stat *status)
{
    rp_crds_index_entry wanted;
    describe(wanted.key, status);
    const rp_crds_index_entry *found =
        index->count > 0 ? bsearch(&wanted, index->entry, index->count, sizeof wanted, by_key) : NULL;
    return found ? found->sha1 : NULL;
}

void rp_crds_index_clear(rp_crds_index *index)
{
    free(index->entry);
    *index = (rp_crds_index){0};
}

static bool write_lines(FILE *out, const rp_crds_catalog *catalog)
{
    for (size_t i = 0; i < catalog->count; i++) {
        char key[RP_CRDS_INDEX_KEY];
        describe(key, &catalog->file[i].status);
        if (fprintf(out, "%s %s %s\n", key, catalog->file[i].sha1, catalog->file[i].name) < 0)
            return false;
    }
    return true;
}

rp_code rp_crds_index_write(const rp_crds_catalog *catalog, const char *path, rp_error *err)
{
    char *temporary = NULL;
    if (!path)
        return RP_OK;
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return rp_fail(err, RP_E_MEMORY, "no memory for the index of checksums");
    const int fd = mkostemp(temporary, O_CLOEXEC);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool sound = out && write_lines(out, catalog) && fflush(out) == 0 && fsync(fd) == 0;
    if (out)
        sound = fclose(out) == 0 && sound;
    sound = sound && rename(temporary, path) == 0;
    const rp_code code = sound ? RP_OK : rp_fail_errno(err, RP_E_IO, "cannot write %s", path);
    if (!sound && fd >= 0)
        (void)unlink(temporary);
    free(temporary);
    return code;
}
