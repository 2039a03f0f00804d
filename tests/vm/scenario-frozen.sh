# shellcheck shell=bash disable=SC2034,SC2154 # read by vm.sh; set by driver.sh
# SPDX-License-Identifier: Apache-2.0
about='stop of a server whose cgroup is frozen'
expect='exit 0'
servers='
good mcp
frozen mcp+daemonize'

driver() {
        cat <<'EOT'
daemon_ready
group=$(group_of frozen)
echo 1 >"$group/cgroup.freeze"
guest frozen "$group" 5 || fail 'it does not freeze'
stop frozen
gone frozen 2000
figure "a frozen server gone $took ms after its stop"
alive good
EOT
}
