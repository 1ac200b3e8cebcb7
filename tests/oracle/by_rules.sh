#!/bin/sh
# by_rules.sh KIT CASE RAMPART: a case of the oracle kit with its references found by CRDS rules only, against its truth.
#   KIT   the folder of the kit (compare.py)
#   CASE  a case with its truth (DATA/CASE-sSEED), whose references are named jwst_INSTRUMENT_TYPE_NNNN.fits
# A context that names these references is made, served, and used by a run without any override.
# RP_ORACLE_PYTHON: a Python with the kit's requirements (python3).
set -eu
kit=$1
case=$(cd "$2" && pwd)
rampart=$(cd "$(dirname "$3")" && pwd)/$(basename "$3")
python=${RP_ORACLE_PYTHON:-python3}
. "$(cd "$(dirname "$0")" && pwd)/../common/observatory.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/rampart-rules.XXXXXX")
server_pid=
trap '[ -z "$server_pid" ] || kill "$server_pid" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work"

pairs=""
for file in "$case"/refs/jwst_*; do
    name=$(basename "$file")
    name=${name#jwst_}
    instrument=${name%%_*}
    type=${name#*_}
    pairs="$pairs ${type%%_*}=$file"
done
set -- "$case"/input/*_uncal.fits
detector=$(basename "$1" _uncal.fits | sed 's/.*_//' | tr a-z A-Z)
# shellcheck disable=SC2086
make_observatory served "$instrument" "$detector" $pairs
: >server.out
start_server "$rampart" served
arguments=$("$python" - "$case/case.json" <<'PY'
import json, sys
case = json.load(open(sys.argv[1]))
word = lambda v: str(v).lower() if isinstance(v, bool) else str(v)
print("run", case["pipeline"], *["--%s=%s" % (k, word(v)) for k, v in case["params"].items()],
      *["--steps.%s.%s=%s" % (s, k, word(v)) for s, p in case["steps"].items() for k, v in p.items()])
PY
)
mkdir out
# shellcheck disable=SC2086
CRDS_PATH=$work/cache CRDS_SERVER_URL=$server_url CRDS_OBSERVATORY=jwst \
    "$rampart" $arguments "$1" --output_dir="$work/out" --save_results=true --quiet
# the truth may hold products of single steps too, which were not asked for here
mkdir truth
for file in "$case"/truth/*; do
    case $file in
    *_[01]_ramp_fit.fits) ;;
    *_rate.fits | *_rateints.fits | *_ramp.fits | *_fitopt.fits | *.json) cp "$file" truth/ ;;
    esac
done
"$python" "$kit/compare.py" out truth
