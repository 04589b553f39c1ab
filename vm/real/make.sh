# shellcheck shell=sh
# make -j4 with gcc -O0: four of stb's libraries, one file each.
# packages: make gcc-12 libc6-dev libstb-dev
# programs: /usr/bin/make /usr/bin/x86_64-linux-gnu-gcc-12 /usr/bin/as /usr/lib/gcc/x86_64-linux-gnu/12/cc1
# files: /usr/include/*.h /usr/include/stb/*.h /usr/include/linux/*.h /usr/include/asm-generic/*.h /usr/include/x86_64-linux-gnu/*/*.h /usr/include/x86_64-linux-gnu/bits/*/*.h /usr/lib/gcc/x86_64-linux-gnu/12/include/*.h
prepare() {
    mkdir -p /tmp/build
    for pair in image_write:IMAGE_WRITE rect_pack:RECT_PACK perlin:PERLIN dxt:DXT; do
        name=${pair%:*}
        [ ! -e "/usr/include/stb/stb_$name.h" ] ||
            printf '#define STB_%s_IMPLEMENTATION\n#include <stb/stb_%s.h>\n' "${pair#*:}" "$name" >"/tmp/build/$name.c"
    done
    printf 'objects = $(patsubst %%.c,%%.o,$(wildcard *.c))\nall: $(objects)\n%%.o: %%.c\n\tx86_64-linux-gnu-gcc-12 -O0 -c -o $@ $<\n' >/tmp/build/Makefile
}
build() {
    rm -f /tmp/build/*.o
    make -s -j4 -C /tmp/build >/tmp/make.log 2>&1
}
run() { build || { cat /tmp/make.log; return 1; }; }
load() {
    prepare
    while build; do :; done
    cat /tmp/make.log
}
