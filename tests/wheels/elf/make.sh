#!/bin/sh
# Makes the files beside it: a small library of each width and endianness, named after what `uname -m` says.
# Needs the assembler and linker of each: apt-get install binutils-{aarch64,s390x,powerpc,x86-64}-linux-gnu
set -eu
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
cd "$scratch"
cat >demo.s <<'S'
.globl demo_function
.type demo_function, %function
demo_function: .long 0
.size demo_function, 4
S
echo 'DEMO_1.2 { global: demo_function; local: *; };' >demo.map
cat >this.s <<'S'
.globl this_function
.type this_function, %function
.size this_function, 4
this_function: .long 0
.globl this_object
.type this_object, %object
.size this_object, 8
.weak not_there
.data
this_object: .long 0, 0
POINTER demo_function
POINTER not_there
S
echo 'THIS_2 { global: this_function; this_object; local: *; };' >this.map
build() { # the word of uname, the prefix of the tools, the directive for a pointer, options of the linker
    sed "s/POINTER/$3/" this.s >own.s
    sed 's/%/@/' own.s >at.s
    sed 's/%/@/' demo.s >demo_at.s
    "$2as" -o demo.o demo_at.s
    "$2as" -o this.o at.s
    # shellcheck disable=SC2086
    "$2ld" $4 -shared -soname libdemo.so.1 --version-script demo.map -o libdemo.so demo.o
    # shellcheck disable=SC2086
    "$2ld" $4 -shared -soname libthis.so.2 --enable-new-dtags -rpath '$ORIGIN/there' \
        -z max-page-size=4096 -z noseparate-code --version-script this.map --hash-style=both -o "$here/$1.so" this.o libdemo.so
}
build x86_64 x86_64-linux-gnu- .quad ''
build aarch64 aarch64-linux-gnu- .xword ''
build s390x s390x-linux-gnu- .quad ''
build ppc powerpc-linux-gnu- .long ''
rm -r "$scratch"
