# shellcheck shell=sh
# hackbench: 80 processes in 2 groups, 80,000 messages through sockets.
# packages: rt-tests
# programs: /usr/bin/hackbench
run() {
    hackbench -g 2 -l 100 >/tmp/out
    time=$(sed -n 's/^Time: //p' /tmp/out)
    figure per_second "$(echo "$time" | awk '{ print 80000 / $1 }')"
    figure units 80000
}
