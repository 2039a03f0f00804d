#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The link budget: the libraries that each executable names itself. What a
# sanitizer brings is allowed in a build that has one.
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"
need readelf
cd "$top_builddir" || exit 99

budget() {
        case $1 in
        mcpvisor) echo libc libm ld-linux libyaml libjansson libcap libseccomp libssl libcrypto libllhttp libsystemd ;;
        mcpvisor-exec) echo libc ;;
        mcpvisor-recorder) echo libc libsqlite3 libcurl ;;
        *) return 1 ;;
        esac
}

needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\([^]]*\)\].*/\1/p'; }

check_program() {
        local may lib name over=''
        may=$(budget "$1") || {
                fail "$1 has no row in the link budget"
                return
        }
        [ -z "${SAN_FLAGS:-}" ] || may+=' libasan libubsan libm libpthread libdl librt libresolv libgcc_s libstdc++'
        while IFS= read -r lib; do
                name=${lib%%.so*} # libyaml-0.so.2, ld-linux-x86-64.so.2
                case $name in
                ld-linux*) name=ld-linux ;;
                *) name=${name%%-[0-9]*} ;;
                esac
                case " $may " in
                *" $name "*) ;;
                *) over+=" $lib" ;;
                esac
        done < <(needed "$1")
        if [ -n "$over" ]; then
                fail "$1 links over its budget:$over"
        else
                ok "$1:$(needed "$1" | sed 's/^/ /' | tr -d '\n')"
        fi
}

check_static() {
        if readelf -lW "$1" | grep -q 'INTERP'; then
                fail "$1 is not static"
        else
                ok "$1 is static"
        fi
}

[ -n "${PROGRAMS// /}" ] || fail 'no program was built'
for program in ${PROGRAMS:-}; do
        if ! readelf -h "$program" >/dev/null; then
                fail "$program is no executable"
        elif grep -q '^#define MCPVISOR_SINGLE' config.h; then
                check_static "$program"
        else
                check_program "$program"
        fi
done
