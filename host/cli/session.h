/* One call of `run`: the target, what was said about it, and how each input is brought to a request. */
#ifndef RP_HOST_CLI_SESSION_H
#define RP_HOST_CLI_SESSION_H

#include "host/cli/console.h"
#include "host/cli/machine.h"
#include "rampart/bestrefs.h"
#include "rampart/device.h"
#include "rampart/product.h"

typedef struct rp_session {
    rp_target target;
    rp_pars pars; /* of the parameter file in the target's place, else empty */
    const char *pars_path;
    rp_option *options;
    size_t noptions;
    rp_arguments arguments;
    rp_machine machine;
    rp_console *console;
    rp_device *device; /* of all inputs; NULL until the first needs one */
    char *log_handlers; /* text of --logcfg that console options point into */
    bool parameters_saved;
    rp_bestrefs *refs; /* NULL where the environment names neither a CRDS cache nor a server */
} rp_session;

/* Finds what argv[i] names: a parameter file, a pipeline or a step. */
rp_code rp_session_target(rp_session *session, const char *name, rp_error *err);
void rp_session_clear(rp_session *session);

/* Opens the log as the arguments say. */
rp_code rp_session_log(rp_session *session, rp_error *err);

/* References by CRDS rules, where the environment says how; asked only for what nothing else gives. */
rp_code rp_session_refs(rp_session *session, const volatile sig_atomic_t *cancel, rp_error *err);

/* Would parameters be looked for in pars-* references? */
bool rp_session_wants_pars(const rp_session *session);

/* The plan for one input with metadata (both NULL: none): defaults, pars-* references, file, command line.
 * Clear the plan in every case. */
rp_code rp_session_plan(const rp_session *session, rp_plan *plan, const char *input, const rp_meta *meta,
                        rp_error *err);

/* Where the input is, input_dir applied.  Caller frees. */
rp_code rp_session_input_path(const rp_plan *plan, const char *input, char **path, rp_error *err);

/* A request for a plan; the caller adds what it watches with. */
void rp_session_request(const rp_session *session, const rp_plan *plan, const char *input_path, rp_request *out);

/* --dry-run for one input: on standard output, as text or JSON.  Fails where the run would. */
rp_code rp_session_dry_run(const rp_session *session, const rp_request *request, const rp_exposure *exposure,
                           rp_error *err);

/* Bytes of buffers that a run of this request takes at most: per pixel, for the frame, and within the budget. */
typedef struct rp_memory_estimate {
    size_t pixel_bytes, frame_bytes, used_bytes;
} rp_memory_estimate;
rp_memory_estimate rp_estimate_memory(const rp_request *request, const rp_exposure *exposure);

#endif
