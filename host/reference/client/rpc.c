/* JSON-RPC 1.0 as the CRDS server speaks it: transport.h. */
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <zlib.h>

#include "host/reference/client/transport.h"

/* The largest answer: the catalogue of a real observatory has some megabytes. */
enum { MOST = 256 << 20 };

/* "rampart-0.1.0-<32 hex>-<8 hex>", for the server's log. */
static void make_id(char *out, size_t size)
{
    static atomic_uint calls;
    unsigned char random[16] = {0};
    char hex[33];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        random[0] = 1;
    for (size_t i = 0; i < sizeof random; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", random[i]);
    (void)snprintf(out, size, "rampart-%s-%s-%08x", RP_VERSION, hex, atomic_fetch_add(&calls, 1) + 1);
}

/* Undoes the server's HTML escapes, in place. */
static void unescape(char *text)
{
    static const struct {
        const char *from;
        char to;
    } escapes[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&#39;", '\''}, {"&#x27;", '\''}};
    char *out = text;
    while (*text) {
        char c = *text;
        size_t n = 1;
        for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
            if (strncmp(text, escapes[i].from, strlen(escapes[i].from)) == 0) {
                c = escapes[i].to;
                n = strlen(escapes[i].from);
            }
        *out++ = c == '\n' || c == '\r' ? ' ' : c;
        text += n;
    }
    *out = '\0';
}

static rp_code service_error(const char *method, const json_t *error, rp_error *err)
{
    const char *message =
        json_is_string(error) ? json_string_value(error) : json_string_value(json_object_get(error, "message"));
    char text[400];
    (void)snprintf(text, sizeof text, "%s", message ? message : "an error without a text");
    unescape(text);
    return rp_fail(err, RP_E_MISSING, "the CRDS server refuses %s: %s", method, text);
}

static rp_code read_answer(const char *url, const char *method, const char *bytes, size_t size, json_t **result,
                           rp_error *err)
{
    json_error_t where;
    json_t *answer = json_loadb(bytes, size, 0, &where);
    json_t *error = json_object_get(answer, "error"), *value = json_object_get(answer, "result");
    rp_code code = RP_OK;
    if (!json_is_object(answer) || !error)
        code = rp_fail(err, RP_E_FORMAT, "%s: the answer is no JSON-RPC: this is no CRDS server, or it is ill", url);
    else if (!json_is_null(error))
        code = service_error(method, error, err);
    else if (!value)
        code = rp_fail(err, RP_E_FORMAT, "%s: the answer holds no result", url);
    if (!code)
        code = rp_crds_decode(json_incref(value), result, err);
    json_decref(answer);
    return code;
}

rp_code rp_crds_call(rp_crds_http *http, const char *method, json_t *parameters, json_t **result, rp_error *err)
{
    char id[120], *url = NULL, *body = NULL, *bytes = NULL;
    size_t size = 0;
    const char *server = rp_crds_http_settings(http)->server_url;
    rp_code code;
    *result = NULL;
    make_id(id, sizeof id);
    json_t *call =
        json_pack("{s:s, s:s, s:o, s:s}", "jsonrpc", "1.0", "method", method, "params", parameters, "id", id);
    if (call)
        body = json_dumps(call, JSON_COMPACT);
    if (!server)
        code = rp_fail(err, RP_E_MISSING, "no CRDS server is configured: set CRDS_SERVER_URL");
    else if (!body || asprintf(&url, "%s/json/%s/%s/", server, method, id) < 0)
        code = rp_fail(err, RP_E_MEMORY, "no memory for a call of the CRDS server");
    else
        code = rp_crds_post(http, url, body, MOST, &bytes, &size, err);
    if (!code)
        code = read_answer(url, method, bytes, size, result, err);
    json_decref(call);
    free(body);
    free(url);
    free(bytes);
    return code;
}

/* ---- crds_encoded ---- */

static rp_code bad_payload(rp_error *err)
{
    return rp_fail(err, RP_E_FORMAT, "the CRDS server's answer is encoded wrongly");
}

/* Base64 to bytes; caller frees. */
static rp_code from_base64(const char *text, size_t length, unsigned char **out, size_t *size, rp_error *err)
{
    *out = NULL;
    if (length > MOST || length % 4 != 0)
        return bad_payload(err);
    *out = malloc(length / 4 * 3 + 1);
    if (!*out)
        return rp_fail(err, RP_E_MEMORY, "no memory for an answer of the CRDS server");
    const int n = EVP_DecodeBlock(*out, (const unsigned char *)text, (int)length);
    size_t padding = 0;
    while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
        padding++;
    if (n < 0 || (size_t)n < padding)
        return bad_payload(err);
    *size = (size_t)n - padding;
    return RP_OK;
}

/* Inflates gzip to at most MOST bytes; caller frees. */
static rp_code from_gzip(const unsigned char *bytes, size_t size, char **out, size_t *length, rp_error *err)
{
    z_stream z = {.next_in = (Bytef *)bytes, .avail_in = (uInt)size};
    size_t capacity = 0;
    int state = inflateInit2(&z, 15 + 16);
    *out = NULL;
    *length = 0;
    if (state != Z_OK)
        return rp_fail(err, RP_E_MEMORY, "no memory for an answer of the CRDS server");
    while (state == Z_OK && *length < MOST) {
        if (*length == capacity) {
            capacity = capacity ? 2 * capacity : 8 * size + 4096;
            char *grown = realloc(*out, capacity);
            if (!grown)
                break;
            *out = grown;
        }
        z.next_out = (Bytef *)*out + *length;
        z.avail_out = (uInt)(capacity - *length < 1u << 30 ? capacity - *length : 1u << 30);
        state = inflate(&z, Z_NO_FLUSH);
        *length = z.total_out;
    }
    (void)inflateEnd(&z);
    return state == Z_STREAM_END ? RP_OK : bad_payload(err);
}

rp_code rp_crds_decode(json_t *value, json_t **out, rp_error *err)
{
    const json_t *payload = json_object_get(value, "crds_payload");
    *out = value;
    if (!json_object_get(value, "crds_encoded"))
        return RP_OK;
    unsigned char *zipped = NULL;
    char *text = NULL;
    size_t size = 0, length = 0;
    rp_code code = json_is_string(payload)
                       ? from_base64(json_string_value(payload), json_string_length(payload), &zipped, &size, err)
                       : bad_payload(err);
    if (!code)
        code = from_gzip(zipped, size, &text, &length, err);
    *out = code ? NULL : json_loadb(text, length, JSON_DECODE_ANY, NULL);
    if (!code && !*out)
        code = bad_payload(err);
    free(zipped);
    free(text);
    json_decref(value);
    return code;
}
