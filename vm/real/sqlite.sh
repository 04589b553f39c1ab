# shellcheck shell=sh
# SQLite: 20,000 rows in, an index, and 2,000 queries.
# packages: sqlite3
# programs: /usr/bin/sqlite3
prepare() {
    awk 'BEGIN {
        print "create table t (a integer, b text);\nbegin;"
        for (i = 0; i < 20000; i++) printf "insert into t values (%d, \"row %d\");\n", i * 7919 % 20011, i
        print "commit;\ncreate index i on t (a);"
        for (i = 0; i < 2000; i++) printf "select count(b) from t where a between %d and %d;\n", i, i + 50
    }' >/tmp/sql
}
run() {
    rm -f /tmp/t.db
    sqlite3 /tmp/t.db </tmp/sql >/dev/null
}
