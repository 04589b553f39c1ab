# shellcheck shell=sh
# sysbench: 16 threads that lock one of 8 mutexes and yield, 100 times each.
# packages: sysbench
# programs: /usr/bin/sysbench
run() {
    sysbench threads --threads=16 --thread-yields=100 --thread-locks=8 --percentile=99 --time=2 run >/tmp/out
    awk '
        $1 == "total" && $4 == "events:" { events = $5; print "units", events }
        $1 == "total" && $2 == "time:" { seconds = $3 + 0 }
        $1 == "99th" { print "p99_ms", $3 }
        END { if (seconds > 0) print "per_second", events / seconds }' /tmp/out >/tmp/figures
    while read -r name value; do figure "$name" "$value"; done </tmp/figures
}
