#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Which lines of the readers the committed inputs reach: builds the replay with
# clang's coverage counters in fuzz-cover/ below the build directory and prints
# a line for each file, with and without the lines that only a failed
# allocation reaches: those that say ENOMEM, and `return r;` after `if (r < 0)`
# or the like. CLANG names another clang.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
clang=${CLANG:-clang-14}
version=${clang#clang}
mkdir -p fuzz-cover && cd fuzz-cover
out=$(pwd)
[ -f Makefile ] || "$top/configure" -q CC="$clang" \
        CFLAGS="-O1 -g -fprofile-instr-generate -fcoverage-mapping" >configure.log
make -s build-id.h >make.log

# table NAME FILE: the file's lines
table() {
        awk -F '[:,]' -v target="$1" -v file="src/$2.c" -v text="$top/src/$2.c" '
                BEGIN {
                        while ((getline line < text) > 0)
                                source[++n] = line
                }
                /^DA:/ {
                        all++; hit += $3 > 0
                        passed = source[$2] ~ /return r;/ && source[$2 - 1] ~ /if \(r( < 0.*)?\)$/
                        if ($3 == 0 && (source[$2] ~ /ENOMEM/ || passed)) memory++
                        else if ($3 == 0) missed = missed " " $2
                }
                END {
                        printf "%-9s  %-24s %4d of %4d lines %6.2f %%, without memory failures %6.2f %%%s\n",
                                target, file, hit, all, 100 * hit / all, 100 * hit / (all - memory),
                                missed == "" ? "" : "; missed:" missed
                }'
}

# report NAME FILE...: replays a target
report() {
        name=$1
        shift
        make -s "tests/fuzz/fuzz-$name" >make.log 2>&1 || { cat make.log; exit 1; }
        LLVM_PROFILE_FILE="$out/$name.raw" srcdir="$top" "tests/fuzz/fuzz-$name" >"$name.log"
        "llvm-profdata$version" merge -o "$name.profile" "$name.raw"
        for file; do
                "llvm-cov$version" export -format=lcov -instr-profile="$name.profile" \
                        "tests/fuzz/fuzz-$name" "$top/src/$file.c" | table "$name" "$file"
        done
}

report config config/bind config/bind-env config/bind-key config/bind-say config/bind-text config/check config/foreign \
        config/json-text config/launcher config/load config/mask config/node config/value config/verify config/written
report expand config/expand
report blob config/blob config/value-wire
report diag base/diag
report env-file config/env-file
report envelope jsonrpc/envelope jsonrpc/member-index jsonrpc/scan
report h1 http/h1 http/h1-head http/h1-pattern http/h1-told
report h1-response http/h1-response
report ipc ipc/message
report json jsonrpc/json
report json-text config/json-text
report lines jsonrpc/line-reader
report parse base/parse
report splice jsonrpc/splice
report catalogue mcp/catalogue mcp/catalogue-draft mcp/catalogue-wire mcp/shelf
report cursor base/base64 mcp/cursor
report era mcp/era
report sse-reader client/sse-reader
