#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Each executable that was built starts, says which build it is, and refuses
# what it is not for. $PROGRAMS names them.
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"
cd "$top_builddir" || exit 99
build_id=$(sed -n 's/^#define MCPVISOR_BUILD_ID "\(.*\)"$/\1/p' build-id.h)
version=$(sed -n 's/^#define PACKAGE_VERSION "\(.*\)"$/\1/p' config.h)

says_version() { # COMMAND...
        local out
        out=$("$@" --version) || return
        printf '%s\n' "$out"
        grep -qF "$version" <<<"$out" && grep -qF "$build_id" <<<"$out"
}

not_by_hand() { # COMMAND...: 125, a word on stderr, nothing on stdout
        local out status
        out=$("$@" 2>"$tmp/err")
        status=$?
        echo "status $status, stdout: $out, stderr: $(cat "$tmp/err")"
        [ "$status" = 125 ] && [ -z "$out" ] && grep -q 'started by mcpvisor' "$tmp/err"
}

full_disk() { ! "$@" --version >/dev/full; }

helper() { # COMMAND...
        check "$* --version" says_version "$@"
        check "$* is not for hands" not_by_hand "$@"
        check "$* --version reports a failed write" full_disk "$@"
}

[ -n "${PROGRAMS// /}" ] || fail 'no program was built'
for program in ${PROGRAMS:-}; do
        case $program in
        mcpvisor)
                check 'mcpvisor --version' ./mcpvisor --version
                check 'mcpvisor check etc/demo.yaml' ./mcpvisor check "$top_srcdir/etc/demo.yaml"
                ! grep -q '^#define MCPVISOR_SINGLE' config.h || helper ./mcpvisor @exec
                ;;
        *) helper "./$program" ;;
        esac
done
