# shellcheck shell=bash disable=SC2034,SC2154 # read by vm.sh; set by driver.sh
# SPDX-License-Identifier: Apache-2.0
#
# The unit is the one that make install puts there. The driver is no service:
# systemd inherits it. No more is installed than a minimal Debian has.
about='under systemd: ready when it says so, reload, watchdog kill and restart, socket activation, stop'
expect='exit 0'
debian=1
memory=1024
seconds=120
init='/sbin/init'
vm_append='systemd.firstboot=off systemd.mask=serial-getty@ttyS0.service systemd.show_status=false loglevel=3'
servers='
plain mcp
daemon mcp+daemonize'

pack() { # ROOT
        local unit
        mkdir -p "$1/etc/mcpvisor" "$1/etc/systemd/system/mcpvisor.service.d"
        cp "$1/etc/mcpvisor.yaml" "$1/etc/mcpvisor/"
        unit=$(find "$1" -name mcpvisor.service -path '*/systemd/system/*' | head -n 1)
        # make install without --prefix=/usr puts it where systemd of that system does not look.
        cp "${unit%.service}".* "$1/etc/systemd/system/"
        # Its configuration is where this build looks for it.
        sed -i "s,-c [^ ]*,-c /etc/mcpvisor/mcpvisor.yaml,; s,^\(ConditionPathExists\)=.*,\1=/etc/mcpvisor/mcpvisor.yaml," \
                "$1"/etc/systemd/system/mcpvisor.{service,socket}
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
for _ in $(seq 100); do
        [ "$(property StatusText)" = '2 of 2 servers are ready' ] && break
        sleep 0.1
done
[ "$(property StatusText)" = '2 of 2 servers are ready' ] || fail "status: $(property StatusText)"

ln /vm/plain /vm/late
echo '  late: {command: /vm/late, args: [mcp], sandbox: {profile: none}}' >>/etc/mcpvisor/mcpvisor.yaml
systemctl reload mcpvisor.service || fail 'reload'
guest reach late 1 20 || fail 'the reload was none: a new server is not there'
echo '  late: {comand: /vm/late}' >>/etc/mcpvisor/mcpvisor.yaml
systemctl reload mcpvisor.service && fail 'a reload of a broken file is a success'
sed -i '$d' /etc/mcpvisor/mcpvisor.yaml
[ "$(property MainPID)" = "$pid" ] || fail 'a reload changed its pid'
alive plain
alive late

# It says nothing any more: the watchdog kills it, and the next one is started.
plain=$(guest pid plain)
kill -STOP "$pid"
guest over "$pid" 20000 || fail 'the watchdog does not kill it'
guest over "$plain" 2000 || fail 'a server outlived it'
for _ in $(seq 600); do
        [ "$(property SubState)/$(property MainPID)" != "running/$pid" ] && [ "$(property SubState)" = running ] && break
        sleep 0.1
done
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
        timeout 60 bash -c 'exec 3<>/dev/tcp/127.0.0.1/7780
                printf "GET /livez HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n" >&3
                read -r line <&3 && [[ $line = HTTP/1.* ]]' || fail 'no answer through the socket of systemd'
        [ "$(property ActiveState)" = active ] || fail 'not started by its socket'
fi
EOT
}
