# shellcheck shell=sh
# Compressors in one line: xz, gzip and bzip2, there and back, over 100 KB.
# packages: xz-utils gzip bzip2
# programs: /usr/bin/xz /bin/gzip /bin/bzip2
line() {
    head -c 100000 /bin/busybox | /usr/bin/xz -1 -T1 -c | /usr/bin/xz -dc | /bin/gzip -c | /bin/gzip -dc | /bin/bzip2 -1 -c | /bin/bzip2 -dc | sha256sum >/dev/null
}
run() { line; }
load() { while :; do line; done; }
