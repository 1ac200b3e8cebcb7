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

say() { printf '\n== [%d s] %s\n' $(($(date +%s) - started)) "$*"; }

give_up() {
    say "FAILED: $*"
    exit 1
}

build() { # preset, targets...
    preset=$1
    shift
    cmake --preset "$preset" >"$logs/configure" 2>&1 || { cat "$logs/configure"; give_up "configuring $preset"; }
    cmake --build --preset "$preset" -j "$jobs" ${1:+--target "$@"} >"$logs/build" 2>&1 || { grep -v '^\[' "$logs/build" | tail -60; give_up "building $preset"; }
}

# What fails is shown with what it said, then the table of ctest; else one line.  Skipped tests are named in both cases.
tests() { # preset, further ctest options
    preset=$1
    shift
    if ctest --test-dir "$root/build-$preset" --output-on-failure -j "$jobs" "$@" >"$logs/ctest" 2>&1; then
        grep ' tests passed' "$logs/ctest"
    else
        grep -vE '^ *Start |  (Passed|\*\*\*Skipped) ' "$logs/ctest"
        failed="$failed $preset"
    fi
    sed -n 's/^\t *[0-9]* - \(.*\) (Skipped)$/   skipped: \1/p' "$logs/ctest"
    passed=$((passed + $(grep -c '  Passed  ' "$logs/ctest" || true)))
    skipped=$((skipped + $(grep -c '\*\*\*Skipped  ' "$logs/ctest" || true)))
}

# kernels and self-test results are compiled once for all tests
POCL_CACHE_DIR="$root/build-dev/pocl-cache"
export POCL_CACHE_DIR

say "build, all warnings as errors"
build dev
mkdir -p "$POCL_CACHE_DIR"

say "unit, golden, OpenCL, parity, command line, faults, seeds of the fuzzers"
tests dev -LE threads

say "kernels as NVPTX"
sh tests/kernels_syntax.sh || failed="$failed nvptx"

# a sanitizer's end must not look like an error that a test expects
ASAN_OPTIONS=exitcode=99:allocator_may_return_null=1
UBSAN_OPTIONS=exitcode=99:print_stacktrace=1
# the leak sanitizer of LLVM 14 can die itself ("Tracer caught signal") in the thread-local storage of ending threads
LSAN_OPTIONS=exitcode=99:use_tls=0:print_suppressions=0:suppressions=$root/tests/common/lsan.supp
export ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS

say "build, address and undefined-behaviour sanitizers and fuzzers"
build fuzz

say "unit, golden, OpenCL, command line, faults, sanitized"
tests fuzz -L 'unit|golden|cli|fault|opencl' -E parity

say "fuzzers"
sh tests/fuzz/run.sh 15 || failed="$failed fuzzers"

say "build, thread sanitizer"
build tsan rampart golden test_http_server test_crds_server

say "threads, sanitized"
# libomp is not instrumented; its tool Archer tells the sanitizer how it orders threads
TSAN_OPTIONS="ignore_noninstrumented_modules=1"
OMP_TOOL_LIBRARIES=/usr/lib/llvm-14/lib/libarcher.so
export TSAN_OPTIONS OMP_TOOL_LIBRARIES
tests tsan -L threads

[ -z "$failed" ] || give_up "$failed ($passed tests passed, $skipped skipped)"
say "all passed: $passed tests, $skipped skipped"
