/* Progress: host/cli/progress.h. */
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "host/cli/progress.h"

static const double redraw_s = 0.1; /* often enough to move, seldom enough to cost nothing */
static const double line_s = 10.0;

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void rp_progress_init(rp_progress *progress, FILE *terminal)
{
    *progress = (rp_progress){.terminal = terminal};
}

static void format_time(char *out, size_t capacity, double seconds)
{
    const long s = (long)(seconds + 0.5);
    if (s < 60)
        (void)snprintf(out, capacity, "%ld s", s);
    else if (s < 3600)
        (void)snprintf(out, capacity, "%ld min %02ld s", s / 60, s % 60);
    else
        (void)snprintf(out, capacity, "%ld h %02ld min", s / 3600, s / 60 % 60);
}

void rp_progress_text(const rp_progress *progress, double elapsed_s, int bar, char *out, size_t capacity)
{
    char blocks[64] = "", left[32], share[64] = "";
    const double part = progress->total ? (double)progress->done / (double)progress->total : 0.0;
    const double rate = elapsed_s > 0 ? (double)progress->done / elapsed_s : 0.0;
    if (bar > 0 && bar < 60 && progress->total) {
        const size_t full = (size_t)(part * bar), width = (size_t)bar;
        (void)memset(blocks + 2, ' ', width);
        (void)memset(blocks + 2, '#', full < width ? full : width);
        (void)memcpy(blocks, " [", 2);
        (void)memcpy(blocks + 2 + width, "]", 2);
    }
    if (progress->total)
        (void)snprintf(share, sizeof share, " %3.0f %%", 100.0 * part);
    int used = snprintf(out, capacity, "%s%s%s  %.0f MB/s", progress->stage, blocks, share, rate / 1e6);
    if (progress->total && rate > 0 && used > 0 && (size_t)used < capacity) {
        format_time(left, sizeof left, (double)(progress->total - progress->done) / rate);
        (void)snprintf(out + used, capacity - (size_t)used, "  %s left", left);
    }
}

static int terminal_width(FILE *terminal)
{
    struct winsize size;
    return ioctl(fileno(terminal), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void draw(rp_progress *progress)
{
    char text[256];
    const int width = terminal_width(progress->terminal);
    rp_progress_text(progress, now_s() - progress->start_s, width >= 80 ? 24 : 0, text, sizeof text);
    (void)fprintf(progress->terminal, "\r\x1b[K%.*s", width - 1, text);
    (void)fflush(progress->terminal);
    progress->visible = true;
}

void rp_progress_update(rp_progress *progress, const char *stage, uint64_t done, uint64_t total, char *line,
                        size_t capacity)
{
    const double now = now_s();
    if (strncmp(progress->stage, stage, sizeof progress->stage - 1) != 0) {
        (void)snprintf(progress->stage, sizeof progress->stage, "%s", stage);
        progress->start_s = progress->last_s = now;
    }
    progress->done = total && done > total ? total : done;
    progress->total = total;
    if (now - progress->last_s < (progress->terminal ? redraw_s : line_s))
        return;
    progress->last_s = now;
    if (progress->terminal)
        draw(progress);
    else
        rp_progress_text(progress, now - progress->start_s, 0, line, capacity);
}

void rp_progress_hide(rp_progress *progress)
{
    if (!progress->visible)
        return;
    (void)fputs("\r\x1b[K", progress->terminal);
    (void)fflush(progress->terminal);
}

void rp_progress_show(rp_progress *progress)
{
    if (progress->visible)
        draw(progress);
}

void rp_progress_reset(rp_progress *progress)
{
    rp_progress_hide(progress);
    progress->visible = false;
    progress->stage[0] = '\0';
}
