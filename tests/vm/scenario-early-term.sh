# shellcheck shell=bash disable=SC2034,SC2154 # read by vm.sh; set by driver.sh
# SPDX-License-Identifier: Apache-2.0
#
# Each round has PID 1 of a namespace of its own: the kernel treats its signals
# as it does those of the true one, and a boot for each would take a day.
# MCPVISOR_VM_ROUNDS asks for other than 100 rounds; 10,000 for a release.
about='TERM to PID 1 at any moment after it has blocked signals is never lost'
expect='exit 0'
init='/vm/guest reap'
rounds=${MCPVISOR_VM_ROUNDS:-100}
seconds=$((60 + rounds))
servers='plain mcp'

pack() { # ROOT
        install "$top_builddir/tests/vm/early-term" "$1/vm/early-term"
}

# Within 200 ms of a machine that does nothing else all is up, the server too.
driver() {
        echo "rounds=$rounds"
        cat <<'EOT'
# shellcheck disable=SC2086 # a command line
/vm/early-term "$rounds" 200000 20000 20000 15 $daemon || fail "signals were lost"
guest gone plain 1000 || fail 'a server is left'
EOT
}
