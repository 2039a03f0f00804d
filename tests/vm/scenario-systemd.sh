# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # read by vm.sh; set by driver.sh
# SPDX-License-Identifier: Apache-2.0
#
# The unit is the one that make install puts there; for the stand-in one is
# written here. The driver is no service: systemd inherits it.
about='under systemd: ready when it says so, reload, watchdog kill and restart, socket activation, stop'
expect='exit 0'
debian=1
memory=1024
seconds=120
init='/sbin/init'
vm_append='systemd.firstboot=off systemd.mask=serial-getty@ttyS0.service systemd.show_status=false loglevel=3'
servers='
plain 0 mcp
daemon 0 mcp+daemonize'

pack() { # ROOT
        local unit
        mkdir -p "$1/etc/mcpvisor" "$1/etc/systemd/system/mcpvisor.service.d"
        cp "$1/etc/mcpvisor.yaml" "$1/etc/mcpvisor/"
        unit=$(find "$1" -name mcpvisor.service -path '*/systemd/system/*' | head -n 1)
        if [ -n "$unit" ]; then
                # make install without --prefix=/usr puts it where systemd of that system does not look.
                cp "${unit%.service}".* "$1/etc/systemd/system/"
                # Its configuration is where this build looks for it.
                sed -i "s,-c [^ ]*,-c /etc/mcpvisor/mcpvisor.yaml,; /^ConditionPathExists=/d" \
                        "$1/etc/systemd/system/mcpvisor.service"
        else
                printf '%s\n' '[Service]' Type=notify 'ExecStart=/vm/guest standin /etc/standin' \
                        'ExecReload=kill -HUP $MAINPID' Restart=on-failure RestartSec=100ms Delegate=yes KillMode=mixed \
                        >"$1/etc/systemd/system/mcpvisor.service"
        fi
        printf '%s\n' '[Service]' WatchdogSec=4s >"$1/etc/systemd/system/mcpvisor.service.d/short.conf"
}

driver() {
        cat <<'EOT'
guest await /run/systemd 60 && guest await /run/systemd/private 60 || fail 'systemd is not there'
state=$(systemctl is-system-running --wait)
say "systemd: $state"

property() { systemctl show -P "$1" mcpvisor.service; }

systemctl start mcpvisor.service || fail "start: $(systemctl status mcpvisor.service 2>&1)"
[ "$(property ActiveState)" = active ] || fail 'not active'
daemon_ready
pid=$(property MainPID)
say "$(property StatusText)"

systemctl reload mcpvisor.service || fail 'reload'
[ "$(property MainPID)" = "$pid" ] || fail 'a reload changed its pid'
alive plain

# It says nothing any more: the watchdog kills it, and the next one is started.
plain=$(guest pid plain)
kill -STOP "$pid"
guest over "$pid" 20000 || fail 'the watchdog does not kill it'
guest over "$plain" 2000 || fail 'a server outlived it'
rm -f /run/ready
daemon_ready
[ "$(property MainPID)" != "$pid" ] || fail 'not restarted'
[ "$(property NRestarts)" = 1 ] || fail "$(property NRestarts) restarts"
alive plain

systemctl stop mcpvisor.service || fail 'stop'
[ "$(property Result)" = success ] || fail "stop: $(property Result)"
for s in $servers; do
        gone "$s" 1000
done

if [ -e /etc/systemd/system/mcpvisor.socket ]; then
        systemctl start mcpvisor.socket || fail 'the socket unit'
        [ "$(property ActiveState)" = inactive ] || fail 'started before anybody asked'
        busybox wget -q -T 60 -O - http://127.0.0.1:7780/livez || fail 'no answer through the socket of systemd'
        [ "$(property ActiveState)" = active ] || fail 'not started by its socket'
fi
EOT
}
