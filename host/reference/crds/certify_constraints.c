/* Header rows of constraint files (.tpn): host/reference/crds/certify.h.
 *
 * A row is NAME KEYTYPE DATATYPE PRESENCE VALUES, with blanks between and '\' at the end of a line that goes on.  Rows
 * on tables and arrays, and expressions, are counted as not checked. */
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/certify_impl.h"

typedef struct constraint {
    const char *name, *presence, *values;
    char keytype, datatype;
} constraint;

static bool is_type(const char *value, char datatype)
{
    double number;
    long long integer;
    switch (datatype) {
    case 'I':
        return rp_python_parse_int(value, strlen(value), &integer);
    case 'R':
    case 'D':
        return rp_python_parse_float(value, strlen(value), &number);
    case 'L':
        return rp_certify_in_list(value, "T,F", ',');
    default:
        return true;
    }
}

/* lo:hi */
static bool in_range(const char *value, const char *range, bool *is_range)
{
    double low, high, number;
    const char *colon = strchr(range, ':');
    *is_range = colon && !strchr(range, ',') && rp_python_parse_float(range, (size_t)(colon - range), &low) &&
                rp_python_parse_float(colon + 1, strlen(colon + 1), &high);
    return *is_range && rp_python_parse_float(value, strlen(value), &number) && low <= number && number <= high;
}

/* false: the row asks for something that is not looked at here. */
static bool check(rp_certifier *c, const constraint *row)
{
    const char presence = rp_upper(row->presence[0]);
    if (row->keytype != 'H' || row->datatype == 'X' || !strchr("RPOEW", presence))
        return false;
    const char *value = rp_reference_header_get(&c->header, row->name);
    if (value && strcmp(value, "UNDEFINED") == 0)
        value = NULL;
    if (!value) {
        if (presence == 'R' || presence == 'P')
            rp_certify_tell(c, RP_ERROR, "required keyword %s is missing", row->name);
        else if (presence == 'W')
            rp_certify_tell(c, RP_WARNING, "keyword %s is missing", row->name);
        return true;
    }
    if (presence == 'E')
        rp_certify_tell(c, RP_ERROR, "keyword %s must not be there", row->name);
    else if (!is_type(value, row->datatype))
        rp_certify_tell(c, RP_ERROR, "%s '%s' is of the wrong type", row->name, value);
    if (row->values[0] == '&' || row->values[0] == '(')
        return false;
    bool is_range;
    if (*row->values && !in_range(value, row->values, &is_range) &&
        (is_range || !rp_certify_in_list(value, row->values, ',')))
        rp_certify_tell(c, RP_ERROR, "%s '%s' is none of %.300s", row->name, value, row->values);
    return true;
}

/* Takes comments away and joins lines that go on. */
static void clean(char *text)
{
    char *out = text;
    for (const char *p = text; *p; p++) {
        if (*p == '#')
            while (p[1] && p[1] != '\n')
                p++;
        else if (*p == '\\' && p[1] == '\n')
            p++;
        else
            *out++ = *p;
    }
    *out = '\0';
}

static bool read_row(char *line, constraint *out)
{
    char *word[4], *at = line;
    for (size_t n = 0; n < 4; n++) {
        at += strspn(at, " \t\r");
        word[n] = at;
        at += strcspn(at, " \t\r");
        if (at == word[n])
            return false;
        if (*at)
            *at++ = '\0';
    }
    char *values = at, *p = values; /* blanks between values have no meaning */
    for (const char *q = at; *q; q++)
        if (!strchr(" \t\r", *q))
            *p++ = *q;
    *p = '\0';
    *out = (constraint){word[0], word[3], values, rp_upper(word[1][0]), rp_upper(word[2][0])};
    return true;
}

rp_code rp_certify_constraints(rp_certifier *c, const char *path, rp_error *err)
{
    char *text, *save = NULL;
    size_t size, unchecked = 0, rows = 0;
    rp_code code = rp_read_whole(&text, &size, path, err);
    if (code)
        return code;
    clean(text);
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        constraint row;
        if (line[strspn(line, " \t\r")] == '\0')
            continue;
        rows++;
        if (!read_row(line, &row) || !check(c, &row))
            unchecked++;
    }
    if (unchecked)
        rp_certify_tell(c, RP_INFO, "%zu of %zu rows of %.200s are no plain header rows and were not checked",
                        unchecked, rows, path);
    free(text);
    return RP_OK;
}
