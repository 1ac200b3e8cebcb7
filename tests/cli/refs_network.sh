#!/bin/sh
# refs serve, refs sync, and a run whose references are found by rules: from a golden case, over loopback.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
. "$here/../common/observatory.sh"
case=$here/../golden/cases/groups_4
input=jw09999001001_02101_00001_nrca3_uncal.fits
server_pid=
trap '[ -z "$server_pid" ] || kill "$server_pid" 2>/dev/null; [ -n "${KEEP:-}" ] || rm -rf "$work"' EXIT
for variable in $(env | sed -n 's/^\(CRDS_[A-Z_]*\)=.*/\1/p'); do unset "$variable"; done

gzip -dc "$case/input/$input.gz" >$input
"$RAMPART" run jump --save-parameters pars.asdf --rejection_threshold=4.25 >out 2>err || fail "no parameter file"
pairs=""
for type in mask saturation superbias linearity dark gain readnoise; do
    pairs="$pairs $type=$case/refs/$type.fits.gz"
done
# shellcheck disable=SC2086
make_observatory served nircam NRCA3 $pairs pars-jumpstep=pars.asdf

# ---- without anything to go by
expect 1 run calwebb_detector1 $input --backend=openmp
says err "references are missing"
says err "CRDS_SERVER_URL"

# ---- the server
start_server "$RAMPART" served || { fail "no server"; finish; }
export CRDS_PATH="$work/cache" CRDS_SERVER_URL="$server_url" CRDS_OBSERVATORY=jwst
expect 1 refs serve --crds-path nowhere --listen 127.0.0.1:0
says err "nowhere"
expect 2 refs serve --listen 127.0.0.1:0
expect 2 refs serve --crds-path served --listen nonsense

# ---- a run
mkdir by_rules by_name
expect 0 run calwebb_detector1 $input --output_dir=by_rules --backend=openmp
there by_rules/*_rate.fits cache/mappings/jwst/jwst_0001.pmap cache/references/jwst/nircam/jwst_nircam_dark_0001.fits \
    cache/config/jwst/server_config
says err "pars-jumpstep parameters found"
"$RAMPART" info by_rules/*_rate.fits >info 2>&1
for text in "crds://jwst_nircam_dark_0001.fits" "jwst_0001.pmap" "14.0.3"; do
    grep -qa "$text" by_rules/*_rate.fits || fail "the product does not say $text"
done
r=cache/references/jwst/nircam/jwst_nircam
(
    unset CRDS_PATH CRDS_SERVER_URL
    "$RAMPART" run calwebb_detector1 $input --output_dir=by_name --backend=openmp --steps.jump.rejection_threshold=4.25 \
        --steps.dq_init.override_mask=${r}_mask_0001.fits --steps.saturation.override_saturation=${r}_saturation_0001.fits \
        --steps.saturation.override_superbias=${r}_superbias_0001.fits --steps.superbias.override_superbias=${r}_superbias_0001.fits \
        --steps.linearity.override_linearity=${r}_linearity_0001.fits --steps.dark_current.override_dark=${r}_dark_0001.fits \
        --steps.jump.override_gain=${r}_gain_0001.fits --steps.jump.override_readnoise=${r}_readnoise_0001.fits \
        --steps.ramp_fit.override_gain=${r}_gain_0001.fits --steps.ramp_fit.override_readnoise=${r}_readnoise_0001.fits \
        --steps.gain_scale.override_gain=${r}_gain_0001.fits --steps.emicorr.override_emicorr=N/A
) >out 2>err || fail "the run with references by name"
pixels() { "$RAMPART" preview "$1" -o "$2" >out 2>err; }
pixels by_rules/*_rate.fits a.png && pixels by_name/*_rate.fits b.png && cmp -s a.png b.png || fail "other pixels by rules than by name"

# ---- overrides go before rules; parameters can be left alone
expect 0 run calwebb_detector1 $input --dry-run --steps.dark_current.override_dark=$r"_dark_0001.fits"
says out "rejection_threshold = 4.25   (reference)"
says out "dark: $work/$r"
expect 0 run calwebb_detector1 $input --dry-run --disable-crds-steppars
grep -q "4.25" out && fail "parameters of a reference although they are disabled"

# ---- the cache alone
kill "$server_pid"
wait "$server_pid" 2>/dev/null
server_pid=
export CRDS_SERVER_URL=https://jwst-serverless.stsci.edu
expect 0 run calwebb_detector1 $input --dry-run
says out "mask: $work/$r"
rm cache/references/jwst/nircam/jwst_nircam_gain_0001.fits cache/references/jwst/nircam/jwst_nircam_dark_0001.fits
expect 1 run calwebb_detector1 $input --output_dir=by_rules --backend=openmp
says err "dark_current: dark"
says err "ramp_fit: gain"
says err "no server to fetch it from"
printf 'broken' >cache/references/jwst/nircam/jwst_nircam_mask_0001.fits
expect 1 run dq_init $input --backend=openmp
says err "6 bytes"

# ---- sync
start_server "$RAMPART" served || { fail "no server"; finish; }
export CRDS_SERVER_URL="$server_url"
expect 0 refs sync --contexts latest --fetch-references --dry-run
says out "2 files would be fetched"
expect 1 refs sync --contexts jwst_0001.pmap --fetch-references --check-files
says out "1 errors"
says err "6 bytes"
expect 1 refs sync --contexts jwst_0001.pmap --fetch-references --check-sha1sum --repair-files
expect 0 refs sync --contexts jwst_0001.pmap --fetch-references --check-sha1sum
says out "0 errors"
: >cache/references/jwst/nircam/jwst_nircam_dark_0009.fits
expect 0 refs sync --contexts jwst_0001.pmap --fetch-references --purge-references
says out "1 removed"
expect 0 refs sync --organize flat
there cache/references/jwst/jwst_nircam_dark_0001.fits
: >cache/references/jwst/x.fits.lock
expect 0 refs sync --clear-locks
says out "1 locks removed"
expect 1 refs sync --contexts jwst_0099.pmap
expect 2 refs sync
expect 2 refs sync --organize sideways
finish
