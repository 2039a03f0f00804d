#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# As PID 1 of a container, as little as an operator grants: no root, no
# capability, a read-only root, limits. podman with runc, an image made of this
# build's files and their libraries (container/Containerfile is for people; it
# needs a registry). Runs in the build directory, as root. While this build has
# no `serve`, tini and catatonit are judged in its place, by what they do too.
#
# SC2015: ok cannot fail. SC2154: lib.sh sets top_builddir and tmp.
# shellcheck disable=SC2015,SC2154
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"
# shellcheck source=tests/vm/lib.sh
. "${BASH_SOURCE[0]%/*}/../vm/lib.sh"
for tool in podman buildah runc busybox; do
        need $tool
done
[ "$(id -u)" = 0 ] || { skip 'needs root' && exit 77; }
cd "$tmp" || exit 99
user=65532
storage=(--root "$tmp/graph" --runroot "$tmp/runroot" --storage-driver vfs)
confined=(--memory 64m --pids-limit 50 --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --network none --read-only --cap-drop all
        --security-opt no-new-privileges)
made=()

pod() { podman "${storage[@]}" --runtime runc --cgroup-manager cgroupfs --events-backend none "$@"; }

# Whatever was started ends with the script; groups that podman made and left are empty directories.
tidy() {
        local name
        for name in "${made[@]}"; do
                pod rm -f -t 0 "$name" >/dev/null 2>&1
        done
        find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null
}
trap 'status=$?; tidy; (exit $status); finish' EXIT

build_image() {
        local container
        vm_root root
        chmod 1777 root/tmp root/run
        make -s -C "$top_builddir" install-exec DESTDIR="$tmp/root" || return
        mapfile -t programs < <(find root -type f -perm /111 -name 'mcpvisor*')
        ln -s "$(find root -path '*/bin/mcpvisor' | sed s,^root,,)" root/mcpvisor
        for init in tini-static catatonit; do
                ! command -v $init >/dev/null || install "$(command -v $init)" root/bin/
        done
        vm_libraries root "${programs[@]}" root/bin/*
        printf 'mcpvisor:x:%s:%s::/nonexistent:/bin/sh\n' $user $user >>root/etc/passwd
        mkdir -p root/etc/mcpvisor
        printf '%s\n' 'servers:' '  plain: {command: /vm/child, args: [mcp]}' \
                '  daemon: {command: /vm/child, args: [mcp+daemonize]}' >root/etc/mcpvisor/mcpvisor.yaml
        container=$(buildah "${storage[@]}" from scratch) &&
                buildah "${storage[@]}" add -q "$container" root / &&
                buildah "${storage[@]}" config --user $user:$user --stop-signal SIGTERM \
                        --env XDG_RUNTIME_DIR=/run --env XDG_STATE_HOME=/run/state "$container" &&
                buildah "${storage[@]}" commit -q "$container" mcpvisor-test
}

field() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; } # PID NAME

# All that share a pid namespace with one.
pids_of() { # PID
        local ns p
        ns=$(readlink "/proc/$1/ns/pid")
        for p in /proc/[0-9]*; do
                [ "$(readlink "$p/ns/pid" 2>/dev/null)" != "$ns" ] || echo "${p#/proc/}"
        done
}

# until_ready NAME: real: status says so; stand-ins: their child runs.
until_ready() { # NAME PID
        local end=$((SECONDS + 30))
        until if [ $real = 1 ]; then
                pod exec "$1" /mcpvisor status --wait ready --timeout 20s plain daemon >/dev/null 2>&1
        else
                [ "$(pids_of "$2" | wc -l)" -ge "$least" ]
        fi; do
                [ $SECONDS -lt $end ] || return 1
        done
}

# judge NAME STATUS LEAST COMMAND...: started confined, looked at, stopped; STATUS is what it has to exit with.
judge() {
        local name=$1 want=$2 least=$3 pid pids left='' p start took base code
        shift 3
        made+=("$name")
        pod run -d --name "$name" "${confined[@]}" mcpvisor-test "$@" >run.log 2>&1 || {
                cat run.log
                fail "$name: does not start"
                return
        }
        pid=$(pod inspect -f '{{.State.Pid}}' "$name")
        until_ready "$name" "$pid" || { pod logs "$name" && fail "$name: is not ready" && return; }
        [[ $(field "$pid" NSpid) == *[[:space:]]1 ]] && ok "$name: PID 1" || fail "$name: not PID 1"
        [ "$(field "$pid" Uid | cut -f 1)" = $user ] && [ "$(field "$pid" CapBnd)" = 0000000000000000 ] &&
                [ "$(field "$pid" Seccomp)" = 2 ] && [ "$(field "$pid" NoNewPrivs)" = 1 ] &&
                ok "$name: no root, no capability, seccomp" || fail "$name: $(cat "/proc/$pid/status")"
        pids=$(pids_of "$pid")
        start=$(date +%s%N) && pod ps >/dev/null && base=$(($(date +%s%N) - start))
        start=$(date +%s%N) && pod stop -t 10 "$name" >stop.log 2>&1
        took=$((($(date +%s%N) - start - base) / 1000000))
        [ $took -lt 1000 ] && ok "$name: stopped in $took ms" || fail "$name: podman stop took $took ms"
        code=$(pod inspect -f '{{.State.ExitCode}}' "$name")
        [ "$code" = "$want" ] && ok "$name: exits with $code" || fail "$name: exits with $code, not $want"
        for p in $pids; do
                [ ! -d "/proc/$p" ] || left+=" $p ($(cat "/proc/$p/comm"))"
        done
        [ -n "$pids" ] && [ -z "$left" ] && ok "$name: nothing left of $(wc -w <<<"$pids") processes" ||
                fail "$name: left:$left"
}

# exits STATUS NAME COMMAND...: run to its end.
exits() {
        local want=$1 name=$2 code=0
        shift 2
        made+=("$name")
        timeout 60 podman "${storage[@]}" --runtime runc --cgroup-manager cgroupfs --events-backend none \
                run --name "$name" "${confined[@]}" mcpvisor-test "$@" >run.log 2>&1 </dev/null || code=$?
        [ $code = "$want" ] && ok "$name: exits with $code" || { cat run.log && fail "$name: exits with $code, not $want"; }
}

# The statuses of a command: its own, 128 + the signal, and none such.
statuses() { # NAME COMMAND...
        local name=$1
        shift
        exits 7 "$name-7" "$@" /vm/child exit 7
        exits 139 "$name-crash" "$@" /vm/child crash 11
        exits 127 "$name-none" "$@" /no/such/program
}

real=0
"$top_builddir/mcpvisor" serve --help >/dev/null 2>&1 && real=1
build_image >build.log 2>&1 || { cat build.log && fail 'the image' && exit 1; }
if [ $real = 1 ]; then
        judge mcpvisor 0 3 /mcpvisor serve -c /etc/mcpvisor/mcpvisor.yaml
        statuses run /mcpvisor run --
else
        echo 'This build has no serve: tini and catatonit are in its place.'
        [ -x root/bin/tini-static ] && judge tini 143 2 /bin/tini-static -- /vm/child never-read || skip 'no tini'
        [ -x root/bin/catatonit ] && judge catatonit 143 2 /bin/catatonit -- /vm/child never-read || skip 'no catatonit'
        [ ! -x root/bin/tini-static ] || statuses tini /bin/tini-static --
fi
