# shellcheck shell=bash disable=SC2034,SC2154 # read by vm.sh; set by driver.sh
# SPDX-License-Identifier: Apache-2.0
about='10,000 zombies that lose their parent at once are reaped within 1 s; so are 1,000 orphans that then die'
expect='exit 0'
memory=1024
servers='good mcp'

driver() {
        cat <<'EOT'
echo 60000 >/proc/sys/kernel/threads-max
daemon_ready
took=$(guest orphans zombies 10000 1000) || fail "ms, left: $took"
figure "10,000 zombies without a parent reaped in ${took% 0} ms"
took=$(guest orphans live 1000 1000) || fail "ms, left: $took"
figure "1,000 orphans dead and reaped in ${took% 0} ms"
alive good
EOT
}
