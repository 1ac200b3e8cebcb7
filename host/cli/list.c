/* rampart list: pipelines and steps, as text or JSON. */
#include <jansson.h>
#include <string.h>

#include "host/cli/cli.h"
#include "host/cli/help.h"
#include "host/cli/plan.h"

static void print_pipelines(void)
{
    size_t n;
    const rp_pipeline *const *pipelines = rp_pipeline_all(&n);
    (void)puts("Pipelines:");
    for (size_t i = 0; i < n; i++) {
        (void)printf("  %-22s%s%s\n", pipelines[i]->name, pipelines[i]->title,
                     pipelines[i]->refusal ? " (not run by this release)" : "");
        for (const char *const *alias = pipelines[i]->aliases; *alias; alias++)
            (void)printf("  %-22sthe same\n", *alias);
    }
}

static void print_steps(void)
{
    size_t n;
    const rp_step *const *steps = rp_step_all(&n);
    (void)puts("\nSteps:");
    for (size_t i = 0; i < n; i++)
        (void)printf("  %-22s%s%s\n", steps[i]->name, steps[i]->title,
                     steps[i]->ops ? "" : " (not run by this release)");
}

static json_t *names_json(const char *const *names)
{
    json_t *list = json_array();
    for (; *names; names++)
        (void)json_array_append_new(list, json_string(*names));
    return list;
}

static json_t *params_json(const rp_param *params, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        char type[128];
        rp_help_placeholder(type, sizeof type, &params[i]);
        json_t *item = json_object();
        (void)json_object_set_new(item, "name", json_string(params[i].name));
        (void)json_object_set_new(item, "type", json_string(type));
        (void)json_object_set_new(item, "default", json_string(params[i].initial));
        (void)json_object_set_new(item, "unit", json_string(params[i].unit));
        (void)json_object_set_new(item, "doc", json_string(params[i].doc));
        (void)json_array_append_new(list, item);
    }
    return list;
}

static json_t *pipeline_json(const rp_pipeline *pipeline)
{
    json_t *item = json_object();
    (void)json_object_set_new(item, "name", json_string(pipeline->name));
    (void)json_object_set_new(item, "aliases", names_json(pipeline->aliases));
    (void)json_object_set_new(item, "class", json_string(pipeline->class_name));
    (void)json_object_set_new(item, "runs", json_boolean(!pipeline->refusal));
    (void)json_object_set_new(item, "steps", names_json(pipeline->steps));
    (void)json_object_set_new(item, "order", names_json(pipeline->order_nir));
    (void)json_object_set_new(item, "order_miri", names_json(pipeline->order_miri));
    (void)json_object_set_new(item, "parameters", params_json(pipeline->params, pipeline->nparams));
    return item;
}

static json_t *step_json(const rp_step *step)
{
    json_t *item = json_object();
    (void)json_object_set_new(item, "name", json_string(step->name));
    (void)json_object_set_new(item, "class", json_string(step->class_name));
    (void)json_object_set_new(item, "runs", json_boolean(step->ops != NULL));
    (void)json_object_set_new(item, "skip_by_default", json_boolean(step->skip_by_default));
    (void)json_object_set_new(item, "references", names_json(step->reftypes));
    (void)json_object_set_new(item, "parameters", params_json(step->params, step->nparams));
    return item;
}

static void print_json(void)
{
    size_t npipelines, nsteps;
    const rp_pipeline *const *pipelines = rp_pipeline_all(&npipelines);
    const rp_step *const *steps = rp_step_all(&nsteps);
    json_t *object = json_object(), *list = json_array();
    for (size_t i = 0; i < npipelines; i++)
        (void)json_array_append_new(list, pipeline_json(pipelines[i]));
    (void)json_object_set_new(object, "pipelines", list);
    list = json_array();
    for (size_t i = 0; i < nsteps; i++)
        (void)json_array_append_new(list, step_json(steps[i]));
    (void)json_object_set_new(object, "steps", list);
    (void)json_object_set_new(object, "common_parameters", params_json(rp_common_params, rp_common_param_count));
    if (json_dumpf(object, stdout, JSON_INDENT(1)) == 0)
        (void)fputc('\n', stdout);
    json_decref(object);
}

int rp_verb_list(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        (void)puts("Usage: rampart list [--json]\n\nLists the pipelines and steps that \"rampart run\" knows.");
        return RP_EXIT_OK;
    }
    if (argc == 2 && strcmp(argv[1], "--json") == 0) {
        print_json();
        return RP_EXIT_OK;
    }
    if (argc > 1) {
        char text[160];
        (void)snprintf(text, sizeof text, "unrecognized arguments: %.100s", argv[1]);
        return rp_cli_usage_error("list", text);
    }
    print_pipelines();
    print_steps();
    return RP_EXIT_OK;
}
