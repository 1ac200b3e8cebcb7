#!/bin/sh
# oclgrind.sh BUILD [CASE...]: the kernels under Oclgrind, which checks every access to memory, reads of what was never
# written, and races between work items.  First the self-test (every kernel), then golden cases with the whole program
# (groups_4 unless named).  About four minutes; exit status 77 where Oclgrind is missing.
#
# One kind of race is allowed: a word that only ever grows - a flag set to 1, or a maximum kept with atomic_max - is
# looked at first, to save the write.  An old value costs a write and nothing else.
set -eu
build=$(cd "$1" && pwd)
shift
cases=$(cd "$(dirname "$0")/../golden/cases" && pwd)
command -v oclgrind >/dev/null || { echo "oclgrind is not installed"; exit 77; }
work=$(mktemp -d "${TMPDIR:-/tmp}/rampart-oclgrind.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=0

# Oclgrind 21.10 knows no funnel shifts: without optimisation there are none.  Kernels are compiled anew: those that an
# earlier run kept have no source to show.
grind() { # log, options of oclgrind, command
    log=$1
    shift
    rm -rf "$work/cache"
    XDG_CACHE_HOME=$work/cache timeout 600 oclgrind --build-options -cl-opt-disable --max-errors 1000000 \
        --log "$log" "$@" >"$work/said" 2>&1
}

# What Oclgrind complains of but for the allowed race, one line for each kind: what, kernel, lines of source.
complaints() {
    awk '
    function tell() {
        if (what == "")
            return
        if (what !~ /^Read-write data race/ || source !~ /(seen\[(plane|z)\]|marks\[1\]) = 1;|RP_MAX\(/)
            print what " | " kernel " |" source
    }
    /^[^ \t]/ { tell(); what = $0; sub(/ at .* address .*/, "", what); kernel = source = "" }
    /^\tKernel: / { kernel = $2 }
    wanted { line = $0; gsub(/^[ \t]+/, "", line); source = source " " line; wanted = 0 }
    /At line [0-9]+ \(column/ { wanted = 1 }
    END { tell() }' "$1" | sort | uniq -c
}

report() { # name, status, log
    complaints "$3" >"$work/complaints"
    if [ "$2" -eq 0 ] && [ ! -s "$work/complaints" ]; then
        echo "ok   $1"
    else
        echo "FAIL $1 (exit status $2)"
        tail -5 "$work/said"
        head -20 "$work/complaints"
        failed=1
    fi
}

status=0
grind "$work/selftest.log" --data-races --uninitialized "$build/rampart" devices --test || status=$?
report "every kernel of the self-test" $status "$work/selftest.log"

# Scratch memory is undefined, and masked where it was read: reads of it are no errors here.  Oclgrind bears one queue.
[ $# -gt 0 ] || set -- groups_4
for name in "$@"; do
    status=0
    grind "$work/case.log" --data-races "$build/tests/golden" "$build/rampart" "$cases/$name" "$work/golden" \
        --backend=opencl --threads=1 || status=$?
    report "golden case $name" $status "$work/case.log"
done
exit $failed
