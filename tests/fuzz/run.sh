#!/bin/sh
# run.sh SECONDS: builds the fuzz targets with Clang and runs each of them so long.  Corpora grow in build-fuzz/corpus; what
# breaks a target is kept in build-fuzz/findings, and the exit code is then 1.
set -eu
cd "$(dirname "$0")/../.."
root=$(pwd)
seconds=${1:-60}
jobs=$(nproc 2>/dev/null || echo 2)
build=$root/build-fuzz
log=$build/fuzz-build.log
mkdir -p "$build/findings"

targets=$(cd tests/fuzz && for f in fuzz_*.c; do printf '%s ' "${f%.c}"; done)
{ cmake --preset fuzz && cmake --build --preset fuzz -j "$jobs" --target rampart $targets; } >"$log" 2>&1 || { tail -60 "$log"; exit 1; }

# asan must not look like an out-of-memory answer that the library handles
checks=allocator_may_return_null=1:detect_leaks

fuzz() { # target
    name=${1#fuzz_}
    seeds=$build/seeds/$name
    corpus=$build/corpus/$name
    mkdir -p "$corpus"
    rm -rf "$seeds"
    sh tests/fuzz/seeds.sh "$build/rampart" "$name" "$seeds"
    leaks=1
    [ "$name" != hdf5 ] || leaks=0 # libhdf5 1.10 itself leaks on damaged files
    ASAN_OPTIONS=$checks=$leaks "$build/tests/$1" -detect_leaks=$leaks -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=200000 -close_fd_mask=1 \
        -artifact_prefix="$build/findings/$name-" "$corpus" "$seeds" >"$build/fuzz-$name.log" 2>&1
}

failed=""
running=""
collect() { # waits for what runs and notes who failed
    for entry in $running; do
        name=${entry%:*}
        if wait "${entry#*:}"; then
            runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$build/fuzz-${name#fuzz_}.log" | tail -1)
            echo "ok   $name: ${runs:-0} runs in $seconds s"
        else
            echo "FAIL $name: see build-fuzz/fuzz-${name#fuzz_}.log"
            tail -40 "$build/fuzz-${name#fuzz_}.log"
            failed="$failed $name"
        fi
    done
    running=""
}
n=0
for target in $targets; do
    fuzz "$target" &
    running="$running $target:$!"
    n=$((n + 1))
    [ $((n % jobs)) -ne 0 ] || collect
done
collect
[ -z "$failed" ] || { echo "findings in build-fuzz/findings:$failed"; exit 1; }
