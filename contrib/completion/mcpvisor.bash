# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Completions of mcpvisor for bash, written by `mcpvisor completion bash`.
# The functions fill variables of _mcpvisor, which calls them.
# shellcheck disable=SC2034

# PATH WORD: the command that WORD is after PATH.
_mcpvisor_enter()
{
    case "$1/$2" in
    '/call') path='call' ;;
    '/check' | '/validate') path='check' ;;
    '/client-config') path='client-config' ;;
    '/completion') path='completion' ;;
    '/config') path='config' ;;
    '/connect') path='connect' ;;
    '/drain') path='drain' ;;
    '/events') path='events' ;;
    '/health') path='health' ;;
    '/help') path='help' ;;
    '/history') path='history' ;;
    '/import') path='import' ;;
    '/logs') path='logs' ;;
    '/reload') path='reload' ;;
    '/reset') path='reset' ;;
    '/restart') path='restart' ;;
    '/run') path='run' ;;
    '/sandbox') path='sandbox' ;;
    '/serve') path='serve' ;;
    '/start') path='start' ;;
    '/status' | '/ps' | '/ls') path='status' ;;
    '/stop') path='stop' ;;
    '/tools') path='tools' ;;
    '/version') path='version' ;;
    'config/defaults') path='config defaults' ;;
    'config/print') path='config print' ;;
    'config/schema') path='config schema' ;;
    'sandbox/explain') path='sandbox explain' ;;
    'sandbox/test') path='sandbox test' ;;
    *) return 1 ;;
    esac
}

# PATH: the options there.
_mcpvisor_options()
{
    case $1 in
    '') words='--color --help --version' ;;
    'call') words='--json --socket --timeout --color --help' ;;
    'check') words='--diff --format --no-resolve --planned --strict --color --help' ;;
    'client-config') words='--server --socket --url --write --color --help' ;;
    'completion') words=' --color --help' ;;
    'config') words=' --color --help' ;;
    'config defaults') words=' --color --help' ;;
    'config print') words='--format --color --help' ;;
    'config schema') words='--format --color --help' ;;
    'connect') words='--socket --color --help' ;;
    'drain') words='--socket --color --help' ;;
    'events') words='--follow --json --socket --color --help' ;;
    'health') words='--ready --socket --url --color --help' ;;
    'help') words=' --color --help' ;;
    'history') words='--json --since --socket --color --help' ;;
    'import') words='--dry-run --force --output --color --help' ;;
    'logs') words='--follow --json --since --socket --tail --color --help' ;;
    'reload') words='--no-wait --socket --color --help' ;;
    'reset') words='--all --no-wait --socket --color --help' ;;
    'restart') words='--all --no-wait --socket --color --help' ;;
    'run') words='--allow-host --cpus --env --env-file --insecure-no-auth --listen --memory --name --net --pids --profile --restart --ro --runtime-dir --rw --share --state-dir --timeout --token-file --user --workdir --color --help' ;;
    'sandbox') words=' --color --help' ;;
    'sandbox explain') words='--config --json --steps --color --help' ;;
    'sandbox test') words='--json --color --help' ;;
    'serve') words='--config --keep-going --listen --log-format --log-level --runtime-dir --state-dir --color --help' ;;
    'start') words='--all --no-wait --socket --color --help' ;;
    'status') words='--json --socket --timeout --wait --watch --color --help' ;;
    'stop') words='--all --no-wait --socket --color --help' ;;
    'tools') words='--json --socket --color --help' ;;
    'version') words=' --color --help' ;;
    *) return 1 ;;
    esac
}

# PATH OPTION: what its value may be; fails when it takes none.
_mcpvisor_value()
{
    case "$1 $2" in
    *' --color') kind='words' words='auto always never' ;;
    'call --socket') kind='file' ;;
    'call --timeout') kind='none' ;;
    'check --format') kind='words' words='text json' ;;
    'client-config --server') kind='none' ;;
    'client-config --socket') kind='file' ;;
    'client-config --url') kind='none' ;;
    'config print --format') kind='words' words='yaml json' ;;
    'config schema --format') kind='words' words='json markdown man' ;;
    'connect --socket') kind='file' ;;
    'drain --socket') kind='file' ;;
    'events --socket') kind='file' ;;
    'health --socket') kind='file' ;;
    'health --url') kind='none' ;;
    'history --since') kind='none' ;;
    'history --socket') kind='file' ;;
    'import --output' | 'import -o') kind='file' ;;
    'logs --since') kind='none' ;;
    'logs --socket') kind='file' ;;
    'logs --tail') kind='none' ;;
    'reload --socket') kind='file' ;;
    'reset --socket') kind='file' ;;
    'restart --socket') kind='file' ;;
    'run --allow-host') kind='none' ;;
    'run --cpus') kind='none' ;;
    'run --env' | 'run -e') kind='none' ;;
    'run --env-file') kind='file' ;;
    'run --listen') kind='none' ;;
    'run --memory') kind='none' ;;
    'run --name') kind='none' ;;
    'run --net') kind='words' words='none loopback host' ;;
    'run --pids') kind='none' ;;
    'run --profile') kind='words' words='none standard strict' ;;
    'run --restart') kind='words' words='always on-failure never' ;;
    'run --ro') kind='file' ;;
    'run --runtime-dir') kind='dir' ;;
    'run --rw') kind='file' ;;
    'run --share') kind='words' words='shared session exclusive' ;;
    'run --state-dir') kind='dir' ;;
    'run --timeout') kind='none' ;;
    'run --token-file') kind='file' ;;
    'run --user') kind='none' ;;
    'run --workdir') kind='dir' ;;
    'sandbox explain --config' | 'sandbox explain -c') kind='file' ;;
    'serve --config' | 'serve -c') kind='file' ;;
    'serve --listen') kind='none' ;;
    'serve --log-format') kind='words' words='text json' ;;
    'serve --log-level') kind='words' words='debug info warning error' ;;
    'serve --runtime-dir') kind='dir' ;;
    'serve --state-dir') kind='dir' ;;
    'start --socket') kind='file' ;;
    'status --socket') kind='file' ;;
    'status --timeout') kind='none' ;;
    'status --wait') kind='words' words='idle starting ready draining stopping backoff degraded probing stopped stuck' ;;
    'stop --socket') kind='file' ;;
    'tools --socket') kind='file' ;;
    *) return 1 ;;
    esac
}

# PATH: what arguments may be there, and how many.
_mcpvisor_arguments()
{
    case $1 in
    '') most=1 kind='words' words='call check validate client-config completion config connect drain events health help history import logs reload reset restart run sandbox serve start status ps ls stop tools version' ;;
    'check') most=2 kind='file' ;;
    'client-config') most=1 kind='words' words='claude-code claude-desktop codex cursor vscode zed' ;;
    'completion') most=1 kind='words' words='bash fish zsh' ;;
    'config') most=1 kind='words' words='defaults print schema' ;;
    'config print') most=1 kind='file' ;;
    'help') most=1 kind='words' words='call check validate client-config completion config connect drain events health help history import logs reload reset restart run sandbox serve start status ps ls stop tools version' ;;
    'import') most=1000000 kind='file' ;;
    'sandbox') most=1 kind='words' words='explain test' ;;
    'sandbox explain') most=2 kind='file' ;;
    *) return 1 ;;
    esac
}

_mcpvisor()
{
    local cur=${COMP_WORDS[COMP_CWORD]} path='' kind='' words='' most=0
    local word value='' ended='' before='' given=0 i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $value ]]; then
            [[ $word == = ]] || value=''
        elif [[ $ended ]]; then
            given=$((given + 1))
        elif [[ $word == -- ]]; then
            ended=1
        elif [[ $word == -?* ]]; then
            if _mcpvisor_value "$path" "$word"; then value=$word; fi
        elif ! _mcpvisor_enter "$path" "$word"; then
            given=$((given + 1))
        fi
    done
    if [[ ! $value && ! $ended && $cur == --*=* ]]; then
        value=${cur%%=*} before=${cur%%=*}= cur=${cur#*=}
    fi
    kind='' words=''
    if [[ $value ]]; then
        [[ $cur != = ]] || cur=''
        _mcpvisor_value "$path" "$value" || return 0
    elif [[ ! $ended && $cur == -* ]]; then
        kind='words'
        _mcpvisor_options "$path"
    else
        _mcpvisor_arguments "$path"
        ((given < most)) || return 0
    fi
    case $kind in
    words) mapfile -t COMPREPLY < <(compgen -P "$before" -W "$words" -- "$cur") ;;
    file) compopt -o default ;;
    dir) compopt -o dirnames ;;
    esac
}
complete -F _mcpvisor mcpvisor
