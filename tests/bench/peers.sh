#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# peers.sh DIR: gateways that others have written, from npm, into DIR, for
# tests/bench/gateway.py to measure beside ours. 77 and a reason when they
# cannot be had; what is there already is not fetched again.
set -uo pipefail

peers=(supergateway@4.0.0 mcp-proxy@6.7.19)
dir=${1:?a directory}

no() {
        echo "peers: $*" >&2
        exit 77
}

command -v node >/dev/null && command -v npm >/dev/null || no 'node and npm are not installed'
mkdir -p "$dir" && cd "$dir" || exit 1
[ "$(cat .peers 2>/dev/null)" = "${peers[*]}" ] && exit 0
echo '{"private": true}' >package.json
timeout 300 npm install --no-audit --no-fund --ignore-scripts --loglevel=error "${peers[@]}" >npm.log 2>&1 </dev/null ||
        no "npm cannot install ${peers[*]}: $(tail -n 1 npm.log)"
echo "${peers[*]}" >.peers
