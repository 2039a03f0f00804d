#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The completions, loaded and asked in bash, fish and zsh: one list of lines,
# the same words from each shell. A shell that is not installed is left out
# and named; with none of them the test is skipped. Runs in the build
# directory.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/files" "$work/home"
touch "$work/files/my.yaml"
export HOME=$work/home XDG_CONFIG_HOME=$work/home XDG_DATA_HOME=$work/home TERM=xterm

# LINE|WORDS THAT ARE OFFERED, sorted. The line ends where the cursor is. A third field is
# what zsh offers instead: options, where nothing else can follow.
cases=(
        'mcpvisor |call check client-config completion config connect drain events health help history import logs ls ps reload reset restart run sandbox serve start status stop tools validate version'
        'mcpvisor che|check'
        'mcpvisor val|validate'
        'mcpvisor serv|serve'
        'mcpvisor --ver|--version'
        'mcpvisor --color |always auto never'
        'mcpvisor --color never che|check'
        'mcpvisor check --fo|--format'
        'mcpvisor check --ver|'
        'mcpvisor check --format |json text'
        'mcpvisor check --format=|json text'
        'mcpvisor check --format=j|json'
        'mcpvisor check --format json --str|--strict'
        'mcpvisor check --format=json --str|--strict'
        'mcpvisor validate --no|--no-resolve'
        'mcpvisor --color=never check --no|--no-resolve'
        'mcpvisor check my|my.yaml'
        'mcpvisor check --strict my|my.yaml'
        'mcpvisor check --diff my.yaml my|my.yaml'
        'mcpvisor check my.yaml my.yaml my|'
        'mcpvisor check -- my|my.yaml'
        'mcpvisor import -o my|my.yaml'
        'mcpvisor import --output my|my.yaml'
        'mcpvisor import a b c my|my.yaml'
        'mcpvisor config |defaults print schema'
        'mcpvisor config pr|print'
        'mcpvisor config schema --format |json man markdown'
        'mcpvisor config schema --format=m|man markdown'
        'mcpvisor config print my|my.yaml'
        'mcpvisor config defaults my|'
        'mcpvisor help con|config connect'
        'mcpvisor help config pr|'
        'mcpvisor status --wait st|starting stopped stopping stuck'
        'mcpvisor ls --wat|--watch'
        'mcpvisor logs --socket my|my.yaml'
        'mcpvisor restart --a|--all'
        'mcpvisor completion |bash fish zsh'
        'mcpvisor completion bash ||--color --help -h'
        'mcpvisor version ||--color --help -h'
)

for shell in bash fish zsh; do
        ./mcpvisor completion "$shell" >"$work/completion.$shell"
done
cp "$work/completion.zsh" "$work/_mcpvisor"
printf '%s\n' "${cases[@]%%|*}" >"$work/lines"

# ---- one asker a shell: a line of words for each line of $1 ----------------

# bash cuts words at "=" unless COMP_WORDBREAKS says otherwise; $2 is what it cuts at.
cat >"$work/ask.bash" <<'END'
source "$3"
# What readline does by itself: file names. (It refuses to be told outside of a completion.)
compopt() { [[ $2 == default ]] && mapfile -t COMPREPLY < <(compgen -f -- "$cur"); }
while IFS= read -r line; do
        [[ $2 != = ]] || line=${line//=/ = }
        read -ra COMP_WORDS <<<"$line"
        if [[ $line == *' ' && $line != *'= ' ]]; then COMP_WORDS+=(''); fi
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _mcpvisor mcpvisor "${COMP_WORDS[COMP_CWORD]}"
        echo "${COMPREPLY[*]-}"
done <"$1"
END

cat >"$work/ask.fish" <<'END'
source $argv[3]
while read -l line
        echo (complete -C "$line" | string replace -r '\t.*' '')
end <$argv[1]
END

# zsh completes in a line editor only: a shell on a pseudo-terminal, TAB, and a key that
# hands the line over with every match in it.
cat >"$work/ask.zsh" <<'END'
zmodload zsh/zpty
export answer=$4/answer
mkfifo $answer
cat >$4/zshrc <<'RC'
PS1= fpath=($functions_dir $fpath)
autoload -Uz compinit && compinit -u -D
zstyle ':completion:*' insert-tab false # not even when more input waits
insert_all() { compstate[insert]=all compstate[list]= }
comppostfuncs=(insert_all)
once() { comppostfuncs=(insert_all); zle complete-word }
hand_over() { print -r -- "$BUFFER" >$answer; BUFFER= }
zle -N once && zle -N hand_over
bindkey '^I' once
bindkey '^G' hand_over
zle-line-init() { print ready >$answer; zle -D zle-line-init }
zle -N zle-line-init
RC
export functions_dir=$4
zpty z zsh -f -i
zpty -w z "source $4/zshrc"
ready=$(<$answer) # to its end: the writer has let go of the pipe
while IFS= read -r line; do
        zpty -w -n z "$line"$'\t'$'\a'
        got=$(<$answer)
        while zpty -rt z shown; do :; done
        [[ $got != $line ]] || got= # no match: as it was
        print -r -- ${got#${line%[ =]*}?}
done <$1
zpty -d z
END

# ask SHELL [OPTION...]: its answers in $work/answers, in the order of the cases.
ask() {
        local shell=$1 breaks=$2
        shift 2
        (cd "$work/files" &&
                timeout 120 "$shell" "$@" "$work/ask.$shell" "$work/lines" "$breaks" \
                        "$work/completion.$shell" "$work") >"$work/answers"
}

# A line of answers as a sorted set: without the option before a value's "=".
normal() {
        local word
        # shellcheck disable=SC2086 # words
        for word in $1; do
                [[ $word == --*=?* ]] && word=${word#*=}
                echo "${word%=}"
        done | sort | paste -sd ' ' -
}

failed=0 asked=0
compare() {
        local name=$1 i=0 answer want zsh got
        while IFS= read -r answer; do
                IFS='|' read -r _ want zsh <<<"${cases[i]}"
                [[ $name != zsh || ! $zsh ]] || want=$zsh
                got=$(normal "$answer")
                if [[ $got != "$want" ]]; then
                        echo "FAIL: $name: '${cases[i]%%|*}' offers '$got', not '$want'"
                        failed=1
                fi
                i=$((i + 1))
        done <"$work/answers"
        if ((i != ${#cases[@]})); then
                echo "FAIL: $name: $i answers to ${#cases[@]} lines"
                failed=1
        fi
        echo "$name: $i lines"
        asked=$((asked + 1))
}

missing() { echo "skipped: $1 is not installed"; }

if command -v bash >/dev/null; then
        ask bash = --norc && compare "bash, = cuts words"
        ask bash '' --norc && compare "bash, = does not"
else
        missing bash
fi
if command -v fish >/dev/null; then
        ask fish '' --no-config && compare fish
else
        missing fish
fi
if command -v zsh >/dev/null; then
        ask zsh '' -f && compare zsh
else
        missing zsh
fi
((asked > 0)) || exit 77
exit $failed
