/* Fuzz target of the rules: mapping files, compiled and asked; expressions, dates, match keys; lines of JSON. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/reference/crds/date.h"
#include "host/reference/crds/expression.h"
#include "host/reference/crds/format.h"
#include "host/reference/crds/json_line.h"
#include "host/reference/crds/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever loads must answer, and answer the same again. */
static void ask(const rp_context *context)
{
    static const rp_header_item header[] = {
        {"META.INSTRUMENT.NAME", "NIRCAM"},      {"META.INSTRUMENT.DETECTOR", "NRCA1"},
        {"META.INSTRUMENT.FILTER", "N/A"},       {"META.EXPOSURE.NGROUPS", "5"},
        {"META.OBSERVATION.DATE", "2020-01-01"}, {"META.OBSERVATION.TIME", "00:00:00.5"}};
    rp_query *query;
    rp_bests bests;
    rp_buffer first = {0}, second = {0};
    if (rp_query_new(&query, context, NULL) != RP_OK)
        return;
    for (int i = 0; i < 2; i++)
        if (rp_query_best(query, header, 6, NULL, 0, &bests, NULL) == RP_OK)
            rp_json_put_bests(i ? &second : &first, &bests);
    if (first.size != second.size || (first.size && memcmp(first.data, second.data, first.size) != 0))
        abort();
    rp_query_free(query);
    rp_buffer_clear(&first);
    rp_buffer_clear(&second);
}

/* What the writer writes, the parser takes, and its checksum is right. */
static void write_again(const rp_mapping *mapping)
{
    rp_arena arena = {0};
    rp_buffer out = {0};
    rp_mapping *again = NULL;
    rp_rows_tree *tree =
        mapping->module.selector->kind == RP_LITERAL_CALL ? rp_rows_tree_make(&arena, mapping->module.selector) : NULL;
    const bool plain_comment = !mapping->module.comment || !strpbrk(mapping->module.comment->text, "\"\\\r");
    if (plain_comment && (tree || mapping->kind != RP_RMAP) &&
        rp_mapping_format(&out, mapping, NULL, 0, tree, tree ? NULL : mapping->module.selector->pair,
                          tree ? 0 : mapping->module.selector->count) &&
        rp_mapping_parse(&again, mapping->name, rp_buffer_text(&out), out.size, false, NULL, NULL) != RP_OK)
        abort();
    rp_mapping_close(again);
    rp_buffer_clear(&out);
    rp_arena_clear(&arena);
}

static void read_mapping(const char *name, const char *text, size_t size)
{
    const rp_context_options options = {.ignore_checksums = true};
    rp_mapping *mapping;
    rp_context *context;
    char folder[] = "/tmp/rampart-fuzz-XXXXXX", path[128];
    char sum[RP_SHA1_TEXT];
    rp_sha1_mapping(sum, text, size);
    if (rp_mapping_parse(&mapping, name, text, size, false, NULL, NULL) != RP_OK)
        return;
    write_again(mapping);
    rp_mapping_close(mapping);
    if (!mkdtemp(folder))
        return;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    if (f) {
        (void)fwrite(text, 1, size, f);
        (void)fclose(f);
        if (rp_context_open(&context, NULL, path, &options, NULL) == RP_OK) {
            ask(context);
            rp_context_close(context);
        }
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

static int find_name(void *payload, const char *name)
{
    (void)payload;
    return name[0] == 'A' ? 0 : RP_NAME_UNKNOWN;
}

static const char *slot_text(void *payload, int slot, size_t *length)
{
    (void)payload;
    (void)slot;
    *length = 5;
    return "VALUE";
}

static void read_small(const char *text, size_t size)
{
    rp_arena arena = {0};
    rp_regex *regexes = NULL;
    const rp_pattern *pattern;
    const rp_expression *expression;
    const rp_scope scope = {find_name, NULL};
    const rp_lookup lookup = {slot_text, NULL};
    const char *why;
    bool truth;
    rp_buffer reason = {0};
    rp_date date;
    void *data = rp_match_data_new();
    if (data && rp_pattern_compile(&pattern, &arena, &regexes, text, NULL) == RP_OK) {
        (void)rp_pattern_match(pattern, data, "F090W", 5);
        (void)rp_pattern_match(pattern, data, text, size);
    }
    rp_regexes_free(regexes);
    if (rp_expression_parse(&expression, &arena, "x", text, &scope, NULL) == RP_OK)
        (void)rp_expression_evaluate(expression, &lookup, &arena, &truth, &why);
    if (rp_date_parse(&date, text, size, &reason)) {
        char form[RP_DATE_TEXT];
        rp_date again;
        if (!rp_date_parse(&again, form, rp_date_format(form, &date), &reason))
            abort();
    }
    (void)rp_glob(text, size / 2, text + size / 2, size - size / 2);
    rp_match_data_free(data);
    rp_buffer_clear(&reason);
    rp_arena_clear(&arena);
}

static void read_line(char *text, size_t size)
{
    rp_json_line line = {0};
    rp_buffer out = {0};
    if (rp_json_line_read(&line, text, size))
        for (size_t i = 0; i < line.nitems; i++)
            rp_json_put(&out, line.item[i].value);
    rp_json_line_clear(&line);
    rp_buffer_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"jwst_1.rmap", "jwst_1.imap", "jwst_1.pmap"};
    if (size < 1)
        return 0;
    char *text = malloc(size);
    if (!text)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    const uint8_t which = data[0];
    if (which % 5 < 3)
        read_mapping(names[which % 5], text, size - 1);
    else if (which % 5 == 3)
        read_small(text, strlen(text));
    else
        read_line(text, size - 1);
    free(text);
    return 0;
}
