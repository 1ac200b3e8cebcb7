#!/bin/sh
# Parameters: files in both forms, precedence, saving and reading back.
. "$(dirname "$0")/common.sh"

expect 0 simulate nircam -o sim --size 64 --subarray GENERIC --nints 1 --ngroups 5 --no-truth --quiet
input=$(ls sim/*_uncal.fits)
plan() { expect 0 run "$@" "$input" --refs sim --dry-run; }

# saving needs no input, and what is saved means the same
expect 0 run calwebb_detector1 --save-parameters saved.asdf --steps.jump.rejection_threshold=0.1 \
    --steps.refpix.odd_even_rows=no --save_calibrated_ramp=1
there saved.asdf
says saved.asdf "class: \"jwst.pipeline.calwebb_detector1.Detector1Pipeline\""
plan saved.asdf
says out "rejection_threshold = 0.1   (file)"
says out "odd_even_rows = False   (file)"
says out "save_calibrated_ramp = True   (file)"
plan saved.asdf --steps.jump.rejection_threshold=7
says out "rejection_threshold = 7.0   (command line)"

# a configobj file, another one in it, and the command line above both
cat >jump.cfg <<'CFG'
name = jump
class = jwst.jump.JumpStep
rejection_threshold = 3   # replaced below
sat_expand = 9
CFG
cat >top.cfg <<'CFG'
name = Mine
class = jwst.pipeline.Detector1Pipeline
output_dir = "a, b"
[steps]
    [[jump]]
    config_file = jump.cfg
    rejection_threshold = 4.5
    [[dark_current]]
    skip = True
CFG
plan top.cfg
says out ": Mine, "
says out "output_dir = a, b   (file)"
says out "rejection_threshold = 4.5   (file)"
says out "sat_expand = 9   (file)"
says out "skip    dark_current"
plan jump.cfg --sat_expand=1
says out "sat_expand = 1   (command line)"

# what a file gets wrong is named with the file
cat >bad.cfg <<'CFG'
class = jwst.pipeline.Detector1Pipeline
[steps]
    [[jump]]
    rejection_treshold = 5
CFG
expect 1 run bad.cfg "$input" --refs sim
says err "bad.cfg"
says err "did you mean 'rejection_threshold'?"
printf 'class = jwst.nothing.Step\n' >bad.cfg
expect 1 run bad.cfg "$input"
printf 'a line\n' >bad.cfg
expect 1 run bad.cfg "$input"
says err "bad.cfg, line 1"
printf '#ASDF 1.0.0\n' >bad.asdf
expect 1 run bad.asdf "$input"
says err "bad.asdf"
expect 1 run calwebb_detector1 --save-parameters no/such/folder/p.asdf
finish
