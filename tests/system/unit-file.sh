#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The units of systemd: nothing to complain of, no more exposed than noted, and
# what they start is what was configured.
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"

# What `systemd-analyze security` of systemd 252 says, times ten; lower is better. It counts namespaces,
# devices and homes as exposed: what servers get of them is said in the configuration.
most_exposed=65

# The units as they would be for a program in this build directory.
for name in mcpvisor.service mcpvisor.socket; do
        sed -e "s|@bindir@|$top_builddir|g" -e 's|@sysconfdir@|/etc|g' \
                "$top_srcdir/contrib/systemd/$name.in" >"$tmp/$name"
        if grep '@[a-z]*@' "$tmp/$name"; then
                fail "$name: something is left to replace"
        else
                ok "$name: nothing is left to replace"
        fi
        check "$name: was made by make" grep -q '^Documentation=' "$top_builddir/contrib/systemd/$name"
done

command -v systemd-analyze >/dev/null || {
        skip 'systemd-analyze is not installed'
        exit
}
said=$(cd "$tmp" && systemd-analyze verify --man=no ./mcpvisor.service ./mcpvisor.socket 2>&1)
status=$?
if [ $status -eq 0 ] && [ -z "$said" ]; then
        ok 'systemd-analyze verify has nothing to say'
else
        fail "systemd-analyze verify: status $status: $said"
fi
if systemd-analyze --help | grep -q threshold; then
        check "exposure is at most $most_exposed" \
                systemd-analyze security --no-pager --offline=yes --threshold=$most_exposed "$tmp/mcpvisor.service"
else
        skip 'this systemd-analyze does not look at files'
fi
