/* The 5 x 7 font of canvas.c. */
#ifndef RAMPART_IO_PNG_FONT_H
#define RAMPART_IO_PNG_FONT_H

#include <stdint.h>

enum { RP_FONT_FIRST = 32, RP_FONT_GLYPHS = 95 };

extern const uint8_t rp_font[RP_FONT_GLYPHS][7];

#endif
