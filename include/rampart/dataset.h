/* Datasets as a stream of headers: JSON lines, FITS and HDF5 files, later an archive.
 *
 * A source hands out one dataset at a time to one thread; what it hands out is valid until the next call. */
#ifndef RAMPART_DATASET_H
#define RAMPART_DATASET_H

#include "rampart/context.h"

typedef struct rp_dataset {
    const char *id; /* "" where the source has none */
    const rp_header_item *item;
    size_t nitems;
    const char *const *type; /* reference types that it asks for; ntypes 0: all */
    size_t ntypes;
    const char *problem; /* not NULL: this dataset cannot be read, and why; others may follow */
} rp_dataset;

typedef struct rp_dataset_source rp_dataset_source;
struct rp_dataset_source {
    /* *end becomes true, and *out is not set, when there are no more.  Errors end the stream. */
    rp_code (*next)(rp_dataset_source *source, rp_dataset *out, bool *end, rp_error *err);
    void (*close)(rp_dataset_source *source);
};

/* Lines {"id": TEXT, "header": {KEYWORD: text, number, logical or null}, "types": [NAME] or null}; id and types may
 * lack, other members are skipped.  `fd` stays open after close; `name` is for messages. */
rp_code rp_source_jsonl(rp_dataset_source **out, int fd, const char *name, rp_error *err);

/* The primary headers of FITS and HDF5 exposures; an id is the path.  `path` must outlive the source. */
rp_code rp_source_files(rp_dataset_source **out, const char *const *path, size_t count, rp_error *err);

#endif
