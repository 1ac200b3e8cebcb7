/* The rooms depend on each other one way only; every public header compiles alone. */
#include <dirent.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* A file of `room` may include files of the rooms in `may`. */
static const struct rule {
    const char *room, *may;
} rules[] = {
    {"kernels", "kernels include/rampart/dq.h"},
    {"include", "include"},
    {"io", "io include"},
    {"host", "host kernels io include"},
    {"archive", "archive include io"},
};

static int violations;

static bool allowed(const char *may, const char *target)
{
    char list[128];
    (void)snprintf(list, sizeof list, "%s", may);
    for (char *save = NULL, *word = strtok_r(list, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        const size_t n = strlen(word);
        if (!strncmp(target, word, n) && (target[n] == '/' || target[n] == '\0'))
            return true;
    }
    return false;
}

/* The path from the root of an include as written in `file`. */
static void resolve(char *out, size_t size, const char *file, const char *name)
{
    struct stat info;
    char folder[512], full[2200];
    (void)snprintf(folder, sizeof folder, "%.500s", file);
    char *slash = strrchr(folder, '/');
    *slash = '\0';
    if (!strncmp(name, "rampart/", 8))
        (void)snprintf(out, size, "include/%s", name);
    else if (!strncmp(name, "../", 3))
        (void)snprintf(out, size, "%s", name + 3);
    else {
        (void)snprintf(full, sizeof full, "%s/%s/%s", RP_SOURCE_DIR, folder, name);
        if (stat(full, &info) == 0)
            (void)snprintf(out, size, "%s/%s", folder, name);
        else
            (void)snprintf(out, size, "%s", name);
    }
}

static void check_file(const char *path, const struct rule *rule)
{
    char full[2200], line[1024], name[512], target[1200];
    (void)snprintf(full, sizeof full, "%s/%s", RP_SOURCE_DIR, path);
    FILE *f = fopen(full, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, " #include \"%511[^\"]\"", name) != 1)
            continue;
        resolve(target, sizeof target, path, name);
        if (!allowed(rule->may, target)) {
            print_error("%s includes %s: %s may know only: %s\n", path, target, rule->room, rule->may);
            violations++;
        }
    }
    (void)fclose(f);
}

static size_t walk(const char *folder, const struct rule *rule)
{
    char full[1024], path[1024];
    size_t files = 0;
    (void)snprintf(full, sizeof full, "%s/%s", RP_SOURCE_DIR, folder);
    DIR *d = opendir(full);
    if (!d)
        return 0;
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%.480s/%.480s", folder, e->d_name);
        const char *dot = strrchr(e->d_name, '.');
        if (e->d_type == DT_DIR)
            files += walk(path, rule);
        else if (dot && (!strcmp(dot, ".c") || !strcmp(dot, ".h"))) {
            check_file(path, rule);
            files++;
        }
    }
    (void)closedir(d);
    return files;
}

static void test_one_way(void **state)
{
    (void)state;
    size_t files = 0;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        files += walk(rules[i].room, &rules[i]);
    assert_true(files > 40); /* the walk found the tree */
    assert_int_equal(violations, 0);
}

static void test_rule_can_fail(void **state)
{
    (void)state;
    assert_false(allowed("io include", "host/compute/chain.h"));
    assert_false(allowed("kernels include/rampart/dq.h", "include/rampart/plane.h"));
    assert_true(allowed("host kernels io include", "include/rampart/plane.h"));
}

static void test_headers_alone(void **state)
{
    (void)state;
    char folder[1024], command[4096];
    (void)snprintf(folder, sizeof folder, "%s/include/rampart", RP_SOURCE_DIR);
    DIR *d = opendir(folder);
    assert_non_null(d);
    int headers = 0;
    for (struct dirent *e; (e = readdir(d));) {
        const char *dot = strrchr(e->d_name, '.');
        if (!dot || strcmp(dot, ".h") != 0)
            continue;
        (void)snprintf(command, sizeof command,
                       "printf '#include \"rampart/%%s\"\\nint unused;\\n' '%s' | cc -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I '%s/include' -x c -",
                       e->d_name, RP_SOURCE_DIR);
        if (system(command) != 0) {
            print_error("%s does not compile alone\n", e->d_name);
            fail();
        }
        headers++;
    }
    (void)closedir(d);
    assert_true(headers >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_way),
        cmocka_unit_test(test_rule_can_fail),
        cmocka_unit_test(test_headers_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
