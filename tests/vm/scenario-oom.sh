# shellcheck shell=bash disable=SC2034,SC2154 # read by vm.sh; set by driver.sh
# SPDX-License-Identifier: Apache-2.0
about='a server over its memory limit: killed as a group, and status names it oom'
expect='exit 0'
needs_real=1
servers='
good 0 mcp
eater 0 mcp+daemonize+wait+eat-memory 1000 300000000'
settings='eater memory: 32M'

driver() {
        cat <<'EOT'
guest await /run/mcpvisor 60 && guest await /run/mcpvisor/control.sock 60 || fail 'no control socket'
"$program" status --wait backoff --timeout 60s eater || fail 'the eater was not killed'
"$program" status --json eater | grep -q '"class": *"oom"' || fail "not oom: $("$program" status --json eater)"
alive good
EOT
}
