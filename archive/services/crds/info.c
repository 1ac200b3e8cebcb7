/* What get_server_info answers, made once: service_impl.h. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "archive/services/crds/service_impl.h"
#include "io/python/literal.h"

/* The client whose protocol and rules these are. */
#define CLIENT_VERSION "14.0.3"

static rp_code no_memory(rp_error *err)
{
    return rp_fail(err, RP_E_MEMORY, "no memory for the server's information");
}

/* gzip of a text; caller frees. */
static unsigned char *zip(const char *text, size_t size, size_t *length)
{
    z_stream z = {.next_in = (Bytef *)text, .avail_in = (uInt)size};
    if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return NULL;
    const uLong most = deflateBound(&z, (uLong)size);
    unsigned char *out = malloc(most);
    z.next_out = out;
    z.avail_out = (uInt)most;
    const bool sound = out && most < 1u << 30 && deflate(&z, Z_FINISH) == Z_STREAM_END;
    *length = z.total_out;
    (void)deflateEnd(&z);
    if (sound)
        return out;
    free(out);
    return NULL;
}

/* {"crds_encoded": "1.0", "crds_payload": base64 of gzipped JSON}; NULL without memory. */
static json_t *encode(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY), *payload = NULL;
    const size_t size = text ? strlen(text) : 0;
    size_t length = 0;
    unsigned char *zipped = text && size < 1u << 30 ? zip(text, size, &length) : NULL;
    if (zipped)
        payload = malloc(4 * (length / 3 + 1) + 1);
    if (payload)
        (void)EVP_EncodeBlock((unsigned char *)payload, zipped, (int)length);
    json_t *out = payload ? json_pack("{s:s, s:s}", "crds_encoded", "1.0", "crds_payload", payload) : NULL;
    free(text);
    free(zipped);
    free(payload);
    return out;
}

static json_t *metadata(const rp_crds_catalog *catalog)
{
    json_t *all = json_object();
    for (size_t i = 0; all && i < catalog->count; i++) {
        char size[24];
        (void)snprintf(size, sizeof size, "%llu", (unsigned long long)catalog->file[i].status.st_size);
        json_t *one = json_pack("{s:s, s:s}", "size", size, "sha1sum", catalog->file[i].sha1);
        if (!one || json_object_set_new(all, catalog->file[i].name, one) != 0) {
            json_decref(all);
            return NULL;
        }
    }
    json_t *out = all ? encode(all) : NULL;
    json_decref(all);
    return out;
}

static json_t *mapping_names(const rp_crds_catalog *catalog)
{
    json_t *names = json_array();
    for (size_t i = 0; i < catalog->count; i++)
        if (catalog->file[i].mapping)
            (void)json_array_append_new(names, json_string(catalog->file[i].name));
    return names;
}

/* {"jwst": "URL/mappings/jwst/"} */
static json_t *address(const rp_crds_service *s, const char *kind)
{
    return json_pack("{s:o}", s->observatory, json_sprintf("%s/%s/%s/", s->url, kind, s->observatory));
}

static bool add_addresses(json_t *info, const rp_crds_service *s)
{
    return json_object_set_new(info, "mapping_url", address(s, "mappings")) == 0 &&
           json_object_set_new(info, "reference_url", address(s, "references")) == 0 &&
           json_object_set_new(info, "config_url", address(s, "config")) == 0 &&
           json_object_set_new(info, "pickle_url", address(s, "pickles")) == 0;
}

rp_code rp_crds_service_info(rp_crds_service *s, rp_error *err)
{
    const char *operational = s->state.operational;
    s->info =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:O, s:i, s:i, s:i, s:o, s:O, s:{s:s, s:s, s:s}, s:s, s:s, s:o}",
                  "observatory", s->observatory, "latest_context", operational, "operational_context", operational,
                  "edit_context", s->state.edit, "versions_context", operational, "bad_files_list", s->state.bad_files,
                  "force_remote_mode", 0, "max_headers_per_rpc", 1000, "max_bestrefs_per_rpc", 1000, "mappings",
                  mapping_names(&s->catalog), "context_history", s->state.history, "crds_version", "str",
                  CLIENT_VERSION, "rev", "rampart " RP_VERSION, "svnurl", "/", "last_synced", s->started,
                  "last_refreshed", s->started, "download_metadata", metadata(&s->catalog));
    if (!s->info || !add_addresses(s->info, s))
        return no_memory(err);
    s->config_text = rp_python_write(s->info);
    return s->config_text ? RP_OK : no_memory(err);
}
