/* HTTP over libcurl: transport.h. */
#include "host/reference/client/transport.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A reply that moves less than a byte a second for so long has stalled. */
enum { STALL_S = 60, CONNECT_S = 30 };

struct rp_crds_http {
    CURL *curl;
    const rp_crds_settings *settings;
    const rp_log *log;
    const volatile sig_atomic_t *cancel;
};

/* One transfer under way. */
typedef struct transfer {
    rp_crds_http *http;
    const char *url;
    uint64_t most, received;
    rp_crds_sink *sink;
    void *payload;
    rp_code code;
    rp_error *err;
} transfer;

static void init_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

rp_code rp_crds_http_new(rp_crds_http **out, const rp_crds_settings *settings, const rp_log *log,
                         const volatile sig_atomic_t *cancel, rp_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, init_curl);
    rp_crds_http *http = calloc(1, sizeof *http);
    *out = http;
    if (!http)
        return rp_fail(err, RP_E_MEMORY, "no memory for HTTP");
    *http = (rp_crds_http){curl_easy_init(), settings, log, cancel};
    if (http->curl)
        return RP_OK;
    free(http);
    *out = NULL;
    return rp_fail(err, RP_E_MEMORY, "no memory for HTTP");
}

void rp_crds_http_free(rp_crds_http *http)
{
    if (!http)
        return;
    curl_easy_cleanup(http->curl);
    free(http);
}

const rp_crds_settings *rp_crds_http_settings(const rp_crds_http *http)
{
    return http->settings;
}

static bool cancelled(const rp_crds_http *http)
{
    return http->cancel && *http->cancel;
}

rp_code rp_crds_wait(const rp_crds_http *http, rp_error *err)
{
    const struct timespec tenth = {.tv_nsec = 100000000};
    for (int i = 0; i < 10 * http->settings->delay_s && !cancelled(http); i++)
        (void)nanosleep(&tenth, NULL);
    return cancelled(http) ? rp_fail(err, RP_E_INTERRUPTED, "interrupted while references were fetched") : RP_OK;
}

static size_t on_bytes(char *bytes, size_t unit, size_t count, void *payload)
{
    transfer *t = payload;
    const size_t size = unit * count;
    long status = 0;
    (void)curl_easy_getinfo(t->http->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) /* the text of an error is not the file */
        return size;
    if (size > t->most - t->received) {
        t->code = rp_fail(t->err, RP_E_FORMAT, "%s: the server sends more than the %llu bytes that were announced",
                          t->url, (unsigned long long)t->most);
        return 0;
    }
    t->received += size;
    t->code = t->sink(t->payload, bytes, size, t->err);
    return t->code ? 0 : size;
}

static int on_progress(void *payload, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    return cancelled(((transfer *)payload)->http);
}

static long at_most(long limit, int value)
{
    return value < limit ? value : limit;
}

/* The rules of every transfer. */
static void prepare(transfer *t, long seconds)
{
    CURL *curl = t->http->curl;
    const int timeout = t->http->settings->timeout_s;
    const bool secure = strncmp(t->url, "https://", 8) == 0;
    curl_easy_reset(curl);
    (void)curl_easy_setopt(curl, CURLOPT_URL, t->url);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, at_most(CONNECT_S, timeout));
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, at_most(STALL_S, timeout));
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, seconds);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "rampart/" RP_VERSION);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

static rp_code perform(transfer *t)
{
    long status = 0;
    const CURLcode result = curl_easy_perform(t->http->curl);
    (void)curl_easy_getinfo(t->http->curl, CURLINFO_RESPONSE_CODE, &status);
    if (t->code)
        return t->code;
    if (cancelled(t->http))
        return rp_fail(t->err, RP_E_INTERRUPTED, "interrupted while references were fetched");
    if (result != CURLE_OK)
        return rp_fail(t->err, RP_E_IO, "%s: %s", t->url,
                       result == CURLE_OPERATION_TIMEDOUT ? "the server does not answer, or stalls"
                       : result == CURLE_PARTIAL_FILE     ? "the server ends the transfer too early"
                                                          : curl_easy_strerror(result));
    return status == 200 ? RP_OK : rp_fail(t->err, RP_E_IO, "%s: the server answers with status %ld", t->url, status);
}

rp_code rp_crds_get(rp_crds_http *http, const char *url, uint64_t most, rp_crds_sink *sink, void *payload,
                    rp_error *err)
{
    transfer t = {.http = http, .url = url, .most = most, .sink = sink, .payload = payload, .err = err};
    prepare(&t, 0); /* large files take what they take, as long as they move */
    return perform(&t);
}

/* ---- into memory ---- */

typedef struct text {
    char *bytes;
    size_t size, capacity;
} text;

static rp_code to_memory(void *payload, const void *bytes, size_t size, rp_error *err)
{
    text *out = payload;
    if (out->size + size + 1 > out->capacity) {
        const size_t capacity = 2 * out->capacity + size + 1;
        char *grown = realloc(out->bytes, capacity);
        if (!grown)
            return rp_fail(err, RP_E_MEMORY, "no memory for an answer of the CRDS server");
        out->bytes = grown;
        out->capacity = capacity;
    }
    memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
    out->bytes[out->size] = '\0';
    return RP_OK;
}

/* `body` NULL: GET. */
static rp_code request_text(rp_crds_http *http, const char *url, const char *body, size_t most, text *out,
                            rp_error *err)
{
    rp_code code = RP_OK;
    for (int i = 0; i < http->settings->tries; i++) {
        if (i > 0) {
            rp_logf(http->log, RP_WARNING, "crds", "%s; try %d of %d", err->text, i + 1, http->settings->tries);
            if (rp_crds_wait(http, err))
                return RP_E_INTERRUPTED;
        }
        out->size = 0;
        transfer t = {.http = http, .url = url, .most = most, .sink = to_memory, .payload = out, .err = err};
        prepare(&t, http->settings->timeout_s);
        if (body) {
            (void)curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, body);
            (void)curl_easy_setopt(http->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
        }
        code = perform(&t);
        if (!code && !out->bytes)
            code = rp_fail(err, RP_E_IO, "%s: an empty answer", url);
        if (code != RP_E_IO && code != RP_E_FORMAT)
            break;
    }
    return code;
}

static rp_code request_with(rp_crds_http *http, const char *url, const char *body, size_t most, char **bytes,
                            size_t *size, rp_error *err)
{
    text out = {0};
    rp_error own = {0};
    const rp_code code = request_text(http, url, body, most, &out, err ? err : &own);
    if (code) {
        free(out.bytes);
        out = (text){0};
    }
    *bytes = out.bytes;
    *size = out.size;
    return code;
}

rp_code rp_crds_get_text(rp_crds_http *http, const char *url, size_t most, char **bytes, size_t *size, rp_error *err)
{
    return request_with(http, url, NULL, most, bytes, size, err);
}

rp_code rp_crds_post(rp_crds_http *http, const char *url, const char *body, size_t most, char **bytes, size_t *size,
                     rp_error *err)
{
    return request_with(http, url, body, most, bytes, size, err);
}
