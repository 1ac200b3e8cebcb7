/* Scrubbing of log lines: host/pipelines/scrub.h.  The rules are those of jwst's cal_logs. */
#include <ctype.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/pipelines/scrub.h"

/* Where Python's getpass looks, in its order. */
static void find_user(char *out, size_t capacity)
{
    static const char *const names[] = {"LOGNAME", "USER", "LNAME", "USERNAME"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && value[0] != '\0') {
            (void)snprintf(out, capacity, "%s", value);
            return;
        }
    }
    char buffer[4096];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(getuid(), &entry, buffer, sizeof buffer, &found) == 0 && found)
        (void)snprintf(out, capacity, "%s", found->pw_name);
}

void rp_scrubber_init(rp_scrubber *scrubber)
{
    *scrubber = (rp_scrubber){.user = "", .host = ""};
    find_user(scrubber->user, sizeof scrubber->user);
    if (gethostname(scrubber->host, sizeof scrubber->host - 1) != 0)
        scrubber->host[0] = '\0';
}

static bool word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Length of an absolute path of two or more parts at p (which is a slash), else 0; *last is where its last part begins.
 */
static size_t path_length(const char *p, size_t *last)
{
    size_t end = 0, parts = 0;
    for (;;) {
        const size_t n = strcspn(p + end + 1, "/ \t\r\n\v\f");
        if (n == 0)
            break;
        *last = end + 1;
        end += 1 + n;
        parts++;
        if (p[end] != '/')
            break;
    }
    if (parts < 2)
        *last = end = 0;
    return end;
}

/* "/a/b/c" -> "c", unless a word stands right before the first slash; "/c" alone stays. */
static void shorten_paths(char *line)
{
    char *to = line, before = '\0';
    for (const char *from = line; *from;) {
        size_t last = 0;
        const size_t length = *from == '/' && !word(before) ? path_length(from, &last) : 0;
        const size_t kept = length ? length - last : 1;
        memmove(to, from + last, kept);
        to += kept;
        from += length ? length : 1;
        before = from[-1];
    }
    *to = '\0';
}

/* Reads a decimal number of at most 255 without leading zero; returns its length, 0 for none. */
static size_t octet(const char *p)
{
    size_t n = 0;
    unsigned value = 0;
    while (n < 3 && isdigit((unsigned char)p[n]))
        value = value * 10 + (unsigned)(p[n++] - '0');
    if (n > 1 && p[0] == '0')
        return 1;
    return value <= 255 ? n : 2;
}

/* Four numbers with points between them, as a word of its own at the end of each number. */
static bool has_ipv4(const char *line)
{
    for (const char *start = line; *start; start++) {
        const char *p = start;
        int parts = 0;
        for (size_t n; parts < 4 && (n = octet(p)) > 0; parts++) {
            p += n;
            if (parts < 3) {
                if (*p != '.')
                    break;
                p++;
            }
        }
        if (parts == 4 && !word(*p))
            return true;
    }
    return false;
}

/* Eight groups of hexadecimal digits, or a "::" with a group beside it. */
static bool has_ipv6(const char *line)
{
    for (const char *start = line; *start; start++) {
        if (start[0] == ':' && start[1] == ':')
            return true;
        const char *p = start;
        int groups = 0;
        while (groups < 8) {
            size_t n = 0;
            while (n < 4 && isxdigit((unsigned char)p[n]))
                n++;
            if (n == 0)
                break;
            groups++;
            p += n;
            if (groups < 8 && *p != ':')
                break;
            p += groups < 8;
        }
        if (groups == 8)
            return true;
    }
    return false;
}

void rp_scrub(const rp_scrubber *scrubber, char *line)
{
    shorten_paths(line);
    const bool names_user = scrubber->user[0] != '\0' && strstr(line, scrubber->user);
    const bool names_host = scrubber->host[0] != '\0' && strstr(line, scrubber->host);
    if (names_user || names_host || has_ipv4(line) || has_ipv6(line))
        line[0] = '\0';
}
