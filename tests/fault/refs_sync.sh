#!/bin/sh
# refs_sync.sh RAMPART FAULTY: filling a CRDS cache while calls fail.  Whatever fails, the exit code is a documented one, the program
# says why, and the cache holds only whole and right files, no locks and no temporary files.
set -u
here=$(cd "$(dirname "$0")" && pwd)
faulty=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
. "$here/../cli/common.sh"
. "$here/../common/observatory.sh"
case=$here/../golden/cases/groups_4
server_pid=
trap '[ -z "$server_pid" ] || kill "$server_pid" 2>/dev/null; rm -rf "$work"' EXIT
for variable in $(env | sed -n 's/^\(CRDS_[A-Z_]*\)=.*/\1/p'); do unset "$variable"; done
make_observatory served nircam NRCA3 "gain=$case/refs/gain.fits.gz" "mask=$case/refs/mask.fits.gz"
: >server.out
start_server "$RAMPART" served || { fail "no server"; finish; }
export CRDS_PATH="$work/cache" CRDS_SERVER_URL="$server_url" CRDS_OBSERVATORY=jwst XDG_CACHE_HOME="$work/xdg"

sync() {
    rm -rf cache xdg
    "$faulty" refs sync --contexts jwst_0001.pmap --fetch-references --quiet >out 2>err
}
# every file of the cache is the one that is served
whole() {
    find cache/mappings cache/references -type f 2>/dev/null | while read -r file; do
        case $file in
        *.lock | */.tmp_*) echo "$file" ;;
        *) cmp -s "$file" "served/${file#cache/}" || echo "$file" ;;
        esac
    done
}

RAMPART_FAULT_COUNT=$work/count sync || fail "the run without faults"
for kind in memory open write rename sync; do
    total=$(sed -n "s/^$kind //p" count)
    n=1
    while [ "$n" -le "$total" ]; do
        RAMPART_FAULT=$kind:$n sync
        code=$?
        [ "$code" -le 1 ] || fail "$kind $n: exit code $code"
        [ "$code" -eq 0 ] || [ -s err ] || fail "$kind $n: nothing is said"
        [ -z "$(whole)" ] || fail "$kind $n: $(whole) in the cache"
        n=$((n + 1 + total / 25))
    done
    echo "$kind: $total calls"
done
finish
