/* Methods about the server and its contexts. */
#include <stdio.h>
#include <string.h>

#include "archive/services/crds/service_impl.h"

rp_code rp_crds_text(const json_t *parameters, size_t index, const char *name, const char *initial, const char **out,
                     rp_error *err)
{
    const json_t *value = json_array_get(parameters, index);
    *out = json_is_null(value) || !value ? initial : json_string_value(value);
    return *out ? RP_OK : rp_fail(err, RP_E_ARGUMENT, "the parameter %s must be a text", name);
}

rp_code rp_crds_check_observatory(const rp_crds_service *s, const json_t *parameters, size_t index, rp_error *err)
{
    const char *text;
    const rp_code code = rp_crds_text(parameters, index, "observatory", s->observatory, &text, err);
    if (!code && strcmp(text, s->observatory) != 0)
        return rp_fail(err, RP_E_ARGUMENT, "this server is that of '%s', not of '%.40s'", s->observatory, text);
    return code;
}

static rp_code give(const char *text, json_t **result, rp_error *err)
{
    *result = json_string(text);
    return *result ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for an answer");
}

rp_code rp_crds_get_server_info(rp_crds_service *s, const json_t *parameters, json_t **result, rp_error *err)
{
    (void)parameters;
    (void)err;
    *result = json_incref(s->info);
    return RP_OK;
}

static bool is_latest(const char *state)
{
    return strcmp(state, "latest") == 0 || strcmp(state, "operational") == 0;
}

rp_code rp_crds_get_default_context(rp_crds_service *s, const json_t *parameters, json_t **result, rp_error *err)
{
    const char *state;
    rp_code code = rp_crds_check_observatory(s, parameters, 0, err);
    if (!code)
        code = rp_crds_text(parameters, 1, "state", "latest", &state, err);
    if (code)
        return code;
    if (strcmp(state, "edit") == 0)
        return give(s->state.edit, result, err);
    return is_latest(state) ? give(s->state.operational, result, err)
                            : rp_fail(err, RP_E_ARGUMENT, "no context has the state '%.40s'", state);
}

/* We keep no table of releases: the operational context is for all of them. */
rp_code rp_crds_get_build_context(rp_crds_service *s, const json_t *parameters, json_t **result, rp_error *err)
{
    const rp_code code = rp_crds_check_observatory(s, parameters, 0, err);
    return code ? code : give(s->state.operational, result, err);
}

rp_code rp_crds_get_remote_context(rp_crds_service *s, const json_t *parameters, json_t **result, rp_error *err)
{
    return rp_crds_get_build_context(s, parameters, result, err);
}

rp_code rp_crds_get_context_history(rp_crds_service *s, const json_t *parameters, json_t **result, rp_error *err)
{
    const rp_code code = rp_crds_check_observatory(s, parameters, 0, err);
    if (!code)
        *result = json_incref(s->state.history);
    return code;
}

/* "2021-01-01T00:00:00" or with a space; the day alone is its beginning. */
static bool read_date(char out[32], const char *text)
{
    int y, m, d, hour = 0, minute = 0;
    double second = 0.0;
    char separator;
    const int n = sscanf(text, "%4d-%2d-%2d%c%2d:%2d:%lf", &y, &m, &d, &separator, &hour, &minute, &second);
    if ((n != 3 && n != 7) || m < 1 || m > 12 || d < 1 || d > 31 || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59 || !(second >= 0.0 && second < 61.0) || (n == 7 && separator != 'T' && separator != ' '))
        return false;
    (void)snprintf(out, 32, "%04d-%02d-%02d %02d:%02d:%09.6f", y, m, d, hour, minute, second);
    return true;
}

/* The last context that came into use at or before the date. */
static const char *context_at(const rp_crds_service *s, const char *date)
{
    const char *best = json_array_size(s->state.history) ? NULL : s->state.operational;
    json_t *era;
    size_t index;
    json_array_foreach(s->state.history, index, era)
    {
        char begin[32];
        if (read_date(begin, json_string_value(json_array_get(era, 0))) && strcmp(begin, date) <= 0)
            best = json_string_value(json_array_get(era, 1));
    }
    return best;
}

rp_code rp_crds_get_context_by_date(rp_crds_service *s, const json_t *parameters, json_t **result, rp_error *err)
{
    const char *text;
    char date[32];
    const size_t n = strlen(s->observatory);
    rp_code code = rp_crds_check_observatory(s, parameters, 1, err);
    if (!code)
        code = rp_crds_text(parameters, 0, "date", NULL, &text, err);
    if (code)
        return code;
    if (strncmp(text, s->observatory, n) == 0 && text[n] == '-')
        text += n + 1;
    if (is_latest(text) || strcmp(text, "build") == 0 || strcmp(text, "versions") == 0)
        return give(s->state.operational, result, err);
    if (strcmp(text, "edit") == 0)
        return give(s->state.edit, result, err);
    if (!read_date(date, text))
        return rp_fail(err, RP_E_ARGUMENT, "'%.60s' is no date", text);
    const char *name = context_at(s, date);
    return name ? give(name, result, err) : rp_fail(err, RP_E_MISSING, "no context was in use on %s", date);
}
