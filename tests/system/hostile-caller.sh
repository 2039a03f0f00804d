#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Whoever starts us may do it badly: signals ignored, descriptors closed or too
# few, no /proc, a terminal to be fooled by the name of a file, a reader that
# does not read. And secrets stay out of messages and core files. Runs in the
# build directory.
#
# SC2015: pass cannot fail. SC2016: ${} of configurations.
# shellcheck disable=SC2015,SC2016
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"
set +o pipefail # `cat ... | grep -q` may end early
program=$top_builddir/mcpvisor

umask 022
work=$tmp
cd "$work" || exit 99

fail_shows=(out err)

# expect STATUS TEXT WHAT COMMAND...: TEXT (a fixed string) is in the output.
expect() {
        local want=$1 text=$2 what=$3 rc=0
        shift 3
        timeout 60 "$@" >out 2>err </dev/null || rc=$?
        if [ $rc -ne "$want" ]; then
                fail "$what: status $rc, not $want"
        elif ! cat out err | grep -qF -e "$text"; then
                fail "$what: does not say: $text"
        else
                pass
        fi
}

# never TEXT WHAT: it is in no output of the last command.
never() { if grep -qF -e "$1" out err; then fail "$2 shows $1"; else pass; fi; }

secret=sk-ABCDEFGHIJKLMNOPQRSTUVWX0123456789
(umask 077 && printf 'servers:\n  a:\n    command: /bin/cat\n    env: {API_KEY: %s}\n' $secret >ok.yaml)
printf '{"mcpServers": {"a": {"command": "/bin/cat", "env": {"API_KEY": "%s"}}}}' $secret >hosts.json

# ---- signals and limits --------------------------------------------------------
expect 0 'ok.yaml: valid' 'SIGCHLD ignored' bash -c 'trap "" CHLD; exec "$@"' - "$program" check ok.yaml
expect 70 'Too many open files' 'few descriptors' bash -c 'ulimit -n 12; exec "$@"' - "$program" check ok.yaml

# The limit holds for the redirections of a shell too: pipes are no files.
small() { (timeout 60 bash -c 'ulimit -f 0; exec "$@"' - "$program" "$@" 2>&1; echo "status $?") | cat >out; }
: >err
small check ok.yaml
grep -qF 'File size limit exceeded' out && grep -qxF 'status 70' out && pass || fail 'check, files of no size'
small import hosts.json
grep -qF 'mcpvisor.yaml cannot be written: File too large' out && grep -qxF 'status 1' out && pass ||
        fail 'import, files of no size'
[ -e mcpvisor.yaml ] || [ -e secrets ] && fail 'import left something' || pass

# ---- the role of the validator, by hand ---------------------------------------
expect 70 'not by hand' '@validator' "$program" @validator -- ok.yaml
expect 70 'not by hand' '@validator with files' \
        bash -c 'exec "$@" 3>f3 4>f4 5>f5 6>f6' - "$program" @validator -- ok.yaml
cat f3 f4 f5 f6 | grep -q . && fail 'the validator wrote to files that it was not given' || pass

# ---- no /proc ---------------------------------------------------------------------
without_proc='mount --make-rprivate / && umount -l /proc && exec "$@"'
if unshare -m sh -c "${without_proc% && exec*}" 2>/dev/null; then
        # Not its status: the search for leaks of a sanitizer needs /proc, too.
        unshare -m sh -c "$without_proc" - "$program" check ok.yaml >out 2>err && fail 'no /proc: status 0'
        grep -qF 'not found in /proc: is it mounted?' err && pass || fail 'no /proc: does not say so'
else
        skip 'no /proc: needs a mount namespace'
fi

# ---- names of files ---------------------------------------------------------------
evil=$(printf 'evil\033[31m\nname.yaml')
(umask 077 && echo 'servers: {}' >"$evil")
esc=$(printf '\033')
expect 0 'evil\x1b[31m\x0aname.yaml: valid' 'a name with an escape' "$program" check "$evil"
never "$esc" 'a name with an escape'
expect 1 'evil\x1b' 'a missing name with an escape' "$program" check "$evil.not"
never "$esc" 'a missing name with an escape'

# ---- secrets ----------------------------------------------------------------------
# hidden KEY TEXT: references that end up in a message are named, never shown.
hidden() {
        echo "servers: {a: {command: /bin/cat, $1: '$2'}}" | sed "s/command: [^,]*, command/command/" >ref.yaml
        chmod 600 ref.yaml
        expect 1 'ref.yaml' "$1: $2" env MY_API_KEY=hunter2hunter2 LOOKS=$secret "$program" check ref.yaml
        never hunter2hunter2 "$1: $2"
        never "$secret" "$1: $2"
}
for key in user command; do
        for text in '${MY_API_KEY}' 'x${LOOKS}y' '${LOOKS}'; do
                hidden $key "$text"
        done
done

# Written wrongly: what YAML takes for a text is a name and its secret all the same.
for env in '[API_KEY=hunter2hunter2]' '"API_KEY=hunter2hunter2"' '[{API_KEY: hunter2hunter2}]'; do
        (umask 077 && printf 'servers:\n  a:\n    command: /bin/cat\n    env: %s\n' "$env" >wrong.yaml)
        expect 1 'wrong.yaml' "env: $env" "$program" check wrong.yaml
        never hunter2hunter2 "env: $env"
done

# A reader of the second file that never comes: the first one is in memory by then.
core_of() {
        mkfifo second
        (ulimit -c unlimited && exec "$program" check --diff ok.yaml - <second >out 2>err) &
        local pid=$! turn=0 children=()
        exec 8>second
        # Its secrets are there when the validator of the second file runs.
        while [ $turn -lt 2000 ]; do
                # shellcheck disable=SC2013
                read -ra children <"/proc/$pid/task/$pid/children"
                for child in "${children[@]}"; do
                        [ "$(tr '\0' ' ' 2>/dev/null <"/proc/$child/cmdline")" = 'mcpvisor @validator -- - ' ] &&
                                break 2
                done 2>/dev/null
                turn=$((turn + 1))
        done
        kill -QUIT $pid
        wait $pid 2>/dev/null
        exec 8>&-
        rm second
}
core_of
if grep -lqsF $secret core*; then fail 'a core file holds a secret'; else pass; fi

# ---- import -----------------------------------------------------------------------
(umask 777 && "$program" import hosts.json) >out 2>err
[ "$(stat -c %a secrets)" = 700 ] && pass || fail "umask 777: secrets has mode $(stat -c %a secrets)"
rm -rf secrets mcpvisor.yaml

# Nobody reads, and the pipe is full: a signal ends it, and nothing is left behind.
mkfifo pipe
exec 9<>pipe
dd if=/dev/zero of=pipe bs=4096 count=1000 oflag=nonblock 2>/dev/null
"$program" import -o - hosts.json >&9 2>err &
pid=$!
until [ -d secrets ] && [ -n "$(ls -A secrets)" ] || ! kill -0 $pid 2>/dev/null; do :; done
kill $pid
(exec 9<&-; timeout 30 tail --pid=$pid -f /dev/null) || fail 'import -o - does not end when told to'
kill -KILL $pid 2>/dev/null
wait $pid 2>/dev/null
rc=$?
exec 9<&-
[ $rc -eq 143 ] && pass || fail "import -o - that is told to end: status $rc"
[ -e secrets ] && fail 'import -o - left secrets behind' || pass
