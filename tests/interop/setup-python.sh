#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# setup-python.sh DIR: a virtual environment with the packages of requirements.txt in DIR,
# unless it is there. Prints a reason and ends with 77 when they cannot be had here.
set -euo pipefail
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
dir=${1:?setup-python.sh DIR}
seconds=300

skip() {
        printf 'skipped: %s\n' "$*"
        exit 77
}

mkdir -p "$dir"
exec 9>"$dir/.lock"
flock -w $seconds 9 || skip "another setup holds $dir"
want=$(sha256sum <"$here/requirements.txt")
[ "$(cat "$dir/.done" 2>/dev/null)" != "$want" ] || exit 0

rm -f "$dir/.done"
python3 -m venv "$dir" >"$dir/pip.log" 2>&1 || skip 'python3 cannot make virtual environments here'
status=0
timeout -k 10 $seconds "$dir/bin/pip" install -q --disable-pip-version-check --retries 2 --timeout 30 \
        -r "$here/requirements.txt" >"$dir/pip.log" 2>&1 9>&- || status=$?
if [ $status -eq 124 ] || { [ $status -ne 0 ] && grep -Eq 'Connection|Temporary failure|timed out|ProxyError|Could not fetch' \
        "$dir/pip.log"; }; then
        skip 'the Python package index cannot be reached'
fi
if [ $status -ne 0 ]; then
        grep -Eq 'Requires-Python|requires a different Python' "$dir/pip.log" && skip 'python3 is too old for the packages'
        tail -n 20 "$dir/pip.log"
        exit 1
fi
printf '%s\n' "$want" >"$dir/.done"
