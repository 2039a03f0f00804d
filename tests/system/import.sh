#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `mcpvisor import` with homes made here: every host's file, comments, merging
# and renaming, secrets, what is refused, and that nothing is left of a run
# that failed. Runs in the build directory.
set -eu
: "${srcdir:=.}"

work=$(realpath "$(mktemp -d)")
trap 'rm -rf "$work"' EXIT
program=$(realpath ./mcpvisor)
failed=0
count=0
out=$work/stdout err=$work/stderr
HOME=$work/home XDG_CONFIG_HOME=$work/home/.config
export HOME XDG_CONFIG_HOME
unset GH_TOKEN_INPUT FOO NO_COLOR

fail() {
        echo "FAIL: $what: $*"
        sed 's/^/    out: /' "$out"
        sed 's/^/    err: /' "$err"
        failed=1
}

# fresh: an empty home, and an empty project to stand in.
fresh() {
        rm -rf "${work:?}/home" "${work:?}/project"
        mkdir -p "$work/home/.config" "$work/project"
        cd "$work/project"
        what=$1
}

# put FILE: standard input becomes a file, with its directories.
put() {
        mkdir -p "$(dirname "$1")"
        cat >"$1"
}

# run STATUS ARGUMENT...: output in $out and $err.
run() {
        want=$1 got=0
        shift
        count=$((count + 1))
        "$program" "$@" >"$out" 2>"$err" </dev/null || got=$?
        [ "$got" -eq "$want" ] || fail "mcpvisor $*: status $got, not $want"
}

err() { grep -qxF -e "$1" "$err" || fail "stderr has no line: $1"; }
no_err() { ! grep -qF -e "$1" "$err" || fail "stderr has: $1"; }
yaml() { grep -qxF -e "$1" mcpvisor.yaml || fail "the file has no line: $1"; }
mode() { [ "$(stat -c %a "$1")" = "$2" ] || fail "$1 has mode $(stat -c %a "$1")"; }
secret() { [ "$(cat "$1"; echo .)" = "$2." ] || fail "$1 does not hold the secret"; }
# The shape of the tree: nothing else is there.
tree() {
        got=$(find . -mindepth 1 ! -path './.*' | LC_ALL=C sort | tr '\n' ' ')
        [ "$got" = "$1" ] || fail "there are: $got"
}
valid() { "$program" check --planned --no-resolve mcpvisor.yaml >"$out" 2>&1 || fail "the result is not valid"; }
# Neither stream, nor the configuration, may hold what is secret in these fixtures.
nothing_leaks() {
        for file in "$out" "$err" mcpvisor.yaml; do
                [ ! -e "$file" ] || ! grep -q sesame "$file" || fail "a secret in $file"
        done
}

# ---- nothing there -------------------------------------------------------

fresh "an empty home"
run 1 import
err "mcpvisor: import: there are no servers to import"
err "These places were looked at:"
err "  Claude Desktop: $HOME/.config/Claude/claude_desktop_config.json"
err "  Claude Code: $HOME/.claude.json"
err "  Claude Code: $work/project/.mcp.json"
err "  Cursor: $HOME/.cursor/mcp.json"
err "  VS Code: $HOME/.config/Code/User/settings.json"
err "  Windsurf: $HOME/.codeium/windsurf/mcp_config.json"
tree ""
(
        unset XDG_CONFIG_HOME
        run 1 import
        err "  Claude Desktop: $HOME/.config/Claude/claude_desktop_config.json"
        exit "$failed"
) || failed=1

# ---- every host ----------------------------------------------------------

fresh "all hosts"
put "$XDG_CONFIG_HOME/Claude/claude_desktop_config.json" <<'END'
{"globalShortcut": "x", "mcpServers": {"desktop": {"command": "d"}}}
END
{
        echo '{"numStartups": 3, "history": ["'
        head -c 1500000 /dev/zero | tr '\0' 'x'
        echo '\ud83d"],'
        echo '"mcpServers": {"code-user": {"type": "stdio", "command": "c", "args": [], "env": {}}},'
        echo '"projects": {"/srv/one": {"mcpServers": {"code-project": {"command": "./p"}}}, "/srv/two": {}}}'
} | tr -d '\n' | put "$HOME/.claude.json"
put .mcp.json <<'END'
{"mcpServers": {"code-shared": {"command": "python3", "args": ["server.py"]}}}
END
: >server.py
put "$HOME/.cursor/mcp.json" <<'END'
{"mcpServers": {"cursor-user": {"command": "c", "args": ["${userHome}/x", "${workspaceFolder}"]}}}
END
put .cursor/mcp.json <<'END'
{"mcpServers": {"cursor-project": {"command": "c", "args": ["${workspaceFolder}/x"]}}}
END
put "$XDG_CONFIG_HOME/Code/User/mcp.json" <<'END'
{"servers": {"code-mcp": {"type": "stdio", "command": "v"}}, "inputs": []}
END
put "$XDG_CONFIG_HOME/Code/User/settings.json" <<'END'
{
        // An editor's settings.
        "servers": {"not-mcp": {"command": "x"}},
        "mcp": {"servers": {"code-settings": {"command": "v"}}},
        /* the end */
}
END
put "$XDG_CONFIG_HOME/Code - Insiders/User/mcp.json" <<'END'
{"servers": {"insiders": {"command": "v"}}}
END
put .vscode/mcp.json <<'END'
{"inputs": [{"type": "promptString", "id": "gh-token.input", "description": "A GitHub token", "password": true}],
 "servers": {"code-folder": {"command": "v", "envFile": "${workspaceFolder}/.env",
                             "env": {"GITHUB_TOKEN": "${input:gh-token.input}", "B": "${env:FOO}/$x"}}}}
END
: >.env
put "$HOME/.codeium/windsurf/mcp_config.json" <<'END'
{"mcpServers": {"surf": {"command": "w", "disabledTools": ["rm"]}, "far": {"serverUrl": "https://x"}}}
END
put "$HOME/.codex/config.toml" <<'END'
[mcp_servers.x]
END
run 0 import
err "took 1 server from Claude Desktop ($HOME/.config/Claude/claude_desktop_config.json): desktop"
err "took 2 servers from Claude Code ($HOME/.claude.json): code-user, code-project"
err "took 1 server from Claude Code ($work/project/.mcp.json): code-shared"
err "took 1 server from Cursor ($HOME/.cursor/mcp.json): cursor-user"
err "took 1 server from Cursor ($work/project/.cursor/mcp.json): cursor-project"
err "took 1 server from VS Code ($XDG_CONFIG_HOME/Code/User/mcp.json): code-mcp"
err "took 1 server from VS Code ($XDG_CONFIG_HOME/Code/User/settings.json): code-settings"
err "took 1 server from VS Code ($XDG_CONFIG_HOME/Code - Insiders/User/mcp.json): insiders"
err "took 1 server from VS Code ($work/project/.vscode/mcp.json): code-folder"
err "took 1 server from Windsurf ($HOME/.codeium/windsurf/mcp_config.json): surf"
err "left out: Codex ($HOME/.codex/config.toml): its settings are TOML, which is not read: copy the servers by hand"
err "left out: far of Windsurf ($HOME/.codeium/windsurf/mcp_config.json): remote servers are not supported yet: only servers that are started by a command"
err "to do: set GH_TOKEN_INPUT in the environment of mcpvisor: code-folder needs it; there it is the input gh-token.input: A GitHub token"
err "to do: set FOO in the environment of mcpvisor: code-folder needs it"
# shellcheck disable=SC2016
err 'note: cursor-user: ${workspaceFolder} is left as it is: which directory is meant, its file does not say'
err "wrote mcpvisor.yaml: now run: mcpvisor check mcpvisor.yaml"
no_err moved
yaml "  # from Claude Code ($HOME/.claude.json, /srv/one)"
yaml "    command: /srv/one/p"
yaml "    cwd: $work/project"
yaml "    args: [$work/project/x]"
yaml "    env_file: $work/project/.env"
# shellcheck disable=SC2016
{
        yaml '    args: ["${HOME}/x", "$${workspaceFolder}"]'
        yaml '      GITHUB_TOKEN: "${GH_TOKEN_INPUT}"'
        yaml '      B: "${FOO}/$$x"'
}
grep -q 'not-mcp' mcpvisor.yaml && fail "a key of another meaning was taken"
mode mcpvisor.yaml 600
tree "./mcpvisor.yaml ./server.py "
GH_TOKEN_INPUT=xxxxxx FOO=/f valid

what="the tools of a host that are not allowed"
if "$program" check --no-resolve mcpvisor.yaml 2>&1 | grep -q 'tools.deny'; then
        fail "a key without effect is in the file"
fi
grep -q 'deny: \[rm\]' mcpvisor.yaml || fail "not a word of them"

# ---- merging -------------------------------------------------------------

fresh "merging"
put "$HOME/.claude.json" <<'END'
{"mcpServers": {"gh": {"command": "gh", "env": {"A": "1", "B": "2"}}, "my server": {"command": "m"}}}
END
put "$HOME/.cursor/mcp.json" <<'END'
{"mcpServers": {"gh": {"env": {"B": "2", "A": "1"}, "command": "gh"}}}
END
put "$HOME/.codeium/windsurf/mcp_config.json" <<'END'
{"mcpServers": {"gh": {"command": "gh", "env": {"A": "1", "B": "3"}}, "my:server": {"command": "n"}}}
END
run 0 import
err "took 2 servers from Claude Code ($HOME/.claude.json): gh, my-server"
err "took nothing from Cursor ($HOME/.cursor/mcp.json)"
err "left out: gh of Cursor ($HOME/.cursor/mcp.json): the same as gh"
err "renamed: gh of Windsurf ($HOME/.codeium/windsurf/mcp_config.json) is gh-windsurf"
err "renamed: my server of Claude Code ($HOME/.claude.json) is my-server"
yaml "  # the same in Cursor ($HOME/.cursor/mcp.json)"
yaml "  gh-windsurf:"
yaml "  # its name there is gh"
grep -qxE '  my-server-[0-9a-f]{6}:' mcpvisor.yaml || fail "no hash where a name was taken"
valid
cp mcpvisor.yaml "$work/before"
run 0 import --force
cmp -s mcpvisor.yaml "$work/before" || fail "the second run gives something else"

# ---- secrets -------------------------------------------------------------

fresh "secrets"
put "$HOME/.cursor/mcp.json" <<'END'
{"mcpServers": {
        "gh": {"command": "gh", "env": {"GITHUB_TOKEN": "open$sesame", "PORT": 8080}},
        "pg": {"command": "npx", "args": ["-y", "pg-server", "postgres://me:sesame@db/x", "--api-key=sesame1",
                                          "--token", "sesame2", "-e", "KEY=sesame3"]},
        "bad": {"command": "./run --key=sesame4"},
        "tok": {"command": "npx", "args": ["--token", "sesame5"]},
        "disabled": {"command": "x", "env": {"A_TOKEN": "sesame6"}, "disabled": true}}}
END
umask 0000
run 0 import --dry-run
tree ""
nothing_leaks
err "would move 6 secrets to $work/project/secrets/ (mode 0600)"
err "would write mcpvisor.yaml"
cp "$out" "$work/dry"
run 0 import
umask 0022
nothing_leaks
cmp -s mcpvisor.yaml "$work/dry" || fail "a dry run shows something else"
tree "./mcpvisor.yaml ./secrets ./secrets/gh.GITHUB_TOKEN ./secrets/pg.KEY ./secrets/pg.api-key ./secrets/pg.arg3 ./secrets/pg.token ./secrets/tok.token "
mode secrets 700
for file in secrets/* mcpvisor.yaml; do mode "$file" 600; done
# shellcheck disable=SC2016
secret secrets/gh.GITHUB_TOKEN 'open$sesame'
secret secrets/pg.arg3 postgres://me:sesame@db/x
secret secrets/pg.api-key sesame1
secret secrets/pg.token sesame2
secret secrets/pg.KEY sesame3
err "moved 6 secrets to $work/project/secrets/ (mode 0600)"
err "left out: bad of Cursor ($HOME/.cursor/mcp.json): command is a relative path: write it in full, or only the name of a program in PATH"
err "left out: disabled of Cursor ($HOME/.cursor/mcp.json): it is disabled there"
err "warning: pg: pg-server has no exact version: what runs may change at any start"
yaml "      GITHUB_TOKEN: \"\${file:$work/project/secrets/gh.GITHUB_TOKEN}\""
valid
"$program" config print mcpvisor.yaml >"$out" 2>"$err" || :
nothing_leaks

what="no overwriting"
echo mine >mcpvisor.yaml
run 1 import
err "mcpvisor: import: mcpvisor.yaml exists: --force replaces it"
[ "$(cat mcpvisor.yaml)" = mine ] || fail "it was overwritten"
echo old >secrets/gh.GITHUB_TOKEN
rm mcpvisor.yaml secrets/pg.* secrets/tok.*
run 1 import
err "mcpvisor: import: $work/project/secrets/gh.GITHUB_TOKEN exists: --force replaces it"
tree "./secrets ./secrets/gh.GITHUB_TOKEN "
secret secrets/gh.GITHUB_TOKEN old"
"
run 0 import --force
# shellcheck disable=SC2016
secret secrets/gh.GITHUB_TOKEN 'open$sesame'
valid
tree "./mcpvisor.yaml ./secrets ./secrets/gh.GITHUB_TOKEN ./secrets/pg.KEY ./secrets/pg.api-key ./secrets/pg.arg3 ./secrets/pg.token ./secrets/tok.token "

what="standard output"
rm -r mcpvisor.yaml secrets
run 0 import --output -
nothing_leaks
cmp -s "$out" "$work/dry" || fail "not the same as in a file"
[ -e secrets/gh.GITHUB_TOKEN ] || fail "no files of secrets"
rm -r secrets
if [ -c /dev/full ]; then
        got=0
        "$program" import --output - >/dev/full 2>"$err" || got=$?
        [ "$got" -eq 1 ] || fail "status $got on a full device"
        tree ""
fi

what="another directory"
mkdir "$work/project/a b"
run 0 import --output "a b/c.yaml"
"$program" check --planned --no-resolve "a b/c.yaml" >"$out" 2>&1 || fail "not valid"
[ -e "a b/secrets/gh.GITHUB_TOKEN" ] || fail "no files of secrets"
rm -r "a b"

# ---- failures ------------------------------------------------------------

what="writing fails half way"
(
        # The configuration still fits into a file of this size, a secret does not.
        trap '' XFSZ
        big=$(head -c 20000 /dev/zero | tr '\0' 's')
        echo "{\"mcpServers\": {\"a\": {\"command\": \"x\", \"env\": {\"A_TOKEN\": \"sesame\", \"B_TOKEN\": \"$big\"}}}}" \
                >"$work/big.json"
        ulimit -f 8
        run 1 import "$work/big.json"
        err "mcpvisor: import: $work/project/secrets/a.B_TOKEN cannot be written: File too large"
        tree ""
        nothing_leaks
        exit "$failed"
) || failed=1
: >secrets
run 1 import
err "mcpvisor: import: $work/project/secrets exists and is not a directory"
tree "./secrets "
rm secrets
mkdir secrets
chmod 0777 secrets
run 1 import
err "mcpvisor: import: $work/project/secrets exists, and others may write to it: secrets do not go there"
tree "./secrets "
rmdir secrets
run 1 import --output nowhere/x.yaml
err "mcpvisor: import: the directory of the output: No such file or directory"
mkdir "br}ace"
run 1 import --output "br}ace/x.yaml"
rmdir "br}ace"
ln -s nowhere mcpvisor.yaml
run 1 import --force
err "mcpvisor: import: mcpvisor.yaml exists and is not a regular file"
rm mcpvisor.yaml
tree ""

what="malformed files"
put "$work/bad.json" <<'END'
{"mcpServers": {
        "a": {"command": "x", "env": {"TOKEN" "sesame"}}}}
END
run 1 import "$work/bad.json"
err "mcpvisor: import: $work/bad.json:2:54: error: ':' expected"
err "mcpvisor: import: nothing was written"
nothing_leaks
echo '[1]' | put "$XDG_CONFIG_HOME/Code/User/mcp.json"
run 1 import
err "mcpvisor: import: $XDG_CONFIG_HOME/Code/User/mcp.json:1:1: error: the file is no JSON object"
err "mcpvisor: import: nothing was written; to leave a file out, name those to read"
run 1 import "$work/missing.json"
err "mcpvisor: import: $work/missing.json: error: cannot be read: No such file or directory"
run 1 import "$work"
err "mcpvisor: import: $work: error: cannot be read: Is a directory"
mkfifo "$work/fifo"
run 1 import "$work/fifo"
err "mcpvisor: import: $work/fifo: error: is not a regular file"
: >"$work/empty.json"
run 1 import "$work/empty.json"
err "took nothing from $work/empty.json"
err "mcpvisor: import: there are no servers to import"
tree ""

# ---- files by name -------------------------------------------------------

fresh "files by name"
put "$HOME/.cursor/mcp.json" <<'END'
{"mcpServers": {"not-asked": {"command": "x"}}}
END
put some.json <<'END'
{"servers": {"a": {"command": "x"}}, "mcpServers": {"b": {"command": "y"}}, "mcp": {"servers": {"c": {"command": "z"}}}}
END
put other/.vscode/mcp.json <<'END'
{"servers": {"d": {"command": "./run", "cwd": "sub"}}}
END
put copy.json <<'END'
{"mcp.servers": {"a": {"command": "different"}}, "projects": {"/q": {"mcpServers": {"e": {"command": "x"}}}}}
END
run 0 import some.json other/.vscode/mcp.json ./copy.json "$work/project/some.json"
err "took 3 servers from $work/project/some.json: b, a, c"
err "took 1 server from VS Code ($work/project/other/.vscode/mcp.json): d"
err "took 2 servers from $work/project/copy.json: a-file, e"
no_err not-asked
yaml "  # from $work/project/copy.json (/q)"
yaml "    command: $work/project/other/sub/run"
yaml "    cwd: $work/project/other/sub"
valid

what="names that could move a cursor"
printf '{"mcpServers": {"\\u001b[2J": {"command": "x", "\\u001b[1mkey\\nservers:": 1}}}' >"$work/esc.json"
run 0 import --force "$work/esc.json"
! grep -q "$(printf '\033')" "$err" mcpvisor.yaml || fail "control characters"
valid

what="1,000 servers"
{
        printf '{"mcpServers": {"s0": {"command": "x"}'
        i=1
        while [ $i -lt 1000 ]; do
                printf ',"s%d": {"command": "x", "env": {"N": %d}}' $i $i
                i=$((i + 1))
        done
        printf '}}'
} >"$work/many.json"
run 0 import --force "$work/many.json"
valid

[ $failed -eq 0 ] || exit 1
echo "$count runs"
