#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Side by side, in one run on one machine: what init programs and supervisors
# of Debian do where they do the same as mcpvisor. Prints a Markdown table. A
# tool is a row: a function that writes what it needs into $dir and sets
# `command` so that it runs "$@". Ours are there when this build has `run` and
# `serve`. Runs in the build directory, as root; some minutes, each wait bounded.
# The tools that are named, or all. MCPVISOR_COMPARE_TRIES: how many early signals (30).
set -uo pipefail
top_builddir=${top_builddir:-$PWD}
guest=$top_builddir/tests/vm/guest child=$top_builddir/tests/support/child early=$top_builddir/tests/vm/early-term
tries=${MCPVISOR_COMPARE_TRIES:-30}
work=$(mktemp -d "${TMPDIR:-/tmp}/mcpvisor-compare.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
[ "$(id -u)" = 0 ] || { echo 'compare: needs root' && exit 77; }

# ---- the tools: start_TOOL COMMAND... ------------------------------------

start_tini() { command=("$(command -v tini)" -s -- "$@"); }
start_dumb_init() { command=("$(command -v dumb-init)" -- "$@"); }
start_catatonit() { command=("$(command -v catatonit)" -- "$@"); }
start_supervisord() {
        printf '%s\n' '[supervisord]' nodaemon=true "logfile=/dev/null" logfile_maxbytes=0 "pidfile=$dir/pid" user=root \
                '[program:it]' "command=$*" stdout_logfile=/dev/null stderr_logfile=/dev/null >"$dir/conf"
        command=("$(command -v supervisord)" -c "$dir/conf")
}
service() { # DIRECTORY COMMAND...
        mkdir -p "$1"
        printf '#!/bin/sh\nexec %s\n' "${*:2}" >"$1/run"
        chmod 755 "$1/run"
}
start_s6() {
        service "$dir/scan/it" "$@"
        command=("$(command -v s6-svscan)" "$dir/scan")
}
start_runit() {
        service "$dir/scan/it" "$@"
        command=("$(command -v runsvdir)" "$dir/scan")
}
start_mcpvisor_run() {
        command=("$top_builddir/mcpvisor" run --profile none --runtime-dir "$dir/run" --state-dir "$dir/state" -- "$@")
}
start_mcpvisor_serve() {
        {
                printf 'servers:\n  it:\n    command: "%s"\n    args: [' "$1"
                [ $# -lt 2 ] || printf '"%s", ' "${@:2}" | sed 's/, $//'
                printf ']\n    sandbox: {profile: none}\n'
        } >"$dir/mcpvisor.yaml"
        command=("$top_builddir/mcpvisor" serve -c "$dir/mcpvisor.yaml" --runtime-dir "$dir/run" --state-dir "$dir/state")
}

# tool | program that has to be there | Debian package | signal that asks it to stop
tools='
tini            | tini        | tini       | TERM
dumb_init       | dumb-init   | dumb-init  | TERM
catatonit       | catatonit   | catatonit  | TERM
supervisord     | supervisord | supervisor | TERM
s6              | s6-svscan   | s6         | TERM
runit           | runsvdir    | runit      | HUP
mcpvisor_run    | -           | -          | TERM
mcpvisor_serve  | -           | -          | TERM
'

shown() { # TOOL
        case $1 in
        mcpvisor_*) echo "mcpvisor ${1#mcpvisor_}" ;;
        *) echo "${1//_/-}" ;;
        esac
}

is_there() { # TOOL PROGRAM
        case $1 in
        mcpvisor_*) "$top_builddir/mcpvisor" "${1#mcpvisor_}" --help >/dev/null 2>&1 ;;
        *) command -v "$2" >/dev/null ;;
        esac
}

version() { # TOOL PACKAGE
        case $1 in
        mcpvisor_*) "$top_builddir/mcpvisor" --version | awk 'NR == 1 { print $2 }' ;;
        *) dpkg-query -W -f '${Version}' "$2" 2>/dev/null || echo '?' ;;
        esac
}

prepare() { # TOOL COMMAND...: an empty $dir, and $command
        dir=$work/dir
        rm -rf "$dir" && mkdir -p "$dir"
        "start_$1" "${@:2}"
}

# A script that stands for the server: each tool can start one word.
shape() {
        printf '#!/bin/sh\n%s\n' "$1" >"$work/shape.new" && chmod 755 "$work/shape.new" && mv "$work/shape.new" "$work/shape"
}

# ---- what is measured ----------------------------------------------------

# N of TRIES: TERM to it as PID 1, within 5 ms of its start, after which it was still there.
early_signals() { # TOOL SIGNAL
        prepare "$1" "$child" never-read
        # shellcheck disable=SC2016 # awk's
        timeout $((60 + 4 * tries)) "$early" "$tries" 5000 4000 2000 "$(kill -l "$2")" "${command[@]}" 2>/dev/null </dev/null |
                awk -F 'moment: ' 'NF > 1 { print $2 + 0; n = 1 } END { if (!n) print "?" }'
}

# confined COMMAND...: as PID 1 of a namespace; what its child writes into the pipe $work/said is then on fd 3.
confined() {
        rm -f "$work/said" && mkfifo "$work/said" && exec 3<>"$work/said"
        unshare -pf --kill-child --mount-proc "$@" >/dev/null 2>&1 </dev/null 3<&- &
        top=$!
}

release() {
        exec 3<&-
        kill -KILL $top
        wait $top
} 2>/dev/null

# "MS" or "MS, N left": 10,000 zombies that come to it at once as PID 1.
orphans() { # TOOL
        local ms='?' left=0
        shape "$guest orphans zombies 10000 10000 >$work/said; exec $child never-read"
        prepare "$1" "$work/shape"
        confined "${command[@]}"
        read -r -t 40 -u 3 ms left
        release
        [ "${left:-0}" = 0 ] && echo "${ms:-?} ms" || echo "${ms:-?} ms, $left left"
}

# What lives 1 s after it has ended (or after 15 s, if it has not), started by another PID 1.
survivors() { # TOOL SIGNAL PROCESSES SHAPE
        shape "$4"
        prepare "$1" "$work/shape"
        # shellcheck disable=SC2016 # the inner shell's
        timeout -k 1 60 unshare -pf --kill-child --mount-proc bash -c '
                guest=$1 signal=$2 n=$3
                shift 3
                "$@" >/dev/null 2>&1 </dev/null &
                "$guest" reach child "$n" 10 || { echo "?" && exit; }
                kill -"$signal" $!
                "$guest" over $! 15000 || note=", did not end"
                "$guest" gone child 1000 >/dev/null
                read -r live _ < <("$guest" count child)
                echo "$live${note:-}"' - "$guest" "$2" "$3" "${command[@]}" 2>/dev/null || echo '?'
}

descendants() { # PID
        local p
        for p in $(pgrep -P "$1"); do
                echo "$p"
                descendants "$p"
        done
}

# KiB of its own processes, all but the child: "RSS / private dirty (processes)".
memory() { # TOOL
        local p
        shape "CHILD_LOG=$work/said exec $child never-read"
        prepare "$1" "$work/shape"
        confined "${command[@]}"
        read -r -t 20 -u 3
        read -r -t 1 -u 3 # it shall have come to rest
        for p in $(descendants $top); do
                [ "$(cat "/proc/$p/comm")" = child ] || cat "/proc/$p/smaps_rollup"
        done 2>/dev/null | awk '/^Rss:/ { rss += $2; n++ } /^Private_Dirty:/ { dirty += $2 }
                END { if (n) print rss " / " dirty " (" n ")"; else print "?" }'
        release
}

# ---- the table -----------------------------------------------------------

cat <<EOT
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Written by tests/compare/compare.sh (contrib/dev compare). -->
# Comparison

One run on one machine: kernel $(uname -r | cut -d- -f1), $(nproc) CPUs, programs of $(. /etc/os-release && echo "$PRETTY_NAME"),
load average at the start $(cut -d ' ' -f 1 /proc/loadavg): times and lost signals grow with it.

| program | version | early TERM lost, of $tries | 10,000 orphans | left: \`sh -c\` | left: daemon | left: npx-like | RSS / private dirty KiB (processes) |
|---|---|---|---|---|---|---|---|
EOT
while IFS='|' read -r tool program package signal; do
        read -r tool program package signal <<<"$tool $program $package $signal"
        [ -n "$tool" ] || continue
        [ $# -eq 0 ] || [[ " $* " = *" $tool "* ]] || continue
        is_there "$tool" "$program" || { echo "compare: $tool is not there" >&2 && continue; }
        printf '| %s | %s | %s | %s | %s | %s | %s | %s |\n' "$(shown "$tool")" "$(version "$tool" "$package")" \
                "$(early_signals "$tool" "$signal")" "$(orphans "$tool")" \
                "$(survivors "$tool" "$signal" 1 "$child never-read; :")" \
                "$(survivors "$tool" "$signal" 2 "exec $child daemonize")" \
                "$(survivors "$tool" "$signal" 1 "sh -c 'sh -c \"$child never-read; :\"; :'; :")" \
                "$(memory "$tool")"
done <<<"$tools"
cat <<'EOT'

* Early TERM: the program is PID 1 of a namespace; TERM (runit: HUP) comes at a random moment within 5 ms of its
  start, once more within 5 ms of when PID 1 takes it if the kernel had to drop the first one; lost when the program is
  still there after 4 s.
* 10,000 orphans: zombies whose parent ends below the program, which is PID 1; the time until it, or the process of
  its own that gets them, has reaped them all; 10 s at most.
* Left: the program is not PID 1, runs a shell that runs the real one, or one that forks twice and leaves its session,
  or shells three deep; it is asked to stop, and the processes are counted that live 1 s after it has ended. As PID 1 of a
  container nothing would be left: the kernel kills it, without asking.
  The others have no options here that make them signal a group (`tini -g`, `stopasgroup` and the like); those reach
  the shells, not what has left their session.
* Memory: of all its processes, with one child, which does not count. Those of mcpvisor are the supervisor, the
  gateway, which speaks HTTP and MCP, and one warden for each server. The others have no such part: who needs only an
  init has the smallest in tini, dumb-init or catatonit.
* mcpvisor is asked to stop a server that reads nothing: it first closes its input, and takes its time to see whether
  that is enough. The others send a signal at once.

Write it anew by `contrib/dev compare`, as root.
EOT
