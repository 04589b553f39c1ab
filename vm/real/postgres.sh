# shellcheck shell=sh
# PostgreSQL: pgbench's transactions (TPC-B like) from 6 clients, without waiting for a disk.
# packages: postgresql-15 postgresql-client-15
# programs: /usr/lib/postgresql/15/bin/initdb /usr/lib/postgresql/15/bin/postgres /usr/lib/postgresql/15/bin/pgbench /usr/lib/postgresql/15/bin/psql /usr/bin/setpriv
# files: /usr/lib/postgresql/15/lib/*.so /usr/share/postgresql/15/* /usr/share/postgresql/15/timezonesets/* /usr/share/postgresql/15/tsearch_data/* /usr/share/postgresql/15/extension/plpgsql*
pg() {
    name=$1
    shift
    /usr/bin/setpriv --reuid 65534 --regid 65534 --clear-groups "/usr/lib/postgresql/15/bin/$name" "$@"
}
prepare() {
    export LC_ALL=C PGHOST=/tmp/pg PGDATABASE=postgres PGUSER=postgres
    if [ ! -e /tmp/pg/data/PG_VERSION ]; then
        mkdir -p /tmp/pg
        chown 65534:65534 /tmp/pg
        chmod 1777 /tmp
        pg initdb -D /tmp/pg/data -U postgres -A trust -N >/tmp/initdb.log 2>&1 || cat /tmp/initdb.log
    fi
    # Without the shell of the function in between: the server is what is to be served.
    serve /usr/bin/setpriv --reuid 65534 --regid 65534 --clear-groups /usr/lib/postgresql/15/bin/postgres -D /tmp/pg/data \
        -k /tmp/pg -h '' -c fsync=off -c synchronous_commit=off -c autovacuum=off -c shared_buffers=64MB
    wait_for pg psql -c 'select 1'
    pg psql -c 'select count(*) from pgbench_accounts' >/dev/null 2>&1 || pg pgbench -i -q >/dev/null 2>&1
}
run() {
    rm -f /tmp/pg/log.*
    pg pgbench -n -c 6 -T 3 -l --log-prefix /tmp/pg/log >/tmp/out 2>&1
    cat /tmp/pg/log.* | awk '{ print $3 }' | sort -n >/tmp/times
    count=$(wc -l </tmp/times)
    [ "$count" -gt 0 ] || { cat /tmp/out; return; }
    figure per_second "$(sed -n 's/^tps = \([0-9.]*\).*/\1/p' /tmp/out)"
    awk -v count="$count" 'NR == int(count / 2) + 1 { print "p50_ms", $1 / 1000 }
        NR == int(count * 0.99) + 1 { print "p99_ms", $1 / 1000 }' /tmp/times >/tmp/figures
    while read -r name value; do figure "$name" "$value"; done </tmp/figures
    figure units "$count"
}
