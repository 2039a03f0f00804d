#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What the driver of each scenario begins with, inside the VM (busybox sh).
# $real is 1 when the daemon is mcpvisor and 0 for the stand-in; $daemon is its
# command line, $program the executable, $servers the names of its servers.
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
        if [ "$real" = 1 ]; then
                guest await /run/mcpvisor 60 && guest await /run/mcpvisor/control.sock 60 || fail 'no control socket'
                # shellcheck disable=SC2086 # a list of words
                "$program" status --wait ready --timeout 60s $servers || fail 'not all servers are ready'
        else
                guest await /run/ready 30 || fail 'the stand-in is not ready'
        fi
        for s in $servers; do
                guest reach "$s" 1 20 || fail "there is no process of $s"
        done
}

group_of() { # NAME
        sed -n 's,^0::,/sys/fs/cgroup,p' "/proc/$(guest pid "$1")/cgroup"
}

daemon_stop() { # NAME
        if [ "$real" = 1 ]; then
                "$program" stop "$1" || fail "mcpvisor stop $1: status $?"
        else
                group=$(group_of "$1")
                echo 1 >"$group/cgroup.kill"
                guest empty "$group" 5 || fail "$1 is still populated"
        fi
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
