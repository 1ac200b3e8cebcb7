/* rampart-plot RESULTS.jsonl OUT.png: wall time, processor time and memory of every line that `rampart bench --json` or
 * peers/run_peer.py --json wrote, as a chart. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/measure/measure.h"

enum { MAX_BARS = 200, GROUPS = 3 };

static const struct {
    const char *key, *peer_key, *title, *unit;
    double scale;
} quantities[GROUPS] = {
    {"wall_s", "wall_s", "wall time, best run", "s", 1.0},
    {"cpu_s", "cpu_s", "processor time, best run", "s", 1.0},
    {"peak_memory_bytes", "rss_mib", "peak memory", "MiB", 1.0 / 1048576.0},
};

static void add_bar(rp_bar *bars, size_t *n, const char *label, double value, const char *unit)
{
    if (*n == MAX_BARS)
        return;
    rp_bar *bar = &bars[(*n)++];
    bar->value = value;
    (void)snprintf(bar->label, sizeof bar->label, "%s", label);
    (void)snprintf(bar->note, sizeof bar->note, "%.4g %s", value, unit);
}

static double minimum_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(json_object_get(object, key), "min"));
}

/* A line of `rampart bench` has one back end; a line of the peers script has "runs" by program. */
static void add_line(const json_t *line, rp_bar bars[GROUPS][MAX_BARS], size_t n[GROUPS])
{
    json_t *runs = json_object_get(line, "runs"), *run;
    const char *name;
    for (size_t k = 0; k < GROUPS; k++) {
        if (json_is_object(runs)) {
            json_object_foreach(runs, name, run)
                add_bar(bars[k], &n[k], name, minimum_of(run, quantities[k].peer_key), quantities[k].unit);
        } else if (json_string_value(json_object_get(line, "backend"))) {
            add_bar(bars[k], &n[k], json_string_value(json_object_get(line, "backend")),
                    minimum_of(line, quantities[k].key) * quantities[k].scale, quantities[k].unit);
        }
    }
}

static int read_lines(const char *path, rp_bar bars[GROUPS][MAX_BARS], size_t n[GROUPS])
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t room = 0;
    if (!file) {
        perror(path);
        return 1;
    }
    while (getline(&text, &room, file) >= 0) {
        json_t *line = json_loads(text, 0, NULL);
        if (line)
            add_line(line, bars, n);
        json_decref(line);
    }
    free(text);
    (void)fclose(file);
    return 0;
}

int main(int argc, char **argv)
{
    static rp_bar bars[GROUPS][MAX_BARS];
    size_t n[GROUPS] = {0};
    rp_bar_group groups[GROUPS] = {0};
    rp_picture picture = {0};
    rp_error err;
    if (argc != 3) {
        fprintf(stderr, "usage: rampart-plot RESULTS.jsonl OUT.png\n");
        return 2;
    }
    if (read_lines(argv[1], bars, n))
        return 1;
    for (size_t k = 0; k < GROUPS; k++) {
        (void)snprintf(groups[k].title, sizeof groups[k].title, "%s", quantities[k].title);
        groups[k].bar = bars[k];
        groups[k].nbars = n[k];
    }
    rp_code code = rp_chart_draw(&picture, argv[1], groups, GROUPS, &err);
    if (!code)
        code = rp_png_write(&picture, argv[2], &err);
    rp_picture_free(&picture);
    if (code)
        fprintf(stderr, "rampart-plot: %s\n", err.text);
    return code != 0;
}
