#!/bin/sh
# rampart refs and rampart bench refs, on copies of the small contexts of tests/data/crds.
data=$(cd "$(dirname "$0")/../data/crds" && pwd)
. "$(dirname "$0")/common.sh"
cp -r "$data/mappings" mappings
chmod -R u+w mappings
export CRDS_PATH="$work"

# as expect, with a file as standard input
expect_from() {
    input=$1
    wanted=$2
    shift 2
    "$RAMPART" "$@" <"$input" >out 2>err
    got=$?
    [ "$got" = "$wanted" ] || fail "exit $got instead of $wanted: rampart $*"
}

expect 0 refs --help
says out "affected"
expect 2 refs
expect 2 refs bset
says err "did you mean 'best'?"
for name in best list affected diff uses matches certify submit; do
    expect 0 refs $name --help
    says out "Usage: rampart refs $name"
done
expect 2 refs best x.fits
says err "--context is needed"
expect 2 refs best --context jwst_0001.pmap
expect 1 refs best --context jwst_0009.pmap --jsonl
says err "jwst_0009.pmap: cannot be opened"

cat >headers <<'END'
{"id": "a", "header": {"INSTRUME": "NIRCAM", "DETECTOR": "NRCA1", "FILTER": "F115W", "DATE-OBS": "2022-01-01", "TIME-OBS": "00:00:00"}, "types": ["dark"]}
{"id": "b", "header": {"INSTRUME": "NIRCAM", "DETECTOR": "NRCA1", "FILTER": "F115W", "DATE-OBS": "2017-01-01", "TIME-OBS": "00:00:00"}, "types": ["dark"]}
{"id": "c", "header": {"INSTRUME": "HARPO"}, "types": null}

{"id": "d", "header": {"INSTRUME": "NIRCAM", "NGROUPS": 25}, "types": ["distortion", "nosuch"]}
END
expect_from headers 0 refs best --context jwst_0001.pmap --jsonl
silent err
cat >wanted <<'END'
{"dark":"dark_b.fits"}
{"dark":"dark_a.fits"}
{"error":"Unknown instrument 'harpo' for context 'jwst_0001.pmap'"}
{"distortion":"distortion_c.fits","nosuch":"NOT FOUND Unknown reference type 'nosuch'"}
END
cmp -s out wanted || fail "best --jsonl"
echo '{"header": {"A": [1]}}' >bad
cat headers >>bad
expect_from bad 1 refs best --context jwst_0001.pmap --jsonl
says out '{"error":"line 1: a header value is a list or an object'
says out '{"dark":"dark_a.fits"}'

expect_from headers 1 refs affected --old-context jwst_0001.pmap --new-context jwst_0002.pmap --jsonl
says out "a nircam dark dark_b.fits --> dark_g.fits replaced jwst_nircam_dark_0001.rmap jwst_nircam_dark_0002.rmap"
says err "c: Unknown instrument 'harpo'"
says err "4 datasets: 1 affected, 0 failed, 1 unreadable"
sed -i '/HARPO/d' headers
expect_from headers 0 refs affected --old-context jwst_0001.pmap --new-context jwst_0002.pmap --jsonl --print-affected
[ "$(cat out)" = a ] || fail "affected --print-affected"
expect_from headers 0 refs affected --old-context jwst_0001.pmap --new-context jwst_0002.pmap --jsonl --json --jobs 2
says out '{"id":"a","instrument":"nircam","changes":[{"type":"dark","kind":"replaced","old":"dark_b.fits","new":"dark_g.fits"'
expect_from headers 0 refs affected --old-context jwst_0001.pmap --new-context jwst_0001.pmap --jsonl
silent out

expect 0 refs diff jwst_0001.pmap jwst_0001.pmap
expect 1 refs diff -Q jwst_0001.pmap jwst_0002.pmap
says out "NRCA1 F090W|F115W -- 2020-06-30 12:00:00 -- replaced dark_b.fits with dark_g.fits"
expect 1 refs diff -N jwst_0001.pmap jwst_0002.pmap
says out "dark_g.fits"
expect 1 refs diff --print-affected-types jwst_0001.pmap jwst_0002.pmap
says out "nircam     dark"
expect 2 refs diff jwst_0001.pmap jwst_nircam_0001.imap

expect 0 refs list --contexts jwst_0001.pmap jwst_0002.pmap --mappings
says out "jwst_nircam_dark_0002.rmap"
expect 0 refs list --all
says out "jwst_0002.pmap"
expect 0 refs list --contexts jwst_0001.pmap --required-parkeys
says out "nircam = ['META.INSTRUMENT.NAME', 'META.CALIBRATION_SOFTWARE_VERSION'"
expect 0 refs uses --files dark_g.fits -i
says out "dark_g.fits jwst_0002.pmap"
expect 0 refs matches --contexts jwst_0002.pmap --files dark_g.fits
says out " dark_g.fits : NIRCAM DARK META.INSTRUMENT.DETECTOR='NRCA1' META.INSTRUMENT.FILTER='F090W|F115W'"

# a reference made by the simulator goes into a new context, and only there
expect 0 simulate nircam -o sim --size 96 --subarray GENERIC --quiet
dark=$(ls sim/*dark*.fits sim/*/*dark*.fits 2>/dev/null | head -1)
cp "$dark" jwst_nircam_dark_0099.fits
expect 0 refs submit --derive-from-context jwst_0001.pmap --dry-run --files jwst_nircam_dark_0099.fits
absent mappings/jwst/jwst_0003.pmap
expect 0 refs submit --derive-from-context jwst_0001.pmap --files jwst_nircam_dark_0099.fits
says out "jwst_0003.pmap"
expect 0 refs uses --files jwst_nircam_dark_0099.fits
says out "jwst_0003.pmap"
expect 0 refs certify mappings/jwst/jwst_0003.pmap
cmp -s "$data/mappings/jwst/jwst_0001.pmap" mappings/jwst/jwst_0001.pmap || fail "submit changed the old context"

# damage is noticed, and can be passed over
sed -i 's/dark_a.fits/dark_z.fits/' mappings/jwst/jwst_nircam_dark_0001.rmap
expect_from headers 1 refs best --context jwst_0001.pmap --jsonl
says err "sha1sum mismatch in 'jwst_nircam_dark_0001.rmap'"
expect_from headers 0 refs best --context jwst_0001.pmap --jsonl --ignore-checksum
says out "dark_z.fits"
expect 1 refs certify mappings/jwst/jwst_nircam_dark_0001.rmap

expect 0 bench refs --context jwst_0002.pmap --headers 5 --seed 3 --write
[ "$(wc -l <out)" = 5 ] || fail "bench refs --write"
cp out made
expect_from made 0 bench refs --context jwst_0002.pmap --jsonl --repeat 2 --json
says out '"headers":10'
finish
