/* What a context holds, by name: include/rampart/context.h. */
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/rules.h"

const char *rp_context_name(const rp_context *context)
{
    return context->name;
}

rp_names rp_context_mappings(const rp_context *context)
{
    return context->mapping_names;
}

rp_names rp_context_references(const rp_context *context)
{
    return context->reference_names;
}

rp_names rp_context_instruments(const rp_context *context)
{
    return context->instrument_names;
}

static const rp_instrument *find(const rp_context *context, const char *instrument)
{
    for (size_t i = 0; i < context->ninstruments; i++)
        if (rp_same_letters(context->instrument[i].name, instrument))
            return &context->instrument[i];
    return NULL;
}

rp_names rp_context_types(const rp_context *context, const char *instrument)
{
    const rp_instrument *in = find(context, instrument);
    return in ? in->types : (rp_names){NULL, 0};
}

rp_names rp_context_parkeys(const rp_context *context, const char *instrument)
{
    const rp_instrument *in = find(context, instrument);
    return in ? in->parkeys : (rp_names){NULL, 0};
}

static int compare(const void *name, const void *element)
{
    const rp_mapping *const *mapping = element;
    return strcmp(name, (*mapping)->name);
}

const rp_mapping *rp_context_mapping(const rp_context *context, const char *name)
{
    rp_mapping *const *found = bsearch(name, context->mapping, context->nmappings, sizeof *context->mapping, compare);
    return found ? *found : NULL;
}

const char *rp_context_lookup(const rp_context *context, const char *instrument, const char *type)
{
    const rp_instrument *in = find(context, instrument);
    if (!in)
        return NULL;
    if (!type)
        return in->special ? in->special : in->imap ? in->imap->name : NULL;
    for (size_t i = 0; i < in->nrules; i++)
        if (rp_same_letters(in->rule[i].type, type))
            return in->rule[i].special ? in->rule[i].special : in->rule[i].mapping->name;
    return NULL;
}
