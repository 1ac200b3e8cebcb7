/* What the programs that run golden cases share: command lines, folders, and the comparison of products byte by byte.
 *
 * A golden case is a folder with `args` (one argument a line; "@" is the folder, "OUT" the output folder), input, refs
 * and truth.  Nothing here is for the library: errors that cannot happen in a sound checkout end the program. */
#ifndef RP_TESTS_COMMON_CASE_H
#define RP_TESTS_COMMON_CASE_H

#include <stdbool.h>
#include <stddef.h>

enum { RP_TEST_ARGS = 160, RP_TEST_PATH = 4096, RP_TEST_SKIPPED = 77 /* SKIP_RETURN_CODE of ctest */ };

typedef struct test_command {
    char *argv[RP_TEST_ARGS];
    int argc;
} test_command;

/* printf into a new string; never NULL. */
char *test_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

void test_push(test_command *command, const char *text);
/* "BIN run" and the arguments of the case.  argv[3] is the exposure, unpacked into `exposure_dir`. */
void test_push_case(test_command *command, const char *bin, const char *case_dir, const char *exposure_dir,
                    const char *out_dir);
void test_clear(test_command *command);

/* Runs it; what it says on standard error, and on standard output if `keep_out`, is then in file `log`.  The exit code, or
 * 128 + number after a signal. */
int test_run(const test_command *command, const char *log, bool keep_out);

/* The same in two parts.  `before` (NULL: nothing) is called in the child just before the program starts. */
typedef struct test_child {
    int pid, pipe;
} test_child;
test_child test_start(const test_command *command, bool keep_out, void (*before)(const void *), const void *payload);
int test_finish(test_child child, const char *log);

/* The whole file, terminated; caller frees.  NULL when it cannot be read. */
char *test_read_file(const char *path, size_t *bytes);
/* The file is there, and holds this text. */
bool test_file_says(const char *path, const char *text);
void test_write_file(const char *path, const void *bytes, size_t n);

void test_make_folder(const char *path);   /* and its parents */
void test_remove_folder(const char *path); /* with everything in it; absent is fine */
void test_fresh_folder(const char *path);

/* Names in a folder without "." and "..", sorted; the list ends with NULL; free it with test_free_names. */
char **test_names(const char *path);
void test_free_names(char **names);

/* Same HDUs and data bytes; differences are printed.  ASDF extensions are left out: they hold dates. */
bool test_same_product(const char *a, const char *b);
/* One plane of both files has the same bytes. */
bool test_same_plane(const char *a, const char *a_extname, const char *b, const char *b_extname);
/* Every product in folder `b` has its like in `a`, and there is at least one. */
bool test_same_folder(const char *a, const char *b);

#endif
