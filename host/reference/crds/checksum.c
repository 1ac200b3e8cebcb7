/* Checksums of files and mappings: include/rampart/context.h. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "rampart/context.h"

static void finish(EVP_MD_CTX *hash, char out[RP_SHA1_TEXT])
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    unsigned n = 0;
    if (hash)
        (void)EVP_DigestFinal_ex(hash, digest, &n);
    for (unsigned i = 0; i < n && i < 20; i++)
        (void)snprintf(out + 2 * (size_t)i, 3, "%02x", digest[i]);
    if (n == 0)
        (void)snprintf(out, RP_SHA1_TEXT, "no memory"); /* equals no checksum */
    EVP_MD_CTX_free(hash);
}

static EVP_MD_CTX *begin(void)
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    if (hash && EVP_DigestInit_ex(hash, EVP_sha1(), NULL) != 1) {
        EVP_MD_CTX_free(hash);
        return NULL;
    }
    return hash;
}

rp_code rp_sha1_file(char out[RP_SHA1_TEXT], const char *path, rp_error *err)
{
    char bytes[65536];
    FILE *file = fopen(path, "rb");
    if (!file)
        return rp_fail_errno(err, RP_E_IO, "%s: cannot be opened", path);
    EVP_MD_CTX *hash = begin();
    rp_code code = hash ? RP_OK : rp_fail(err, RP_E_MEMORY, "%s: no memory for its checksum", path);
    size_t n;
    while (!code && (n = fread(bytes, 1, sizeof bytes, file)) > 0)
        (void)EVP_DigestUpdate(hash, bytes, n);
    if (!code && ferror(file))
        code = rp_fail_errno(err, RP_E_IO, "%s: cannot be read", path);
    finish(hash, out);
    (void)fclose(file);
    return code;
}

/* Python ends a line at these bytes, and at the sequences of U+0085, U+2028 and U+2029. */
static size_t line_end(const char *at, const char *end)
{
    const unsigned char c = (unsigned char)*at;
    if ((c >= '\n' && c <= '\f') || (c >= 0x1c && c <= 0x1e))
        return 1;
    if (c == 0xc2 && end - at > 1 && (unsigned char)at[1] == 0x85)
        return 2;
    return c == 0xe2 && end - at > 2 && (unsigned char)at[1] == 0x80 && ((unsigned char)at[2] | 1) == 0xa9 ? 3 : 0;
}

static const char *line_begin(const char *text, const char *at)
{
    for (; at > text; at--)
        for (int back = 1; back <= 3 && at - back >= text; back++)
            if (line_end(at - back, at) == (size_t)back)
                return at;
    return text;
}

/* Python reads \r\n and \r as \n. */
static void add(EVP_MD_CTX *hash, const char *from, const char *to)
{
    while (from < to) {
        const char *cr = memchr(from, '\r', (size_t)(to - from));
        (void)EVP_DigestUpdate(hash, from, (size_t)((cr ? cr : to) - from));
        from = cr ? cr + 1 : to;
        if (cr) {
            (void)EVP_DigestUpdate(hash, "\n", 1);
            from += from < to && *from == '\n';
        }
    }
}

void rp_sha1_mapping(char out[RP_SHA1_TEXT], const char *text, size_t size)
{
    const char *end = text + size, *from = text, *found;
    EVP_MD_CTX *hash = begin();
    while (hash && (found = memmem(from, (size_t)(end - from), "sha1sum", 7)) != NULL) {
        const char *line = line_begin(from, found), *after = found;
        while (after < end && *after != '\r' && !line_end(after, end))
            after++;
        if (after < end)
            after += *after == '\r' ? 1 + (end - after > 1 && after[1] == '\n') : (long)line_end(after, end);
        for (const char *cr = found; cr > line; cr--) /* a line may begin behind a lone \r */
            if (cr[-1] == '\r') {
                line = cr;
                break;
            }
        add(hash, from, line);
        from = after;
    }
    if (hash)
        add(hash, from, end);
    finish(hash, out);
}
