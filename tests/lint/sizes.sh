#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A file is one noun and a function fits on a screen: a report of files over
# 400 lines, functions over 40 lines and functions with more than 5 parameters.
# Over 800 or 80 lines it fails; files of tables (*-table.c) may be any length.
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"
cd "$top_srcdir" || exit 99

# A function is what stands between a { and a } in the first column; its head
# begins after the last line that ended something else.
measure() {
        awk -v file="$1" '
                function parameters(head,   n, depth, i, c, seen) {
                        gsub(/__attribute__ *\(\(.*\)\) */, "", head)
                        for (i = 1; i <= length(head); i++) {
                                c = substr(head, i, 1)
                                if (c == "(" && ++depth == 1)
                                        n = seen = 0
                                else if (c == ")")
                                        depth--
                                else if (c == "," && depth == 1)
                                        n++
                                else if (depth == 1 && c != " ")
                                        seen = 1
                        }
                        return n + seen
                }
                /^[{]/ { start = head_at ? head_at : NR; open = 1 }
                /^[}]/ && open {
                        name = head
                        sub(/\(.*/, "", name)
                        sub(/.*[ *]/, "", name)
                        print "function", NR - start + 1, parameters(head), file ":" start ": " name
                        open = 0
                        head = ""
                        head_at = 0
                        next
                }
                !open && (/[;}]$/ || /^#/ || /\*\/$/ || /^$/ || /\\$/) { head = ""; head_at = 0; next }
                !open { if (!head_at) head_at = NR; head = head " " $0 }
                END { print "file", NR, 0, file }' "$1"
}

while IFS= read -r f; do
        measure "$f"
done < <(source_files '*.[ch]') >"$tmp/sizes"

awk '$1 == "file" { n++; lines += $2 } $1 == "function" { m++; inside += $2 }
        END { printf "%d files, %d lines; %d functions, %.1f lines each\n", n, lines, m, m ? inside / m : 0 }' "$tmp/sizes"
awk '($1 == "file" && $2 > 400 || $1 == "function" && $2 > 40) { print "long: " $2 " lines: " substr($0, index($0, $4)) }
        $1 == "function" && $3 > 5 { print "wide: " $3 " parameters: " substr($0, index($0, $4)) }' "$tmp/sizes" | sort -k2 -rn

over=$(awk '$1 == "file" && $2 > 800 && $4 !~ /-table\.[ch]$/ || $1 == "function" && $2 > 80 {
        print substr($0, index($0, $4)) ": " $2 " lines" }' "$tmp/sizes")
if grep -q '^function' "$tmp/sizes" && [ -z "$over" ]; then
        ok 'no file over 800 lines, no function over 80'
else
        printf '%s\n' "$over"
        fail 'hard limits: a file of 800 lines, a function of 80'
fi
