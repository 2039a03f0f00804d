#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The layer rule: a file of src includes its own layer and those that
# layers.table allows, always as "layer/file.h".
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"
table=${BASH_SOURCE[0]%/*}/layers.table

allowed() { sed -n "s/^$1: */ /p" "$table" | grep . ; }

check_file() { # FILE LAYER
        local may header
        may=$(allowed "$2") || {
                fail "$1: layer $2 is not in layers.table"
                return
        }
        while IFS= read -r header; do
                case $header in
                config.h | build-id.h) continue ;; # written by configure and make
                */*) ;;
                *)
                        fail "$1: \"$header\" is not of the form \"layer/file.h\""
                        continue
                        ;;
                esac
                case " $2 $may " in
                *" ${header%%/*} "*) ;;
                *) fail "$1: layer $2 must not include \"$header\"" ;;
                esac
        done < <(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$top_srcdir/$1")
}

before=$failed
while IFS= read -r file; do
        case $file in
        src/main.c) check_file "$file" main ;;
        src/*/*) layer=${file#src/} && check_file "$file" "${layer%%/*}" ;;
        src/*) fail "$file: belongs into the folder of a layer" ;;
        esac
done < <(source_files '*.[ch]')
[ "$failed" -gt "$before" ] || ok 'includes follow the layer table'
