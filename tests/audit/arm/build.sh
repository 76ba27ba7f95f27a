#!/bin/sh
# Makes what stands beside it, with Debian's gcc-aarch64-linux-gnu 12.2 and binutils 2.40. A file's name is the answer: the
# level without which it dies.
set -e
cd "$(dirname "$0")"

# instructions.txt: the word that the assembler makes of each instruction, and the feature that Arm's manual names for it.
{ echo .arch armv9-a+sve2+i8mm+bf16+sme+crypto; cut -c22- instructions.txt; } > /tmp/arm.s
aarch64-linux-gnu-as -o /tmp/arm.o /tmp/arm.s
aarch64-linux-gnu-objdump -d /tmp/arm.o | awk -F'\t' '/^ +[0-9a-f]+:/ {print $2}' | tr -d ' ' > /tmp/arm.words
cut -c9- instructions.txt | paste -d' ' /tmp/arm.words - > /tmp/arm.txt
mv /tmp/arm.txt instructions.txt

cat > /tmp/arm.c <<'C'
float scale(float *x, float f, int n) { for (int i = 0; i < n; i++) x[i] *= f; return x[0]; }
long count(long *x) { return __atomic_fetch_add(x, 1, __ATOMIC_SEQ_CST); }
C
build() {
    name=$1; shift
    aarch64-linux-gnu-gcc -O3 -shared -fPIC -nostdlib -Wl,-z,max-page-size=4096 -Wl,--build-id=none -s \
        -o "$name.so" /tmp/arm.c "$@"
}
build plain--v8_0 -march=armv8-a -mno-outline-atomics
build atomics--v8_1 -march=armv8.1-a
build vectors--v9_0 -march=armv8-a+sve -mno-outline-atomics
build outlined--v8_0 -march=armv8-a -moutline-atomics -lgcc -Wl,--defsym=__getauxval=0

# A program that imports nothing, so that it does not show whether it checks the CPU.
aarch64-linux-gnu-gcc -O3 -static -nostdlib -march=armv8.1-a -Wl,-e,count -Wl,-z,max-page-size=4096 -Wl,--build-id=none -s \
    -o static-v8_1.elf /tmp/arm.c
