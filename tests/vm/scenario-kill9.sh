# shellcheck shell=bash disable=SC2034,SC2154 # read by vm.sh; set by driver.sh
# SPDX-License-Identifier: Apache-2.0
about='kill -9 of a supervisor that is not PID 1: nobody left within 1 s, and the next one starts each server once'
expect='exit 0'
init='/vm/guest standin /etc/empty'
servers='
plain 0 mcp
deaf 0 mcp+ignore-term+ignore-eof
daemon 0 mcp+daemonize'

driver() {
        cat <<'EOT'
guest await /run/ready 30 || fail 'PID 1 is not ready'
rm /run/ready
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
rm -f /run/ready /run/mcpvisor/control.sock
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
