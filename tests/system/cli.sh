#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The command line of the real executable: exit statuses, where output goes,
# what errors say, and what happens when output cannot be written. Runs in the
# build directory.
set -eu
: "${srcdir:=.}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
count=0
unset NO_COLOR COLUMNS

fail() {
        echo "FAIL: $*"
        sed 's/^/    out: /' "$work/out"
        sed 's/^/    err: /' "$work/err"
        failed=1
}

# run STATUS ARGUMENT...: output in $work/out and $work/err.
run() {
        want=$1
        shift
        count=$((count + 1))
        what="mcpvisor $*"
        got=0
        ./mcpvisor "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
        [ "$got" -eq "$want" ] || fail "$what: status $got, not $want"
}

# out|err TEXT: it has this line, among others or alone.
out() { grep -qxF -e "$1" "$work/out" || fail "$what: stdout has no line: $1"; }
err() { grep -qxF -e "$1" "$work/err" || fail "$what: stderr has no line: $1"; }
silent() { [ ! -s "$work/$1" ] || fail "$what: something on std$1"; }

usage_error() {
        text=$1 pointer=$2
        shift 2
        run 2 "$@"
        silent out
        err "mcpvisor: $text"
        err "Try: mcpvisor $pointer"
}

# ---- help and version ----------------------------------------------------

run 2
silent out
err "Usage: mcpvisor COMMAND [OPTION...] [ARGUMENT...]"

for words in --help -h help "--color never --help" "help --color=never"; do
        # shellcheck disable=SC2086 # several words
        run 0 $words
        silent err
        out "Commands:"
        cp "$work/out" "$work/overview"
done
names=$(sed -n '/^Commands:$/,/^$/s/^  \([a-z-]*\) .*/\1/p' "$work/overview")
for name in $names; do
        run 0 "$name" --help
        silent err
        cp "$work/out" "$work/long"
        run 0 help "$name"
        cmp -s "$work/out" "$work/long" || fail "help $name differs from $name --help"
        run 0 "$name" -h surplus -- arguments
        [ "$(awk '{ if (length($0) > 80) print }' "$work/out")" = "" ] || fail "$what: over 80 columns"
        ! grep -q "$(printf '\033')" "$work/out" || fail "$what: colour without a terminal"
done
run 0 --color=always check --help
grep -q "$(printf '\033\\[1mOptions:')" "$work/out" || fail "$what: no colour"
run 0 --color=always check --color=never --help
! grep -q "$(printf '\033')" "$work/out" || fail "$what: colour"
run 0 validate --help
out "Usage: mcpvisor check [OPTION...] [FILE]"
run 0 config schema --help
out "Usage: mcpvisor config schema [OPTION...]"
run 0 help config schema
out "Usage: mcpvisor config schema [OPTION...]"

for words in version --version -V; do
        run 0 $words
        silent err
        head -n 1 "$work/out" | grep -qx 'mcpvisor [0-9][0-9.]*' || fail "$what: first line"
        for part in openssl recorder systemd; do
                grep -Eqx -e "\\+$part [0-9].*|-$part \\(not built in\\)" "$work/out" || fail "$what: no $part"
        done
        for library in compiler libyaml jansson; do
                grep -Eqx "$library .*[0-9]" "$work/out" || fail "$what: no $library"
        done
done

# ---- wrong usage ---------------------------------------------------------

usage_error "unknown command chekc (did you mean check?)" --help chekc x
usage_error "unknown command validat (did you mean validate?)" --help validat
usage_error "unknown command servr (did you mean serve?)" --help servr
usage_error "unknown command qqqqqq" --help qqqqqq
usage_error "unknown command " --help ""
usage_error "unknown command a\\x1bb" --help "$(printf 'a\033b')"
usage_error "unknown command chekc (did you mean check?)" --help help chekc
usage_error "config: unknown command prnt (did you mean print?)" "config --help" config prnt
usage_error "config: unknown command prnt (did you mean print?)" "config --help" help config prnt
usage_error "check: this command has no sub-commands" "check --help" help check x
usage_error "unknown option --halp (did you mean --help?)" --help --halp
usage_error "check: unknown option --fromat (did you mean --format?)" "check --help" check --fromat=json x
usage_error "check: unknown option --strcit (did you mean --strict?)" "check --help" validate --strcit x
usage_error "config print: unknown option -x" "config print --help" config print -x
usage_error "check: unknown option --version" "check --help" check --version
usage_error "check: --format needs a value FORMAT: text or json" "check --help" check --format
usage_error "check: --strict takes no value" "check --help" check --strict=yes x
usage_error 'check: --format: "xml" is not known; expected is text or json' "check --help" check --format xml x
usage_error "check: no file: name one, or set MCPVISOR_CONFIG" "check --help" check
usage_error "check: --diff needs two files: OLD and NEW" "check --help" check --diff a
usage_error "version: one argument too many: x" "version --help" version x
usage_error "completion: there are completions for bash, fish and zsh only" "completion --help" completion tcsh
run 2 config
silent out
err "Commands: defaults, print, schema"

# Commands of later versions say so, until they are there.
planned=$(sed -n '/planned_commands\[\] = {/,/NULL/s/^ *{"\([a-z-]*\)".*/\1/p' \
        "$srcdir/src/cli/command-table.c")
grep -q planned_commands "$srcdir/src/cli/command-table.c" || fail "where are the planned commands?"
for name in $planned; do
        run 2 "$name" x --y
        silent out
        grep -qE "^mcpvisor: $name: this version has no such command yet \(it comes with [a-z ]+\)$" \
                "$work/err" || fail "$what: not said to be planned"
        ! grep -qE "^  $name " "$work/overview" || fail "$name stands in help"
done

# ---- the commands that become the daemon ---------------------------------

usage_error "serve: no file: name one with -c, or set MCPVISOR_CONFIG" "serve --help" serve
usage_error "serve: one argument too many: x" "serve --help" serve -c x x
usage_error 'serve: --log-level: "loud" is not known; expected is debug, info, warning or error' "serve --help" \
        serve -c x --log-level loud
usage_error "run: an argument is missing: mcpvisor run [OPTION...] -- COMMAND [ARGUMENT...]" "run --help" run
usage_error "run: --name: the name may have letters, digits, _ and - only" "run --help" run --name a.b -- x
usage_error "run: -e: the name before the = is no name for an environment variable: letters, digits and _, no digit first" \
        "run --help" run -e 1=2 -- x

# ---- signals -------------------------------------------------------------

# A command that is no daemon ends at a signal, though main begins with all of them blocked.
mkfifo "$work/full"
count=$((count + 1))
what="mcpvisor config schema into a pipe that nobody empties"
./mcpvisor config schema >"$work/full" 2>"$work/err" & # longer than a pipe holds
writer=$!
exec 4<"$work/full"
head -c 1 <&4 >"$work/out" # it has begun
kill -TERM $writer
exec 4<&- # should it go on, it fails
got=0
wait $writer || got=$?
[ "$got" -eq 143 ] || fail "$what: status $got after SIGTERM, not 143"

# ---- output that cannot be written ---------------------------------------

# unwritable REASON: the last command wrote to a broken stdout.
unwritable() {
        count=$((count + 1))
        : >"$work/out"
        [ "$got" -eq 1 ] || fail "$what: status $got, not 1"
        err "mcpvisor: cannot write to standard output: $1"
}
for words in version --help "help check" "completion zsh"; do
        what="mcpvisor $words"
        if [ -c /dev/full ]; then
                got=0
                # shellcheck disable=SC2086
                ./mcpvisor $words >/dev/full 2>"$work/err" || got=$?
                unwritable "No space left on device"
        fi
        got=0
        # shellcheck disable=SC2086
        ./mcpvisor $words >&- 2>"$work/err" || got=$?
        unwritable "Bad file descriptor"
done

# A pipe whose reader is gone for certain.
mkfifo "$work/pipe"
exec 4<>"$work/pipe"
exec 3>"$work/pipe"
exec 4>&-
for words in version "config schema"; do # the second is longer than stdio's buffer
        what="mcpvisor $words into a closed pipe"
        got=0
        # shellcheck disable=SC2086
        ./mcpvisor $words >&3 2>"$work/err" || got=$?
        unwritable "Broken pipe"
done
exec 3>&-

# Wrong usage stays 2 when nobody hears it; nothing goes to a file that took the number.
got=0
./mcpvisor nonsense >&- 2>&- <&- || got=$?
[ "$got" -eq 2 ] || fail "all descriptors closed: status $got, not 2"

echo "$count calls"
exit $failed
