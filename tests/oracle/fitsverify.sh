#!/bin/sh
# fitsverify.sh DATA: fitsverify over all products that run_rampart.py left in DATA/CASE-sSEED/rampart, against those of the
# reference pipeline in DATA/CASE-sSEED/truth.  No error, and no warning that the reference's product lacks.
set -u
here=$(cd "$(dirname "$0")" && pwd)
data=${1:?usage: fitsverify.sh DATA}
command -v fitsverify >/dev/null || { echo "skipped: no fitsverify"; exit 77; }
set -- "$data"/*/rampart/*.fits
[ -e "$1" ] || { echo "skipped: no products in $data"; exit 77; }
scratch=$(mktemp -d "${TMPDIR:-/tmp}/rampart-fitsverify.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
# shellcheck source=tests/common/fitsverify.sh
. "$here/../common/fitsverify.sh"

files=0
failures=0
for product; do
    files=$((files + 1))
    reference=$(dirname "$(dirname "$product")")/truth/$(basename "$product")
    [ -e "$reference" ] || reference=
    standard "$product" "$reference" || failures=$((failures + 1))
done
echo "fitsverify: $files files, $failures with complaints"
[ "$failures" -eq 0 ]
