# shellcheck shell=sh
# nginx: a page of 1 KB to 10 connections of wrk.
# packages: nginx-core wrk
# programs: /usr/sbin/nginx /usr/bin/wrk
prepare() {
    mkdir -p /tmp/www /var/lib/nginx
    head -c 1024 /dev/zero >/tmp/www/page
    printf '%s\n' 'worker_processes 1; daemon off; pid /tmp/nginx.pid; error_log /tmp/nginx.log;' 'user root root;' \
        'events { worker_connections 64; }' \
        'http { access_log off; server { listen 127.0.0.1:8080; root /tmp/www; } }' >/tmp/nginx.conf
    serve nginx -c /tmp/nginx.conf
    wait_for wget -q -O /dev/null http://127.0.0.1:8080/page
}
run() {
    wrk -t 1 -c 10 -d 2s --latency http://127.0.0.1:8080/page >/tmp/out
    awk '
        function ms(text) { return text ~ /us$/ ? text / 1000 : text ~ /ms$/ ? text + 0 : text * 1000 }
        $1 == "50%" { print "p50_ms", ms($2) }
        $1 == "99%" { print "p99_ms", ms($2) }
        $1 == "Requests/sec:" { print "per_second", $2 }
        $2 == "requests" && $3 == "in" { print "units", $1 }' /tmp/out >/tmp/figures
    while read -r name value; do figure "$name" "$value"; done </tmp/figures
}
