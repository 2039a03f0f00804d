#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The commands that ask a daemon: what they send, what they print, their exit
# status. The daemon is tests/support/control-fake, which answers from a
# script. Runs in the build directory.
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"
cd "$top_builddir" || exit 99
unset MCPVISOR_SOCKET COLUMNS NO_COLOR
export TZ=UTC XDG_RUNTIME_DIR="$tmp/none"
sock=$tmp/control.sock
out=$tmp/out err=$tmp/err
fail_shows=("$out" "$err" "$tmp/requests")
fake=0

stop_fake() {
        [ "$fake" -eq 0 ] || { kill "$fake"; wait "$fake"; } 2>/dev/null
        fake=0
        rm -f "$sock"
}
trap 'stop_fake; finish' EXIT

# The script is on stdin.
start_fake() {
        stop_fake
        cat >"$tmp/script"
        rm -f "$tmp/ready"
        mkfifo "$tmp/ready"
        ./tests/support/control-fake "$sock" "$tmp/script" > >(tee "$tmp/requests" >"$tmp/ready") &
        fake=$!
        exec 4<"$tmp/ready"
        line=
        IFS= read -r -t 20 -u 4 line
        [ "$line" = listening ] || fail "the fake daemon does not listen"
        # What follows goes into the file only.
        cat <&4 >/dev/null &
        exec 4<&-
}

# run STATUS ARGUMENT...: output in $out and $err.
run() {
        local want=$1 got=0
        shift
        what="mcpvisor $*"
        timeout 30 ./mcpvisor "$@" >"$out" 2>"$err" </dev/null || got=$?
        if [ "$got" -eq "$want" ]; then pass; else fail "$what: status $got, not $want"; fi
}

# out TEXT, err TEXT: all that it said, its last newline aside.
is() {
        if [ "$(cat "$tmp/$1")" = "$2" ]; then pass; else fail "$what: std$1 is not: $2"; fi
}
out() { is out "$1"; }
err() { is err "$1"; }

ready='{"name":"fs","state":"ready","pid":4121,"uptime_s":7980.1,"budget":{"used":0,"burst":5},"calls":812}'
starting='{"name":"fs","state":"starting","pid":7,"uptime_s":1,"budget":{"used":1,"burst":5},"calls":0}'
status() { printf '{"state":"running","servers":[%s]}' "$1"; }
e=$(printf '\033')
head='NAME  STATE  PID   UP     RESTARTS  MEM  TOOLS  CALLS  P95  LAST ERROR'
row='fs    ready  4121  2h13m  0/5       -    -      812    -    -'

# ---- no daemon ---------------------------------------------------------------

start='(start one: mcpvisor serve -c FILE; or name its socket: --socket or MCPVISOR_SOCKET)'
for words in status "logs fs" history events "start fs" "stop fs" "restart --all" "reset fs" reload drain \
        "status --wait=ready" "status --watch"; do
        # shellcheck disable=SC2086 # several words
        run 3 $words --socket "$sock"
        out ''
        err "mcpvisor: ${words%% *}: no daemon answers at $sock $start"
done
MCPVISOR_SOCKET=$tmp run 3 status
err "mcpvisor: status: no daemon answers at $sock $start"
MCPVISOR_SOCKET=$tmp run 3 status --socket "$tmp/other"
err "mcpvisor: status: no daemon answers at $tmp/other $start"
run 3 status --socket "$tmp/a
b"
err "mcpvisor: status: no daemon answers at $tmp/a\\x0ab $start"
run 1 status --socket "$top_srcdir/tests/system/$(printf '%0200d' 7)"
[ "$(id -u)" -eq 0 ] || { run 3 status; err "mcpvisor: status: no daemon answers at $tmp/none/mcpvisor/control.sock $start"; }

# ---- wrong usage -------------------------------------------------------------

usage() { # TEXT ARGUMENT...
        local text=$1
        shift
        run 2 "$@" --socket "$sock"
        err "mcpvisor: $text
Try: mcpvisor $1 --help"
}
usage 'start: names of servers are missing, or --all' start
usage 'stop: either names or --all, not both' stop fs --all
usage 'status: either --watch or --wait, not both' status --watch --wait ready
usage 'status: --timeout goes with --wait' status --timeout 1s
usage 'reload: one argument too many: fs' reload fs
usage 'logs: an argument is missing: mcpvisor logs [OPTION...] NAME' logs
run 2 status --wait readyy
grep -q 'did you mean ready?' "$err" || fail "$what: no hint"

# ---- status --------------------------------------------------------------------

start_fake <<SCRIPT
> status
$(status "$ready")
{"ok":true}
> status fs
$(status "$ready")
{"ok":true}
> status fs gh
$(status "$ready,$starting")
{"ok":true}
> status x
{"ok":false,"code":"unknown-server","error":"no server is called x; did you mean fs?"}
> status -f
$(status "$ready")
{"ok":true}
> status
{"ok":true}
> status
. not json
> status
{"state":"running"}
!
> status
$(status "$ready")
{"ok":true}
SCRIPT
run 0 status --socket "$sock"
out "$head
$row"
err ''
MCPVISOR_SOCKET=$tmp run 0 ps fs
out "$head
$row"
MCPVISOR_SOCKET=$sock run 4 ls --json fs gh
out "$(status "$ready,$starting")"
export MCPVISOR_SOCKET=$sock
run 1 status x
out ''
err 'mcpvisor: status: no server is called x; did you mean fs?'
run 0 status -- -f
out "$head
$row"
run 1 status -- --
err 'mcpvisor: status: not in the script: status --'
run 1 status
err "mcpvisor: status: the daemon's answer cannot be understood"
run 1 status
err "mcpvisor: status: the daemon's answer cannot be understood"
run 3 status
err 'mcpvisor: status: the daemon has closed the connection'
run 0 --color=always status
grep -qF "$(printf '\033[32mready\033[0m')" "$out" || fail "$what: no colour"
run 1 status "$(printf '%0200d' 1)"
run 2 status "two
lines"
err 'mcpvisor: status: no server has a name of several lines
Try: mcpvisor status --help'

start_fake <<SCRIPT
refuse
SCRIPT
run 1 status
err 'mcpvisor: status: a server may not ask its supervisor'

long=$(printf '%045000d' 7)
run 2 stop "$long" "$long"
err 'mcpvisor: stop: too many names, or too long ones
Try: mcpvisor stop --help'

# ---- status --wait -------------------------------------------------------------

start_fake <<SCRIPT
> events -f
= 2
{"n":1,"type":"server_state","server":"fs","from":"backoff","to":"starting","text":""}
{"n":2,"type":"server_state","server":"fs","from":"starting","to":"ready","text":""}
> status fs
$(status "$starting")
{"ok":true}
> status fs
$(status "$ready")
{"ok":true}
SCRIPT
run 0 status --wait ready fs
out "$head
$row"
start_fake <<SCRIPT
> events -f
> status
$(status "$starting")
{"ok":true}
> status
$(status "$starting")
{"ok":true}
SCRIPT
run 4 status --json --wait ready --timeout 50ms
out "$(status "$starting")"
err 'mcpvisor: status: not all of them are ready'
start_fake <<SCRIPT
> events -f
= 2
!
> status fs
$(status "$starting")
{"ok":true}
SCRIPT
run 3 status --wait ready fs
err 'mcpvisor: status: the daemon has closed the connection'
start_fake <<SCRIPT
> events -f
> status x
{"ok":false,"code":"unknown-server","error":"no server is called x"}
SCRIPT
run 1 status --wait ready x
err 'mcpvisor: status: no server is called x'
start_fake <<SCRIPT
> events -f
> status
{"servers":[]}
{"ok":true}
SCRIPT
run 0 status --wait stopped
out 'No servers are configured.'

# ---- status --watch ------------------------------------------------------------

start_fake <<SCRIPT
> events -f
= 2
{"n":1,"type":"server_state","server":"fs","from":"starting","to":"ready","text":""}
= 3
!
> status
$(status "$ready")
{"ok":true}
> status
$(status "$ready")
{"ok":true}
SCRIPT
run 3 status --watch
out "$head
$row

$head
$row"
err 'mcpvisor: status: the daemon has closed the connection'
if command -v script >/dev/null; then
        start_fake <<SCRIPT
> events -f
= 3
!
> status
$(status "$ready")
{"ok":true}
> status
$(status "$ready")
{"ok":true}
SCRIPT
        # The second look is that of the clock.
        timeout 30 script -qec "./mcpvisor status --watch" /dev/null </dev/null >"$out" 2>&1
        if [ "$(grep -cF "$(printf '\033[H')" "$out")" -eq 2 ] && grep -qF "$(printf '\033[J')" "$out"; then
                pass
        else
                fail "status --watch on a terminal"
        fi
fi

# ---- logs, history, events -------------------------------------------------------

log1='{"n":12,"at":"2026-11-20T17:00:00.123456Z","server":"fs","stream":"stderr","partial":false,"text":"a\u001b[2Jb"}'
log2='{"n":13,"at":"2026-11-20T17:00:01.123456Z","server":"fs","stream":"stray","partial":false,"text":"C:\\\\x"}'
start_fake <<SCRIPT
> logs fs
$log1
$log2
{"ok":true}
> logs --since=10m --tail=2 fs
$log1
{"skipped":3}
{"ok":true}
> logs -f fs
$log1
= 4
!
> logs x
{"ok":false,"code":"unknown-server","error":"no server is called x"}
> logs -f fs
$log1
$log2
> logs fs
$log1
!
SCRIPT
run 0 logs fs
out '17:00:00 fs stderr a\x1b[2Jb
17:00:01 fs stray C:\\x'
run 0 logs --json --since 10m --tail 2 fs
out "$log1
{\"skipped\":3}"
# One that follows ends with the daemon, here when the next request has come.
mkfifo "$tmp/followed"
timeout 30 ./mcpvisor logs -f fs >"$tmp/followed" 2>"$tmp/followed.err" &
follower=$!
exec 5<"$tmp/followed"
line=
IFS= read -r -t 20 -u 5 line
what='logs -f'
if [ "$line" = '17:00:00 fs stderr a\x1b[2Jb' ]; then pass; else fail "logs -f: got $line"; fi
run 1 logs x
err 'mcpvisor: logs: no server is called x'
status=0
wait "$follower" || status=$?
exec 5<&-
if [ $status -eq 0 ]; then pass; else fail "logs -f: status $status"; fi
if grep -q 'the daemon has ended' "$tmp/followed.err"; then pass; else fail "logs -f: no word at the end"; fi
# Nobody reads: the first line that cannot be written ends it.
status=0
timeout 30 ./mcpvisor logs -f fs 2>"$err" >&- || status=$?
if [ $status -eq 1 ] && grep -q 'cannot write to standard output' "$err"; then pass; else fail "logs -f to nobody"; fi
run 3 logs fs
out '17:00:00 fs stderr a\x1b[2Jb'

exit1='{"server":"fs","n":3,"at":"2026-11-20T17:00:00Z","class":"signal","code":null,"signal":9,"reason":"killed by signal 9 (not ours)","uptime_s":3725.5,"stderr":["one","t\u0007wo"]}'
exit2='{"server":"gh","n":4,"at":"2026-11-20T17:00:05Z","class":"clean","code":0,"reason":"exit 0","uptime_s":null,"stderr":[]}'
start_fake <<SCRIPT
> history
$exit1
$exit2
{"skipped":2}
{"ok":true}
> history --since=120m fs gh
$exit1
{"ok":true}
> events
{"n":1,"at":"2026-11-20T17:00:00.000001Z","type":"server_state","server":"fs","from":"starting","to":"ready","text":"after 1.2s"}
{"n":2,"at":"2026-11-20T17:00:02Z","type":"reload","text":"generation 4"}
{"n":3,"at":"2026-11-20T17:00:03Z","type":"alert","server":"gh","text":"3 crashes\n 60s"}
{"ok":true}
> events -f
{"n":1,"type":"daemon","text":"running"}
!
SCRIPT
run 0 history
out '2026-11-20 17:00:00 fs signal after 1h2m: killed by signal 9 (not ours)
    | one
    | t\x07wo
2026-11-20 17:00:05 gh clean: exit 0
(2 lines were skipped: the reader was too slow)'
run 0 history --since 2h --json fs gh
out "$exit1"
run 0 events
out '17:00:00 fs starting -> ready: after 1.2s
17:00:02 reload: generation 4
17:00:03 alert gh: 3 crashes\x0a 60s'
run 0 events -f --json
out '{"n":1,"type":"daemon","text":"running"}'
err 'mcpvisor: events: the daemon has ended'

# ---- start, stop, restart, reset ------------------------------------------------

start_fake <<'SCRIPT'
> start fs
{"server":"fs","state":"starting"}
{"server":"fs","done":true,"state":"ready","error":null}
{"ok":true}
> stop --all
{"server":"fs","state":"stopping"}
{"server":"gh","state":"stopping"}
{"server":"gh","done":true,"state":"stopped","error":null}
{"server":"fs","done":false,"state":"stuck","error":"a process of it hangs in the kernel"}
{"ok":false,"code":"failed","error":"1 of 2 servers failed"}
> restart --no-wait fs gh
{"ok":true}
> reset gh
{"ok":false,"code":"unknown-server","error":"no server is called gh"}
> start fs
{"server":"fs","state":"starting"}
!
> restart fs
{"server":"fs","state":"stopping"}
{"server":"gh","state":"stopping"}
{"server":"fs","done":true,"state":"ready","error":null}
{"server":"gh","done":false,"state":"backoff","error":"exit 1"}
{"ok":false,"code":"failed","error":"1 of 2 servers failed"}
SCRIPT
run 0 start fs
out 'fs: ready'
err ''
run 1 stop --all
out 'gh: stopped'
err 'mcpvisor: stop: fs: a process of it hangs in the kernel
mcpvisor: stop: 1 of 2 servers failed'
run 0 restart --no-wait fs gh
out ''
run 1 reset gh
err 'mcpvisor: reset: no server is called gh'
run 3 start fs
err 'mcpvisor: start: the daemon has closed the connection'
if command -v script >/dev/null; then
        timeout 30 script -qec "./mcpvisor restart fs" /dev/null </dev/null >"$out" 2>&1
        if grep -qF 'fs: ready' "$out" && grep -qF "${e}[2A" "$out" && grep -qF "${e}[1A" "$out" &&
                grep -qF 'gh: exit 1' "$out" && grep -qF '1 of 2 servers failed' "$out"; then
                pass
        else
                fail "restart on a terminal"
        fi
fi

# ---- reload, drain -----------------------------------------------------------------

start_fake <<'SCRIPT'
> reload
{"phase":"reading","text":"reading"}
{"phase":"committed","text":"committed"}
{"ok":true,"generation":4,"added":["a","b"],"removed":[],"restarted":["c"],"live":[],"same":12,"partial":[]}
> reload
{"ok":true,"generation":5,"added":["a"],"removed":[],"restarted":[],"live":[],"same":1,"partial":["a",{"server":"b"}]}
> reload
{"ok":false,"code":"invalid","error":"mcpvisor.yaml:7:11: no\nsecond\u001b line"}
> reload
{"ok":false,"code":"partial","error":"1 server failed","generation":6,"added":[],"same":0,"partial":["x"]}
> reload
{"phase":"reading"}
!
> reload --no-wait
{"ok":true}
> drain
{"ok":true}
> drain
{"ok":false,"code":"failed","error":"no"}
> drain
{"odd":1}
> reload
{"phase":"reading","text":""}
{"phase":"preparing","text":"starting fs"}
{"ok":true,"generation":7,"same":3,"partial":[]}
SCRIPT
run 0 reload
out 'generation 4: added a, b; restarted c; 12 unchanged'
err ''
run 1 reload
out 'generation 5: added a; 1 unchanged'
err 'mcpvisor: reload: these servers did not start: a, b'
run 1 reload
out ''
err 'mcpvisor: reload: mcpvisor.yaml:7:11: no
second\x1b line'
run 1 reload
out 'generation 6: 0 unchanged'
err 'mcpvisor: reload: these servers did not start: x
mcpvisor: reload: 1 server failed'
run 3 reload
err 'mcpvisor: reload: the daemon has closed the connection'
run 0 reload --no-wait
out ''
run 0 drain
out ''
run 1 drain
err 'mcpvisor: drain: no'
run 1 drain
err "mcpvisor: drain: the daemon's answer cannot be understood"
if command -v script >/dev/null; then
        timeout 30 script -qec "./mcpvisor reload" /dev/null </dev/null >"$out" 2>&1
        if grep -qF "${e}[Kreading" "$out" && grep -qF "${e}[Kstarting fs" "$out" &&
                grep -qF 'generation 7: 3 unchanged' "$out"; then
                pass
        else
                fail 'reload on a terminal'
        fi
fi
