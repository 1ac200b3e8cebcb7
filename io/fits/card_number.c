/* Numbers in header cards: the shortest decimal text of a double, and back.
 *
 * Follows Python's repr: digits of the shortest decimal that rounds to the value, the nearest one when there are
 * several; an exponent when it is below -4 or not below 16. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/fits/cards.h"

enum { MAX_DIGITS = 17, SAFE_DIGITS = 15 /* decimals of so many digits survive a trip through a double */ };

typedef struct decimal {
    char digits[MAX_DIGITS + 1]; /* no trailing zeros; at least one digit */
    int count;
    int exponent; /* of the first digit */
} decimal;

/* digits and exponent -> double by way of plain exponent notation without a decimal point: no locale. */
static double decimal_value(const decimal *d)
{
    char text[48];
    (void)snprintf(text, sizeof text, "%se%d", d->digits, d->exponent - (d->count - 1));
    return strtod(text, NULL);
}

static void strip_zeros(decimal *d)
{
    while (d->count > 1 && d->digits[d->count - 1] == '0')
        d->count--;
    d->digits[d->count] = '\0';
}

/* value > 0, correctly rounded to n digits. */
static void round_to(decimal *d, double value, int n)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%.*e", n - 1, value);
    const char *const e = strchr(text, 'e');
    d->count = 0;
    for (const char *p = text; p < e && d->count < MAX_DIGITS; p++) {
        if (*p >= '0' && *p <= '9')
            d->digits[d->count++] = *p;
    }
    d->digits[d->count] = '\0';
    d->exponent = (int)strtol(e + 1, NULL, 10);
}

/* The next decimal of the same length upwards. */
static void step_up(decimal *d)
{
    int i = d->count - 1;
    while (i >= 0 && d->digits[i] == '9')
        d->digits[i--] = '0';
    if (i >= 0) {
        d->digits[i]++;
    } else {
        d->digits[0] = '1';
        d->exponent++;
    }
}

/* Below a power of two doubles lie twice as dense: the nearest decimal of n digits may then miss the value from
 * below while its upper neighbour still rounds to it. */
static bool try_digits(decimal *d, double value, int n)
{
    int exponent;
    round_to(d, value, n);
    if (decimal_value(d) == value)
        return true;
    if (frexp(value, &exponent) != 0.5)
        return false;
    step_up(d);
    return decimal_value(d) == value;
}

static void shortest(decimal *d, double value)
{
    /* Subnormal numbers have fewer digits than the safe count promises. */
    int n = value < 2.2250738585072014e-308 ? 1 : SAFE_DIGITS;
    while (n < MAX_DIGITS && !try_digits(d, value, n))
        n++;
    if (n == MAX_DIGITS)
        round_to(d, value, n);
    strip_zeros(d);
}

static void write_fixed(char *out, const decimal *d)
{
    char *p = out;
    if (d->exponent < 0) {
        p += sprintf(p, "0.");
        for (int i = -1; i > d->exponent; i--)
            *p++ = '0';
        (void)strcpy(p, d->digits);
        return;
    }
    for (int i = 0; i < d->count || i <= d->exponent; i++) {
        if (i == d->exponent + 1)
            *p++ = '.';
        *p++ = i < d->count ? d->digits[i] : '0';
    }
    if (d->count <= d->exponent + 1)
        p += sprintf(p, ".0");
    *p = '\0';
}

void rp_double_repr(char out[RP_NUMBER_TEXT], double value)
{
    if (isnan(value)) {
        (void)strcpy(out, "nan");
        return;
    }
    if (signbit(value))
        *out++ = '-';
    value = fabs(value);
    if (isinf(value) || value == 0.0) {
        (void)strcpy(out, value == 0.0 ? "0.0" : "inf");
        return;
    }
    decimal d;
    shortest(&d, value);
    if (d.exponent >= -4 && d.exponent < 16) {
        write_fixed(out, &d);
        return;
    }
    char *p = out;
    *p++ = d.digits[0];
    if (d.count > 1)
        *p++ = '.';
    for (int i = 1; i < d.count; i++)
        *p++ = d.digits[i];
    (void)snprintf(p, 6, "e%+03d", d.exponent % 1000);
}

void rp_double_fits(char out[RP_NUMBER_TEXT], double value)
{
    enum { COLUMNS = 20 };
    rp_double_repr(out, value);
    char *const e = strchr(out, 'e');
    if (e)
        *e = 'E';
    const size_t length = strlen(out);
    if (length <= COLUMNS)
        return;
    if (e) {
        const size_t tail = strlen(e);
        memmove(out + COLUMNS - tail, e, tail + 1);
    } else {
        out[COLUMNS] = '\0';
    }
}

double rp_double_parse(const char *text)
{
    const char *const point = localeconv()->decimal_point;
    const char *const dot = strchr(text, '.');
    if (!dot || strcmp(point, ".") == 0)
        return strtod(text, NULL);
    char local[2 * RP_CARD_BYTES];
    (void)snprintf(local, sizeof local, "%.*s%s%s", (int)(dot - text), text, point, dot + 1);
    return strtod(local, NULL);
}
