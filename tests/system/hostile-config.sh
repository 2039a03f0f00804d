#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Configurations that cannot be files of a repository: too large, too deep, no
# text, no file at all, cut off, replaced while they are read, or written by
# the wrong people. Each gets a clear error with exit status 1 and within its
# time; nothing crashes and nothing waits. Runs in the build directory.
#
# SC2015: pass cannot fail. SC2016: ${} of configurations.
# shellcheck disable=SC2015,SC2016
# shellcheck source=tests/support/lib.sh
. "${BASH_SOURCE[0]%/*}/../support/lib.sh"
set +o pipefail # `cat ... | grep -q` may end early
program=$top_builddir/mcpvisor
limit=20

umask 022
work=$tmp
cd "$work" || exit 99
mkdir credentials
echo hunter2hunter2 >credentials/db-url
export CREDENTIALS_DIRECTORY=$work/credentials

fail_shows=(out err)

check() { timeout "$limit" "$program" check --planned --no-resolve "$@" >out 2>err; }

# refused TEXT ARGUMENT...: exit status 1, and TEXT (a fixed string) on stderr.
refused() {
        local text=$1 rc=0
        shift
        check "$@" || rc=$?
        if [ $rc -ne 1 ]; then
                fail "check $* ends with $rc"
        elif ! grep -qF -e "$text" err; then
                fail "check $* does not say: $text"
        else
                pass
        fi
}

accepted() {
        local rc=0
        check "$@" || rc=$?
        if [ $rc -eq 0 ]; then pass; else fail "check $* ends with $rc"; fi
}

repeat() { awk -v n="$1" -v text="$2" 'BEGIN { for (i = 0; i < n; i++) printf "%s", text }'; }

printf 'servers:\n  a: {command: x}\n' >good.yaml

# ---- no file, or not a regular one ----------------------------------------

refused 'missing.yaml: error: there is no such file' missing.yaml
refused 'good.yaml/x: error: cannot be opened: Not a directory' good.yaml/x
refused 'cannot be opened: File name too long' "$(repeat 300 a)"
refused '.: error: is a directory: name the file in it' .
refused '/dev/zero: error: is not a regular file' /dev/zero
refused '/dev/null: error: is not a regular file' /dev/null
mkfifo fifo
refused 'fifo: error: is not a regular file' fifo
ln -s good.yaml link.yaml
accepted link.yaml
ln -s nowhere.yaml dangling.yaml
refused 'dangling.yaml: error: there is no such file' dangling.yaml
ln -s loop-b.yaml loop-a.yaml
ln -s loop-a.yaml loop-b.yaml
refused 'loop-a.yaml: error: cannot be opened: Too many levels of symbolic links' loop-a.yaml
ln -s fifo fifo-link.yaml
refused 'fifo-link.yaml: error: is not a regular file' fifo-link.yaml
printf 'servers: {a: {command: x, shar: y}}\n' >"$(printf 'odd\n\033name.yaml')"
refused 'odd\x0a\x1bname.yaml:1:27: error' "$(printf 'odd\n\033name.yaml')"

# ---- who may write it -----------------------------------------------------

cp good.yaml everybody.yaml
chmod 666 everybody.yaml
refused 'everybody.yaml: error: may be written by everybody' everybody.yaml
cp good.yaml group.yaml
chmod 664 group.yaml
accepted group.yaml
grep -qF 'group.yaml: warning: may be written by its group' err && pass || fail "no warning for group-writable"
refused 'group.yaml: error: may be written by its group' --strict group.yaml
printf 'servers: {a: {command: x, env: {API_KEY: hunter2hunter2}}}\n' >secret.yaml
accepted secret.yaml
grep -qF 'secret.yaml: warning: holds literal secrets, and everybody may read it' err && pass || fail "no warning for a secret in the open"
chmod 600 secret.yaml
accepted --strict secret.yaml
printf 'servers: {a: {command: x, env: {API_KEY: "${API_KEY}"}}}\n' >reference.yaml
API_KEY=hunter2hunter2 accepted --strict reference.yaml
accepted --strict good.yaml
printf '{}\n' >none.yaml
accepted none.yaml
refused 'none.yaml: error: has no servers' --strict none.yaml
if [ "$(id -u)" -eq 0 ]; then
        cp good.yaml foreign.yaml
        chown 54321 foreign.yaml
        accepted foreign.yaml
        grep -qF 'foreign.yaml: warning: belongs to user 54321' err && pass || fail "no warning for a foreign owner"
        refused 'foreign.yaml: error: belongs to user 54321' --strict foreign.yaml
        mkdir theirs
        cp good.yaml theirs/own.yaml
        chown 54321 theirs theirs/own.yaml
        accepted --strict theirs/own.yaml
else
        skip "a foreign owner: needs root"
fi
cp good.yaml unreadable.yaml
chmod 000 unreadable.yaml
if [ "$(id -u)" -ne 0 ]; then
        refused 'unreadable.yaml: error: cannot be opened: Permission denied' unreadable.yaml
elif setpriv --reuid=54321 --regid=54321 --clear-groups "$program" --version >/dev/null 2>&1; then
        chmod 755 .
        rc=0
        timeout $limit setpriv --reuid=54321 --regid=54321 --clear-groups \
                "$program" check unreadable.yaml >out 2>err || rc=$?
        [ $rc -eq 1 ] && grep -qF 'unreadable.yaml: error: cannot be opened: Permission denied' err &&
                pass || fail "unreadable file: status $rc"
else
        skip "an unreadable file: the program cannot be run as another user here"
fi

# ---- size -----------------------------------------------------------------

truncate -s 100M sparse.yaml
refused 'sparse.yaml: error: is larger than 1024 KiB' sparse.yaml
head -c 104857600 /dev/zero | tr '\0' '#' >huge.yaml
refused 'huge.yaml: error: is larger than 1024 KiB' huge.yaml
{ cat good.yaml; printf '#%*s' $((1048576 - $(wc -c <good.yaml) - 1)) ''; } >full.yaml
[ "$(wc -c <full.yaml)" -eq 1048576 ] || fail "full.yaml is not 1 MiB"
accepted full.yaml
echo >>full.yaml
refused 'full.yaml: error: is larger than 1024 KiB' full.yaml
rm huge.yaml

{ printf 'servers:\n  a:\n    command: x\n    args: ['; repeat 300000 'a,'; printf ']\n'; } >nodes.yaml
refused 'error: more than 10000 entries' nodes.yaml
{ printf 'servers:\n  a:\n    command: x\n    warmup:\n      - tool: t\n        arguments:\n'
        repeat 50 "          - [$(repeat 5000 'a,')]
"; } >nodes.yaml
refused 'error: more than 200000 values' nodes.yaml
awk 'BEGIN { for (i = 0; i < 200000; i++) printf "%x:\n", i }' | head -c 1048000 >keys.yaml
refused 'error: more than 10000 entries' keys.yaml
{ repeat 1000000 k; printf ': x\n'; } >key.yaml
refused "error: " key.yaml
{ printf '? '; repeat 1000000 k; printf '\n: x\n'; } >key.yaml
refused 'error: a key of 1000000 bytes' key.yaml
{ printf '{"'; repeat 1000000 k; printf '": 1}\n'; } >key.yaml
refused 'error: ' key.yaml
{ printf 'servers:\n  a:\n    command: '; repeat 1000000 v; printf '\n'; } >value.yaml
refused 'servers.a.command: the value is longer than 65536 bytes' value.yaml
awk 'BEGIN { print "servers:"; for (i = 0; i < 1001; i++) printf "  s%d: {command: x}\n", i }' >servers.yaml
refused '1001 servers, where limits.max_servers is 1000' servers.yaml
awk 'BEGIN { print "servers:"; for (i = 0; i < 9000; i++) printf "  s%d: {commandd: x}\n", i }' >errors.yaml
refused ' more not shown' errors.yaml
{ printf 'servers: {'; repeat 9000 'a: {x: y}, '; printf '}\n'; } >doubled.yaml
refused 'stands here for the second time' doubled.yaml
{ printf 'servers:\n  a:\n    command: x\n    env: {API_TOKEN: hunter2, '
        awk 'BEGIN { for (i = 0; i < 600; i++) printf "S%d_KEY: hunter2, ", i }'
        printf 'X: [hunter2-beside]}\n'; } >masks.yaml
refused 'servers.a.env.X: is a list' masks.yaml
if grep -q hunter2 err; then fail "a line with many secrets is shown"; else pass; fi

# ---- depth and bombs ------------------------------------------------------

{ printf 'a: '; repeat 10000 '['; repeat 10000 ']'; } >flow.yaml
refused 'error: nested more than 16 levels deep' flow.yaml
{ printf 'a: '; repeat 100000 '['; } >open.yaml
refused 'error: nested more than 16 levels deep' open.yaml
repeat 10000 '{"a":' >json.yaml
refused 'error: nested more than 16 levels deep' json.yaml
repeat 10000 '- ' >list.yaml
refused 'error: nested more than 16 levels deep' list.yaml
awk 'BEGIN { for (i = 0; i < 1000; i++) printf "%*sk:\n", i, "" }' >block.yaml
refused 'error: nested more than 16 levels deep' block.yaml
repeat 10000 '? ' >question.yaml
refused 'error: ' question.yaml
repeat 500000 '{' >braces.yaml
refused 'error: ' braces.yaml
{
        echo 'a: &a ["lol","lol","lol","lol","lol","lol","lol","lol","lol"]'
        last=a
        for next in b c d e f g h i; do
                echo "$next: &$next [*$last,*$last,*$last,*$last,*$last,*$last,*$last,*$last,*$last]"
                last=$next
        done
} >bomb.yaml
refused 'bomb.yaml:1:4: error: anchors are not accepted' bomb.yaml
echo 'a: [*b]' >alias.yaml
refused 'alias.yaml:1:5: error: aliases are not accepted' alias.yaml
awk 'BEGIN { print "servers:\n  a:\n    command: x\n    env:"; for (i = 0; i < 200; i++) printf "      V%d: ${file:%s}\n", i, "'"$work"'/large.txt" }' >files.yaml
head -c 65000 /dev/zero | tr '\0' x >large.txt
refused 'is larger than 8 MiB when its references are replaced' files.yaml

# ---- what is no text ------------------------------------------------------

for encoding in UTF-16LE UTF-16BE; do
        if iconv -f UTF-8 -t $encoding good.yaml >wide.yaml 2>/dev/null; then
                refused 'wide.yaml: error: is UTF-16: save it as UTF-8' wide.yaml
        else
                skip "iconv knows no $encoding"
        fi
done
{ printf '\377\376'; printf 's\0:\0'; } >wide.yaml
refused 'is UTF-16' wide.yaml
{ printf '\376\377'; printf '\0s\0:'; } >wide.yaml
refused 'is UTF-16' wide.yaml
{ printf '\357\273\277'; cat good.yaml; } >bom.yaml
accepted bom.yaml
sed 's/$/\r/' good.yaml >crlf.yaml
accepted crlf.yaml
head -c 5000 /dev/urandom >random.yaml
refused 'random.yaml' random.yaml
head -c 1000000 /dev/zero >zero.yaml
refused 'zero.yaml:1: error: has a NUL byte here' zero.yaml
head -c 4000 "$program" >elf.yaml
refused 'error: ' elf.yaml

# A byte that is no UTF-8, or a NUL, at every place of a small file.
printf 'servers:\n  a: {command: "x", args: [b]} # c\n' >small.yaml
size=$(wc -c <small.yaml)
for byte in '\377' '\300\200' '\355\240\200' '\364\220\200\200' '\200' '\000'; do
        ok=yes
        for ((i = 0; i <= size; i++)); do
                # shellcheck disable=SC2059 # an escape
                { head -c $i small.yaml; printf "$byte"; tail -c +$((i + 1)) small.yaml; } >bad.yaml
                rc=0
                check bad.yaml || rc=$?
                if [ $rc -ne 1 ] || ! grep -qE 'bad.yaml(:[123])?: error: (is not UTF-8: the byte 0x|has a NUL byte|is UTF-16)' err; then
                        fail "$byte at offset $i: status $rc"
                        ok=no
                        break
                fi
        done
        [ $ok = yes ] && pass
done

# ---- cut at every byte ----------------------------------------------------

cat >cut.yaml <<'EOF'
# every kind of thing
listen: ["127.0.0.1:1", {address: "unix:/s", mode: "0660"}]
defaults: {start: lazy}
servers:
  'a':
    command: "x\u00e9"
    args:
      - |
        text
      - ${HOME:-ü}
    env: {API_TOKEN: hunter2, B: "two
      lines"}
    warmup: [{tool: t, arguments: {"k": [1, null]}}]
views:
  v: {servers: [a]}
EOF
accepted cut.yaml
size=$(wc -c <cut.yaml)
export program limit
cut_one() {
        for ((i = $1; i < $2; i++)); do
                head -c $i cut.yaml >"cut-$1.part"
                rc=0
                timeout "$limit" "$program" check --planned --no-resolve "cut-$1.part" >"cut-$1.out" 2>&1 || rc=$?
                if [ $rc -gt 1 ] || { [ $rc -eq 1 ] && ! grep -q ': error: ' "cut-$1.out"; } || grep -q hunter2 "cut-$1.out"; then
                        echo "FAIL: cut at byte $i: status $rc"
                        sed 's/^/    /' "cut-$1.out"
                fi
        done
}
half=$((size / 2))
cut_one 0 $half >cut-a &
cut_one $half "$size" >cut-b
wait $!
if [ -s cut-a ] || [ -s cut-b ]; then
        cat cut-a cut-b
        failed=$((failed + 1))
else
        pass
fi

# ---- replaced while it is read --------------------------------------------

printf 'servers:\n  one: {command: x}\n' >version-1
{ printf 'servers:\n  one: {command: x}\n  two: {command: y}\n'; repeat 9000 "# padding
"; } >version-2
cp version-1 moving.yaml
(
        while [ -e moving.yaml ] && [ ! -e stop ]; do
                cp version-2 next && mv next moving.yaml
                cp version-1 next && mv next moving.yaml
        done
) &
mover=$!
bad=0
for ((i = 0; i < 30; i++)); do
        rc=0
        check moving.yaml || rc=$?
        [ $rc -eq 0 ] && grep -qE '^moving.yaml: valid, (1 server|2 servers), no errors$' out && continue
        [ $rc -eq 1 ] && grep -qF 'was changed while it was read' err && continue
        bad=1
        fail "replaced while read: status $rc"
        break
done
touch stop
wait $mover
[ $bad -eq 0 ] && pass

# The same, written in place: one of the versions, or an error; half a text may be valid by itself.
rm stop
(
        while [ -e moving.yaml ] && [ ! -e stop ]; do
                cat version-2 >moving.yaml
                cat version-1 >moving.yaml
        done
) &
mover=$!
bad=0
for ((i = 0; i < 30; i++)); do
        rc=0
        check moving.yaml || rc=$?
        [ $rc -le 1 ] && continue
        bad=1
        fail "written while read: status $rc"
        break
done
touch stop
wait $mover
[ $bad -eq 0 ] && pass

# ---- standard input, JSON, command line -----------------------------------

rc=0
"$program" check --planned --no-resolve - <good.yaml >out 2>err || rc=$?
[ $rc -eq 0 ] && pass || fail "stdin: status $rc"
rc=0
printf 'servers: {a: {}}' | "$program" check - >out 2>err || rc=$?
[ $rc -eq 1 ] && grep -qF '<stdin>:1:11: error: servers.a: the key `command` is missing' err && pass ||
        fail "stdin with an error: status $rc"
rc=0
timeout $limit "$program" check - </dev/zero >out 2>err || rc=$?
[ $rc -eq 1 ] && grep -qF '<stdin>: error: is larger than 1024 KiB' err && pass || fail "stdin /dev/zero: status $rc"
rc=0
timeout $limit "$program" check - <. >out 2>err || rc=$?
[ $rc -eq 1 ] && grep -qF '<stdin>: error: cannot be read: Is a directory' err && pass || fail "stdin is a directory: status $rc"
rc=0
timeout $limit "$program" check - <&- >out 2>err || rc=$?
[ $rc -eq 1 ] && grep -qF '<stdin>: error: cannot be read: ' err && pass || fail "stdin closed: status $rc"
cp good.yaml ./-dash.yaml
accepted -- -dash.yaml
grep -qF -- '-dash.yaml: valid' out && pass || fail "a name that begins with -"

if command -v python3 >/dev/null && python3 -c 'import json' 2>/dev/null; then
        json_lines() { python3 -c 'import json, sys
for line in sys.stdin.buffer:
    d = json.loads(line.decode("utf-8"))
    assert list(d) == ["file", "line", "col", "severity", "key", "message"], d
    assert d["message"] and d["severity"] in ("error", "warning", "note"), d'; }
elif command -v jq >/dev/null; then
        json_lines() { jq -e 'select(.message == "" or (keys | length) != 6) | error("bad line")' >/dev/null ||
                [ $? -eq 4 ]; }
else
        json_lines() { :; }
        skip "JSON lines are not parsed: neither python3 nor jq"
fi
printf 'ser\303\244: "\\x01"\nservers:\n  "a\\"b\\\\": {command: "x \\x1b y"}\n  c: {cmd: [1]}\n' >json.yaml
for file in json.yaml group.yaml errors.yaml bomb.yaml zero.yaml elf.yaml "$(printf 'odd\n\033name.yaml')"; do
        check --format json "$file"
        if [ -s out ] && json_lines <out 2>err; then pass; else fail "--format json of $file"; fi
done

# ---- a wrong type at every key --------------------------------------------

# Every leaf of the defaults, as "path value" with the sections' names in front.
"$program" config defaults >defaults.yaml || fail "config defaults"
accepted defaults.yaml
awk '
        { indent = match($0, /[^ ]/) - 1; depth = indent / 2; key = $1; sub(/:$/, "", key)
          at[depth] = key; path = at[0]; for (i = 1; i <= depth; i++) path = path "." at[i]
          if (NF > 1) print path }' defaults.yaml >keys
for extra in auth.token_file tls.cert tls.key tls.client_ca control.group state_dir runtime_dir views \
        defaults.command defaults.cwd defaults.env_file defaults.prefix defaults.sandbox.degrade \
        defaults.sandbox.net; do
        echo $extra
done >>keys
# A key of the schema that stands in none of these would be one that nobody tries.
"$program" config schema --format markdown | sed -n 's/^### `\([a-z_.A-Z]*\)`$/\1/p' |
        sed 's/^servers\.NAME\./defaults./' | grep -vE 'NAME|PATH' | sort >schema-keys
sort keys >sorted-keys
missing=$(comm -23 schema-keys sorted-keys | grep -vxE 'defaults|defaults\.sandbox\.net\.allow')
[ "$(wc -l <schema-keys)" -gt 100 ] && [ -z "$missing" ] && pass || fail "keys that are not tried: $missing"

# nest PATH VALUE: the path as braces around the value.
nest() {
        local path=$1 text=$2
        while [[ $path == *.* ]]; do
                text="{${path##*.}: $text}"
                path=${path%.*}
        done
        echo "$path: $text"
}
while read -r path; do
        value='[[{wrong: type}]]'
        case $path in
        servers | views | defaults.env | defaults.tools.rename | defaults.tools.describe | defaults.sandbox.io | \
                defaults.sandbox.secrets) value='[wrong]' ;;
        esac
        nest "$path" "$value" >type.yaml
        rc=0
        check type.yaml || rc=$?
        if [ $rc -ne 1 ] || ! grep -qE "type.yaml:1:[0-9]+: error: $path(\[0\])?: is a list" err; then
                fail "a wrong type at $path: status $rc"
        else
                pass
        fi
done <keys
