/* embed ROOT OUT.c NAME: writes ROOT, with its #include "..." lines replaced by the files, as a C string NAME.
 * Include guards stay in the text, so a file may appear more than once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_line(FILE *out, const char *line)
{
    fputc('"', out);
    for (const char *p = line; *p && *p != '\n'; p++) {
        if (*p == '"' || *p == '\\')
            fputc('\\', out);
        fputc(*p, out);
    }
    fputs("\\n\"\n", out);
}

static int embed(FILE *out, const char *path, int depth)
{
    char line[4096], folder[4096], inner[8192];
    FILE *in = fopen(path, "r");
    if (!in || depth > 16) {
        fprintf(stderr, "embed: cannot read %s\n", path);
        return 1;
    }
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[1] = '\0';
    else
        folder[0] = '\0';
    int failed = 0;
    while (!failed && fgets(line, sizeof line, in)) {
        char name[1024];
        if (sscanf(line, " # include \"%1023[^\"]\"", name) == 1 || sscanf(line, " #include \"%1023[^\"]\"", name) == 1) {
            snprintf(inner, sizeof inner, "%s%s", folder, name);
            failed = embed(out, inner, depth + 1);
        } else {
            put_line(out, line);
        }
    }
    fclose(in);
    return failed;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    FILE *out = fopen(argv[2], "w");
    if (!out)
        return 1;
    fprintf(out, "extern const char %s[];\nconst char %s[] =\n", argv[3], argv[3]);
    const int failed = embed(out, argv[1], 0);
    fputs(";\n", out);
    return fclose(out) != 0 || failed;
}
