#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# As PID 1 of a container, as little as an operator grants: no root, no
# capability, a read-only root, limits. podman with runc; an image made of this
# build's files and their libraries, and the last stage of
# container/Containerfile on a Debian made here, with what this build has made
# in place of its first stage. Runs in the build directory, as root.
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
image=mcpvisor-test
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
        ln -s "$(find root -path '*/bin/mcpvisor' | sed s,^root,,)" root/bin/mcpvisor
        vm_libraries root "${programs[@]}" root/bin/*
        printf 'mcpvisor:x:%s:%s::/nonexistent:/bin/sh\n' $user $user >>root/etc/passwd
        mkdir -p root/etc/mcpvisor
        printf '%s\n' 'servers:' '  plain: {command: /vm/child, args: [mcp]}' \
                '  daemon: {command: /vm/child, args: [mcp+daemonize]}' >root/etc/mcpvisor/mcpvisor.yaml
        printf '%s\n' 'servers:' '  deaf: {command: /vm/child, args: [mcp+ignore-term+ignore-eof]}' >root/etc/mcpvisor/deaf.yaml
        container=$(buildah "${storage[@]}" from scratch) &&
                buildah "${storage[@]}" add -q "$container" root / &&
                buildah "${storage[@]}" config --user $user:$user --stop-signal SIGTERM \
                        --env XDG_RUNTIME_DIR=/run --env XDG_STATE_HOME=/run/state "$container" &&
                buildah "${storage[@]}" commit -q "$container" $image
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

until_ready() { # NAME SERVER...
        local end=$((SECONDS + 30))
        until pod exec "$1" mcpvisor status --wait=ready --timeout=20s "${@:2}" >exec.log 2>&1; do
                [ $SECONDS -lt $end ] || { cat exec.log && return 1; }
        done
}

# judge NAME MS SERVER... -- [COMMAND...]: started confined, looked at, stopped within so many ms.
judge() {
        local name=$1 most=$2 servers=() pid pids left='' p start took base code
        shift 2
        while [ "$1" != -- ]; do
                servers+=("$1") && shift
        done
        shift
        made+=("$name")
        pod run -d --name "$name" "${confined[@]}" $image "$@" >run.log 2>&1 || {
                cat run.log
                fail "$name: does not start"
                return
        }
        pid=$(pod inspect -f '{{.State.Pid}}' "$name")
        until_ready "$name" "${servers[@]}" || { pod logs "$name" && fail "$name: is not ready" && return; }
        [[ $(field "$pid" NSpid) == *[[:space:]]1 ]] && ok "$name: PID 1" || fail "$name: not PID 1"
        [ "$(field "$pid" Uid | cut -f 1)" = $user ] && [ "$(field "$pid" CapBnd)" = 0000000000000000 ] &&
                [ "$(field "$pid" Seccomp)" = 2 ] && [ "$(field "$pid" NoNewPrivs)" = 1 ] &&
                ok "$name: no root, no capability, seccomp" || fail "$name: $(cat "/proc/$pid/status")"
        check "$name: the health check succeeds" pod exec "$name" mcpvisor health
        pids=$(pids_of "$pid")
        start=$(date +%s%N) && pod ps >/dev/null && base=$(($(date +%s%N) - start))
        start=$(date +%s%N) && pod stop -t 10 "$name" >stop.log 2>&1
        took=$((($(date +%s%N) - start - base) / 1000000))
        [ $took -lt "$most" ] && ok "$name: stopped in $took ms" || fail "$name: podman stop took $took ms"
        code=$(pod inspect -f '{{.State.ExitCode}}' "$name")
        [ "$code" = 0 ] && ok "$name: exits with $code" || { pod logs "$name" && fail "$name: exits with $code"; }
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
                run --name "$name" "${confined[@]}" $image "$@" >run.log 2>&1 </dev/null || code=$?
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

# The last stage as it stands. Its `build` is a directory with what `make install-exec` has made.
build_stage() {
        local container
        mkdir -p stage/out
        make -s -C "$top_builddir" install-exec DESTDIR="$tmp/stage/out" && rm -f stage/out/usr/local/libexec/mcpvisor/*-recorder
        container=$(buildah "${storage[@]}" from scratch) && buildah "${storage[@]}" add -q "$container" "$1" / &&
                buildah "${storage[@]}" commit -q "$container" local-base && buildah "${storage[@]}" rm "$container" &&
                buildah "${storage[@]}" build --isolation chroot --network host --format docker \
                        --build-arg BASE=localhost/local-base --build-context build="$tmp/stage" \
                        -t mcpvisor-stage -f "$top_srcdir/container/Containerfile" "$top_srcdir"
}

# What an image says of itself.
says() { # FORMAT WANTED
        local said
        said=$(pod image inspect -f "{{$1}}" $image)
        [ "$said" = "$2" ] && ok "the image's $1" || fail "the image's $1 is $said, not $2"
}

judge_stage() {
        says .User 65532:65532
        says .Config.StopSignal SIGTERM
        says .HealthCheck.Test '[CMD mcpvisor health]'
        confined+=(--tmpfs /run:mode=1777)
        judge stage 2000 demo --
        exits 7 stage-run-7 run -- /bin/sh -c 'exit 7'
        exits 125 stage-no-file serve -c /no/such/file
        exits 3 stage-no-daemon status
        # With a health check it is podman that asks, by what the image says.
        made+=(healthy)
        pod run -d --name healthy "${confined[@]}" $image >run.log 2>&1
        until_ready healthy demo
        check 'podman finds it healthy' pod healthcheck run healthy
}

build_image >build.log 2>&1 || { cat build.log && fail 'the image' && exit 1; }
judge serve 2000 plain daemon -- mcpvisor serve -c /etc/mcpvisor/mcpvisor.yaml
judge deaf 10000 deaf -- mcpvisor serve -c /etc/mcpvisor/deaf.yaml
statuses run mcpvisor run --

image=mcpvisor-stage
if [[ $(. /etc/os-release && echo "$ID-$VERSION_ID") != debian-12 ]]; then
        skip 'the last stage: what was built here needs the libraries of another release'
elif ! base=$(vm_debian base); then
        skip "the last stage: $base"
elif ! build_stage "$base" >build.log 2>&1; then
        if grep -q 'Temporary failure resolving\|Unable to fetch\|Could not resolve' build.log; then
                skip 'the last stage: its packages cannot be fetched'
        else
                tail -n 40 build.log
                fail 'the last stage of container/Containerfile'
        fi
else
        judge_stage
fi
