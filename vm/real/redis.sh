# shellcheck shell=sh
# Redis: 20 clients of redis-benchmark, each SET after the one before.
# packages: redis-server redis-tools
# programs: /usr/bin/redis-server /usr/bin/redis-benchmark /usr/bin/redis-cli
prepare() {
    serve redis-server --port 6379 --save '' --appendonly no --daemonize no
    wait_for redis-cli ping
}
run() {
    count=10000
    redis-benchmark -c 20 -n $count -t set --csv | tr -d '"' | tail -n 1 >/tmp/out
    IFS=, read -r _ rate _ _ p50 _ p99 _ </tmp/out
    figure per_second "$rate"
    figure p50_ms "$p50"
    figure p99_ms "$p99"
    figure units $count
}
