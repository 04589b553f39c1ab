# shellcheck shell=sh
# x264: 8 frames of 320×180, two threads.
# packages: x264
# programs: /usr/bin/x264
prepare() {
    # A pattern that moves: the line's length divides no row.
    [ -e /tmp/in.yuv ] || yes 'the quick brown fox jumps over the lazy dog' | head -c 691200 >/tmp/in.yuv
}
encode() { x264 --quiet --preset veryfast --threads 2 --demuxer raw --input-res 320x180 --fps 24 -o /tmp/out.264 /tmp/in.yuv >/tmp/x264.log 2>&1; }
run() { encode || cat /tmp/x264.log; }
load() {
    prepare
    while :; do encode; done
}
