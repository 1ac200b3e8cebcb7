#!/bin/sh
# run.sh KIT DATA [CASE...]: compares build/rampart with the reference pipeline's answers, on both back ends.
#   KIT   the folder of the oracle kit (run_rampart.py, compare.py)
#   DATA  cases with their truth (DATA/CASE-sSEED), as truth.py leaves them
# RP_ORACLE_PYTHON: a Python with the kit's requirements (python3); RP_ORACLE_SEEDS ("1 2 3"); RP_ORACLE_BACKENDS ("openmp opencl").
set -eu
kit=$1
data=$2
shift 2
root=$(cd "$(dirname "$0")/../.." && pwd)
python=${RP_ORACLE_PYTHON:-python3}
failed=0
for seed in ${RP_ORACLE_SEEDS:-1 2 3}; do
    cases=$*
    if [ -z "$cases" ]; then
        cases=$("$python" - "$data" "$seed" <<'PY'
import json, os, sys
base, end = sys.argv[1], "-s" + sys.argv[2]
def wanted(d):
    tags = json.load(open(os.path.join(base, d, "case.json")))["tags"]
    return ("detector1" in tags and "optional" not in tags) or "guider" in tags
print(",".join(sorted(d[:-len(end)] for d in os.listdir(base) if d.endswith(end) and os.path.exists(os.path.join(base, d, "truth", "truth.json")) and wanted(d))))
PY
)
    else
        cases=$(printf '%s' "$cases" | tr ' ' ',')
    fi
    for backend in ${RP_ORACLE_BACKENDS:-openmp opencl}; do
        echo "== seed $seed, $backend"
        "$python" "$kit/run_rampart.py" "$cases" "$data" --bin "$root/build/rampart" --seed "$seed" --steps -- "--backend=$backend" || failed=1
    done
done
exit $failed
