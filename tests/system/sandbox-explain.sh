#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# `mcpvisor sandbox`: what it says of this machine and of a configuration, for
# people and for machines, and its exit status. Runs in the build directory.
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"
need python3
cd "$top_builddir" || exit 99
unset MCPVISOR_CONFIG
export XDG_RUNTIME_DIR="$tmp/run" XDG_STATE_HOME="$tmp/state"
out=$tmp/out err=$tmp/err
fail_shows=("$out" "$err")

# run STATUS WORD...: mcpvisor sandbox WORD... ends so.
run() {
        local want=$1 got
        shift
        timeout 60 ./mcpvisor sandbox "$@" >"$out" 2>"$err"
        got=$?
        if [ "$got" -eq "$want" ]; then pass; else fail "sandbox $*: status $got, not $want"; fi
}
says() { if grep -qF -- "$1" "$out"; then ok "$1"; else fail "nothing says: $1"; fi; }
complains() { if grep -qF -- "$1" "$err"; then ok "$1"; else fail "nothing complains: $1"; fi; }
# holds EXPRESSION: of the JSON on stdout, which is j.
holds() { check "$1" python3 -c 'import json, sys; j = json.load(open(sys.argv[2])); assert eval(sys.argv[1]), j' "$1" "$out"; }

mkdir "$tmp/data" "$tmp/state"
cat >"$tmp/one.yaml" <<-EOF
	servers:
	  plain: {command: /bin/cat, sandbox: {profile: none}}
	  usual: {command: /bin/cat, args: [/root/x], sandbox: {rw: [$tmp/data], memory: 64M}}
	  hard: {command: /bin/cat, sandbox: {profile: strict, degrade: warn}}
EOF

# ---- this machine -----------------------------------------------------------

run 0 test
says 'no-new-privs    yes'
run 0 test --json
holds 'isinstance(j["landlock_abi"], int)'
holds 'len(j["offers"]) == 20'
holds 'all(o["available"] == (o["why"] is None) == (o["remedy"] is None) for o in j["offers"])'
can_landlock=$(python3 -c 'import json, sys; print(int(json.load(open(sys.argv[1]))["landlock_abi"] > 0))' "$out")
run 2 test more

# ---- a configuration ----------------------------------------------------------

if [ "$can_landlock" = 1 ]; then
        run 0 explain "$tmp/one.yaml"
        says 'usual: profile standard, '
        says "write   $tmp/data  (sandbox.rw)"
        says 'note: argument 1, /root/x, is not in its view'
        says 'Network: host'
        says 'Network: none'
        run 0 explain --steps "$tmp/one.yaml" usual
        says 'landlock-on'
        run 0 explain --json "$tmp/one.yaml"
        holds '[s["name"] for s in j] == ["plain", "usual", "hard"]'
        holds 'j[0]["verdict"] == "ok" and not j[0]["files"]'
        holds '{f["name"] for f in j[1]["fences"] if f["effective"]} >= {"no-new-privs", "capabilities", "seccomp", "landlock"}'
        holds '[f["name"] for f in j[1]["fences"] if f["requested"] and not f["effective"]] == j[1]["missing"]'
        MCPVISOR_CONFIG=$tmp/one.yaml run 0 explain --json plain
        holds '[s["name"] for s in j] == ["plain"]'
        run 0 explain --json -c "$tmp/one.yaml" hard
        holds 'j[0]["profile"] == "strict"'

        # A refusal is said, with the key, and is the status.
        printf 'servers: {a: {command: /bin/cat, sandbox: {ro: [/]}}, b: {command: /bin/cat, sandbox: {seccomp: {allow: [opnat]}}}}\n' \
                >"$tmp/bad.yaml"
        run 1 explain "$tmp/bad.yaml"
        says 'a: profile standard, refused'
        says 'servers.a.sandbox.ro: / would be all there is'
        says 'servers.b.sandbox.seccomp: opnat is no system call and no @set; did you mean openat?'
else
        run 1 explain "$tmp/one.yaml"
        says 'sandbox: landlock not available'
fi

run 1 explain "$tmp/one.yaml" nobody
complains 'has no server nobody'
run 2 explain usual
complains 'no file'
run 2 explain
run 1 explain "$tmp/absent.yaml"
printf 'servers: {a: {command: /bin/cat, sandbox: {profile: strong}}}\n' >"$tmp/wrong.yaml"
run 1 explain "$tmp/wrong.yaml"
complains 'strong'
run 2 learn
complains 'learn'
