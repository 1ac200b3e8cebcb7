#!/bin/sh
# Every kernel compiles for NVPTX with clang and the OpenCL C library of libclc: no CPU-only assumption slips in.
set -eu
cd "$(dirname "$0")/.."
clang=$(command -v clang-14 || command -v clang)
for lanes in 1 8 16; do
    "$clang" -cc1 -triple nvptx64-nvidia-cuda -cl-std=CL1.2 -finclude-default-header -I kernels -DRP_LANES=$lanes -fsyntax-only kernels/kernels.cl
    echo "kernels.cl, $lanes lanes: compiles"
done
