#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What the driver of each scenario begins with, inside the VM (busybox sh).
# $program is mcpvisor, $daemon its command line as a daemon, $servers the
# names of its servers.
#
# SC2009: busybox. SC2015: fail ends the script. SC2154: set by vm.sh.
# shellcheck disable=SC2009,SC2015,SC2154

alias guest=/vm/guest

say() { echo "driver: $*"; }
figure() { echo "figure: $*"; }
fail() {
        say "FAILED: $*"
        ps | grep -v '\['
        exit 1
}

# In a name of its own for each server, so that ps tells them apart.
daemon_ready() {
        guest await /run/mcpvisor 60 && guest await /run/mcpvisor/control.sock 60 || fail 'no control socket'
        # shellcheck disable=SC2086 # a list of words
        "$program" status --wait=ready --timeout=60s $servers || fail 'not all servers are ready'
        for s in $servers; do
                guest reach "$s" 1 20 || fail "there is no process of $s"
        done
}

group_of() { # NAME
        sed -n 's,^0::,/sys/fs/cgroup,p' "/proc/$(guest pid "$1")/cgroup"
}

# What the sandbox is to do by the keys of a server, as the operator of the machine could.
limit() { # NAME FILE VALUE
        group=$(group_of "$1")
        echo "+${2%%.*}" >/sys/fs/cgroup/cgroup.subtree_control && echo "+${2%%.*}" >"${group%/*}/cgroup.subtree_control" &&
                echo "$3" >"$group/$2" || fail "$1: no $2"
}

# One that has stopped itself to wait for it.
go_on() { # NAME
        guest stopped "$1" 20 || fail "$1 has not stopped itself"
        kill -CONT "$(guest pid "$1")"
}

stop() { # NAME
        "$program" stop "$1" || fail "mcpvisor stop $1: status $?"
}

gone() { # NAME MS
        took=$(guest gone "$1" "$2") || fail "$1: left after $2 ms: $(guest count "$1") (live, zombies)"
        say "$1: nothing left after $took ms"
}

alive() { # NAME
        # shellcheck disable=SC2046 # two numbers
        set -- "$1" $(guest count "$1")
        [ "$2" = 1 ] && [ "$3" = 0 ] || fail "$1: $2 live, $3 zombies, not 1 and 0"
}
