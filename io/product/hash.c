/* The hash of all headers by which a reader knows that the ASDF tree still fits them: io/product/meta.h. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/product/meta.h"

struct rp_hasher {
    EVP_MD_CTX *context;
    bool failed;
};

rp_hasher *rp_hasher_new(void)
{
    rp_hasher *hasher = calloc(1, sizeof *hasher);
    if (!hasher)
        return NULL;
    hasher->context = EVP_MD_CTX_new();
    hasher->failed = !hasher->context || EVP_DigestInit_ex(hasher->context, EVP_sha256(), NULL) != 1;
    return hasher;
}

void rp_hasher_add(rp_hasher *hasher, const char *bytes, size_t n)
{
    if (!hasher->failed && EVP_DigestUpdate(hasher->context, bytes, n) != 1)
        hasher->failed = true;
}

void rp_hasher_end(rp_hasher *hasher, char out[RP_HASH_TEXT])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    out[0] = '\0'; /* matches nothing */
    if (!hasher->failed && EVP_DigestFinal_ex(hasher->context, digest, &length) == 1 && length == 32)
        for (unsigned k = 0; k < length; k++)
            (void)snprintf(out + 2 * k, 3, "%02x", digest[k]);
    EVP_MD_CTX_free(hasher->context);
    free(hasher);
}
