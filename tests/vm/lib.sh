# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# For scripts that boot a machine: a kernel from its Debian package, which is
# unpacked and not installed, and an initramfs of what the script put into a
# directory. qemu by TCG; never KVM, on which stock kernels hang in some
# containers. After tests/support/lib.sh; what is downloaded stays in $vm_cache.

vm_cache=${vm_cache:-$top_builddir/vm-cache}

# vm_kernel VERSION (6.1): its file, fetched when it is not there; fails with a reason on stdout.
vm_kernel() {
        local dir=$vm_cache/kernel-$1 package deb
        [ -s "$dir/vmlinuz" ] && echo "$dir/vmlinuz" && return
        package=$(apt-cache search --names-only "^linux-image-${1//./\\.}\.[^ ]*-cloud-amd64\$" 2>/dev/null |
                awk '{ print $1 }' | sort -V | tail -n 1)
        [ -n "$package" ] || { echo "apt knows no package of kernel $1" && return 1; }
        mkdir -p "$dir" && cd "$dir" && rm -f ./*.deb || return 1
        apt-get -q -o APT::Sandbox::User=root download "$package" >download.log 2>&1 ||
                { echo "$package cannot be downloaded: $(tail -n 1 download.log)" && return 1; }
        deb=$(echo ./*.deb)
        # shellcheck disable=SC2015 # both may fail
        dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards './boot/vmlinuz-*' >vmlinuz.new && mv vmlinuz.new vmlinuz ||
                { echo "$package holds no kernel" && return 1; }
        echo "$dir/vmlinuz"
}

# vm_libraries ROOT FILE...: the libraries of programs that are in ROOT already.
vm_libraries() {
        local root=$1 lib
        shift
        { ldd "$@" 2>/dev/null || true; } | grep -o '/[^ :]*\.so[^ :]*' | sort -u | while IFS= read -r lib; do
                install -D "$lib" "$root$lib"
        done
}

# vm_debian NAME [PACKAGE...]: a tarball of a minimal Debian 12 with these packages, made when it is not there;
# fails with a reason on stdout.
vm_debian() {
        local file=$vm_cache/$1.tar packages
        packages=$(shift && IFS=, && echo "$*")
        [ -s "$file" ] && echo "$file" && return
        command -v mmdebstrap >/dev/null || { echo 'mmdebstrap is not installed' && return 1; }
        mkdir -p "$vm_cache"
        mmdebstrap -q --variant=minbase --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
                --dpkgopt='path-exclude=/usr/share/man/*' --aptopt='Acquire::Languages "none"' \
                ${packages:+--include="${packages}"} bookworm "$file.tar" >"$file.log" 2>&1 &&
                mv "$file.tar" "$file" && echo "$file" && return
        echo "no Debian could be made: $(tail -n 1 "$file.log")"
        return 1
}

# vm_debian_root ROOT TARBALL: as vm_root, on a full system.
vm_debian_root() {
        mkdir -p "$1" && tar -C "$1" --exclude './dev/*' --exclude './usr/share/doc/*' --exclude './usr/share/locale/*' --exclude './usr/share/man/*' --exclude './var/cache/*' \
                --exclude './var/lib/apt/*' --exclude './var/lib/dpkg/*' -xf "$2" || return
        mkdir -p "$1/vm"
        install "$(command -v busybox)" "$1/bin/busybox"
        install "$top_builddir/tests/vm/guest" "$top_builddir/tests/support/child" "$1/vm/"
        echo 0123456789abcdef0123456789abcdef >"$1/etc/machine-id"
}

# vm_root ROOT: what every machine has: directories, busybox, guest, child, users.
vm_root() {
        local root=$1 tool
        mkdir -p "$root"/{bin,sbin,vm,etc,proc,sys,dev,run,tmp,root,var/lib,usr/bin}
        install "$(command -v busybox)" "$root/bin/busybox"
        for tool in sh cat echo kill ls mkdir ps grep sed sleep test true wc rm env; do
                ln -sf busybox "$root/bin/$tool"
        done
        install "$top_builddir/tests/vm/guest" "$top_builddir/tests/support/child" "$root/vm/"
        printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' >"$root/etc/passwd"
        printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
        printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
        printf 'passwd: files\ngroup: files\nhosts: files\n' >"$root/etc/nsswitch.conf"
}

# vm_initramfs ROOT FILE
vm_initramfs() {
        (cd "$1" && find . | cpio --quiet -o -H newc -R 0:0) | gzip -1 >"$2"
}

# vm_run KERNEL INITRAMFS LOG SECONDS MEMORY PROGRAM [ARGUMENT...]: boots, with
# PROGRAM as what becomes PID 1 ($vm_append is put on the kernel's command line); says how it ended: `exit CODE` (the driver's
# word), `died CODE` or `died signal N` (PID 1, by what the kernel said in its
# panic), `timeout`, `qemu CODE`.
vm_run() {
        local kernel=$1 initramfs=$2 log=$3 seconds=$4 memory=$5 status=0 code
        shift 5
        timeout -k 5 "$seconds" qemu-system-x86_64 -accel tcg,thread=multi -cpu max,-cx16 -machine q35 -m "$memory" \
                -nodefaults -no-user-config -display none -no-reboot -nic none -serial "file:$log" \
                -device isa-debug-exit,iobase=0xf4,iosize=0x04 -kernel "$kernel" -initrd "$initramfs" \
                -append "console=ttyS0 quiet panic=-1 panic_print=1 cgroup_no_v1=all mitigations=off tsc=reliable random.trust_cpu=on ${vm_append:-} rdinit=/vm/guest -- $*" \
                </dev/null >"$log.qemu" 2>&1 || status=$?
        code=$(sed -n 's/.*Attempted to kill init! exitcode=0x\([0-9a-f]*\).*/\1/p' "$log" | head -n 1)
        if [ $status -eq 124 ] || [ $status -eq 137 ]; then
                echo timeout
        elif [ $((status % 2)) -eq 1 ] && [ $status -lt 256 ] && [ ! -s "$log.qemu" ]; then
                echo "exit $((status / 2))"
        elif [ $status -eq 0 ] && [ -n "$code" ] && [ $((0x$code & 0x7f)) -eq 0 ]; then
                echo "died $((0x$code >> 8))"
        elif [ $status -eq 0 ] && [ -n "$code" ]; then
                echo "died signal $((0x$code & 0x7f))"
        else
                echo "qemu $status"
        fi
}

# vm_tasks LOG NAME: how many tasks of that name lived when PID 1 died; the
# kernel lists them in its panic. Those on their way out do not count.
vm_tasks() {
        awk -v name="task:$2" '
                function count() { n += alive; alive = 0 }
                { sub(/^\[[^]]*\] */, "") }
                /^task:/ { count(); alive = $1 == name && !/state:[ZX]/ }
                /do_exit/ { alive = 0 }
                END { count(); print n + 0 }' "$1"
}

# vm_shown LOG...: what a person wants to read of it.
vm_shown() {
        sed 's/\r$//; /Call Trace/,/<\/TASK>/d; /task:.* ppid:2 /d; /task:kthreadd/d; /Sched Debug/,$d' "$@" | head -c 10000
}
