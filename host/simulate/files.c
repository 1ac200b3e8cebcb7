/* Planning, writing and committing one file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/simulate/files.h"

rp_code rp_sim_file_begin(rp_sim_file *file, const char *dir, const char *name, rp_error *err)
{
    *file = (rp_sim_file){.nhdu = 1, .err = err};
    file->header[0].err = err;
    const int n = snprintf(file->path, sizeof file->path, "%s/%s", dir, name);
    if (n < 0 || (size_t)n >= sizeof file->path)
        return rp_fail(err, RP_E_ARGUMENT, "%s/%s: the path is too long", dir, name);
    (void)snprintf(file->extname[0], sizeof file->extname[0], "PRIMARY");
    return RP_OK;
}

rp_sim_header *rp_sim_file_header(rp_sim_file *file, size_t hdu)
{
    return &file->header[hdu];
}

static size_t add_hdu(rp_sim_file *file, const char *extname)
{
    const size_t k = file->nhdu;
    if (k == RP_SIM_MAX_HDUS) {
        if (!file->code)
            file->code =
                rp_fail(file->err, RP_E_INTERNAL, "%s: more than %d HDUs planned", file->path, RP_SIM_MAX_HDUS);
        return k - 1;
    }
    file->nhdu++;
    file->header[k].err = file->err;
    (void)snprintf(file->extname[k], sizeof file->extname[k], "%s", extname);
    return k;
}

size_t rp_sim_file_image(rp_sim_file *file, const char *extname, rp_dtype type, rp_shape shape)
{
    const size_t k = add_hdu(file, extname);
    rp_sim_image_cards(&file->header[k], extname, type, &shape);
    file->plan[k].is_image = true;
    file->plan[k].type = type;
    file->plan[k].shape = shape;
    return k;
}

void rp_sim_file_table(rp_sim_file *file, const char *extname, rp_sim_table table)
{
    const size_t k = add_hdu(file, extname);
    if (table.failed && !file->code)
        file->code = rp_fail(file->err, RP_E_MEMORY, "%s: no memory for table %s", file->path, extname);
    rp_sim_table_cards(&file->header[k], &table, extname);
    free(file->table[k].bytes);
    file->table[k] = table;
    file->plan[k].bytes = table.bytes;
    file->plan[k].nbytes = table.used;
}

rp_code rp_sim_file_open(rp_sim_file *file)
{
    file->plan[0].is_image = true;
    file->plan[0].type = RP_U8;
    for (size_t k = 0; k < file->nhdu; k++) {
        if (!file->code)
            file->code = file->header[k].code;
        file->plan[k].extname = file->extname[k];
        file->plan[k].extver = 1;
        file->plan[k].cards = file->header[k].cards.text;
        file->plan[k].ncards = file->header[k].cards.count;
    }
    if (file->code)
        return file->code;
    return rp_fits_writer_new(&file->writer, file->path, file->plan, file->nhdu, file->err);
}

rp_code rp_sim_file_row(const rp_sim_file *file, size_t hdu, int64_t plane, int64_t y, const void *elements,
                        rp_error *err)
{
    const rp_sink *sink = rp_writer_sink(file->writer, hdu);
    if (!sink)
        return rp_fail(err, RP_E_INTERNAL, "%s: HDU %zu is no image", file->path, hdu);
    const rp_rect rect = {.y0 = y, .x0 = 0, .ny = 1, .nx = rp_shape_nx(&sink->shape)};
    return sink->write(sink, plane, rect, elements, err);
}

rp_code rp_sim_file_commit(rp_sim_file *file, rp_sim_result *result, rp_error *err)
{
    rp_writer *writer = file->writer;
    file->writer = NULL; /* commit frees it in every case */
    const rp_code code = rp_writer_commit(writer, false, err);
    if (code)
        return code;
    struct stat info;
    if (result && stat(file->path, &info) == 0) {
        result->files++;
        result->bytes += info.st_size;
    }
    return RP_OK;
}

void rp_sim_file_end(rp_sim_file *file)
{
    rp_writer_discard(file->writer);
    for (size_t k = 0; k < file->nhdu; k++) {
        rp_cards_free(&file->header[k].cards);
        free(file->table[k].bytes);
    }
    *file = (rp_sim_file){0};
}
