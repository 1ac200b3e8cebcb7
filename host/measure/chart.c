/* Horizontal bars with labels. */
#include <stdio.h>
#include <string.h>

#include "host/measure/measure.h"
#include "io/png/canvas.h"

enum { WIDTH = 900, EDGE = 20, SCALE = 2, ROW = 26, TITLE_ROW = 34, LABEL_CHARS = 22, NOTE_CHARS = 22 };

static const rp_colour ink = {30, 30, 30}, faint = {225, 225, 225};

static double largest(const rp_bar_group *group)
{
    double top = 0.0;
    for (size_t k = 0; k < group->nbars; k++)
        top = group->bar[k].value > top ? group->bar[k].value : top;
    return top;
}

static void draw_text(rp_picture *picture, int x, int y, size_t limit, const char *text)
{
    char cut[128];
    (void)snprintf(cut, sizeof cut, "%.*s", (int)(limit < sizeof cut ? limit : sizeof cut - 1), text);
    rp_draw_text(picture, x, y, SCALE, ink, cut);
}

static int draw_group(rp_picture *picture, const rp_bar_group *group, size_t index, int y)
{
    const int cell = RP_GLYPH_WIDTH * SCALE, left = EDGE + LABEL_CHARS * cell;
    const int room = WIDTH - EDGE - NOTE_CHARS * cell - left;
    const double top = largest(group);
    draw_text(picture, EDGE, y + 8, (WIDTH - 2 * EDGE) / RP_GLYPH_WIDTH / SCALE, group->title);
    y += TITLE_ROW;
    for (size_t k = 0; k < group->nbars; k++, y += ROW) {
        const rp_bar *bar = &group->bar[k];
        const int length = top > 0.0 && bar->value > 0.0 ? (int)(room * (bar->value / top) + 0.5) : 0;
        draw_text(picture, EDGE, y + 4, LABEL_CHARS - 1, bar->label);
        rp_draw_rectangle(picture, left, y, room, ROW - 6, faint);
        rp_draw_rectangle(picture, left, y, length > 1 ? length : 1, ROW - 6, rp_palette(index + 1));
        draw_text(picture, left + room + cell / 2, y + 4, NOTE_CHARS, bar->note);
    }
    return y + ROW / 2;
}

rp_code rp_chart_draw(rp_picture *out, const char *title, const rp_bar_group *groups, size_t ngroups, rp_error *err)
{
    size_t rows = 0;
    for (size_t k = 0; k < ngroups; k++)
        rows += groups[k].nbars;
    *out = (rp_picture){0};
    if (rows > 1000 || ngroups > 200)
        return rp_fail(err, RP_E_ARGUMENT, "a chart of %zu bars is too long", rows);
    const int height = 2 * EDGE + TITLE_ROW + (int)ngroups * (TITLE_ROW + ROW / 2) + (int)rows * ROW;
    const rp_code code = rp_picture_new(out, WIDTH, height, err);
    if (code)
        return code;
    draw_text(out, EDGE, EDGE, (WIDTH - 2 * EDGE) / RP_GLYPH_WIDTH / SCALE, title);
    int y = EDGE + TITLE_ROW;
    for (size_t k = 0; k < ngroups; k++)
        y = draw_group(out, &groups[k], k, y);
    return RP_OK;
}
