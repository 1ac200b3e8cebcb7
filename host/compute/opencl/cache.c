/* Files that outlive the process: compiled kernels.  A file is a line that names the key and the SHA-256 of what
 * follows; writing is by rename, so readers never see half a file. */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/compute/opencl/opencl_impl.h"

enum { DIGEST = 32, HEAD = 128 };
static const off_t largest_file = (off_t)1 << 30;

/* ------------------------------------------------------------------ places */
/* mkdir -p */
static bool make_folders(const char *path)
{
    char part[RP_CACHE_PATH];
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
        return false;
    for (char *p = part + 1; *p; p++)
        if (*p == '/') {
            *p = '\0';
            if (mkdir(part, 0777) != 0 && errno != EEXIST)
                return false;
            *p = '/';
        }
    return (mkdir(part, 0777) == 0 || errno == EEXIST) && access(part, W_OK) == 0;
}

bool rp_opencl_cache_folder(const char *cache_dir, char out[RP_CACHE_PATH])
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    const int room = RP_CACHE_PATH - 80; /* for the names of files in it */
    int n = room;
    if (cache_dir)
        n = snprintf(out, (size_t)room, "%s", cache_dir);
    else if (xdg && *xdg)
        n = snprintf(out, (size_t)room, "%s/rampart", xdg);
    else if (home && *home)
        n = snprintf(out, (size_t)room, "%s/.cache/rampart", home);
    if (n > 0 && n < room && make_folders(out))
        return true;
    out[0] = '\0';
    return false;
}

/* ------------------------------------------------------------------ digests */
static void to_hex(const unsigned char *bytes, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

bool rp_opencl_cache_key(const char *const *parts, size_t nparts, char out[RP_CACHE_KEY])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; i < nparts; i++)
        ok = ok && EVP_DigestUpdate(context, parts[i], strlen(parts[i]) + 1) == 1;
    ok = ok && EVP_DigestFinal_ex(context, digest, &length) == 1;
    EVP_MD_CTX_free(context);
    out[0] = '\0';
    if (ok)
        to_hex(digest, (RP_CACHE_KEY - 1) / 2, out);
    return ok;
}

/* "rampart KEY DIGEST\n" */
static bool make_head(char head[HEAD], const char *key, const unsigned char *bytes, size_t n)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char hex[2 * DIGEST + 1];
    unsigned int length = 0;
    if (EVP_Digest(bytes, n, digest, &length, EVP_sha256(), NULL) != 1 || length != DIGEST)
        return false;
    to_hex(digest, DIGEST, hex);
    return snprintf(head, HEAD, "rampart %s %s\n", key, hex) < HEAD;
}

/* ------------------------------------------------------------------ files */
static unsigned char *read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rbe");
    unsigned char *bytes = NULL;
    struct stat info;
    if (!f)
        return NULL;
    if (fstat(fileno(f), &info) == 0 && info.st_size > 0 && info.st_size <= largest_file) {
        *n = (size_t)info.st_size;
        bytes = malloc(*n);
        if (bytes && fread(bytes, 1, *n, f) != *n) {
            free(bytes);
            bytes = NULL;
        }
    }
    (void)fclose(f);
    return bytes;
}

unsigned char *rp_opencl_cache_get(const char *path, const char *key, size_t *bytes)
{
    size_t n = 0;
    char head[HEAD];
    unsigned char *all = read_file(path, &n);
    const unsigned char *end = all ? memchr(all, '\n', n < HEAD ? n : HEAD) : NULL;
    if (end) {
        const size_t start = (size_t)(end - all) + 1;
        if (make_head(head, key, all + start, n - start) && strlen(head) == start && memcmp(head, all, start) == 0) {
            memmove(all, all + start, n - start);
            *bytes = n - start;
            return all;
        }
    }
    free(all);
    return NULL;
}

static bool write_all(int fd, const void *data, size_t n)
{
    const char *p = data;
    while (n > 0) {
        const ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

void rp_opencl_cache_put(const char *path, const char *key, const unsigned char *bytes, size_t n)
{
    char temporary[RP_CACHE_PATH + 16], head[HEAD];
    if (!make_head(head, key, bytes, n) ||
        snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary)
        return;
    const int fd = mkstemp(temporary);
    if (fd < 0)
        return;
    const bool written = write_all(fd, head, strlen(head)) && write_all(fd, bytes, n);
    if (close(fd) != 0 || !written || rename(temporary, path) != 0)
        (void)unlink(temporary);
}
