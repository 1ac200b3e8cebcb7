/* The keyword dictionary: io/product/dictionary.h. */
#include <stdio.h>
#include <string.h>

#include "io/product/dictionary.h"

enum {
    RAMP = 1 << RP_SCHEMA_RAMP,
    IMAGE = 1 << RP_SCHEMA_IMAGE,
    IFU_IMAGE = 1 << RP_SCHEMA_IFU_IMAGE,
    CUBE = 1 << RP_SCHEMA_CUBE,
    FITOPT = 1 << RP_SCHEMA_FITOPT,
    GUIDER_RAW = 1 << RP_SCHEMA_GUIDER_RAW,
    GUIDER_CAL = 1 << RP_SCHEMA_GUIDER_CAL,
    ALL = RAMP | IMAGE | IFU_IMAGE | CUBE | FITOPT | GUIDER_RAW | GUIDER_CAL
};

static const rp_keyword keywords[] = {
#define RP_KEYWORD(hdu, keyword, path, type, models, section, values, comment) \
    {hdu, keyword, path, RP_VALUE_##type, models, section, values, comment},
#include "io/product/keywords.def"
#undef RP_KEYWORD
};

static const rp_layout layouts[] = {
#define RP_PLANE(model, hdu, path, type, naxis) {model, hdu, path, false, RP_##type, naxis},
#define RP_TABLE(model, hdu, path) {model, hdu, path, true, RP_U8, 1},
#include "io/product/keywords.def"
#undef RP_PLANE
#undef RP_TABLE
};

static const unsigned short by_name[] = {
#define RP_NAME(index) index,
#include "io/product/keywords.def"
#undef RP_NAME
};

enum { KEYWORDS = sizeof keywords / sizeof *keywords, LAYOUTS = sizeof layouts / sizeof *layouts };

static const char *const classes[] = {
    [RP_SCHEMA_RAMP] = "RampModel",
    [RP_SCHEMA_IMAGE] = "ImageModel",
    [RP_SCHEMA_IFU_IMAGE] = "IFUImageModel",
    [RP_SCHEMA_CUBE] = "CubeModel",
    [RP_SCHEMA_FITOPT] = "RampFitOutputModel",
    [RP_SCHEMA_GUIDER_RAW] = "GuiderRawModel",
    [RP_SCHEMA_GUIDER_CAL] = "GuiderCalModel",
    [RP_SCHEMA_ANY] = "",
};

size_t rp_keyword_count(void)
{
    return KEYWORDS;
}

const rp_keyword *rp_keyword_at(size_t index)
{
    return &keywords[index];
}

size_t rp_keyword_index(const rp_keyword *keyword)
{
    return (size_t)(keyword - keywords);
}

size_t rp_keyword_range(const char *name, size_t *first)
{
    size_t low = 0, high = KEYWORDS;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (strcmp(keywords[by_name[middle]].keyword, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *first = low;
    size_t count = 0;
    while (low + count < KEYWORDS && !strcmp(keywords[by_name[low + count]].keyword, name))
        count++;
    return count;
}

const rp_keyword *rp_keyword_named(size_t entry)
{
    return &keywords[by_name[entry]];
}

bool rp_keyword_in(const rp_keyword *keyword, rp_schema schema)
{
    return schema == RP_SCHEMA_ANY || (keyword->models >> schema & 1u);
}

const rp_keyword *rp_keyword_find(const char *hdu, const char *name, rp_schema schema)
{
    size_t first;
    const size_t count = rp_keyword_range(name, &first);
    for (size_t k = 0; k < count; k++) {
        const rp_keyword *keyword = rp_keyword_named(first + k);
        if (!strcmp(keyword->hdu, hdu) && rp_keyword_in(keyword, schema))
            return keyword;
    }
    return NULL;
}

bool rp_schema_has_hdu(rp_schema schema, const char *hdu)
{
    if (!strcmp(hdu, "PRIMARY") || rp_schema_plane(schema, hdu))
        return true;
    for (size_t k = 0; k < KEYWORDS; k++)
        if (rp_keyword_in(&keywords[k], schema) && !strcmp(keywords[k].hdu, hdu))
            return true;
    return false;
}

bool rp_schema_has_object(rp_schema schema, const char *path, size_t length)
{
    for (size_t k = 0; k < KEYWORDS; k++)
        if (!strncmp(keywords[k].path, path, length) && keywords[k].path[length] == '.' &&
            rp_keyword_in(&keywords[k], schema))
            return true;
    return false;
}

static bool has_type(rp_value_type type, const rp_node *value)
{
    switch (type) {
    case RP_VALUE_STRING:
        return value->kind == RP_NODE_STRING;
    case RP_VALUE_NUMBER:
        return value->kind == RP_NODE_INT || value->kind == RP_NODE_FLOAT;
    case RP_VALUE_INTEGER:
        return value->kind == RP_NODE_INT;
    case RP_VALUE_BOOLEAN:
        return value->kind == RP_NODE_BOOL;
    }
    return false;
}

static bool is_listed(const char *values, const char *text)
{
    const size_t length = strlen(text);
    for (const char *p = values; p; p = strchr(p, '|')) {
        p += *p == '|';
        if (!strncmp(p, text, length) && (p[length] == '|' || p[length] == '\0'))
            return true;
    }
    return false;
}

bool rp_keyword_allows(const rp_keyword *keyword, const rp_node *value)
{
    char number[32];
    if (!has_type(keyword->type, value))
        return false;
    if (!keyword->values)
        return true;
    if (value->kind == RP_NODE_STRING)
        return is_listed(keyword->values, value->text);
    if (value->kind != RP_NODE_INT)
        return false;
    (void)snprintf(number, sizeof number, "%lld", (long long)value->integer);
    return is_listed(keyword->values, number);
}

const rp_layout *rp_schema_planes(rp_schema schema, size_t *count)
{
    size_t first = 0, n = 0;
    if (schema != RP_SCHEMA_ANY) {
        while (first < LAYOUTS && !(layouts[first].model >> schema & 1u))
            first++;
        while (first + n < LAYOUTS && (layouts[first + n].model >> schema & 1u))
            n++;
    }
    *count = n;
    return layouts + (n ? first : 0);
}

const rp_layout *rp_schema_plane(rp_schema schema, const char *hdu)
{
    size_t count;
    const rp_layout *planes = rp_schema_planes(schema, &count);
    for (size_t k = 0; k < count; k++)
        if (!strcmp(planes[k].hdu, hdu))
            return &planes[k];
    return NULL;
}

const char *rp_schema_class(rp_schema schema)
{
    return classes[schema];
}

rp_schema rp_schema_of_class(const char *name)
{
    if (!strcmp(name, "Level1bModel")) /* raw exposures are read as ramps */
        return RP_SCHEMA_RAMP;
    for (int k = 0; k < RP_SCHEMA_ANY; k++)
        if (!strcmp(classes[k], name))
            return (rp_schema)k;
    return RP_SCHEMA_ANY;
}
