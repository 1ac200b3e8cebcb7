#!/bin/sh
# What needs no data: help, lists, versions, pages, wrong usage and its exit codes.
. "$(dirname "$0")/common.sh"

expect 0 --help
says out "calibrate exposures"
expect 0 --version
says out "rampart 0."
expect 2
says err "Usage: rampart VERB"
expect 2 rnu
says err "unknown verb 'rnu': did you mean 'run'?"

expect 0 list
says out "calwebb_detector1"
says out "calwebb_dark          Raw dark exposures to corrected ramps"
expect 0 list --json
says out '"class": "jwst.jump.jump_step.JumpStep"'
expect 2 list extra

expect 0 run --help
says out "--save-parameters=FILE"
expect 0 run --version
expect 0 run jump --help
says out "--rejection_threshold=NUMBER"
says out "default 4.0; in sigma; at least 0"
expect 0 run calwebb_detector1 -h
says out "--steps.ramp_fit.algorithm=OLS_C|LIKELY"
says out "--steps.dark_current.override_dark=FILE"

expect 2 run
says err "must be named"
expect 1 run jmup x.fits
says err "did you mean 'jump'?"
expect 2 run jump x.fits --bogus=1
says err "unrecognized arguments: --bogus=1"
expect 2 run jump x.fits --regection_threshold=5
says err "did you mean --rejection_threshold?"
expect 2 run jump x.fits --s=1
says err "ambiguous option: --s=1 could match --save-parameters, --save_results"
expect 2 run jump x.fits --skip
says err "expected one argument"
expect 2 run jump x.fits --threads=none
expect 2 run jump x.fits --memory=lots
expect 2 run jump x.fits --backend=opnmp
says err "did you mean openmp?"
expect 1 run jump x.fits --skip=maybe
says err "'maybe' is not true or false"
expect 1 run jump x.fits --rejection_threshold=-1
says err "too small"
expect 1 run jump x.fits --log-level=LOUD
expect 1 run jump x.fits --log-stream=printer
expect 1 run jump
says err "no input"
expect 1 run jump nothing.fits --override_gain=N/A --override_readnoise=N/A
says err "nothing.fits"
expect 2 run jump a.fits b.fits --output_file=one.fits
says err "output_file names the products of one input"
expect 2 run jump a/x.fits b/x.fits
says err "same names"

# every page is roff with a title, a name and no stray command
for page in rampart run calwebb_detector1 jump ramp_fit; do
    expect 0 man $page
    says out ".TH "
    says out ".SH NAME"
    grep -n "^\.[^ATBSIP]" out && fail "stray roff command on page $page"
done
expect 1 man nothing

expect 0 completion bash
says out "complete -F _rampart"
if command -v bash >/dev/null; then bash -n out || fail "bash cannot read its completion"; fi
expect 0 completion zsh
says out "#compdef rampart strun"
expect 2 completion tcsh
expect 0 completion words rampart
says out "simulate"
expect 0 completion words rampart run
says out "calwebb_guider"
expect 0 completion words strun jump
says out "--override_readnoise="
says out "--dry-run"

# by the name strun it is "run"
ln -s "$RAMPART" strun
RAMPART=$work/strun
expect 0 jump --help
says out "--rejection_threshold"
expect 2
finish
