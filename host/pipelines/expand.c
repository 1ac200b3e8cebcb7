/* Home folders and environment variables in paths: host/pipelines/expand.h. */
#include <ctype.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/pipelines/expand.h"

typedef struct text {
    char *bytes;
    size_t length, capacity;
    bool failed;
} text;

static void append(text *out, const char *bytes, size_t length)
{
    if (!out->failed && out->length + length + 1 > out->capacity) {
        const size_t capacity = 2 * out->capacity + length + 64;
        char *grown = realloc(out->bytes, capacity);
        if (grown) {
            out->bytes = grown;
            out->capacity = capacity;
        } else {
            out->failed = true;
        }
    }
    if (out->failed)
        return;
    memcpy(out->bytes + out->length, bytes, length);
    out->length += length;
    out->bytes[out->length] = '\0';
}

/* Appends the home folder that path begins with; returns what of path is left. */
static const char *append_home(text *out, const char *path)
{
    if (path[0] != '~')
        return path;
    const size_t length = strcspn(path, "/");
    char buffer[4096], name[256];
    struct passwd entry, *found = NULL;
    const char *home = NULL;
    if (length == 1) {
        home = getenv("HOME");
    } else if (length < sizeof name) {
        memcpy(name, path + 1, length - 1);
        name[length - 1] = '\0';
        if (getpwnam_r(name, &entry, buffer, sizeof buffer, &found) == 0 && found)
            home = found->pw_dir;
    }
    if (!home)
        return path;
    size_t end = strlen(home);
    while (end > 0 && home[end - 1] == '/')
        end--;
    append(out, home, end);
    if (end == 0 && path[length] == '\0')
        append(out, "/", 1);
    return path + length;
}

/* Appends the variable that p begins with ("$NAME", "${NAME}"); returns how much of p it took, 0 for none. */
static size_t append_variable(text *out, const char *p)
{
    char name[256];
    const bool braces = p[1] == '{';
    const char *begin = p + 1 + braces;
    size_t length = 0;
    if (braces)
        length = strcspn(begin, "}");
    else
        while (isalnum((unsigned char)begin[length]) || begin[length] == '_')
            length++;
    if (length == 0 || length >= sizeof name || (braces && begin[length] != '}'))
        return 0;
    memcpy(name, begin, length);
    name[length] = '\0';
    const char *value = getenv(name);
    if (!value)
        return 0;
    append(out, value, strlen(value));
    return 1 + length + 2 * (size_t)braces;
}

char *rp_expand_path(const char *path)
{
    text out = {0};
    append(&out, "", 0);
    for (const char *p = append_home(&out, path); *p;) {
        const size_t taken = *p == '$' ? append_variable(&out, p) : 0;
        if (taken == 0)
            append(&out, p, 1);
        p += taken ? taken : 1;
    }
    if (!out.failed)
        return out.bytes;
    free(out.bytes);
    return NULL;
}

/* Takes "." and ".." and repeated slashes out of an absolute path, in place. */
static void normalise(char *path)
{
    char *to = path;
    for (const char *from = path; *from;) {
        from += strspn(from, "/");
        const size_t length = strcspn(from, "/");
        if (length == 2 && from[0] == '.' && from[1] == '.') {
            while (to > path && *--to != '/')
                continue;
        } else if (length > 0 && !(length == 1 && from[0] == '.')) {
            *to++ = '/';
            memmove(to, from, length);
            to += length;
        }
        from += length;
    }
    if (to == path)
        *to++ = '/';
    *to = '\0';
}

char *rp_absolute_path(const char *path)
{
    text out = {0};
    if (path[0] != '/') {
        char *folder = getcwd(NULL, 0);
        if (!folder)
            return NULL;
        append(&out, folder, strlen(folder));
        append(&out, "/", 1);
        free(folder);
    }
    append(&out, path, strlen(path));
    if (out.failed) {
        free(out.bytes);
        return NULL;
    }
    normalise(out.bytes);
    return out.bytes;
}
