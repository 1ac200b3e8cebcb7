#!/bin/sh
# Files of every kind that the program writes keep to the FITS standard, in the eyes of fitsverify.
command -v fitsverify >/dev/null || { echo "skipped: no fitsverify"; exit 77; }
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
# shellcheck source=tests/common/fitsverify.sh
. "$here/../common/fitsverify.sh"
scratch=$work
cases=$here/../golden/cases

# golden CASE option...: the case's own command line and more
golden() {
    case=$1
    shift
    IFS='
'
    # shellcheck disable=SC2046
    set -- $(sed "s,@,$cases/$case,;s,OUT,$case," "$cases/$case/args") "$@"
    unset IFS
    expect 0 run "$@" -q
}

save_steps=$("$RAMPART" run calwebb_detector1 --help | sed -n 's/^ *\(--steps\.[a-z_]*\.save_results=\)true.*/\1true/p')
[ -n "$save_steps" ] || fail "no steps"

# shellcheck disable=SC2086
{
    golden optional --save_calibrated_ramp=true --steps.dark_current.dark_output=optional/dark_out.fits $save_steps
    golden miri --steps.dark_current.dark_output=miri/dark_out.fits $save_steps
    golden charge_migration $save_steps
    golden scales $save_steps
    golden ipc_4d $save_steps
}
golden likely_jumps
golden zero_frame
golden nirspec
golden all_saturated
for case in guider_acq guider_fine guider_id guider_track; do
    golden $case
done
expect 0 simulate nircam -o simulated --size 64 --zeroframe -q
expect 0 simulate miri -o simulated --size 64 --nints 2 -q

# a file comes back from HDF5 as it was; the exposures of the cases, gzipped, come back unpacked
expect 0 convert optional/*_fitopt.fits back.h5
expect 0 convert back.h5 back_fitopt.fits
expect 0 convert "$(ls "$cases"/guider_id/input/*.fits.gz)" raw.h5
expect 0 convert raw.h5 back_uncal.fits

find . -name '*.fits' | sort >files
[ "$(wc -l <files)" -ge 120 ] || fail "only $(wc -l <files) files"
while read -r file; do
    standard "$file" || failures=$((failures + 1))
done <files

# what cannot fail is no test
LC_ALL=C sed 's/TELESCOP/telescop/' back_fitopt.fits >bad.fits
standard bad.fits >out && fail "a keyword in small letters is not noticed"
finish
