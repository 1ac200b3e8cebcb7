#!/bin/sh
# odd_device.sh GOLDEN ODD_RAMPART CASE WORK: a device that fails, and one on which references stay (odd_device.c).
set -eu
golden=$1 odd=$2 case=$3 work=$4
rm -rf "$work"
mkdir -p "$work"

# found by itself: replaced, told, and the products are right
RP_TEST_DEVICE=breaks "$golden" "$odd" "$case" "$work/breaks" --backend=auto --threads=1 --log-file="$work/log"
grep -q "fell off the bus; the work goes on with OpenMP" "$work/log"

# named: an error, and no product
if RP_TEST_DEVICE=breaks "$golden" "$odd" "$case" "$work/strict" --backend=opencl --threads=1 >"$work/said"; then
    echo "a named device failed, and nobody minded"
    exit 1
fi
grep -q "the device fell off the bus" "$work/said"
[ -z "$(find "$work/strict" -name '*.fits' -path '*rate*')" ]

# references stay between exposures, and the second one is right
RP_TEST_DEVICE=resident "$golden" "$odd" "$case" "$work/resident" --backend=auto --threads=2 --strip-rows=5
