# shellcheck shell=bash disable=SC2034,SC2154 # read by vm.sh; set by driver.sh
# SPDX-License-Identifier: Apache-2.0
about='kill -9 of a supervisor that is not PID 1: nobody left within 1 s, and the next one starts each server once'
expect='exit 0'
init='/vm/guest reap'
servers='
plain mcp
deaf mcp+ignore-term+ignore-eof
daemon mcp+daemonize'

driver() {
        cat <<'EOT'
start() {
        # shellcheck disable=SC2086 # a command line
        $daemon &
        supervisor=$!
        daemon_ready
}
start
kill -KILL "$supervisor"
for s in $servers; do
        gone "$s" 1000
done
rm /run/mcpvisor/control.sock # which it could not remove; until there is one again nobody is asked
start
alive plain
alive deaf
kill -TERM "$supervisor"
wait "$supervisor" || fail "the second supervisor: status $?"
for s in $servers; do
        gone "$s" 1000
done
EOT
}
