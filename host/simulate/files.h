/* Files of the simulator while they are written: HDUs planned first, rows stored by many threads, then committed. */
#ifndef RP_HOST_SIMULATE_FILES_H
#define RP_HOST_SIMULATE_FILES_H

#include "host/simulate/header.h"
#include "rampart/container.h"

enum { RP_SIM_MAX_HDUS = 8 };

typedef struct rp_sim_file {
    char path[RP_SIM_PATH];
    char extname[RP_SIM_MAX_HDUS][24];
    rp_sim_header header[RP_SIM_MAX_HDUS];
    rp_sim_table table[RP_SIM_MAX_HDUS];
    rp_hdu_plan plan[RP_SIM_MAX_HDUS];
    size_t nhdu;
    rp_writer *writer;
    rp_code code; /* first error of the planning */
    rp_error *err;
} rp_sim_file;

/* Starts a file; the primary header's mandatory cards are up to the caller: rp_sim_file_header(file, 0). */
rp_code rp_sim_file_begin(rp_sim_file *file, const char *dir, const char *name, rp_error *err);
rp_sim_header *rp_sim_file_header(rp_sim_file *file, size_t hdu);
/* Adds an image HDU with its mandatory cards; further cards through rp_sim_file_header. */
size_t rp_sim_file_image(rp_sim_file *file, const char *extname, rp_dtype type, rp_shape shape);
/* Adds a table, which the file then owns. */
void rp_sim_file_table(rp_sim_file *file, const char *extname, rp_sim_table table);
/* Creates the file (under a temporary name) with everything planned. */
rp_code rp_sim_file_open(rp_sim_file *file);
/* Row y of one plane: elements as FITS stores them. */
rp_code rp_sim_file_row(const rp_sim_file *file, size_t hdu, int64_t plane, int64_t y, const void *elements,
                        rp_error *err);
/* Renames into place; adds to the counts of result (may be NULL). */
rp_code rp_sim_file_commit(rp_sim_file *file, rp_sim_result *result, rp_error *err);
/* Leaves no trace of an uncommitted file; frees.  Safe on a zeroed or committed one. */
void rp_sim_file_end(rp_sim_file *file);

/* The reference files of one exposure. */
enum { RP_SIM_MAX_REFERENCES = 8 };

typedef struct rp_sim_references {
    rp_sim_file file[RP_SIM_MAX_REFERENCES];
    size_t nfiles;
} rp_sim_references;

rp_code rp_sim_references_open(rp_sim_references *refs, const rp_sim *sim, const char *dir, rp_error *err);
/* `buffer` holds nx 4-byte elements; `values` the same. */
rp_code rp_sim_references_row(const rp_sim_references *refs, const rp_sim *sim, int64_t y, const rp_sim_row *row,
                              float *values, void *buffer, rp_error *err);
rp_code rp_sim_references_commit(rp_sim_references *refs, rp_sim_result *result, rp_error *err);
void rp_sim_references_end(rp_sim_references *refs);

/* DQ_DEF of a reference type; RSCD_GROUP_SKIP of MIRI. */
rp_sim_table rp_sim_dq_def_table(const char *reftype);
rp_sim_table rp_sim_rscd_table(const rp_sim *sim);

#endif
