/* HTTP for the CRDS client, over libcurl: bounded in time and size, tried again as the settings say. */
#ifndef RP_HOST_REFERENCE_CLIENT_TRANSPORT_H
#define RP_HOST_REFERENCE_CLIENT_TRANSPORT_H

#include <jansson.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "host/reference/client/settings.h"
#include "rampart/log.h"

typedef struct rp_crds_http rp_crds_http;

/* Settings, log and cancel flag live as long as it does; log and cancel may be NULL. */
rp_code rp_crds_http_new(rp_crds_http **out, const rp_crds_settings *settings, const rp_log *log,
                         const volatile sig_atomic_t *cancel, rp_error *err);
void rp_crds_http_free(rp_crds_http *http); /* NULL is fine */

/* Receives bytes as they come; anything but RP_OK ends the transfer with that code. */
typedef rp_code rp_crds_sink(void *payload, const void *bytes, size_t size, rp_error *err);

/* One GET, no retries.  A reply other than 200, a stall, an early end: RP_E_IO.  More than `most` bytes: RP_E_FORMAT.
 */
rp_code rp_crds_get(rp_crds_http *http, const char *url, uint64_t most, rp_crds_sink *sink, void *payload,
                    rp_error *err);

/* The same into memory, with retries; *bytes is terminated; caller frees. */
rp_code rp_crds_get_text(rp_crds_http *http, const char *url, size_t most, char **bytes, size_t *size, rp_error *err);

rp_code rp_crds_post(rp_crds_http *http, const char *url, const char *body, size_t most, char **bytes, size_t *size,
                     rp_error *err);

/* One JSON-RPC call with retries.  `parameters` (an array) is taken over.  An error of the service: RP_E_MISSING with
 * its text.  Caller decrefs *result. */
rp_code rp_crds_call(rp_crds_http *http, const char *method, json_t *parameters, json_t **result, rp_error *err);

/* Waits before the next try; RP_E_INTERRUPTED when cancelled. */
rp_code rp_crds_wait(const rp_crds_http *http, rp_error *err);
const rp_crds_settings *rp_crds_http_settings(const rp_crds_http *http);

/* Undoes crds_encoded: base64 of gzipped JSON.  Other values come back as they are.  `value` is taken over. */
rp_code rp_crds_decode(json_t *value, json_t **out, rp_error *err);

#endif
