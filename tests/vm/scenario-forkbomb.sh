# shellcheck shell=bash disable=SC2034,SC2154 # read by vm.sh; set by driver.sh
# SPDX-License-Identifier: Apache-2.0
about='stop of a fork bomb under pids.max: nothing of it is left, another server and the machine go on'
expect='exit 0'
servers='
good mcp
bomb mcp+stop-self+forkbomb 0'

driver() {
        cat <<'EOT'
daemon_ready
limit bomb pids.max 200
go_on bomb
guest reach bomb 150 30 || fail "the bomb does not grow: $(guest count bomb)"
group=$(group_of bomb)
stop bomb
gone bomb 2000
figure "a fork bomb gone $took ms after its stop"
guest empty "$group" 2 || fail 'its cgroup is populated'
alive good
EOT
}
