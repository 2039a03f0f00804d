# shellcheck shell=bash disable=SC2034,SC2154 # read by vm.sh; set by driver.sh
# SPDX-License-Identifier: Apache-2.0
#
# PID 1 ends the machine with it, so that nobody inside can look: its exit code
# and who was left are read from the kernel's panic, which lists all tasks.
about='TERM to PID 1: every server is gone, whatever it does about signals, then PID 1 exits 0'
expect='died 0'
servers='
plain mcp
deaf mcp+ignore-term+ignore-eof
daemon mcp+daemonize
stopped mcp+stop-self
bomb mcp+forkbomb 50'

driver() {
        cat <<'EOT'
daemon_ready
guest reach bomb 40 30 || fail 'the bomb does not grow'
say "$(guest pid plain) $(guest pid deaf)"
kill -TERM 1
guest stay
EOT
}

judge() { # LOG
        local name left=''
        for name in plain deaf daemon stopped bomb; do
                [ "$(vm_tasks "$1" $name)" = 0 ] || left+=" $name"
        done
        [ -z "$left" ] || { echo "left when PID 1 exited:$left" && return 1; }
        [ "$(vm_tasks "$1" guest)" -gt 0 ] || { echo 'the kernel has listed no tasks' && return 1; }
}
