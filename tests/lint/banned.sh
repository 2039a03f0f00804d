#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What no file may hold: a call that base/banned.h forbids, also where the
# compiler did not see that header; a mark of unfinished work; no licence line.
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"
shopt -s lastpipe # report counts in this shell
cd "$top_srcdir" || exit 99

# Data of tests is input, not text of ours.
text_files() {
        source_files '*.[ch]' '*.sh' '*.am' '*.ac' '*.md' '*.yaml' '*.[1-8]' '*.table' .clang-format .gitignore \
                dev run build-id | grep -Ev '^(tests/(.*/)?(golden|corpus|config|data)/|(.*/)?(build-aux|Makefile\.in))'
}

# The headers that a file includes, and those that these include.
reaches_macro_h() { # FILE
        local seen=" " todo=("$1") f next
        while [ ${#todo[@]} -gt 0 ]; do
                f=${todo[0]} todo=("${todo[@]:1}")
                case $f in src/base/macro.h | src/base/banned.h) return 0 ;; esac
                case $seen in *" $f "*) continue ;; esac
                seen+="$f "
                [ -f "$f" ] || continue
                while IFS= read -r next; do
                        todo+=("src/$next")
                done < <(sed -n 's/^#include "\([^"]*\/[^"]*\)".*/\1/p' "$f")
        done
        return 1
}

# Code without comments, strings and the text of preprocessor errors; lines keep their numbers.
bare_code() {
        awk '{
                line = $0
                gsub(/\\./, "", line)
                gsub(/"[^"]*"/, "\"\"", line)
                out = ""
                while (line != "") {
                        if (inside) {
                                i = index(line, "*/")
                                line = i ? substr(line, i + 2) : ""
                                inside = !i
                        } else {
                                i = index(line, "/*")
                                out = out (i ? substr(line, 1, i - 1) : line)
                                line = i ? substr(line, i + 2) : ""
                                inside = i > 0
                        }
                }
                sub(/\/\/.*/, "", out)
                print FILENAME ":" FNR ": " out
        }' "$1"
}

report() { # NAME, findings on stdin
        local findings
        findings=$(cat)
        if [ -z "$findings" ]; then
                ok "$1"
        else
                printf '%s\n' "$findings"
                fail "$1"
        fi
}

mapfile -t code < <(source_files '*.[ch]' | grep '^src/')
banned=$(sed -n 's/^#define \([a-z0-9_]*\)(.*BANNED(.*/\1/p' src/base/banned.h | paste -sd'|')
marks='\b(TO''DO|FIX''ME|X''XX)\b'

for f in "${code[@]}"; do
        reaches_macro_h "$f" || echo "$f: does not include base/macro.h"
done | report 'every source includes base/macro.h'

[ -n "$banned" ] || fail 'src/base/banned.h bans nothing'
for f in "${code[@]}"; do
        [ "$f" = src/base/banned.h ] || bare_code "$f"
done | grep -E "(^|[^A-Za-z0-9_])($banned)[[:space:]]*\(" | report 'no banned function is called'

text_files | xargs grep -nE "$marks" | report 'no mark of unfinished work'

text_files | xargs grep -L 'SPDX-License-Identifier: Apache-2.0' | sed 's/$/: no SPDX line/' |
        report 'every file names its licence'
