#!/bin/sh
# crds.sh RAMPART: the Python client of CRDS and we, on one server and one cache.
# RP_CLIENT_PYTHON: a Python with crds 14 (python3); where jwst is installed too, its strun is compared with our run.
# Without crds: exit 77.
here=$(cd "$(dirname "$0")" && pwd)
python=${RP_CLIENT_PYTHON:-python3}
"$python" -c 'import crds' 2>/dev/null || { echo "no crds in $python"; exit 77; }
. "$here/../cli/common.sh"
. "$here/../common/observatory.sh"
case=$here/../golden/cases/groups_4
input=jw09999001001_02101_00001_nrca3_uncal.fits
server_pid=
trap '[ -z "$server_pid" ] || kill "$server_pid" 2>/dev/null; rm -rf "$work"' EXIT
for variable in $(env | sed -n 's/^\(CRDS_[A-Z_]*\)=.*/\1/p'); do unset "$variable"; done
export HOME="$work" no_proxy='*' PYTHONWARNINGS=ignore CRDS_OBSERVATORY=jwst
none=https://jwst-serverless.stsci.edu

gzip -dc "$case/input/$input.gz" >$input
pairs=""
for type in mask saturation superbias linearity dark gain readnoise; do
    pairs="$pairs $type=$case/refs/$type.fits.gz"
done
# shellcheck disable=SC2086
make_observatory served nircam NRCA3 $pairs
: >server.out
start_server "$RAMPART" served || { fail "no server"; finish; }

# theirs CACHE URL arguments...: a program of the Python client
theirs() {
    cache=$1 url=$2
    shift 2
    CRDS_PATH=$work/$cache CRDS_SERVER_URL=$url "$python" -m "$@" >out 2>err
}
ours() {
    cache=$1 url=$2
    shift 2
    CRDS_PATH=$work/$cache CRDS_SERVER_URL=$url "$RAMPART" "$@" >out 2>err
}
cat >best.py <<'PY'
import crds, os, sys
header = {"META.INSTRUMENT.NAME": "NIRCAM", "META.INSTRUMENT.DETECTOR": "NRCA3", "META.OBSERVATION.DATE": "2023-01-01", "META.OBSERVATION.TIME": "00:00:00"}
best = crds.getreferences(header, reftypes=["dark", "gain", "mask", "ipc"], observatory="jwst")
assert all(os.path.getsize(best[t]) > 0 for t in ("dark", "gain", "mask")), best
assert "N/A" in best["ipc"].upper(), best
print(best["dark"])
PY
theirs_best() { CRDS_PATH=$work/$1 CRDS_SERVER_URL=$2 "$python" best.py >out 2>err; }
leftovers() { find "$1" -name '*.lock' -o -name '.tmp_*' -o -name '*.??????' -path '*config*' -newer best.py | grep -v '[.]\(json\|txt\)$'; }

# ---- a cache of theirs serves us, without a server
theirs theirs "$server_url" crds.sync --contexts jwst_0001.pmap --fetch-references || fail "their sync"
mkdir a
ours theirs $none run calwebb_detector1 $input --output_dir=a --backend=openmp || fail "our run from their cache"
there a/*_rate.fits

# ---- a cache of ours serves them
ours ours "$server_url" refs sync --contexts latest --fetch-references || fail "our sync"
theirs_best ours $none || fail "their getreferences from our cache"
grep -q "$work/ours/references/jwst/nircam/jwst_nircam_dark_0001.fits" out || fail "their path in our cache"
theirs ours "$server_url" crds.sync --contexts jwst_0001.pmap --fetch-references --check-files --check-sha1sum || fail "their check of our cache"
grep -q " 0 errors" out err || fail "their check of our cache finds errors"
theirs ours $none crds.list --status || fail "their crds list from our cache"
for kind in mappings references; do
    (cd theirs/$kind && find . -type f | sort) >list.theirs
    (cd ours/$kind && find . -type f | sort) >list.ours
    cmp -s list.theirs list.ours || fail "the $kind of the two caches differ"
done

# ---- in turn: what one broke or lost, the other brings
: >ours/references/jwst/nircam/jwst_nircam_gain_0001.fits
ours ours "$server_url" run calwebb_detector1 $input --output_dir=a --backend=openmp || fail "our run after damage"
rm ours/references/jwst/nircam/jwst_nircam_dark_0001.fits
theirs_best ours "$server_url" || fail "their getreferences after a loss"
ours ours "$server_url" refs sync --contexts latest --fetch-references --check-sha1sum || fail "our check after theirs"

# ---- all at once into an empty cache
pids=""
for i in 1 2; do
    CRDS_PATH=$work/shared CRDS_SERVER_URL=$server_url "$python" best.py >out.p$i 2>&1 &
    pids="$pids $!"
    mkdir "r$i"
    CRDS_PATH=$work/shared CRDS_SERVER_URL=$server_url "$RAMPART" run calwebb_detector1 $input --output_dir=r$i --backend=openmp >out.r$i 2>&1 &
    pids="$pids $!"
done
for pid in $pids; do
    wait "$pid" || { fail "one of the programs at once"; cat out.p? out.r? | tail -20; }
done
ours shared "$server_url" refs sync --contexts latest --fetch-references --check-sha1sum || fail "our check of the shared cache"
theirs shared "$server_url" crds.sync --contexts jwst_0001.pmap --check-files || fail "their check of the shared cache"
[ -z "$(leftovers shared)" ] || { leftovers shared; fail "something is left over in the shared cache"; }

# ---- what products say
if "$python" -c 'import jwst' 2>/dev/null; then
    mkdir theirs_out ours_out
    CRDS_PATH=$work/ours CRDS_SERVER_URL=$server_url "$python" -c "
import sys
from jwst.pipeline import Detector1Pipeline
Detector1Pipeline.call('$input', save_results=True, output_dir='theirs_out')" >out 2>err || fail "their pipeline"
    ours ours "$server_url" run calwebb_detector1 $input --output_dir=ours_out --backend=openmp || fail "our pipeline"
    "$python" - theirs_out ours_out <<'PY' || fail "R_* and CRDS_* differ from theirs"
import glob, sys
from astropy.io import fits
bad = 0
names = [sorted(glob.glob(d + "/*_rate*.fits")) for d in sys.argv[1:]]
assert len(names[0]) == len(names[1]) == 2, names
for a, b in zip(*names):
    h, g = fits.getheader(a), fits.getheader(b)
    for k in sorted(set(h) | set(g)):
        if k.startswith(("R_", "CRDS_")) and h.get(k) != g.get(k):
            print(a, k, h.get(k), g.get(k))
            bad += 1
sys.exit(bad != 0)
PY
fi
finish
