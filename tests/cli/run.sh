#!/bin/sh
# Runs on small simulated exposures: references, names of products, several inputs, reports.
. "$(dirname "$0")/common.sh"

# $1: folder, $2...: options; leaves the name of the exposure in $made
simulate() {
    folder=$1
    shift
    expect 0 simulate nircam -o "$folder" --size 64 --subarray GENERIC --nints 2 --ngroups 5 --no-truth --quiet "$@"
    made=$(ls "$folder"/*_uncal.fits | head -1)
}

simulate sim
input=$made
root=$(basename "$input" _uncal.fits)
refs=sim

# nothing begins while a reference is missing, and all are named at once
expect 1 run calwebb_detector1 "$input"
says err "dq_init: mask"
says err "ramp_fit: readnoise, gain"
says err "--refs"
absent ${root}_rate.fits
expect 1 run jump "$input"
says err "2 references are missing (jump: gain, readnoise)"
expect 1 run calwebb_detector1 "$input" --refs $refs --steps.jump.override_gain=no_such.fits
says err "no_such.fits"

# what cannot run is refused before any work
expect 1 run calwebb_detector1 "$input" --refs $refs --steps.jump.pre_hooks=mine.py,
says err "pre_hooks of jump"
absent ${root}_rate.fits

# a dry run tells the plan and leaves nothing behind
expect 0 run calwebb_detector1 "$input" --refs $refs --dry-run --steps.jump.rej=5 --output_dir=dry
says out "run     ramp_fit"
says out "skip    persistence"
says out "rejection_threshold = 5.0   (command line)"
says out "ipc: N/A"
says out "memory"
absent dry
expect 0 run calwebb_detector1 "$input" --refs $refs --dry-run --json
says out '"status":"planned"'

# the usual run
expect 0 run calwebb_detector1 "$input" --refs $refs --output_dir=made/here --save_calibrated_ramp=true
there made/here/${root}_rate.fits made/here/${root}_rateints.fits made/here/${root}_ramp.fits
says err "stpipe.step - INFO - Step Detector1Pipeline done"
grep -qE '^[0-9-]{10} [0-9:]{8},[0-9]{3} - [a-z._0-9A-Z]+ - [A-Z]+ - ' err || fail "log lines are not in strun's form"

# names, log, report
expect 0 run calwebb_detector1 "$input" --refs $refs --output_file=other-cal.fits --log-file=run.log --log-stream=null
there other-rate.fits other-rateints.fits run.log
silent err
expect 0 run calwebb_detector1 "$input" --refs $refs --output_dir=json --json --quiet
says out '"status":"done"'
says out "json/${root}_rate.fits"
silent err
[ "$(wc -l <out)" -eq 1 ] || fail "JSON of one input is not one line"
expect 0 run group_scale "$input" -q
there ${root}_groupscalestep.fits
expect 0 run group_scale ${root}_groupscalestep.fits -q --suffix=again --input_dir=.
there ${root}_again.fits

# several inputs: a bad one does not stop the others
simulate sim --observation 2 --no-references
second=$(ls sim/*_uncal.fits | tail -1)
expect 1 run calwebb_detector1 "$input" missing.fits "$second" --refs $refs --output_dir=many --log-level=ERROR
says err "missing.fits"
says err "3 inputs: 2 done, 1 failed"
there many/${root}_rate.fits many/$(basename "$second" _uncal.fits)_rate.fits
expect 1 run calwebb_detector1 missing.fits "$second" --refs $refs --output_dir=many2 --json -q
[ "$(wc -l <out)" -eq 2 ] || fail "JSON of two inputs is not two lines"
says out '"status":"failed"'
says out '"status":"done"'

# options of the machine change no bit
expect 0 run calwebb_detector1 "$input" --refs $refs --output_dir=t1 --threads=1 --strip-rows=8 -q
expect 0 run calwebb_detector1 "$input" --refs $refs --output_dir=t3 --threads=3 --memory=64M --durable -q
there t1/${root}_rate.fits t3/${root}_rate.fits

# without --checkpoint there is nothing to resume from, and that is said
expect 0 run calwebb_detector1 "$input" --refs $refs --output_dir=kept --intermediate=kept.h5 -q
expect 1 run calwebb_detector1 "$input" --refs $refs --output_dir=resumed --resume=kept.h5
says err "--checkpoint STEP"
absent resumed
expect 0 run calwebb_detector1 "$input" --refs $refs --output_dir=kept --intermediate=kept.h5 --checkpoint=jump -q
expect 0 run calwebb_detector1 "$input" --refs $refs --output_dir=resumed --resume=kept.h5 -q
there resumed/${root}_rate.fits

# nothing half-written is left anywhere
left=$(find . -name '*.tmp*' -o -name '.*rampart*')
[ -z "$left" ] || fail "left behind: $left"
finish
