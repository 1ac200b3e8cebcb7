/* Fuzz target of everything that reads parameters: configobj files, ASDF files, values, option strings, sizes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/machine.h"
#include "host/cli/options.h"
#include "host/pipelines/expand.h"
#include "host/pipelines/scrub.h"
#include "io/params_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a file says, a plan takes it or refuses it. */
static void apply(const rp_pars *pars)
{
    rp_target target;
    rp_plan plan;
    if (rp_target_find(&target, pars->class_name ? pars->class_name : "calwebb_detector1", NULL) != RP_OK)
        (void)rp_target_find(&target, "calwebb_detector1", NULL);
    if (rp_plan_new(&plan, &target, pars->name, NULL) == RP_OK) {
        (void)rp_plan_apply(&plan, &pars->settings, RP_FROM_FILE, NULL);
        free(rp_plan_text(&plan));
    }
    rp_plan_clear(&plan);
}

static void read_file(const char *bytes, size_t size)
{
    rp_pars pars;
    rp_error err;
    if (rp_pars_parse(&pars, "fuzz.cfg", bytes, size, &err) == RP_OK)
        apply(&pars);
    rp_pars_clear(&pars);
}

/* A value that is taken must be taken again in its normal form. */
static void read_value(const char *text)
{
    rp_target target;
    rp_plan plan;
    (void)rp_target_find(&target, "clean_flicker_noise", NULL);
    if (rp_plan_new(&plan, &target, NULL, NULL) == RP_OK)
        for (size_t i = 0; i < rp_values_count(plan.values[0]); i++)
            (void)rp_values_set(plan.values[0], rp_values_param(plan.values[0], i)->name, text, RP_FROM_FILE, NULL);
    rp_plan_clear(&plan);
    char *quoted = rp_words_quote(text);
    rp_words words;
    if (quoted && rp_words_parse(&words, quoted, NULL) == RP_OK) {
        if (words.is_list || words.n != 1 || strcmp(words.item[0], text) != 0)
            abort();
        rp_words_clear(&words);
    }
    free(quoted);
}

static void read_line(char *line)
{
    char *argv[64] = {"run", "jump"};
    int argc = 2;
    for (char *rest = line, *word = strtok_r(rest, "\n", &rest); word && argc < 64; word = strtok_r(NULL, "\n", &rest))
        argv[argc++] = word;
    rp_target target;
    rp_option *options;
    size_t noptions;
    rp_arguments arguments;
    rp_machine machine;
    rp_error err;
    const int at = rp_arguments_find_target(argc, argv);
    (void)rp_target_find(&target, "jump", NULL);
    if (rp_options_of(&options, &noptions, &target, NULL) != RP_OK)
        return;
    if (rp_arguments_read(&arguments, argc, argv, at, options, noptions, &err) == RP_OK)
        (void)rp_machine_read(&machine, &arguments, &target, &err);
    rp_arguments_clear(&arguments);
    free(options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    const uint8_t which = data[0];
    char *text = malloc(size);
    if (!text)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (which % 3 == 0) {
        read_file(text, size - 1);
    } else if (which % 3 == 1) {
        const rp_scrubber scrubber = {.user = "user", .host = "host"};
        size_t bytes;
        read_value(text);
        (void)rp_size_parse(text, &bytes);
        free(rp_expand_path(text));
        free(rp_absolute_path(text));
        rp_scrub(&scrubber, text);
    } else {
        read_line(text);
    }
    free(text);
    return 0;
}
