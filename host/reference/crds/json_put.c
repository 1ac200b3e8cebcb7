/* Writing JSON: host/reference/crds/json_line.h. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "host/reference/crds/json_line.h"

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

/* Copies what needs no escape, eight bytes at a time; returns how much. */
static size_t copy_plain(char *out, const char *text, size_t length)
{
    const uint64_t ones = 0x0101010101010101ULL, high = 0x8080808080808080ULL;
    size_t i = 0;
    for (; i + 8 <= length; i += 8) {
        uint64_t word;
        memcpy(&word, text + i, 8);
        memcpy(out + i, &word, 8);
        const uint64_t quote = word ^ ones * '"', slash = word ^ ones * '\\';
        if ((((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & high)
            break; /* one of them is special, or seems so behind one that is */
    }
    for (; i < length && is_plain(text[i]); i++)
        out[i] = text[i];
    return i;
}

static char *put_special(char *out, char c)
{
    static const char from[] = "\"\\\n\r\t", to[] = "\"\\nrt";
    const char *known = strchr(from, c);
    if (!known)
        return out + sprintf(out, "\\u%04x", (unsigned char)c);
    *out++ = '\\';
    *out++ = to[known - from];
    return out;
}

void rp_json_put(rp_buffer *buffer, const char *text)
{
    const size_t length = strlen(text);
    char *out = rp_buffer_room(buffer, 6 * length + 3), *begin = out;
    if (!out)
        return;
    *out++ = '"';
    const size_t plain = copy_plain(out, text, length);
    out += plain;
    for (const char *p = text + plain; *p; p++) {
        if (is_plain(*p))
            *out++ = *p;
        else
            out = put_special(out, *p);
    }
    *out++ = '"';
    buffer->size += (size_t)(out - begin);
}

void rp_json_put_bests(rp_buffer *out, const rp_bests *bests)
{
    rp_buffer_putc(out, '{');
    if (bests->failure) {
        rp_buffer_add(out, "\"error\":", 8);
        rp_json_put(out, bests->failure);
    }
    for (size_t i = 0; i < bests->count && !bests->failure; i++) {
        const rp_best *best = &bests->best[i];
        if (i)
            rp_buffer_putc(out, ',');
        rp_json_put(out, best->type);
        rp_buffer_putc(out, ':');
        if (best->kind != RP_BEST_FILES) {
            rp_json_put(out, best->text[0]);
            continue;
        }
        rp_buffer_putc(out, '[');
        for (size_t k = 0; k < best->count; k++) {
            if (k)
                rp_buffer_putc(out, ',');
            rp_json_put(out, best->text[k]);
        }
        rp_buffer_putc(out, ']');
    }
    rp_buffer_add(out, "}\n", 2);
}
