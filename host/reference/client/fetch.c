/* Files in the cache, sound: client.h. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/reference/client/client.h"
#include "rampart/context.h"

/* How long another process may take to fetch the same file. */
enum { LOCK_S = 3600 };

/* ---- verification ---- */

rp_code rp_crds_verify(const rp_crds_client *client, const char *name, const char *path, bool sha1, rp_error *err)
{
    const rp_crds_facts facts = rp_crds_facts_of(client, name);
    struct stat status;
    char ours[RP_SHA1_TEXT];
    if (stat(path, &status) != 0)
        return rp_fail_errno(err, RP_E_IO, "cannot read %s", path);
    if (!S_ISREG(status.st_mode))
        return rp_fail(err, RP_E_MISMATCH, "%s is no file", path);
    if (client->settings.check_length && facts.size >= 0 && status.st_size != facts.size)
        return rp_fail(err, RP_E_MISMATCH, "%s has %lld bytes, the server's has %lld", path, (long long)status.st_size,
                       (long long)facts.size);
    if (!sha1 || !facts.sha1[0])
        return RP_OK;
    const rp_code code = rp_sha1_file(ours, path, err);
    if (!code && strcmp(ours, facts.sha1) != 0)
        return rp_fail(err, RP_E_MISMATCH, "%s has the checksum %s, the server's has %s", path, ours, facts.sha1);
    return code;
}

/* On every use: the size; the checksum when nobody has seen it right on this machine. */
static rp_code verify_for_use(const rp_crds_client *client, const char *name, const char *path, rp_error *err)
{
    const rp_crds_facts facts = rp_crds_facts_of(client, name);
    const bool sum = client->settings.check_sha1 && facts.sha1[0] && !rp_crds_verified_before(path, facts.sha1);
    const rp_code code = rp_crds_verify(client, name, path, sum, err);
    if (!code && sum)
        rp_crds_verified_note(path, facts.sha1);
    return code;
}

/* ---- one transfer ---- */

typedef struct arriving {
    int fd;
    EVP_MD_CTX *digest;
    uint64_t size;
    const char *path;
} arriving;

static rp_code to_file(void *payload, const void *bytes, size_t size, rp_error *err)
{
    arriving *a = payload;
    const char *at = bytes;
    if (EVP_DigestUpdate(a->digest, bytes, size) != 1)
        return rp_fail(err, RP_E_MEMORY, "no memory for a checksum");
    a->size += size;
    while (size > 0) {
        const ssize_t n = write(a->fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return rp_fail_errno(err, RP_E_IO, "the CRDS cache: cannot write %s", a->path);
        at += n;
        size -= (size_t)n;
    }
    return RP_OK;
}

static void to_hex(char out[41], const unsigned char digest[20])
{
    for (size_t i = 0; i < 20; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* What arrived against what was announced. */
static rp_code check_arrived(const rp_crds_client *client, const char *name, const char *url, arriving *a,
                             rp_error *err)
{
    const rp_crds_facts facts = rp_crds_facts_of(client, name);
    unsigned char digest[EVP_MAX_MD_SIZE];
    char sha1[41];
    if (client->settings.check_length && a->size != (uint64_t)facts.size)
        return rp_fail(err, RP_E_FORMAT, "%s: %llu bytes came, the server announced %lld", url,
                       (unsigned long long)a->size, (long long)facts.size);
    if (EVP_DigestFinal_ex(a->digest, digest, NULL) != 1)
        return rp_fail(err, RP_E_MEMORY, "no memory for a checksum");
    to_hex(sha1, digest);
    if (client->settings.check_sha1 && facts.sha1[0] && strcmp(sha1, facts.sha1) != 0)
        return rp_fail(err, RP_E_FORMAT, "%s: what came has the checksum %s, the server announced %s", url, sha1,
                       facts.sha1);
    return RP_OK;
}

/* Into a temporary file beside `path`, which it replaces when it is complete and right. */
static rp_code transfer_once(rp_crds_client *client, const char *name, const char *url, const char *temporary,
                             const char *path, rp_error *err)
{
    const rp_crds_facts facts = rp_crds_facts_of(client, name);
    const uint64_t most = client->settings.check_length ? (uint64_t)facts.size : UINT64_MAX;
    arriving a = {.fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666),
                  .digest = EVP_MD_CTX_new(),
                  .path = temporary};
    rp_code code = RP_OK;
    if (a.fd < 0)
        code = rp_fail_errno(err, RP_E_IO, "the CRDS cache: cannot write %s", temporary);
    else if (!a.digest || EVP_DigestInit_ex(a.digest, EVP_sha1(), NULL) != 1)
        code = rp_fail(err, RP_E_MEMORY, "no memory for a checksum");
    if (!code)
        code = rp_crds_get(client->http, url, most, to_file, &a, err);
    if (!code)
        code = check_arrived(client, name, url, &a, err);
    if (!code && fsync(a.fd) != 0)
        code = rp_fail_errno(err, RP_E_IO, "the CRDS cache: cannot write %s", temporary);
    if (a.fd >= 0 && close(a.fd) != 0 && !code)
        code = rp_fail_errno(err, RP_E_IO, "the CRDS cache: cannot write %s", temporary);
    if (!code && rename(temporary, path) != 0)
        code = rp_fail_errno(err, RP_E_IO, "the CRDS cache: cannot write %s", path);
    if (code && a.fd >= 0)
        (void)unlink(temporary);
    EVP_MD_CTX_free(a.digest);
    if (!code) {
        client->fetched++;
        client->fetched_bytes += a.size;
    }
    return code;
}

static rp_code transfer(rp_crds_client *client, const char *name, const char *url, const char *path, rp_error *err)
{
    const char *slash = strrchr(path, '/');
    char *temporary = NULL;
    if (asprintf(&temporary, "%.*s/.tmp_%s_%ld", (int)(slash - path), path, name, (long)getpid()) < 0)
        return rp_fail(err, RP_E_MEMORY, "no memory for the path of a cached file");
    rp_code code = RP_OK;
    for (int i = 0; i < client->settings.tries; i++) {
        if (i > 0) {
            rp_logf(client->log, RP_WARNING, "crds", "%s; try %d of %d", err->text, i + 1, client->settings.tries);
            code = rp_crds_wait(client->http, err);
            if (code)
                break;
        }
        code = transfer_once(client, name, url, temporary, path, err);
        if (code != RP_E_IO && code != RP_E_FORMAT)
            break;
    }
    free(temporary);
    return code;
}

/* ---- addresses ---- */

static const char *base_of(const rp_crds_client *client, const char *name)
{
    const rp_crds_settings *s = &client->settings;
    const bool mapping = rp_crds_is_mapping(name);
    const char *given = mapping ? s->mapping_uri : s->reference_uri;
    if (given)
        return given;
    const json_t *base = json_object_get(client->info, mapping ? "mapping_url" : "reference_url");
    const json_t *unchecked = json_object_get(base, "unchecked"); /* as older servers say it */
    return json_string_value(json_object_get(unchecked ? unchecked : base, s->observatory));
}

static rp_code url_of(const rp_crds_client *client, const char *name, char **url, rp_error *err)
{
    const char *base = base_of(client, name);
    *url = NULL;
    if (!base || (strncmp(base, "http://", 7) != 0 && strncmp(base, "https://", 8) != 0))
        return rp_fail(err, RP_E_FORMAT, "the CRDS server does not say where %s is", name);
    const bool slash = base[strlen(base) - 1] == '/';
    if (asprintf(url, "%s%s%s", base, slash ? "" : "/", name) >= 0)
        return RP_OK;
    *url = NULL;
    return rp_fail(err, RP_E_MEMORY, "no memory for an address");
}

/* ---- fetching ---- */

static rp_code may_fetch(const rp_crds_client *client, const char *name, rp_error *err)
{
    const rp_crds_settings *s = &client->settings;
    if (s->readonly)
        return rp_fail(err, RP_E_MISSING, "%s is not in the CRDS cache, which is read-only (CRDS_READONLY_CACHE)",
                       name);
    if (!client->connected && !s->mapping_uri && !s->reference_uri)
        return rp_fail(err, RP_E_MISSING,
                       "%s is not in the CRDS cache, and there is no server to fetch it from: set "
                       "CRDS_SERVER_URL",
                       name);
    if (rp_crds_facts_of(client, name).size < 0 && s->check_length)
        return rp_fail(err, RP_E_MISSING, "%s is not known to the CRDS server %s", name,
                       s->server_url ? s->server_url : "");
    return RP_OK;
}

rp_code rp_crds_fetch(rp_crds_client *client, const char *name, const char *path, bool again, rp_error *err)
{
    rp_crds_lock lock = {.fd = -1};
    rp_error own = {0};
    char *url = NULL;
    err = err ? err : &own;
    rp_code code = may_fetch(client, name, err);
    if (!code)
        code = url_of(client, name, &url, err);
    if (!code)
        code = rp_crds_make_folders(path, err);
    if (!code)
        code = rp_crds_lock_take(&lock, path, LOCK_S, err);
    if (code) {
        free(url);
        return code;
    }
    /* another process may have brought it while we waited */
    if (again || access(path, F_OK) != 0 ||
        rp_crds_verify(client, name, path, client->settings.check_sha1, NULL) != RP_OK) {
        rp_logf(client->log, RP_INFO, "crds", "Fetching %s (%lld bytes)", name,
                (long long)rp_crds_facts_of(client, name).size);
        code = transfer(client, name, url, path, err);
        if (!code)
            rp_crds_verified_note(path, rp_crds_facts_of(client, name).sha1);
    }
    rp_crds_lock_release(&lock);
    free(url);
    return code;
}

rp_code rp_crds_obtain(rp_crds_client *client, const char *name, const char *instrument, bool again, char **path,
                       rp_error *err)
{
    rp_error broken = {0};
    rp_code code = rp_crds_locate(path, &client->settings, name, instrument, err);
    if (code)
        return code;
    const bool there = access(*path, F_OK) == 0;
    if (there && !again) {
        code = verify_for_use(client, name, *path, &broken);
        if (!code)
            return RP_OK;
        rp_logf(client->log, RP_WARNING, "crds", "%s: it is not used", broken.text);
    }
    code = rp_crds_fetch(client, name, *path, again, err);
    if (code && broken.code)
        rp_error_prefix(err, "%s", broken.text);
    if (code) {
        free(*path);
        *path = NULL;
    }
    return code;
}

/* ---- the rules of a context ---- */

static rp_code obtain_one(rp_crds_client *client, const char *name, bool again, rp_error *err)
{
    char *path = NULL;
    if (!rp_crds_is_name(name) || !rp_crds_is_mapping(name))
        return rp_fail(err, RP_E_FORMAT, "the CRDS server names '%.60s' as rules", name);
    const rp_code code = rp_crds_obtain(client, name, NULL, again, &path, err);
    free(path);
    return code;
}

/* By the server's list. */
static rp_code obtain_listed(rp_crds_client *client, const char *context, bool again, rp_error *err)
{
    json_t *names = NULL;
    rp_code code = rp_crds_call(client->http, "get_mapping_names", json_pack("[s]", context), &names, err);
    for (size_t i = 0; !code && i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        code = name ? obtain_one(client, name, again, err)
                    : rp_fail(err, RP_E_FORMAT, "the CRDS server's list of rules is none");
    }
    json_decref(names);
    return code;
}

/* By what each file names, where there are only addresses (CRDS_MAPPING_URI): .pmap, .imap, .rmap are three levels. */
static rp_code obtain_named(rp_crds_client *client, const char *name, bool again, int depth, rp_error *err)
{
    rp_mapping *mapping = NULL;
    char *path = NULL;
    rp_code code = obtain_one(client, name, again, err);
    if (code || depth == 2)
        return code;
    code = rp_crds_locate(&path, &client->settings, name, NULL, err);
    if (!code)
        code = rp_mapping_open(&mapping, path, !client->settings.ignore_mapping_checksum, NULL, err);
    if (!code && rp_mapping_kind_of(mapping) != RP_RMAP) {
        const rp_names names = rp_mapping_children(mapping);
        for (size_t i = 0; !code && i < names.count; i++)
            code = obtain_named(client, names.name[i], again, depth + 1, err);
    }
    rp_mapping_close(mapping);
    free(path);
    return code;
}

rp_code rp_crds_obtain_mappings(rp_crds_client *client, const char *context, bool again, rp_error *err)
{
    return client->connected ? obtain_listed(client, context, again, err)
                             : obtain_named(client, context, again, 0, err);
}
