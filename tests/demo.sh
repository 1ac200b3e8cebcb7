#!/bin/sh
# demo.sh RAMPART FOLDER: simulates a NIRCam exposure, calibrates it, draws it.
set -eu
rampart=$1
out=$2
mkdir -p "$out"
step() { printf '\n== %s\n' "$1"; shift; printf '   %s\n' "$*"; start=$(date +%s.%N); "$@"; end=$(date +%s.%N); awk "BEGIN { printf \"   %.2f s\n\", $end - $start }"; }

step "simulate a full-frame NIRCam exposure with its references" "$rampart" simulate nircam -o "$out"
raw=$(ls "$out"/*_uncal.fits | head -n 1)
base=${raw%_uncal.fits}
step "calibrate it" "$rampart" run calwebb_detector1 "$raw" --refs "$out" --output_dir "$out" --save_calibrated_ramp=false
step "what came out" "$rampart" info "${base}_rate.fits"
step "draw the last raw group" "$rampart" preview "$raw" -o "$out/raw.png"
step "draw the count rate" "$rampart" preview "${base}_rate.fits" -o "$out/rate.png"
step "draw the flags" "$rampart" preview "${base}_rate.fits" --plane DQ -o "$out/flags.png"
cat <<TEXT

Everything is in $out:
  $(basename "$raw")           the raw exposure (references: jwst_*.fits, what was put in: *_truth.fits)
  $(basename "$base")_rate.fits      count rate, errors, flags; _rateints.fits per integration
  raw.png, rate.png, flags.png  the last raw group, the rate, the flags
TEXT
