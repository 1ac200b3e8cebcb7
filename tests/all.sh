#!/bin/sh
# The whole test suite, in order of what tells most: build with -Werror, unit + parity + golden + command line,
# kernels as GPU code, sanitizers, fuzzers.  Under 15 minutes on two cores.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
jobs=$(nproc 2>/dev/null || echo 2)
logs="${TMPDIR:-/tmp}/rampart-test.$$"
mkdir -p "$logs"
trap 'rm -rf "$logs"' EXIT
failed=""

say() { printf '== %s\n' "$*"; }

build() {
    cmake --preset "$1" >"$logs/configure" 2>&1 || { cat "$logs/configure"; exit 1; }
    cmake --build --preset "$1" -j "$jobs" >"$logs/build" 2>&1 || { tail -60 "$logs/build"; exit 1; }
}

tests() { # preset, further ctest options
    preset=$1
    shift
    ctest --test-dir "$root/build-$preset" --output-on-failure -j "$jobs" "$@" || failed="$failed $preset"
}

# kernels and self-test results are compiled once for all tests
POCL_CACHE_DIR="$root/build-dev/pocl-cache"
export POCL_CACHE_DIR

say "build (warnings are errors) and test"
build dev
mkdir -p "$POCL_CACHE_DIR"
tests dev

say "kernels as NVPTX"
sh tests/kernels_syntax.sh || failed="$failed nvptx"

say "address and undefined-behaviour sanitizers"
build asan
tests asan -L 'unit|fault|cli'

say "thread sanitizer"
build tsan
# libomp is not instrumented; its tool Archer tells the sanitizer how it orders threads
TSAN_OPTIONS="ignore_noninstrumented_modules=1"
OMP_TOOL_LIBRARIES=/usr/lib/llvm-14/lib/libarcher.so
export TSAN_OPTIONS OMP_TOOL_LIBRARIES
tests tsan -L 'threads'

say "fuzzers"
sh tests/fuzz/run.sh 15 || failed="$failed fuzz"

[ -z "$failed" ] || { say "failed:$failed"; exit 1; }
say "all passed"
