/* Fuzzer of the HDF5 form.
 *
 * libhdf5 itself does not withstand hostile files, so the bytes of the file are not the main target: the input
 * builds a file through the library, with hostile bookkeeping, headers and chunks, and our code reads it.  An input
 * that begins with HDF5's own signature is opened as it is.  With -DRP_FUZZ_STANDALONE this is a program that runs
 * the files given as arguments. */
#include <hdf5.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/hdf5/codec.h"
#include "io/hdf5/group.h"
#include "io/hdf5/h5.h"
#include "io/hdf5/hdf5.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input, read piece by piece; zeros after its end. */
typedef struct feed {
    const uint8_t *data;
    size_t size, at;
} feed;

static uint8_t byte(feed *f)
{
    return f->at < f->size ? f->data[f->at++] : 0;
}

static int64_t number(feed *f)
{
    static const int64_t odd[] = {-1, 0, 1, 2880, 5760, INT64_MAX, INT64_MIN, INT64_C(1) << 40};
    const uint8_t kind = byte(f);
    return kind < 8 ? odd[kind] : (int64_t)kind * (kind & 1 ? 2880 : 1) + byte(f);
}

/* A header: good structural cards, some replaced by bytes of the input. */
static void make_header(feed *f, char *header, bool first)
{
    static const char *const cards[] = {"BITPIX  =                   16", "NAXIS   =                    2",
                                        "NAXIS1  =                   40", "NAXIS2  =                   30",
                                        "PCOUNT  =                    0", "GCOUNT  =                    1",
                                        "EXTNAME = 'SCI     '",           "END"};
    memset(header, ' ', 2880);
    memcpy(header, first ? "SIMPLE  =                    T" : "XTENSION= 'IMAGE   '          ", 30);
    for (int i = 0; i < 8; i++) {
        char *const card = header + 80 * (i + 1);
        memcpy(card, cards[i], strlen(cards[i]));
        if (byte(f) % 8 == 1) {
            for (int k = byte(f) % 32; k < 32; k++)
                card[k] = (char)byte(f);
        }
    }
}

/* One dataset with chunks of arbitrary bytes under our filters. */
static void make_dataset(feed *f, hid_t group, const char *name)
{
    const hsize_t dims[2] = {30, byte(f) % 4 ? 40 : byte(f) % 64u + 1u};
    const hsize_t chunk[2] = {byte(f) % dims[0] + 1, byte(f) % 2 ? dims[1] : byte(f) % dims[1] + 1};
    const unsigned level = 1;
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(2, dims, NULL);
    if (byte(f) % 8) {
        H5Pset_chunk(list, 2, chunk);
        if (byte(f) % 8)
            H5Pset_shuffle(list);
        H5Pset_filter(list, RP_ZSTD_FILTER, H5Z_FLAG_MANDATORY, 1, &level);
    }
    const hid_t set =
        H5Dcreate2(group, name, byte(f) % 8 ? H5T_STD_I16BE : H5T_STD_I32LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
    for (int i = byte(f) % 4; set >= 0 && i > 0; i--) {
        uint8_t bytes[256];
        const hsize_t start[2] = {chunk[0] * (byte(f) % ((dims[0] + chunk[0] - 1) / chunk[0])), 0};
        const size_t n = byte(f) + 1u;
        for (size_t k = 0; k < n; k++)
            bytes[k] = byte(f);
        (void)H5Dwrite_chunk(set, H5P_DEFAULT, byte(f) % 8, start, n, bytes);
    }
    rp_h5_close(set);
    rp_h5_close(space);
    rp_h5_close(list);
}

static void make_file(feed *f, const char *path)
{
    rp_h5_scope scope;
    rp_h5_entry entries[3];
    char headers[3 * 2880], extra[64];
    rp_h5_group group = {.entry = entries, .nhdu = byte(f) % 3 + 1u, .headers = headers, .extra = extra};
    memset(entries, 0, sizeof entries);
    memset(extra, 'x', sizeof extra);
    rp_h5_enter(&scope);
    const hid_t file = rp_h5_file_create(path), id = rp_h5_group_create(file, "rate");
    for (size_t i = 0; i < group.nhdu; i++) {
        rp_h5_entry *const e = &entries[i];
        (void)snprintf(e->name, sizeof e->name, "SCI_%zu", i);
        make_header(f, headers + 2880 * i, i == 0);
        e->header_bytes = byte(f) % 16 == 1 ? number(f) : 2880;
        e->data_bytes = byte(f) % 16 == 1 ? number(f) : 2400;
        e->padding_bytes = byte(f) % 4 == 1 ? number(f) : 480;
        e->padding = byte(f) % 4 == 1 ? number(f) : 0;
        if (byte(f) % 8 != 1)
            make_dataset(f, id, e->name);
    }
    group.headers_bytes = byte(f) % 16 == 1 ? byte(f) : 2880 * group.nhdu;
    group.extra_bytes = byte(f) % sizeof extra;
    (void)rp_h5_group_write(id, &group, path, NULL);
    rp_h5_close(id);
    rp_h5_close(file);
    rp_h5_leave(&scope);
}

static void read_back(const char *path)
{
    rp_container *file = NULL;
    rp_error err = {0};
    if (rp_hdf5_open(&file, path, NULL, &err) != RP_OK)
        return;
    for (size_t i = 0; i < file->nhdu; i++) {
        rp_source *s = NULL;
        char bytes[64];
        const rp_hdu *const hdu = &file->hdu[i];
        (void)file->read_bytes(file, i, 0, hdu->data_bytes < 64 ? (size_t)hdu->data_bytes : 64, bytes, &err);
        if (file->open_source(file, i, &s, &err) != RP_OK)
            continue;
        const int64_t ny = rp_shape_ny(&s->shape), nx = rp_shape_nx(&s->shape);
        if (nx < 4096) {
            char row[4096 * 8];
            for (int64_t y = 0; y < ny && y < 64; y++)
                (void)s->read(s, 0, (rp_rect){y, 0, 1, nx}, row, &err);
        }
        s->close(s);
    }
    file->close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* libhdf5 wants a name of its own; in memory where there is such a folder. */
    char path[64];
    feed f = {data, size, 0};
    (void)snprintf(path, sizeof path, "%s/rampart-fuzz-%d.h5", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp",
                   (int)getpid());
    if (size > 4 && memcmp(data, "\x89HDF", 4) == 0) {
        FILE *const out = fopen(path, "wb");
        if (!out || fwrite(data, 1, size, out) != size || fclose(out) != 0)
            abort();
    } else {
        make_file(&f, path);
    }
    read_back(path);
    (void)unlink(path);
    return 0;
}

#ifdef RP_FUZZ_STANDALONE
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        FILE *const f = fopen(argv[i], "rb");
        if (!f || fseek(f, 0, SEEK_END) != 0)
            return 1;
        const long size = ftell(f);
        uint8_t *const data = size >= 0 ? malloc((size_t)size + 1) : NULL;
        rewind(f);
        if (!data || fread(data, 1, (size_t)size, f) != (size_t)size)
            return 1;
        (void)LLVMFuzzerTestOneInput(data, (size_t)size);
        free(data);
        fclose(f);
    }
    return 0;
}
#endif
