#!/bin/sh
# nvptx.sh [OUT|FOLDER]: the kernels as NVIDIA machine code, without a GPU: clang and libclc make PTX, ptxas assembles it.
# Fails when a kernel does not compile, when arithmetic is not rounded as IEEE 754 says (contracted, approximate or
# flushed), or when registers spill.  Prints what each kernel needs, and how full that leaves a multiprocessor
# (docs/devices.md); with OUT also into that file (nvptx.txt of a folder).  About two minutes; exit status 77 where a tool is missing.
set -eu
kernels=$(cd "$(dirname "$0")/../../kernels" && pwd)
out=${1:-/dev/null}
[ ! -d "$out" ] || out=$out/nvptx.txt
clang=$(command -v clang-14 || command -v clang || true)
ptxas=$(command -v ptxas || echo /usr/local/cuda/bin/ptxas)
library=/usr/lib/clc/nvptx64--nvidiacl.bc
for tool in "$clang" "$ptxas" "$library"; do
    [ -e "$tool" ] || { echo "missing: ${tool:-clang} (clang-14, libclc-14-dev, CUDA's ptxas)"; exit 77; }
done
work=$(mktemp -d "${TMPDIR:-/tmp}/rampart-nvptx.XXXXXX")
trap 'rm -rf "$work"' EXIT
: >"$out"

compile() { # compute capability, options
    arch=$1
    shift
    "$clang" -cc1 -triple nvptx64-nvidia-nvcl -cl-std=CL1.2 -finclude-default-header -O3 -I "$kernels" -DRP_LANES=1 "$@" \
        -target-cpu "sm_$arch" -target-feature +ptx72 -mlink-builtin-bitcode "$library" -Wno-linker-warnings \
        -S -o "$work/k.ptx" "$kernels/kernels.cl"
}

# Every operation on floating-point numbers says .rn; fma stands only where the text says fma.
check_rounding() {
    grep -oE '^[[:space:]]+(add|sub|mul|mad|fma|div|rcp|sqrt|ex2|lg2|sin|cos|tanh)[a-z0-9.]*\.f(32|64)' "$work/k.ptx" |
        tr -d '\t ' | sort | uniq -c >"$work/arithmetic"
    if grep -vE ' (add|sub|mul|div|rcp|sqrt)\.rn\.f(32|64)$| fma\.rn\.f64$' "$work/arithmetic"; then
        echo "FAIL sm_$1: arithmetic that is not rounded to nearest, as above"
        exit 1
    fi
}

assemble() { # compute capability
    "$ptxas" -arch "sm_$1" -v -o "$work/k.cubin" "$work/k.ptx" 2>"$work/said" || { cat "$work/said"; exit 1; }
}

# Name, registers, bytes of stack, bytes spilled, and share of the warps that fit: registers come in lots of 256 a warp.
table() { # compute capability, warps of a multiprocessor
    awk -v arch="$1" -v warps="$2" '
    /Compiling entry function/ { match($0, /rp_k_[a-z0-9_]+/); name = substr($0, RSTART + 5, RLENGTH - 5) }
    /bytes stack frame/ && name != "" { stack = $1; spilled = $5 + $9 }
    /Used [0-9]+ registers/ && name != "" {
        match($0, /Used [0-9]+/)
        n = substr($0, RSTART + 5, RLENGTH - 5)
        fit = int(65536 / (int((n + 7) / 8) * 256))
        if (fit > warps)
            fit = warps
        printf "sm_%s %-24s %3d registers %4d stack %3d spilled %3d%% of warps\n", arch, name, n, stack, spilled, 100 * fit / warps
        bad += spilled
        name = ""
    }
    END { exit bad > 0 }' "$work/said"
}

for arch in 75 80 86; do
    compile $arch
    check_rounding $arch
    case $arch in
    75) targets="75 32" ;;
    80) targets="80 64
90 64" ;;
    *) targets="86 48" ;;
    esac
    echo "$targets" | while read -r target warps; do
        assemble "$target"
        table "$target" "$warps" >"$work/table" || { grep -v ' 0 spilled' "$work/table"; echo "FAIL sm_$target spills"; exit 1; }
        cat "$work/table" >>"$out"
        echo "ok   sm_$target: $(wc -l <"$work/table") kernels, most registers: $(sort -k3,3nr "$work/table" | head -1 | tr -s ' ')"
    done
done

# The search for jumps compiled for a number of differences: kernels/special.def.
for n in 4 9 16; do
    compile 80 "-DRP_NDIFF=$n"
    check_rounding 80
    assemble 80
    table 80 64 >"$work/table"
    grep ' jump_find ' "$work/table" | sed "s/jump_find   /jump_find:$n/" | tee -a "$out"
done
