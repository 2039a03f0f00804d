#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# peers.sh DIR: what tests/bench/gateway.py measures beside ours, into DIR: nginx
# from its Debian package, unpacked and not installed, for an installed one is
# also started; gateways from npm. Says what cannot be had, and why; what is
# there already is not fetched again.
set -uo pipefail

peers=(supergateway@4.0.0 mcp-proxy@6.7.19)
dir=${1:?a directory}
mkdir -p "$dir" && cd "$dir" || exit 1

no() {
        echo "peers: $*" >&2
        return 1
}

get_nginx() {
        PATH=$PATH:/usr/sbin command -v nginx >/dev/null && return
        [ -x usr/sbin/nginx ] && return
        command -v dpkg-deb >/dev/null || no 'nginx is not installed, and this is no Debian' || return
        if ! timeout 120 apt-get -q download nginx >nginx.log 2>&1 </dev/null || ! dpkg-deb -x nginx_*.deb . >>nginx.log 2>&1; then
                no "nginx cannot be had: $(tail -n 1 nginx.log)"
        fi
}

get_npm() {
        { command -v node && command -v npm; } >/dev/null || no 'node and npm are not installed' || return
        [ "$(cat .npm-peers 2>/dev/null)" = "${peers[*]}" ] && return
        echo '{"private": true}' >package.json
        timeout 300 npm install --no-audit --no-fund --ignore-scripts --loglevel=error "${peers[@]}" >npm.log 2>&1 </dev/null ||
                no "npm cannot install ${peers[*]}: $(tail -n 1 npm.log)" || return
        echo "${peers[*]}" >.npm-peers
}

get_nginx
# Too slow for a quick run.
[ -n "${MCPVISOR_BENCH_QUICK:-}" ] || get_npm
exit 0
