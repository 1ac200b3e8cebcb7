/* Dates: host/reference/crds/date.h. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host/reference/crds/date.h"
#include "host/reference/crds/python.h"

typedef struct part {
    const char *text;
    size_t length;
} part;

static bool fail(rp_buffer *why, const char *text)
{
    rp_buffer_puts(why, text);
    return false;
}

static bool fail_quoting(rp_buffer *why, const char *before, const char *text, size_t length)
{
    rp_buffer_puts(why, before);
    rp_python_quote(why, text, length);
    return false;
}

static bool fail_unpack(rp_buffer *why, size_t wanted, size_t got)
{
    char text[80];
    if (got > wanted)
        (void)snprintf(text, sizeof text, "too many values to unpack (expected %zu)", wanted);
    else
        (void)snprintf(text, sizeof text, "not enough values to unpack (expected %zu, got %zu)", wanted, got);
    return fail(why, text);
}

static bool take_int(long long *out, part p, rp_buffer *why)
{
    return rp_python_parse_int(p.text, p.length, out) ||
           fail_quoting(why, "invalid literal for int() with base 10: ", p.text, p.length);
}

/* ---- checks of Python's datetime() ---- */

static int days_of(long long year, long long month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

typedef struct fields {
    long long year, month, day, hour, minute, second, microsecond;
} fields;

static bool finish(rp_date *out, const fields *f, rp_buffer *why)
{
    const long long value[] = {f->year, f->month, f->day, f->hour, f->minute, f->second, f->microsecond};
    for (size_t i = 0; i < sizeof value / sizeof *value; i++) {
        if (value[i] > 2147483647LL)
            return fail(why, "signed integer is greater than maximum");
        if (value[i] < -2147483648LL)
            return fail(why, "signed integer is less than minimum");
    }
    if (f->year < 1 || f->year > 9999) {
        char text[64];
        (void)snprintf(text, sizeof text, "year %lld is out of range", f->year);
        return fail(why, text);
    }
    if (f->month < 1 || f->month > 12)
        return fail(why, "month must be in 1..12");
    if (f->day < 1 || f->day > days_of(f->year, f->month))
        return fail(why, "day is out of range for month");
    if (f->hour < 0 || f->hour > 23)
        return fail(why, "hour must be in 0..23");
    if (f->minute < 0 || f->minute > 59)
        return fail(why, "minute must be in 0..59");
    if (f->second < 0 || f->second > 59)
        return fail(why, "second must be in 0..59");
    if (f->microsecond < 0 || f->microsecond > 999999)
        return fail(why, "microsecond must be in 0..999999");
    *out = (rp_date){(int)f->year,   (int)f->month,  (int)f->day,        (int)f->hour,
                     (int)f->minute, (int)f->second, (int)f->microsecond};
    return true;
}

/* ---- times ---- */

static bool ends_letters(part p, const char *with)
{
    return p.length >= 2 && rp_upper(p.text[p.length - 2]) == with[0] && rp_upper(p.text[p.length - 1]) == with[1];
}

static bool take_seconds(fields *out, part p, rp_buffer *why)
{
    double seconds;
    if (!rp_python_parse_float(p.text, p.length, &seconds))
        return fail_quoting(why, "could not convert string to float: ", p.text, p.length);
    if (isnan(seconds))
        return fail(why, "cannot convert float NaN to integer");
    if (isinf(seconds))
        return fail(why, "cannot convert float infinity to integer");
    if (fabs(seconds) > 1e15)
        return fail(why, "signed integer is greater than maximum");
    out->second = (long long)seconds;
    out->microsecond = (long long)((seconds - (double)out->second) * 1e6);
    return true;
}

static bool parse_time(fields *out, part time, rp_buffer *why)
{
    static const part zeros = {"00", 2};
    part field[4] = {{0}};
    size_t n = 0;
    rp_python_strip(&time.text, &time.length);
    const bool pm = ends_letters(time, "PM"), am = ends_letters(time, "AM");
    if (pm || am)
        time.length -= 2;
    for (const char *p = time.text, *end = p + time.length;; p++) {
        const char *colon = memchr(p, ':', (size_t)(end - p));
        const char *stop = colon ? colon : end;
        if (n < 4)
            field[n] = (part){p, (size_t)(stop - p)};
        n++;
        p = stop;
        if (!colon)
            break;
    }
    if (n < 2 || n > 4)
        return fail_unpack(why, 4, n);
    if (!take_int(&out->hour, field[0], why) || !take_int(&out->minute, field[1], why) ||
        !take_seconds(out, n == 2 ? zeros : field[2], why))
        return false;
    if (pm && out->hour < 12)
        out->hour += 12;
    else if (am && out->hour == 12)
        out->hour -= 12;
    return true;
}

/* ---- dates ---- */

static size_t split(part *out, size_t room, const char *text, size_t length)
{
    size_t n = 0;
    for (size_t i = 0; i < length;) {
        while (i < length && strchr(" \t\n\r\f\v\x1c\x1d\x1e\x1f", text[i]))
            i++;
        const size_t begin = i;
        while (i < length && !strchr(" \t\n\r\f\v\x1c\x1d\x1e\x1f", text[i]))
            i++;
        if (i == begin)
            break;
        if (n < room)
            out[n] = (part){text + begin, i - begin};
        n++;
    }
    return n;
}

static long long month_number(part month)
{
    static const char names[] = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
    if (month.length >= 3)
        for (int i = 0; i < 12; i++)
            if (rp_upper(month.text[0]) == names[3 * i] && rp_upper(month.text[1]) == names[3 * i + 1] &&
                rp_upper(month.text[2]) == names[3 * i + 2])
                return i + 1;
    return 0;
}

static bool take_alphabetical(fields *f, part month, part day, part year, const char *whole, size_t length,
                              rp_buffer *why)
{
    f->month = month_number(month);
    if (!f->month) {
        (void)fail_quoting(why, "Invalid month value ", month.text, month.length);
        return fail_quoting(why, " in base date ", whole, length);
    }
    return take_int(&f->day, day, why) && take_int(&f->year, year, why);
}

static bool parse_alphabetical(rp_date *out, const char *text, size_t length, rp_buffer *why)
{
    char copy[256];
    part word[5];
    fields f = {0};
    part whole = {text, length};
    if (length >= sizeof copy)
        return fail_unpack(why, 3, 5);
    memcpy(copy, text, length);
    size_t n = length;
    while (n > 3 && copy[n - 3] == ' ' &&
           (ends_letters((part){copy, n}, "AM") || ends_letters((part){copy, n}, "PM"))) {
        for (size_t i = 0; i < n; i++) /* crds 14.0.3 lowers the whole text on the way */
            copy[i] = rp_lower(copy[i]);
        copy[n - 3] = copy[n - 2];
        copy[n - 2] = copy[n - 1];
        n--;
    }
    for (size_t i = 0; i < n; i++)
        if (copy[i] == '-' || copy[i] == '/')
            copy[i] = ' ';
    const size_t words = split(word, 5, copy, n);
    if (words != 3 && words != 4)
        return fail_unpack(why, 3, words);
    const part time = words == 4 ? word[3] : (part){"00:00AM", 7};
    if (word[1].text[word[1].length - 1] == ',')
        word[1].length--;
    rp_buffer ignored = {0};
    const bool good = take_alphabetical(&f, word[0], word[1], word[2], whole.text, whole.length, &ignored);
    rp_buffer_clear(&ignored);
    if (!good && !take_alphabetical(&f, word[1], word[0], word[2], whole.text, whole.length, why))
        return false;
    return parse_time(&f, time, why) && finish(out, &f, why);
}

/* 'd' stands for a digit. */
static bool has_form(part p, const char *form)
{
    if (strlen(form) != p.length)
        return false;
    for (size_t i = 0; i < p.length; i++)
        if (form[i] == 'd' ? !isdigit((unsigned char)p.text[i]) : form[i] != p.text[i])
            return false;
    return true;
}

static long long digits(part p, size_t from, size_t count)
{
    long long value = 0;
    for (size_t i = from; i < from + count; i++)
        value = 10 * value + (p.text[i] - '0');
    return value;
}

static bool take_numerical(fields *f, part d)
{
    if (has_form(d, "dd/dd/dddd")) {
        *f = (fields){digits(d, 6, 4), digits(d, 0, 2), digits(d, 3, 2), f->hour, f->minute, f->second, f->microsecond};
    } else if (has_form(d, "dddd/dd/dd")) {
        *f = (fields){digits(d, 0, 4), digits(d, 5, 2), digits(d, 8, 2), f->hour, f->minute, f->second, f->microsecond};
    } else if (has_form(d, "dd/dd/dd") && (d.text[6] == '9' || d.text[6] <= '3')) {
        *f = (fields){digits(d, 6, 2) + (d.text[6] == '9' ? 1900 : 2000),
                      digits(d, 3, 2),
                      digits(d, 0, 2),
                      f->hour,
                      f->minute,
                      f->second,
                      f->microsecond};
    } else if (has_form(d, "dddddddd:dddddd")) {
        *f = (fields){
            digits(d, 0, 4), digits(d, 4, 2), digits(d, 6, 2), digits(d, 9, 2), digits(d, 11, 2), digits(d, 13, 2), 0};
    } else {
        return false;
    }
    return true;
}

static bool parse_numerical(rp_date *out, const char *text, size_t length, rp_buffer *why)
{
    char copy[256], joined[256];
    part word[64];
    fields f = {0};
    if (length >= sizeof copy)
        return fail_quoting(why, "Unknown numerical date format: ", text, length);
    for (size_t i = 0; i < length; i++)
        copy[i] = text[i] == '-' ? '/' : text[i];
    const size_t words = split(word, 64, copy, length);
    if (!words || words > 64)
        return fail(why, "list index out of range");
    part time = {"00:00:00", 8};
    if (words > 1) {
        size_t n = 0;
        for (size_t i = 1; i < words; i++) {
            if (i > 1)
                joined[n++] = ' ';
            memcpy(joined + n, word[i].text, word[i].length);
            n += word[i].length;
        }
        time = (part){joined, n};
    }
    if (!parse_time(&f, time, why))
        return false;
    if (!take_numerical(&f, word[0]))
        return fail_quoting(why, "Unknown numerical date format: ", copy, length);
    return finish(out, &f, why);
}

/* Seconds with a fraction of one to six digits, rounded as Python's arithmetic does. */
static bool usual_fraction(fields *f, const char *text, size_t length)
{
    for (size_t i = 3; i < length; i++)
        if (!isdigit((unsigned char)text[i]))
            return false;
    rp_buffer none = {0};
    return text[2] == '.' && length > 3 && length <= 9 && take_seconds(f, (part){text, length}, &none);
}

/* The form of nearly every header. */
static bool parse_usual(rp_date *out, const char *text, size_t length)
{
    const part p = {text, 19};
    fields f;
    if (length < 19 || text[10] == 'T' ? length != 19 : length > 26)
        return false;
    if ((!has_form(p, "dddd-dd-dd dd:dd:dd") && !has_form(p, "dddd-dd-ddTdd:dd:dd")))
        return false;
    f = (fields){
        digits(p, 0, 4), digits(p, 5, 2), digits(p, 8, 2), digits(p, 11, 2), digits(p, 14, 2), digits(p, 17, 2), 0};
    if (f.month < 1 || f.month > 12 || f.year < 1 || f.day < 1 || f.day > days_of(f.year, f.month) || f.hour > 23 ||
        f.minute > 59 || f.second > 59 || (length > 19 && !usual_fraction(&f, text + 17, length - 17)))
        return false;
    rp_buffer none = {0};
    return finish(out, &f, &none);
}

/* A date and time with T between, "/" and fractions allowed: the T becomes a blank. */
static bool has_t_form(const char *text, size_t length)
{
    const part p = {text, length};
    if (length < 16 || text[10] != 'T')
        return false;
    char copy[20];
    const size_t head = length < 19 ? 16 : 19;
    memcpy(copy, text, head);
    for (size_t i = 4; i < 8; i += 3)
        if (copy[i] == '/')
            copy[i] = '-';
    size_t rest = 0;
    if (head == 19 && has_form((part){copy, 19}, "dddd-dd-ddTdd:dd:dd"))
        rest = 19;
    else if (has_form((part){copy, 16}, "dddd-dd-ddTdd:dd"))
        rest = 16;
    if (!rest || rest == length)
        return rest != 0;
    if (p.text[rest] != '.' || length - rest < 2 || length - rest > 7)
        return false;
    for (size_t i = rest + 1; i < length; i++)
        if (!isdigit((unsigned char)p.text[i]))
            return false;
    return true;
}

static bool has_word(const char *text, size_t length)
{
    size_t run = 0;
    for (size_t i = 0; i < length; i++) {
        run = isalpha((unsigned char)text[i]) ? run + 1 : 0;
        if (run == 3)
            return true;
    }
    return false;
}

bool rp_date_parse(rp_date *out, const char *text, size_t length, rp_buffer *why)
{
    char copy[64];
    why->size = 0;
    if (parse_usual(out, text, length))
        return true;
    if (memmem(text, length, "UNDEFINED", 9))
        return fail(why, "One or more required date/time values is UNDEFINED");
    if (length >= 3 && memcmp(text + length - 3, " UT", 3) == 0)
        length -= 3;
    if (length < sizeof copy && has_t_form(text, length)) {
        memcpy(copy, text, length);
        copy[10] = ' ';
        text = copy;
    }
    return has_word(text, length) ? parse_alphabetical(out, text, length, why)
                                  : parse_numerical(out, text, length, why);
}

static void two(char *out, int value)
{
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
}

size_t rp_date_format(char out[RP_DATE_TEXT], const rp_date *date)
{
    memcpy(out, "0000-00-00 00:00:00", 20);
    two(out, date->year / 100);
    two(out + 2, date->year % 100);
    two(out + 5, date->month);
    two(out + 8, date->day);
    two(out + 11, date->hour);
    two(out + 14, date->minute);
    two(out + 17, date->second);
    return date->microsecond ? 19 + (size_t)snprintf(out + 19, RP_DATE_TEXT - 19, ".%06d", date->microsecond % 1000000)
                             : 19;
}

static long long day_number(const rp_date *d)
{
    const long long y = d->month > 2 ? d->year : d->year - 1, m = (d->month + 9) % 12;
    return 365 * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + d->day - 1;
}

double rp_date_distance_s(const rp_date *a, const rp_date *b)
{
    const long long seconds = (day_number(a) - day_number(b)) * 86400 + (a->hour - b->hour) * 3600LL +
                              (a->minute - b->minute) * 60LL + a->second - b->second;
    return fabs((double)(seconds * 1000000 + a->microsecond - b->microsecond) / 1e6);
}
