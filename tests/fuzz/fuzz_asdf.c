/* Fuzz target: any bytes as an ASDF file.  What is read must be written, and read again, without complaint.
 * With -DRP_FUZZ_STANDALONE it becomes a program that runs the files given as arguments. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/asdf/asdf.h"

static void take_numbers(const rp_node *node)
{
    double *values;
    int naxis;
    int64_t axis[RP_ARRAY_MAX_AXES];
    if (rp_asdf_numbers(node, "fuzz", &values, &naxis, axis, NULL) == RP_OK)
        free(values);
    if (node->kind == RP_NODE_SEQUENCE)
        for (size_t k = 0; k < node->count && k < 4; k++)
            take_numbers(node->items[k]);
    if (node->kind == RP_NODE_MAPPING)
        for (size_t k = 0; k < node->nentries && k < 16; k++)
            take_numbers(node->entries[k].value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rp_tree *tree, *again;
    rp_error err;
    char *bytes = NULL;
    size_t written = 0;
    if (rp_asdf_parse(&tree, data, size, "fuzz", &err) != RP_OK)
        return 0;
    rp_node *root = rp_tree_root(tree);
    take_numbers(root);
    (void)rp_path_get(root, "meta.instrument.name");
    (void)rp_path_set(tree, root, "meta.instrument.name", rp_new_string(tree, "NIRCAM"));
    if (rp_asdf_sign(tree, root, &err) != RP_OK || rp_asdf_format(&bytes, &written, root, true, &err) != RP_OK)
        abort();
    if (rp_asdf_parse(&again, bytes, written, "fuzz again", &err) != RP_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        abort();
    }
    rp_tree_free(again);
    rp_tree_free(tree);
    free(bytes);
    return 0;
}

#ifdef RP_FUZZ_STANDALONE
int main(int argc, char **argv)
{
    for (int k = 1; k < argc; k++) {
        FILE *file = fopen(argv[k], "rb");
        uint8_t *data = malloc(1 << 24);
        if (!file || !data)
            return 1;
        const size_t n = fread(data, 1, 1 << 24, file);
        (void)fclose(file);
        (void)LLVMFuzzerTestOneInput(data, n);
        free(data);
    }
    return 0;
}
#endif
