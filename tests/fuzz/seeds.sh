#!/bin/sh
# seeds.sh RAMPART TARGET FOLDER: puts sound inputs of a fuzz target (fits, hdf5, asdf, params, crds, refserver) into FOLDER.
set -eu
rampart=$1
target=$2
folder=$3
cases=$(cd "$(dirname "$0")/../golden/cases" && pwd)
mkdir -p "$folder"
work=$(mktemp -d "${TMPDIR:-/tmp}/rampart-seeds.XXXXXX")
trap 'rm -rf "$work"' EXIT

# one exposure, its references and a product, unpacked and packed
fits_files() {
    cd "$cases"
    for f in groups_1/input/*.fits.gz groups_1/refs/mask.fits.gz groups_1/refs/linearity.fits.gz miri/refs/rscd.fits.gz guider_id/refs/flat.fits.gz groups_1/truth/*rate.fits.gz; do
        name=$(printf '%s' "$f" | tr / _)
        cp "$cases/$f" "$folder/$name"
        gzip -dc "$cases/$f" >"$folder/${name%.gz}"
    done
}

parameters() {
    "$rampart" run calwebb_detector1 --save-parameters "$1/detector1.asdf" --steps.jump.rejection_threshold=5 >/dev/null 2>&1
    "$rampart" run jump --save-parameters "$1/jump.asdf" --rejection_threshold=3.5 >/dev/null 2>&1
    printf 'name = Mine\nclass = jwst.pipeline.Detector1Pipeline\noutput_dir = "a, b"\n[steps]\n    [[jump]]\n    rejection_threshold = 4.5 # why\n    [[dark_current]]\n    skip = True\n' >"$1/top.cfg"
}

case $target in
fits) fits_files ;;
hdf5)
    for n in 1 2 3 4 5 6; do
        head -c $((n * 700)) "$cases/snowballs/truth/"*_ramp.fits.gz >"$folder/bytes_$n"
    done
    gzip -dc "$cases"/groups_1/input/*.fits.gz >"$work/x_uncal.fits"
    "$rampart" convert "$work/x_uncal.fits" "$folder/x.h5" >/dev/null 2>&1 || rm -f "$folder/x.h5"
    ;;
asdf) parameters "$folder" ;;
params)
    parameters "$work"
    for f in "$work"/*; do
        { printf '\0'; cat "$f"; } >"$folder/file_$(basename "$f")"
    done
    n=0
    for text in '3,4' "'a, b', c" '1e5' 'none' '500M' '1.5GiB' '~/x/$HOME/y' '2026-01-31 user@host 10.0.0.1 /home/user/x.fits'; do
        n=$((n + 1))
        printf '\1%s' "$text" >"$folder/value_$n"
    done
    printf '\2x.fits\n--rejection_threshold=5\n--skip\ntrue\n--threads=2\n--memory\n1G\n-v' >"$folder/line_1"
    printf '\2--\nx.fits\n--sat' >"$folder/line_2"
    ;;
refserver)
    n=0
    header='{"META.INSTRUMENT.NAME": "NIRCAM", "META.INSTRUMENT.DETECTOR": "NRCA1", "META.OBSERVATION.DATE": "2023-01-01", "META.OBSERVATION.TIME": "00:00:00"}'
    for call in '"get_server_info", "params": []' '"get_default_context", "params": ["jwst", "edit"]' '"get_default_context", "params": {"state": "latest"}' \
        '"get_context_by_date", "params": ["jwst-2021-01-01T00:00:00", "jwst"]' '"list_mappings", "params": ["jwst", "*[!a]?.pmap"]' \
        '"get_mapping_names", "params": ["jwst_0001.pmap"]' '"get_required_parkeys", "params": ["jwst_0002.pmap"]' \
        '"get_file_info_map", "params": ["jwst", ["jwst_0001.pmap", "x"], ["size"]]' "\"get_best_references\", \"params\": [\"jwst_0001.pmap\", $header, [\"dark\", \"ipc\"]]" \
        "\"get_best_references_by_header_map\", \"params\": [\"jwst_0002.pmap\", {\"a\": $header}, null]"; do
        n=$((n + 1))
        printf '\0{"jsonrpc": "1.0", "id": "1", "method": %s}' "$call" >"$folder/call_$n"
    done
    printf '\1/crds/mappings/jwst/a%%20b.pmap?a=1&b=%%41+c' >"$folder/target_1"
    printf '\1http://host/crds/%%2e%%2e/x' >"$folder/target_2"
    printf '\2bytes=10-20' >"$folder/range_1"
    printf '\2"tag", W/"other"' >"$folder/tags_1"
    printf '\2Sun, 06 Nov 1994 08:49:37 GMT' >"$folder/date_1"
    printf "\\3{'a': [1, 2.5, None, True], 'b': ('x' 'y\\\\n'), 'crds_encoded': '1.0', 'crds_payload': 'H4sIAAAAAAAAA6uuBQBDv6ajAgAAAA=='}" >"$folder/config_1"
    ;;
crds)
    mappings=$(cd "$cases/../../data/crds/mappings/jwst" && pwd)
    for f in "$mappings"/*.rmap; do { printf '\0'; cat "$f"; } >"$folder/$(basename "$f")"; done
    for f in "$mappings"/*.imap; do { printf '\1'; cat "$f"; } >"$folder/$(basename "$f")"; done
    for f in "$mappings"/*.pmap; do { printf '\2'; cat "$f"; } >"$folder/$(basename "$f")"; done
    n=0
    for text in '(F[01]\d+W)' 'between 1 5' '# >=3 and <=9 #' 'NOT A|B*' '(A not in ("x", "VALUE"))' \
        '2020-01-01T00:00:00.25' 'Mar 21 2001 12:00:00 am'; do
        n=$((n + 1))
        printf '\3%s' "$text" >"$folder/small_$n"
    done
    printf '\4{"header":{"A":"q\\"\\u00e9","B":1.5,"C":true,"D":null},"types":["dark"],"id":"x"}' >"$folder/line"
    ;;
*) # a target without sound inputs of its own starts from a few bytes
    printf 'rampart' >"$folder/bytes"
    ;;
esac
