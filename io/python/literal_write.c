/* Writing Python literals: literal.h. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/fits/cards.h"
#include "io/python/literal.h"

static void write_value(FILE *out, const json_t *value, int depth);

/* Bytes of UTF-8 stay as they are: the file is UTF-8. */
static void write_string(FILE *out, const char *text, size_t size)
{
    const char quote = memchr(text, '\'', size) && !memchr(text, '"', size) ? '"' : '\'';
    (void)fputc(quote, out);
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c == (unsigned char)quote || c == '\\')
            (void)fprintf(out, "\\%c", c);
        else if (c == '\n')
            (void)fputs("\\n", out);
        else if (c < 0x20 || c == 0x7f)
            (void)fprintf(out, "\\x%02x", c);
        else
            (void)fputc(c, out);
    }
    (void)fputc(quote, out);
}

static void write_real(FILE *out, double value)
{
    char text[RP_NUMBER_TEXT];
    rp_double_repr(text, value);
    (void)fputs(text, out);
}

static void new_line(FILE *out, int depth)
{
    (void)fprintf(out, ",\n%*s", depth, "");
}

static void write_object(FILE *out, const json_t *object, int depth)
{
    const char *key;
    json_t *value;
    bool first = true;
    (void)fputc('{', out);
    json_object_foreach((json_t *)object, key, value)
    {
        if (!first)
            new_line(out, depth + 1);
        first = false;
        write_string(out, key, strlen(key));
        (void)fputs(": ", out);
        write_value(out, value, depth + 1);
    }
    (void)fputc('}', out);
}

static void write_array(FILE *out, const json_t *array, int depth)
{
    (void)fputc('[', out);
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            new_line(out, depth + 1);
        write_value(out, json_array_get(array, i), depth + 1);
    }
    (void)fputc(']', out);
}

static void write_value(FILE *out, const json_t *value, int depth)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        write_object(out, value, depth);
        break;
    case JSON_ARRAY:
        write_array(out, value, depth);
        break;
    case JSON_STRING:
        write_string(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        (void)fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        write_real(out, json_real_value(value));
        break;
    default:
        (void)fputs(json_is_true(value) ? "True" : json_is_false(value) ? "False" : "None", out);
    }
}

char *rp_python_write(const json_t *value)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    write_value(out, value, 0);
    (void)fputc('\n', out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}
