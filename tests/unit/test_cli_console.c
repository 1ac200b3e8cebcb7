/* Log options and progress: levels, stpipe-log.cfg, files, the text of the bar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/cli/console.h"
#include "host/cli/progress.h"

static void levels(void **state)
{
    (void)state;
    rp_level level = RP_INFO;
    assert_true(rp_level_parse("debug", &level));
    assert_int_equal(level, RP_DEBUG);
    assert_true(rp_level_parse("WARN", &level));
    assert_int_equal(level, RP_WARNING);
    assert_true(rp_level_parse("40", &level));
    assert_int_equal(level, RP_ERROR);
    assert_false(rp_level_parse("LOUD", &level));
    assert_false(rp_level_parse("", &level));
    assert_false(rp_level_parse("-1", &level));
}

static void read_text(const char *path, char *text, size_t capacity)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, capacity - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void a_log_file_holds_lines_in_struns_form(void **state)
{
    (void)state;
    char path[] = "/tmp/rampart_log_XXXXXX", text[1024];
    const int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(close(descriptor), 0);
    rp_console_options options = rp_console_defaults();
    options.stream = "null";
    options.file = path;
    options.quiet = true; /* concerns the stream alone */
    rp_console *console = NULL;
    rp_recorder *recorder = NULL;
    char **lines = NULL;
    size_t n = 0;
    assert_int_equal(rp_recorder_new(&recorder, NULL), RP_OK);
    assert_int_equal(rp_console_open(&console, &options, NULL), RP_OK);
    rp_console_record(console, recorder);
    rp_logf(rp_console_log(console), RP_DEBUG, "a", "not at this level");
    rp_logf(rp_console_log(console), RP_WARNING, "stpipe.step", "value %d", 7);
    assert_int_equal(rp_recorder_lines(recorder, &lines, &n, NULL), RP_OK);
    rp_console_close(console);
    read_text(path, text, sizeof text);
    assert_int_equal(text[10], ' ');
    assert_int_equal(text[19], ',');
    assert_string_equal(text + 23, " - stpipe.step - WARNING - value 7\n");
    assert_int_equal(n, 1);
    free(lines);
    rp_recorder_free(recorder);
    assert_int_equal(unlink(path), 0);
    options.stream = "printer";
    options.file = NULL;
    assert_int_equal(rp_console_open(&console, &options, NULL), RP_E_ARGUMENT);
    options.stream = "null";
    options.file = "/no/such/folder/run.log";
    assert_int_equal(rp_console_open(&console, &options, NULL), RP_E_IO);
}

static void logcfg_names_handlers_and_level(void **state)
{
    (void)state;
    char path[] = "/tmp/rampart_cfg_XXXXXX";
    const int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(close(descriptor), 0);
    rp_console_options options = rp_console_defaults();
    char *handlers = NULL;
    write_text(path, "[*]\nhandler = append:run.log, stdout\nlevel = WARNING\n[other]\nlevel = LOUD\n");
    assert_int_equal(rp_console_read_logcfg(&options, &handlers, path, NULL), RP_OK);
    assert_int_equal(options.level, RP_WARNING);
    assert_string_equal(options.stream, "stdout");
    assert_string_equal(options.file, "run.log");
    assert_true(options.append);
    free(handlers);
    write_text(path, "[*]\nhandler = file:only.log\n");
    options = rp_console_defaults();
    assert_int_equal(rp_console_read_logcfg(&options, &handlers, path, NULL), RP_OK);
    assert_string_equal(options.stream, "null");
    assert_false(options.append);
    free(handlers);
    write_text(path, "[*]\nhandler = printer\n");
    assert_int_equal(rp_console_read_logcfg(&options, &handlers, path, NULL), RP_E_ARGUMENT);
    free(handlers);
    write_text(path, "[*]\nlevel = LOUD\n");
    assert_int_equal(rp_console_read_logcfg(&options, &handlers, path, NULL), RP_E_ARGUMENT);
    free(handlers);
    assert_int_equal(unlink(path), 0);
}

static void the_bar_tells_share_rate_and_time_left(void **state)
{
    (void)state;
    char text[256];
    rp_progress progress = {.stage = "jump", .done = 30000000, .total = 120000000};
    rp_progress_text(&progress, 3.0, 8, text, sizeof text);
    assert_string_equal(text, "jump [##      ]  25 %  10 MB/s  9 s left");
    progress.done = progress.total;
    rp_progress_text(&progress, 6.0, 8, text, sizeof text);
    assert_string_equal(text, "jump [########] 100 %  20 MB/s  0 s left");
    progress = (rp_progress){.stage = "jump", .done = 1000000, .total = 4000000000};
    rp_progress_text(&progress, 1.0, 0, text, sizeof text);
    assert_string_equal(text, "jump   0 %  1 MB/s  1 h 06 min left");
    progress.total = 0;
    rp_progress_text(&progress, 0.0, 8, text, sizeof text);
    assert_string_equal(text, "jump  0 MB/s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels),
        cmocka_unit_test(a_log_file_holds_lines_in_struns_form),
        cmocka_unit_test(logcfg_names_handlers_and_level),
        cmocka_unit_test(the_bar_tells_share_rate_and_time_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
