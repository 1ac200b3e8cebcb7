/* A guide-star exposure under way; private to host/pipelines/guider*.c. */
#ifndef RP_HOST_PIPELINES_GUIDER_JOB_H
#define RP_HOST_PIPELINES_GUIDER_JOB_H

#include "host/steps/guider.h"
#include "rampart/pipeline.h"

enum { RP_GUIDER_MAX_PRODUCTS = 4 };

typedef struct rp_guider_product {
    rp_product *product;
    char *path, *suffix;
} rp_guider_product;

typedef struct rp_guider_job {
    const rp_request *request;
    rp_exposure *exposure;
    rp_meta *meta; /* as the steps so far have left it */
    rp_guider_frames frames;
    rp_guider_product product[RP_GUIDER_MAX_PRODUCTS];
    int nproducts;
} rp_guider_job;

/* Reads SCI, ERR and DQ; planes that the file lacks are zero. */
rp_code rp_guider_read(rp_guider_job *job, rp_error *err);

/* Saves the frames as they are now, when step (NULL: the top) is to be saved. */
rp_code rp_guider_save(rp_guider_job *job, const char *step, const char *suffix, rp_error *err);

/* Puts all saved products in place. */
rp_code rp_guider_commit(rp_guider_job *job, rp_error *err);
void rp_guider_discard(rp_guider_job *job);

#endif
