# shellcheck shell=bash disable=SC2034,SC2154 # read by vm.sh; set by driver.sh
# SPDX-License-Identifier: Apache-2.0
about='a server over its memory limit: killed as a group, and named oom'
expect='exit 0'
servers='
good mcp
eater mcp+stop-self+daemonize+eat-memory 100000000'

driver() {
        cat <<'EOT'
daemon_ready
limit eater memory.oom.group 1
limit eater memory.max 32M
go_on eater
"$program" status --wait=backoff --timeout=30s eater || fail 'the eater was not killed'
"$program" history --json eater | grep -q '"class": *"oom"' || fail "not oom: $("$program" history --json eater)"
alive good
EOT
}
