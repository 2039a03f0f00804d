#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# docs/testing.md names tests as `FILE: FUNCTION` or `FILE`: they are there.
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"
cd "$top_srcdir" || exit 99

# has FILE FUNCTION: defined there, and called or named in a table a second time.
has() {
        case $1 in
        *.c) grep -Eq "^(static )?void $2\(void \*\*" "$1" && [ "$(grep -cw "$2" "$1")" -gt 1 ] ;;
        *.py) grep -Eq "^def $2\(" "$1" && [ "$(grep -cw "$2" "$1")" -gt 1 ] ;;
        *) grep -Eq "^$2 ?\(\)" "$1" ;;
        esac
}

named=0
# shellcheck disable=SC2016 # backticks of the document
while IFS= read -r entry; do
        file=${entry%%: *} function=
        [ "$file" = "$entry" ] || function=${entry#*: }
        named=$((named + 1))
        if [ ! -e "$file" ]; then
                fail "docs/testing.md names $file, which is not there"
        elif [ -n "$function" ] && ! has "$file" "$function"; then
                fail "docs/testing.md names $function, which $file does not have, or does not run"
        fi
done < <(grep -o '`tests/[^`]*`' docs/testing.md | tr -d '`' | sort -u)
[ $named -gt 0 ] || fail 'docs/testing.md names no test'
[ "$failed" -ne 0 ] || ok "docs/testing.md names $named tests that are there"
