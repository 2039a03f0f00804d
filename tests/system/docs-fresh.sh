#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The committed documents that are made from tables are what `make docs` would
# write now. Runs in the build directory; srcdir names the source tree.
set -eu

: "${srcdir:=.}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

./mcpvisor-docs list >"$work/list"
[ -s "$work/list" ] || { echo "FAIL: there are no documents"; exit 1; }

bad=0
while read -r name file; do
        ./mcpvisor-docs "$name" >"$work/document"
        if diff -u "$srcdir/$file" "$work/document"; then
                echo "ok: $file"
        else
                echo "FAIL: $file is stale; run: make docs"
                bad=1
        fi
done <"$work/list"

if command -v mandoc >/dev/null; then
        mandoc -Tlint -Wwarning "$srcdir/docs/man/mcpvisor.1" "$srcdir/docs/man/mcpvisor.yaml.5" || { echo "FAIL: mandoc"; bad=1; }
else
        echo "skipped: mandoc is not installed"
fi
exit $bad
