/* Takes out of log lines what should not travel with a product: folders, user, host, addresses. */
#ifndef RP_HOST_PIPELINES_SCRUB_H
#define RP_HOST_PIPELINES_SCRUB_H

typedef struct rp_scrubber {
    char user[256]; /* "" when unknown */
    char host[256];
} rp_scrubber;

/* Looks user and host up. */
void rp_scrubber_init(rp_scrubber *scrubber);

/* In place: absolute paths shrink to their last part; a line that then names the user, the host or an IP address
 * becomes empty. */
void rp_scrub(const rp_scrubber *scrubber, char *line);

#endif
