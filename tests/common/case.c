/* Command lines, folders and products of golden cases: tests/common/case.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "rampart/container.h"
#include "tests/common/case.h"

static void give_up(const char *what, const char *path)
{
    perror(path);
    (void)fprintf(stderr, "test: cannot %s %s\n", what, path);
    exit(2);
}

char *test_text(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    const int n = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (n < 0)
        give_up("make a text for", format);
    return text;
}

/* ------------------------------------------------------------------ commands */
void test_push(test_command *command, const char *text)
{
    if (command->argc == RP_TEST_ARGS - 1)
        give_up("take a further argument", text);
    command->argv[command->argc++] = test_text("%s", text);
    command->argv[command->argc] = NULL;
}

/* Products are named after the exposure, and the reference's were made from an unpacked one: it is unpacked. */
static void push_exposure(test_command *command, const char *packed, const char *case_dir, const char *folder)
{
    const char *name = strrchr(packed, '/') + 1;
    char bytes[1 << 14], *from = test_text("%s%s", case_dir, packed + 1);
    char *to = test_text("%s/%.*s", folder, (int)(strlen(name) - 3), name);
    test_make_folder(folder);
    gzFile in = gzopen(from, "rb");
    FILE *out = fopen(to, "wb");
    int got = in && out ? 1 : -1;
    while (got > 0 && (got = gzread(in, bytes, sizeof bytes)) > 0)
        if (fwrite(bytes, 1, (size_t)got, out) != (size_t)got)
            give_up("write", to);
    if (got < 0 || gzclose(in) != Z_OK || fclose(out) != 0)
        give_up("unpack", from);
    test_push(command, to);
    free(from);
    free(to);
}

static void push_filled(test_command *command, const char *line, const char *case_dir, const char *out_dir)
{
    const char *at = strchr(line, '@'), *out = strstr(line, "=OUT");
    char *text = at    ? test_text("%.*s%s%s", (int)(at - line), line, case_dir, at + 1)
                 : out ? test_text("%.*s=%s", (int)(out - line), line, out_dir)
                       : test_text("%s", line);
    test_push(command, text);
    free(text);
}

void test_push_case(test_command *command, const char *bin, const char *case_dir, const char *exposure_dir,
                    const char *out_dir)
{
    char line[2048], *path = test_text("%s/args", case_dir);
    FILE *f = fopen(path, "r");
    if (!f)
        give_up("read", path);
    test_push(command, bin);
    test_push(command, "run");
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        const size_t n = strlen(line);
        if (!strncmp(line, "@/input/", 8) && n > 3 && !strcmp(line + n - 3, ".gz"))
            push_exposure(command, line, case_dir, exposure_dir);
        else if (n > 0)
            push_filled(command, line, case_dir, out_dir);
    }
    (void)fclose(f);
    free(path);
}

void test_clear(test_command *command)
{
    while (command->argc > 0)
        free(command->argv[--command->argc]);
    command->argv[0] = NULL;
}

test_child test_start(const test_command *command, bool keep_out, void (*before)(const void *), const void *payload)
{
    int ends[2];
    if (pipe(ends) != 0)
        give_up("run", command->argv[0]);
    (void)fflush(NULL);
    const pid_t child = fork();
    if (child < 0)
        give_up("run", command->argv[0]);
    if (child > 0) {
        (void)close(ends[1]);
        return (test_child){child, ends[0]};
    }
    const int nothing = open("/dev/null", O_RDWR);
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(keep_out ? ends[1] : nothing, 1) < 0 || dup2(ends[1], 2) < 0)
        _exit(127);
    (void)close(nothing);
    (void)close(ends[0]);
    (void)close(ends[1]);
    if (before)
        before(payload);
    execv(command->argv[0], command->argv);
    _exit(127);
}

/* The log is written here and not by the child: its limits and full disks are part of the tests. */
int test_finish(test_child child, const char *log)
{
    char bytes[4096];
    FILE *f = fopen(log, "wb");
    if (!f)
        give_up("write", log);
    for (ssize_t got; (got = read(child.pipe, bytes, sizeof bytes)) != 0;) {
        if (got > 0 && fwrite(bytes, 1, (size_t)got, f) != (size_t)got)
            give_up("write", log);
        if (got < 0 && errno != EINTR)
            give_up("read from the program for", log);
    }
    (void)fclose(f);
    (void)close(child.pipe);
    int status = 0;
    if (waitpid(child.pid, &status, 0) != child.pid)
        give_up("wait for the program for", log);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int test_run(const test_command *command, const char *log, bool keep_out)
{
    return test_finish(test_start(command, keep_out, NULL, NULL), log);
}

/* ------------------------------------------------------------------ files */
char *test_read_file(const char *path, size_t *bytes)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    size_t n = 0, capacity = 1 << 16;
    char *text = malloc(capacity);
    for (size_t got = 1; text && got > 0;) {
        if (n + 1 == capacity)
            text = realloc(text, capacity *= 2);
        got = text ? fread(text + n, 1, capacity - 1 - n, f) : 0;
        n += got;
    }
    (void)fclose(f);
    if (text)
        text[n] = '\0';
    if (bytes)
        *bytes = n;
    return text;
}

bool test_file_says(const char *path, const char *text)
{
    char *held = test_read_file(path, NULL);
    const bool found = held && strstr(held, text) != NULL;
    free(held);
    return found;
}

void test_write_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
        give_up("write", path);
}

void test_make_folder(const char *path)
{
    char *text = test_text("%s", path);
    for (char *p = text + 1; *p; p++)
        if (*p == '/') {
            *p = '\0';
            (void)mkdir(text, 0777);
            *p = '/';
        }
    struct stat info;
    if (mkdir(text, 0777) != 0 && (stat(text, &info) != 0 || !S_ISDIR(info.st_mode)))
        give_up("make folder", path);
    free(text);
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info, (void)kind, (void)where;
    return remove(path);
}

void test_remove_folder(const char *path)
{
    if (access(path, F_OK) == 0 && nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
        give_up("remove", path);
}

void test_fresh_folder(const char *path)
{
    test_remove_folder(path);
    test_make_folder(path);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **test_names(const char *path)
{
    size_t n = 0;
    char **names = calloc(1, sizeof *names);
    DIR *d = opendir(path);
    if (!d || !names)
        give_up("list", path);
    for (struct dirent *e; (e = readdir(d));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        names = realloc(names, (n + 2) * sizeof *names);
        if (!names)
            give_up("list", path);
        names[n++] = test_text("%s", e->d_name);
        names[n] = NULL;
    }
    (void)closedir(d);
    qsort(names, n, sizeof *names, by_name);
    return names;
}

void test_free_names(char **names)
{
    for (char **name = names; *name; name++)
        free(*name);
    free(names);
}

/* ------------------------------------------------------------------ products */
static bool same_bytes(rp_container *a, size_t i, rp_container *b, size_t k)
{
    rp_error err = {0};
    const size_t n = (size_t)b->hdu[k].data_bytes;
    if ((size_t)a->hdu[i].data_bytes != n)
        return false;
    char *x = malloc(n + 1), *y = malloc(n + 1);
    const bool same = x && y && a->read_bytes(a, i, 0, n, x, &err) == RP_OK &&
                      b->read_bytes(b, k, 0, n, y, &err) == RP_OK && memcmp(x, y, n) == 0;
    free(x);
    free(y);
    return same;
}

static bool open_both(rp_container **x, const char *a, rp_container **y, const char *b)
{
    rp_error err = {0};
    *x = *y = NULL;
    if (rp_container_open(x, a, NULL, &err) == RP_OK && rp_container_open(y, b, NULL, &err) == RP_OK)
        return true;
    printf("    %s\n", err.text);
    return false;
}

static void close_both(rp_container *x, rp_container *y)
{
    if (x)
        x->close(x);
    if (y)
        y->close(y);
}

bool test_same_product(const char *a, const char *b)
{
    rp_container *x, *y;
    bool same = open_both(&x, a, &y, b);
    if (same && x->nhdu != y->nhdu) {
        printf("    %s has another number of HDUs\n", a);
        same = false;
    }
    for (size_t k = 0; same && k < y->nhdu; k++) {
        const bool alike = strcmp(x->hdu[k].extname, y->hdu[k].extname) == 0;
        if (alike && (strcmp(y->hdu[k].extname, "ASDF") == 0 || same_bytes(x, k, y, k)))
            continue;
        printf("    %s: %s differs\n", a, y->hdu[k].extname);
        same = false;
    }
    close_both(x, y);
    return same;
}

bool test_same_plane(const char *a, const char *a_extname, const char *b, const char *b_extname)
{
    rp_container *x, *y;
    bool same = open_both(&x, a, &y, b);
    if (same) {
        const int i = rp_container_find(x, a_extname, 1), k = rp_container_find(y, b_extname, 1);
        same = i >= 0 && k >= 0 && same_bytes(x, (size_t)i, y, (size_t)k);
    }
    if (!same)
        printf("    %s of %s is not %s of %s\n", a_extname, a, b_extname, b);
    close_both(x, y);
    return same;
}

bool test_same_folder(const char *a, const char *b)
{
    bool same = true;
    char **names = test_names(b);
    for (char **name = names; *name; name++) {
        char *x = test_text("%s/%s", a, *name), *y = test_text("%s/%s", b, *name);
        same = test_same_product(x, y) && same;
        free(x);
        free(y);
    }
    same = same && names[0] != NULL;
    test_free_names(names);
    return same;
}
