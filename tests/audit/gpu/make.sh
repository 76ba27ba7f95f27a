#!/bin/sh
# Makes the files beside it: libraries with GPU code, each named after the targets in it.
# Needs nvcc of CUDA 13.0 (pip install nvidia-cuda-nvcc), and Clang of LLVM 17 or later: apt-get install clang-19 clang-tools-19
set -eu
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
cd "$scratch"
echo '__global__ void kernel(float *x) { x[threadIdx.x] = 1; }' >kernel.cu
cuda() { # the name, then nvcc's options
    name=$1
    shift
    nvcc -c -Xcompiler -fPIC "$@" kernel.cu -o kernel.o
    objcopy -O binary --only-section=.nv_fatbin --set-section-flags .nv_fatbin=alloc kernel.o kernel.bin
    wrap .nv_fatbin kernel.bin "$here/$name.so"
}
wrap() { # the section, its content, the library
    echo ".section $1,\"a\",@progbits; .balign 4096; .incbin \"$2\"" >wrap.s
    as -o wrap.o wrap.s
    ld -shared -s -z max-page-size=4096 -z noseparate-code -o "$3" wrap.o
}
cuda sm75,sm90a,sm90+PTX,sm100f -gencode arch=compute_75,code=sm_75 -gencode arch=compute_90a,code=sm_90a \
    -gencode arch=compute_100f,code=sm_100f -gencode arch=compute_90,code=compute_90
cuda sm80,sm80+PTX --no-compress -gencode arch=compute_80,code='[sm_80,compute_80]'
cuda sm90a -gencode arch=compute_90a,code=sm_90a

echo '__attribute__((amdgpu_kernel)) void kernel(__attribute__((address_space(1))) float *x) { *x = 1; }' >kernel.c
: >host
targets=host-x86_64-unknown-linux-gnu-
inputs='-input=host'
for gpu in gfx90a gfx1030; do
    clang-19 -c --target=amdgcn-amd-amdhsa -mcpu=$gpu -nogpulib -O2 -o $gpu kernel.c
    targets=$targets,hipv4-amdgcn-amd-amdhsa--$gpu
    inputs="$inputs -input=$gpu"
done
bundle() { # the name, then the bundler's options
    name=$1
    shift
    # shellcheck disable=SC2086
    clang-offload-bundler-19 -type=o -bundle-align=4096 -targets=$targets $inputs -output=bundle "$@"
    wrap .hip_fatbin bundle "$here/$name.so"
}
bundle gfx90a,gfx1030
bundle gfx90a,gfx1030--zstd -compress -compression-level=9
rm -r "$scratch"
