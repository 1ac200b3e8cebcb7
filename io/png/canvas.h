/* Drawing on a picture: rectangles, lines and text in a 5 x 7 pixel font.  Everything is clipped to the picture. */
#ifndef RAMPART_IO_PNG_CANVAS_H
#define RAMPART_IO_PNG_CANVAS_H

#include "io/png/png.h"

typedef struct rp_colour {
    uint8_t red, green, blue;
} rp_colour;

/* Glyph cell with its gap, before scaling. */
enum { RP_GLYPH_WIDTH = 6, RP_GLYPH_HEIGHT = 9 };

/* x, y: upper left corner. */
void rp_draw_rectangle(rp_picture *picture, int x, int y, int width, int height, rp_colour colour);
void rp_draw_frame(rp_picture *picture, int x, int y, int width, int height, rp_colour colour);
void rp_draw_pixel(rp_picture *picture, int x, int y, rp_colour colour);

/* Printable ASCII; anything else is drawn as '?'.  One line. */
void rp_draw_text(rp_picture *picture, int x, int y, int scale, rp_colour colour, const char *text);
int rp_text_width(const char *text, int scale);

/* Colours that people with any colour vision can tell apart (Okabe and Ito 2008); index is taken modulo their number.
 */
rp_colour rp_palette(size_t index);

#endif
