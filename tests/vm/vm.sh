#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Boots a machine for each tests/vm/scenario-NAME.sh, or for those that are
# named, and judges it. Runs in the build directory. A scenario sets
#   about      one sentence
#   servers    lines `NAME ACT[+ACT...] [ARGUMENT...]`: see tests/support/child --help
#   expect     how the machine has to end: see vm_run
#   init       what becomes PID 1 (default: the daemon)
#   debian     1: on a Debian with systemd, not on an empty system
#   vm_append  for the kernel's command line
#   memory, seconds
# and the functions driver (prints the script that runs inside), and where it
# needs them pack ROOT and judge LOG.
#
# MCPVISOR_VM_KERNELS="6.1 6.12" boots others than 6.1.
#
# SC2154: lib.sh sets top_builddir and tmp.
# shellcheck disable=SC2154
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"
# shellcheck source=tests/vm/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
need qemu-system-x86_64
need cpio
need busybox
need dpkg-deb
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
cd "$top_builddir" || exit 99
read -ra kernels <<<"${MCPVISOR_VM_KERNELS:-6.1}"

# What make install would put there.
install_product() { # ROOT
        make -s -C "$top_builddir" install DESTDIR="$1" >"$tmp/install.log" 2>&1 || { cat "$tmp/install.log" && return 1; }
        program=$(cd "$1" && find . -type f -path '*/bin/mcpvisor' | sed 's,^\.,,')
        mapfile -t installed < <(find "$1" -type f -perm /111 -name 'mcpvisor*')
        vm_libraries "$1" "${installed[@]}"
}

write_servers() { # ROOT
        local name acts args
        echo 'servers:' >"$1/etc/mcpvisor.yaml"
        server_names=''
        while read -r name acts args; do
                [ -n "$name" ] || continue
                server_names+=" $name"
                ln -f "$1/vm/child" "$1/vm/$name"
                # shellcheck disable=SC2086 # a list of words
                printf '  %s: {command: /vm/%s, args: [%s], sandbox: {profile: none}}\n' "$name" "$name" \
                        "$(printf '"%s", ' "$acts" $args | sed 's/, $//')"
        done <<<"$servers" >>"$1/etc/mcpvisor.yaml"
}

write_driver() { # ROOT
        {
                printf 'program=%q\ndaemon=%q\nservers=%q\n' "$program" "$daemon" "${server_names# }"
                cat "$here/driver.sh"
                driver
        } >"$1/vm/driver"
}

run_scenario() { # NAME KERNEL
        local root=$tmp/root log=$tmp/$1-$2.log result kernel tarball start=$SECONDS debian=0 vm_append=''
        local about='' servers='' expect='exit 0' init='' memory=256 seconds=90 server_names daemon
        unset -f driver pack judge
        # shellcheck source=/dev/null
        . "$here/scenario-$1.sh"
        kernel=$(vm_kernel "$2") || { skip "$1: $kernel" && return; }
        rm -rf "$root"
        if [ "$debian" = 1 ]; then
                tarball=$(vm_debian debian systemd systemd-sysv dbus) || { skip "$1: $tarball" && return; }
                vm_debian_root "$root" "$tarball" && install_product "$root"
        else
                cp -a "$tmp/base" "$root"
        fi
        daemon="$program serve -c /etc/mcpvisor.yaml"
        write_servers "$root"
        write_driver "$root"
        ! declare -F pack >/dev/null || pack "$root"
        vm_initramfs "$root" "$tmp/initramfs"
        # shellcheck disable=SC2086 # a command line
        result=$(vm_run "$kernel" "$tmp/initramfs" "$log" "$seconds" "$memory" ${init:-$daemon})
        if [ "$result" = "$expect" ] && { ! declare -F judge >/dev/null || judge "$log"; }; then
                ok "$1, kernel $2, $((SECONDS - start)) s: $about"
        else
                vm_shown "$log" "$log.qemu"
                fail "$1, kernel $2: ended with $result, expected $expect: $about"
        fi
        sed -n 's/\r$//; s/^figure: /    /p' "$log"
}

mkdir -p "$tmp/base" && vm_root "$tmp/base"
program=/usr/bin/mcpvisor
install_product "$tmp/base" || { fail 'make install' && exit 1; }
scenarios=("$@")
[ $# -gt 0 ] || mapfile -t scenarios < <(cd "$here" && printf '%s\n' scenario-*.sh | sed 's/^scenario-//; s/\.sh$//')
for k in "${kernels[@]}"; do
        for s in "${scenarios[@]}"; do
                run_scenario "$s" "$k"
        done
done
