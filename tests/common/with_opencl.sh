#!/bin/sh
# with_opencl.sh RAMPART COMMAND...: runs the command where RAMPART has an OpenCL device, else exits as a skipped test (77).
rampart=$1
shift
if ! "$rampart" devices | grep -q '^opencl'; then
    echo "skipped: no OpenCL device"
    exit 77
fi
if [ -z "${POCL_CACHE_DIR:-}" ]; then
    POCL_CACHE_DIR="${XDG_CACHE_HOME:-${TMPDIR:-/tmp}}/pocl"
    export POCL_CACHE_DIR
fi
mkdir -p "$POCL_CACHE_DIR"
exec "$@"
