#!/bin/sh
# The whole test suite, in order of what tells most: a build with -Werror and all tests, kernels as GPU code, sanitizers,
# fuzzers.  Under 15 minutes on two cores.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
jobs=$(nproc 2>/dev/null || echo 2)
logs=$(mktemp -d "${TMPDIR:-/tmp}/rampart-test.XXXXXX")
trap 'rm -rf "$logs"' EXIT
started=$(date +%s)
failed=""
passed=0
skipped=0

say() { printf '\n== [%4d s] %s\n' $(($(date +%s) - started)) "$*"; }

give_up() {
    say "FAILED: $*"
    exit 1
}

build() { # preset, targets...
    preset=$1
    shift
    cmake --preset "$preset" >"$logs/configure" 2>&1 || { cat "$logs/configure"; give_up "configuring $preset"; }
    cmake --build --preset "$preset" -j "$jobs" ${1:+--target "$@"} >"$logs/build" 2>&1 || { grep -v '^\[' "$logs/build" | tail -60; give_up "building $preset"; }
    if grep -q 'warning:' "$logs/build"; then grep 'warning:' "$logs/build"; fi
}

tests() { # preset, further ctest options
    preset=$1
    shift
    if ! ctest --test-dir "$root/build-$preset" --output-on-failure -j "$jobs" "$@" >"$logs/ctest" 2>&1; then
        # what failed, with what it said; then the table
        grep -vE '^( *Start|.* (Passed|\*\*\*Skipped)) ' "$logs/ctest"
        failed="$failed $preset"
    else
        sed -n '/^[0-9]*% tests passed/p' "$logs/ctest"
    fi
    sed -n 's/^\t *[0-9]* - \(.*\) (Skipped)$/   skipped: \1/p' "$logs/ctest"
    passed=$((passed + $(grep -c ' Passed ' "$logs/ctest" || true)))
    skipped=$((skipped + $(grep -c '\*\*\*Skipped ' "$logs/ctest" || true)))
}

# kernels and self-test results are compiled once for all tests
POCL_CACHE_DIR="$root/build-dev/pocl-cache"
export POCL_CACHE_DIR

say "build with all warnings as errors"
build dev
mkdir -p "$POCL_CACHE_DIR"

say "unit, golden, parity, command line, faults, OpenCL"
tests dev -LE threads

say "kernels as NVPTX"
sh tests/kernels_syntax.sh || failed="$failed nvptx"

say "build for the address and undefined-behaviour sanitizers and the fuzzers"
build fuzz

say "unit, golden, command line, faults, sanitized"
tests fuzz -L 'unit|golden|cli|fault'

say "fuzzers"
sh tests/fuzz/run.sh 15 || failed="$failed fuzzers"

say "build for the thread sanitizer"
build tsan rampart golden

say "threads, sanitized"
tests tsan -L threads

[ -z "$failed" ] || give_up "$failed ($passed tests passed, $skipped skipped)"
say "all passed: $passed tests, $skipped skipped"
