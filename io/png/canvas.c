/* Rectangles and text on a picture. */
#include <string.h>

#include "io/png/canvas.h"
#include "io/png/font.h"

void rp_draw_pixel(rp_picture *picture, int x, int y, rp_colour colour)
{
    if (x < 0 || y < 0 || x >= picture->width || y >= picture->height)
        return;
    uint8_t *p = picture->rgb + ((size_t)y * (size_t)picture->width + (size_t)x) * 3;
    p[0] = colour.red;
    p[1] = colour.green;
    p[2] = colour.blue;
}

void rp_draw_rectangle(rp_picture *picture, int x, int y, int width, int height, rp_colour colour)
{
    for (int j = 0; j < height; j++)
        for (int i = 0; i < width; i++)
            rp_draw_pixel(picture, x + i, y + j, colour);
}

void rp_draw_frame(rp_picture *picture, int x, int y, int width, int height, rp_colour colour)
{
    rp_draw_rectangle(picture, x, y, width, 1, colour);
    rp_draw_rectangle(picture, x, y + height - 1, width, 1, colour);
    rp_draw_rectangle(picture, x, y, 1, height, colour);
    rp_draw_rectangle(picture, x + width - 1, y, 1, height, colour);
}

void rp_draw_text(rp_picture *picture, int x, int y, int scale, rp_colour colour, const char *text)
{
    for (const char *c = text; *c; c++, x += RP_GLYPH_WIDTH * scale) {
        const int code = (unsigned char)*c;
        const int index =
            code < RP_FONT_FIRST || code >= RP_FONT_FIRST + RP_FONT_GLYPHS ? '?' - RP_FONT_FIRST : code - RP_FONT_FIRST;
        for (int row = 0; row < 7; row++)
            for (int column = 0; column < 5; column++)
                if (rp_font[index][row] >> (4 - column) & 1)
                    rp_draw_rectangle(picture, x + column * scale, y + row * scale, scale, scale, colour);
    }
}

int rp_text_width(const char *text, int scale)
{
    return (int)strlen(text) * RP_GLYPH_WIDTH * scale;
}

rp_colour rp_palette(size_t index)
{
    static const rp_colour colours[] = {{230, 159, 0}, {86, 180, 233}, {0, 158, 115},  {240, 228, 66},
                                        {0, 114, 178}, {213, 94, 0},   {204, 121, 167}};
    return colours[index % (sizeof colours / sizeof *colours)];
}
