# shellcheck shell=sh
# A 60 Hz frame of 4 ms (the demonstration's): the only program here that is ours.
run() {
    dualq-top demo --headless --as-is --json --hogs 0 --work 4 --phase 3 >/tmp/out
    figure per_second "$(sed -n 's/.*"on_time_per_second":\([0-9.]*\).*/\1/p' /tmp/out)"
    figure missed_per_second "$(sed -n 's/.*"missed_per_second":\([0-9.]*\).*/\1/p' /tmp/out)"
    figure units "$(sed -n 's/.*"on_time":\([0-9]*\).*/\1/p' /tmp/out)"
}
