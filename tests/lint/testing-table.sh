#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# docs/testing.md and docs/protocol.md name tests as `FILE: FUNCTION` or `FILE`: they are there. Each
# test of the protocol is named in docs/protocol.md.
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

# shellcheck disable=SC2016 # backticks of the document
entries() { grep -o '`tests/[^`]*`' "$1" | tr -d '`' | sort -u; }

names_are_there() { # DOCUMENT
        local named=0 before=$failed entry file function
        while IFS= read -r entry; do
                file=${entry%%: *} function=
                [ "$file" = "$entry" ] || function=${entry#*: }
                [ "$file" != 'tests/system/mcp-*.py' ] || continue
                # A program stands for its source.
                [ -e "$file" ] || [ ! -e "$file.c" ] || file=$file.c
                named=$((named + 1))
                if [ ! -e "$file" ]; then
                        fail "$1 names $file, which is not there"
                elif [ -n "$function" ] && ! has "$file" "$function"; then
                        fail "$1 names $function, which $file does not have, or does not run"
                fi
        done < <(entries "$1")
        [ $named -gt 0 ] || fail "$1 names no test"
        [ "$failed" -ne "$before" ] || ok "$1 names $named tests that are there"
}

# What a script runs: the words of its last call of main.
run_by() { sed -n '/^\(shared\.\)\?main(/,$p' "$1" | tr -c 'a-z0-9_A-Z\n' '\n' | grep -Evx 'shared|main|'; }

all_are_named() { # DOCUMENT FILE...
        local document=$1 before=$failed file function n=0 named
        named=$(entries "$document")
        shift
        for file; do
                for function in $(run_by "$file"); do
                        n=$((n + 1))
                        grep -qxF "$file: $function" <<<"$named" || fail "$document does not name $function of $file"
                done
        done
        [ $n -gt 0 ] || fail "no test of the protocol was found"
        [ "$failed" -ne "$before" ] || ok "$document names all $n tests of the protocol"
}

names_are_there docs/testing.md
names_are_there docs/protocol.md
all_are_named docs/protocol.md tests/system/mcp-*.py tests/system/http-hostile.py tests/system/crosstalk.py
