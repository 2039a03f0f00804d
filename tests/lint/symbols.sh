#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# No function and no variable has one name in two of our libraries: the linker
# takes the first that it meets and says nothing, so that one layer would run
# the code of another. A sanitizer's own marks stand in each library.
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"
need nm
cd "$top_builddir" || exit 99

# NAME LIBRARY: what a library defines for others.
global_names() {
        nm -g --defined-only "$1" 2>/dev/null |
                awk -v lib="$1" 'NF == 3 && $2 ~ /^[TBDRCGS]$/ && $3 !~ /^__(asan|odr_asan|ubsan|sanitizer|gcov|llvm)/ { print $3, lib }' |
                sort -u
}

libraries=(lib*.a)
[ ${#libraries[@]} -gt 1 ] || fail 'fewer than two libraries are there'
for lib in "${libraries[@]}"; do
        global_names "$lib"
done >"$tmp/names"
[ -s "$tmp/names" ] || fail 'no library defines anything'

awk '{ libs[$1] = libs[$1] " " $2; n[$1]++ } END { for (name in n) if (n[name] > 1) print name " is in" libs[name] }' \
        "$tmp/names" | sort >"$tmp/twice"
while IFS= read -r line; do
        fail "$line"
done <"$tmp/twice"
[ "$failed" -ne 0 ] || ok "$(wc -l <"$tmp/names") names of ${#libraries[@]} libraries, none twice"
