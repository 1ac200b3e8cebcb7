/* Runs of the engine.  One does for most requests.  A step that works on frames begins a new one: the stages before it
 * leave their ramp in scratch storage, the step works there, and the rest goes on from it. */
#include <string.h>

#include "host/pipelines/job.h"

enum { FRAMES_IN_MEMORY_BYTES = 48 << 20 };

static void engine_progress(void *payload, uint64_t done, uint64_t total)
{
    const rp_observer *observer = ((rp_job *)payload)->request->observer;
    if (observer && observer->progress)
        observer->progress(observer->payload, "detector1", done, total);
}

static bool wants_optional(const rp_job *job, int first, int end)
{
    for (int i = first; i < end; i++)
        if (!strcmp(job->stage[i].step->name, "ramp_fit") && !job->stage[i].skip)
            return rp_values_bool(job->stage[i].values, "save_opt");
    return false;
}

static bool works_on_frames(const rp_stage *stage)
{
    return !stage->skip && stage->step->ops && stage->step->ops->frames;
}

/* The end of the stages that one run does from `first` on. */
static int segment_end(const rp_job *job, int first)
{
    int end = first + 1;
    while (end < job->nstages && !works_on_frames(&job->stage[end]))
        end++;
    return end < job->nstages ? end : job->nstages;
}

static void add_times(rp_job *job, int first)
{
    rp_engine_times t;
    rp_job_times *sum = &job->times;
    rp_engine_times_get(job->engine, &t);
    sum->read_s += t.read_s;
    sum->write_s += t.write_s;
    sum->events_s += t.events_s;
    sum->windows_s += t.windows_s;
    sum->read_bytes += t.read_bytes;
    sum->written_bytes += t.written_bytes;
    for (int i = first; i < job->nstages && i - first < RP_JOB_MAX_STAGES; i++)
        sum->stage_s[i] += t.stage_s[i - first];
}

static rp_code tap_frames(rp_job *job, const rp_frames *out, int stage, rp_error *err)
{
    const rp_tap tap = {.stage = stage,
                        .sci = rp_frames_sink(out, RP_FRAMES_SCI),
                        .groupdq = rp_frames_sink(out, RP_FRAMES_GROUPDQ),
                        .pixeldq = rp_frames_sink(out, RP_FRAMES_PIXELDQ),
                        .zeroframe = rp_frames_sink(out, RP_FRAMES_ZEROFRAME),
                        .dark_current = rp_frames_sink(out, RP_FRAMES_DARK_CURRENT)};
    return rp_engine_tap(job->engine, &tap, err);
}

/* Stages [first, end), from `in` (NULL: the exposure) to products and `out` (NULL: nobody goes on). */
static rp_code run_segment(rp_job *job, int first, int end, const rp_frames *in, const rp_frames *out, rp_error *err)
{
    const rp_request *request = job->request;
    const rp_engine_options options = {
        .input = in,
        .memory_bytes = request->memory_bytes,
        .strip_rows = request->strip_rows,
        .threads = request->device.threads,
        .scratch_dir = request->scratch_dir,
        .cancel = request->cancel,
        .optional = wants_optional(job, first, end) ? rp_job_optional : NULL,
        .progress = engine_progress,
        .payload = job,
    };
    rp_code code = rp_engine_new(&job->engine, &job->run, job->order + first, end - first, &options, err);
    if (code == RP_OK)
        code = rp_job_open_taps(job, first, end, err);
    if (code == RP_OK && out)
        code = tap_frames(job, out, end - first - 1, err);
    if (code == RP_OK)
        code = rp_engine_run(job->engine, err);
    if (code == RP_OK)
        add_times(job, first);
    rp_engine_free(job->engine);
    job->engine = NULL;
    return code;
}

static rp_code new_frames(const rp_job *job, rp_frames **out, rp_error *err)
{
    const rp_run *run = &job->run;
    const rp_frames_shape shape = {run->nints, run->ngroups,       run->ny,
                                   run->nx,    run->has_zeroframe, run->has_dark_current};
    return rp_frames_new(out, &shape, FRAMES_IN_MEMORY_BYTES, job->request->scratch_dir, err);
}

static rp_code work_on_frames(rp_job *job, rp_stage *stage, rp_frames *frames, rp_error *err)
{
    rp_device_info info;
    rp_device_describe(job->run.device, &info);
    const int wanted = job->request->device.threads, threads = wanted > 0 ? wanted : info.workers;
    const double start = rp_engine_clock_s();
    const rp_code code = stage->step->ops->frames(stage, frames, threads > 0 ? threads : 1, err);
    job->times.frames_s += rp_engine_clock_s() - start;
    return code;
}

rp_code rp_job_run_engine(rp_job *job, rp_error *err)
{
    rp_frames *in = NULL, *out = NULL;
    rp_code code = RP_OK;
    /* a run alone of a step that works on frames begins with loading them */
    int first = 0, end = works_on_frames(&job->stage[0]) ? 0 : segment_end(job, 0);
    for (;;) {
        const bool goes_on = end < job->nstages;
        if (goes_on)
            code = new_frames(job, &out, err);
        if (code == RP_OK)
            code = run_segment(job, first, end, in, out, err);
        rp_frames_free(in);
        in = out;
        out = NULL;
        if (code != RP_OK || !goes_on)
            break;
        code = work_on_frames(job, &job->stage[end], in, err);
        if (code != RP_OK)
            break;
        first = end;
        end = segment_end(job, first);
    }
    rp_frames_free(in);
    return code;
}
