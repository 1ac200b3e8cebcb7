/* ASDF files in memory and on disk: io/asdf/asdf.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/asdf/asdf.h"
#include "io/asdf/block.h"
#include "io/asdf/yaml.h"
#include "io/fits/file.h"

enum { TREE_BYTES = 1 << 28, BLOCK_HEADER = 54 };

static const char core_tag[] = "tag:stsci.edu:asdf/core/asdf-1.1.0";

/* Where the lines of comment at the front end. */
static size_t skip_comments(const char *text, size_t size)
{
    size_t at = 0;
    while (at < size && text[at] == '#') {
        const char *newline = memchr(text + at, '\n', size - at);
        if (!newline)
            return size;
        at = (size_t)(newline - text) + 1;
    }
    return at;
}

/* Length of the YAML document at text: up to and including the line "...". */
static size_t document_bytes(const char *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        const char *newline = memchr(text + at, '\n', size - at);
        const size_t end = newline ? (size_t)(newline - text) : size;
        const size_t length = end - at - (end > at && text[end - 1] == '\r');
        const size_t next = newline ? end + 1 : size;
        if (length == 3 && !memcmp(text + at, "...", 3))
            return next;
        at = next;
    }
    return size;
}

rp_code rp_asdf_parse(rp_tree **out, const void *bytes, size_t size, const char *label, rp_error *err)
{
    const char *text = bytes;
    *out = NULL;
    if (size < 6 || memcmp(text, "#ASDF ", 6))
        return rp_fail(err, RP_E_FORMAT, "%s: no ASDF file: it does not begin with \"#ASDF\"", label);
    const size_t start = skip_comments(text, size);
    const bool has_tree = size - start >= 5 && !memcmp(text + start, "%YAML", 5);
    const size_t length = has_tree ? document_bytes(text + start, size - start) : 0;
    if (length > TREE_BYTES)
        return rp_fail(err, RP_E_FORMAT, "%s: its ASDF tree of %zu bytes is absurd", label, length);
    rp_tree *tree = rp_tree_new();
    if (!tree)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for its metadata tree", label);
    rp_blocks blocks = {0};
    rp_code code = RP_OK;
    if (has_tree)
        code = rp_yaml_parse(tree, text + start, length, label, err);
    if (code == RP_OK && !rp_tree_root(tree))
        rp_tree_set_root(tree, rp_new_mapping(tree));
    rp_node *root = rp_tree_root(tree);
    if (code == RP_OK && !root)
        code = rp_fail(err, RP_E_MEMORY, "%s: no memory for its metadata tree", label);
    if (code == RP_OK && root->kind != RP_NODE_MAPPING)
        code = rp_fail(err, RP_E_FORMAT, "%s: the root of its ASDF tree is no mapping", label);
    if (code == RP_OK)
        code =
            rp_blocks_scan(&blocks, (const unsigned char *)bytes + start + length, size - start - length, label, err);
    if (code == RP_OK)
        code = rp_blocks_resolve(&blocks, tree, root, label, err);
    rp_blocks_free(&blocks);
    if (code == RP_OK)
        *out = tree;
    else
        rp_tree_free(tree);
    return code;
}

static rp_code read_all(FILE *file, const char *path, char **bytes, size_t *size, rp_error *err)
{
    struct stat st;
    if (fstat(fileno(file), &st))
        return rp_fail_errno(err, RP_E_IO, "%s: cannot be read", path);
    if (!S_ISREG(st.st_mode) || st.st_size > (off_t)2 * (off_t)RP_ASDF_MAX_BYTES)
        return rp_fail(err, RP_E_UNSUPPORTED, "%s: no plain file of at most %zu bytes", path, 2 * RP_ASDF_MAX_BYTES);
    *size = (size_t)st.st_size;
    *bytes = malloc(*size ? *size : 1);
    if (!*bytes)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for its %zu bytes", path, *size);
    if (fread(*bytes, 1, *size, file) == *size)
        return RP_OK;
    return ferror(file) ? rp_fail_errno(err, RP_E_IO, "%s: cannot be read", path)
                        : rp_fail(err, RP_E_FORMAT, "%s: the file became shorter while it was read", path);
}

rp_code rp_asdf_read(rp_tree **out, const char *path, rp_error *err)
{
    char *bytes = NULL;
    size_t size = 0;
    *out = NULL;
    FILE *file = fopen(path, "rbe");
    if (!file)
        return rp_fail_errno(err, RP_E_IO, "%s: cannot be opened", path);
    rp_code code = read_all(file, path, &bytes, &size, err);
    if (code == RP_OK)
        code = rp_asdf_parse(out, bytes, size, path, err);
    free(bytes);
    (void)fclose(file);
    return code;
}

static void put_big(unsigned char *p, uint64_t value, size_t n)
{
    for (size_t k = n; k-- > 0; value >>= 8)
        p[k] = (unsigned char)value;
}

static void add_block(rp_text *out, const rp_array *array)
{
    unsigned char header[BLOCK_HEADER] = {0xd3, 'B', 'L', 'K'};
    put_big(header + 4, BLOCK_HEADER - 6, 2);
    put_big(header + 14, array->bytes, 8); /* allocated, used, unpacked; no checksum */
    put_big(header + 22, array->bytes, 8);
    put_big(header + 30, array->bytes, 8);
    rp_text_add(out, (const char *)header, sizeof header);
    rp_text_add(out, array->data, array->bytes);
}

rp_code rp_asdf_format(char **bytes, size_t *size, const rp_node *root, bool sorted, rp_error *err)
{
    rp_text out = {0};
    rp_array_list arrays = {0};
    rp_text_puts(&out, "#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n");
    rp_yaml_emit(&out, root, core_tag, sorted, &arrays);
    for (size_t k = 0; k < arrays.count; k++)
        add_block(&out, arrays.items[k]);
    free(arrays.items);
    if (out.failed || arrays.failed) {
        free(out.text);
        return rp_fail(err, RP_E_MEMORY, "no memory for an ASDF tree");
    }
    *bytes = out.text;
    *size = out.length;
    return RP_OK;
}

rp_code rp_asdf_write(const char *path, const rp_node *root, bool sorted, rp_error *err)
{
    char *bytes = NULL, *temporary = NULL;
    size_t size = 0;
    int fd = -1;
    rp_code code = rp_asdf_format(&bytes, &size, root, sorted, err);
    if (code == RP_OK)
        code = rp_file_temporary(&temporary, &fd, path, err);
    if (code == RP_OK)
        code = rp_file_write_at(fd, temporary, bytes, size, 0, err);
    if (code == RP_OK)
        code = rp_file_replace(temporary, &fd, path, false, err);
    if (code != RP_OK && temporary)
        (void)unlink(temporary);
    if (fd >= 0)
        (void)close(fd);
    free(temporary);
    free(bytes);
    return code;
}

static rp_node *software(rp_tree *tree)
{
    rp_node *node = rp_tagged(tree, rp_new_mapping(tree), "tag:stsci.edu:asdf/core/software-1.0.0");
    const bool done = rp_map_set(tree, node, "name", rp_new_string(tree, "rampart")) &&
                      rp_map_set(tree, node, "version", rp_new_string(tree, RP_VERSION));
    return done ? node : NULL;
}

rp_code rp_asdf_sign(rp_tree *tree, rp_node *root, rp_error *err)
{
    rp_node *extension = rp_tagged(tree, rp_new_mapping(tree), "tag:stsci.edu:asdf/core/extension_metadata-1.0.0");
    rp_node *extensions = rp_new_sequence(tree);
    static const char class_name[] = "asdf.extension._manifest.ManifestExtension"; /* readers demand one */
    static const char uri[] = "asdf://asdf-format.org/core/extensions/core-1.6.0";
    const bool done = rp_map_set(tree, extension, "extension_class", rp_new_string(tree, class_name)) &&
                      rp_map_set(tree, extension, "extension_uri", rp_new_string(tree, uri)) &&
                      rp_map_set(tree, extension, "software", software(tree)) &&
                      rp_seq_append(tree, extensions, extension) &&
                      rp_map_set(tree, root, "asdf_library", software(tree)) &&
                      rp_path_set(tree, root, "history.extensions", extensions);
    return done ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for an ASDF tree");
}
