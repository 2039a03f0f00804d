# SPDX-License-Identifier: Apache-2.0
# Completions of mcpvisor for fish, written by `mcpvisor completion fish`.

# The command that the words so far lead to, and how many arguments follow it.
function __mcpvisor_state
    set -l path ''
    set -l value ''
    set -l ended ''
    set -l given 0
    for word in (commandline -opc)[2..-1]
        if test -n "$value"
            set value ''
        else if test -n "$ended"
            set given (math $given + 1)
        else if test "$word" = --
            set ended 1
        else if string match -qr -- '^-.' "$word"
            switch "$path $word"
                case '* --color'
                    set value 1
                case 'call --socket'
                    set value 1
                case 'call --timeout'
                    set value 1
                case 'check --format'
                    set value 1
                case 'client-config --server'
                    set value 1
                case 'client-config --socket'
                    set value 1
                case 'client-config --url'
                    set value 1
                case 'config print --format'
                    set value 1
                case 'config schema --format'
                    set value 1
                case 'connect --socket'
                    set value 1
                case 'drain --socket'
                    set value 1
                case 'events --socket'
                    set value 1
                case 'health --socket'
                    set value 1
                case 'health --url'
                    set value 1
                case 'history --since'
                    set value 1
                case 'history --socket'
                    set value 1
                case 'import --output' 'import -o'
                    set value 1
                case 'logs --since'
                    set value 1
                case 'logs --socket'
                    set value 1
                case 'logs --tail'
                    set value 1
                case 'reload --socket'
                    set value 1
                case 'reset --socket'
                    set value 1
                case 'restart --socket'
                    set value 1
                case 'run --allow-host'
                    set value 1
                case 'run --cpus'
                    set value 1
                case 'run --env' 'run -e'
                    set value 1
                case 'run --env-file'
                    set value 1
                case 'run --listen'
                    set value 1
                case 'run --memory'
                    set value 1
                case 'run --name'
                    set value 1
                case 'run --net'
                    set value 1
                case 'run --pids'
                    set value 1
                case 'run --profile'
                    set value 1
                case 'run --restart'
                    set value 1
                case 'run --ro'
                    set value 1
                case 'run --runtime-dir'
                    set value 1
                case 'run --rw'
                    set value 1
                case 'run --share'
                    set value 1
                case 'run --state-dir'
                    set value 1
                case 'run --timeout'
                    set value 1
                case 'run --token-file'
                    set value 1
                case 'run --user'
                    set value 1
                case 'run --workdir'
                    set value 1
                case 'sandbox explain --config' 'sandbox explain -c'
                    set value 1
                case 'serve --config' 'serve -c'
                    set value 1
                case 'serve --listen'
                    set value 1
                case 'serve --log-format'
                    set value 1
                case 'serve --log-level'
                    set value 1
                case 'serve --runtime-dir'
                    set value 1
                case 'serve --state-dir'
                    set value 1
                case 'start --socket'
                    set value 1
                case 'status --socket'
                    set value 1
                case 'status --timeout'
                    set value 1
                case 'status --wait'
                    set value 1
                case 'stop --socket'
                    set value 1
                case 'tools --socket'
                    set value 1
            end
        else
            switch "$path/$word"
                case '/call'
                    set path 'call'
                case '/check' '/validate'
                    set path 'check'
                case '/client-config'
                    set path 'client-config'
                case '/completion'
                    set path 'completion'
                case '/config'
                    set path 'config'
                case '/connect'
                    set path 'connect'
                case '/drain'
                    set path 'drain'
                case '/events'
                    set path 'events'
                case '/health'
                    set path 'health'
                case '/help'
                    set path 'help'
                case '/history'
                    set path 'history'
                case '/import'
                    set path 'import'
                case '/logs'
                    set path 'logs'
                case '/reload'
                    set path 'reload'
                case '/reset'
                    set path 'reset'
                case '/restart'
                    set path 'restart'
                case '/run'
                    set path 'run'
                case '/sandbox'
                    set path 'sandbox'
                case '/serve'
                    set path 'serve'
                case '/start'
                    set path 'start'
                case '/status' '/ps' '/ls'
                    set path 'status'
                case '/stop'
                    set path 'stop'
                case '/tools'
                    set path 'tools'
                case '/version'
                    set path 'version'
                case 'config/defaults'
                    set path 'config defaults'
                case 'config/print'
                    set path 'config print'
                case 'config/schema'
                    set path 'config schema'
                case 'sandbox/explain'
                    set path 'sandbox explain'
                case 'sandbox/test'
                    set path 'sandbox test'
                case '*'
                    set given (math $given + 1)
            end
        end
    end
    printf '%s\n' "$path" $given
end

# PATH [MOST]: whether we are there, with fewer than MOST arguments.
function __mcpvisor_at
    set -l state (__mcpvisor_state)
    test "$state[1]" = "$argv[1]"; or return 1
    test (count $argv) -lt 2; or test $state[2] -lt $argv[2]
end

complete -c mcpvisor -f

# mcpvisor
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'call' -d 'call a tool of a server'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'check validate' -d 'check a configuration file'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'client-config' -d 'connect a host application to the daemon'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'completion' -d 'write completions for a shell'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'config' -d 'show a configuration, the schema, or the defaults'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'connect' -d 'be a stdio server for a host, by the running daemon'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'drain' -d 'take no new requests'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'events' -d 'show what happened in the daemon'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'health' -d 'ask the daemon whether it lives, for probes'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'help' -d 'explain a command'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'history' -d 'show how servers ended'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'import' -d 'make a configuration from those of other programs'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'logs' -d 'show what a server wrote'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'reload' -d 'read the configuration again'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'reset' -d 'forget what went wrong with servers, and start them'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'restart' -d 'stop servers and start them again'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'run' -d 'run one server, without a configuration file'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'sandbox' -d 'explain and test the fences of servers'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'serve' -d 'run the servers of a configuration file'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'start' -d 'start servers'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'status ps ls' -d 'show the servers and how they are'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'stop' -d 'stop servers until they are started by hand'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'tools' -d 'list the tools of the servers'
complete -c mcpvisor -n "__mcpvisor_at '' 1" -a 'version' -d 'show the version and what was built in'
complete -c mcpvisor -l color -x -a 'auto always never' -d 'colour: auto (on a terminal), always or never'
complete -c mcpvisor -l help -s h -d 'show help and exit'
complete -c mcpvisor -n "__mcpvisor_at ''" -l version -s V -d 'show the version and exit'

# mcpvisor call
complete -c mcpvisor -n "__mcpvisor_at 'call'" -l json -d 'the result as JSON, as the server gave it'
complete -c mcpvisor -n "__mcpvisor_at 'call'" -l socket -r -F -d 'the daemon\'s control socket, or its directory'
complete -c mcpvisor -n "__mcpvisor_at 'call'" -l timeout -x -d 'wait no longer than this for the result'

# mcpvisor check
complete -c mcpvisor -n "__mcpvisor_at 'check' 2" -F
complete -c mcpvisor -n "__mcpvisor_at 'check'" -l diff -d 'compare two files: what a reload from OLD to NEW would do'
complete -c mcpvisor -n "__mcpvisor_at 'check'" -l format -x -a 'text json' -d 'text (the default), or json: one object a line on stdout'
complete -c mcpvisor -n "__mcpvisor_at 'check'" -l no-resolve -d 'do not look for commands, users and directories on this machine'
complete -c mcpvisor -n "__mcpvisor_at 'check'" -l planned -d 'accept keys that have no effect in this version'
complete -c mcpvisor -n "__mcpvisor_at 'check'" -l strict -d 'warnings are errors'

# mcpvisor client-config
complete -c mcpvisor -n "__mcpvisor_at 'client-config' 1" -a 'claude-code claude-desktop codex cursor vscode zed'
complete -c mcpvisor -n "__mcpvisor_at 'client-config'" -l server -x -d 'one server or view instead of all'
complete -c mcpvisor -n "__mcpvisor_at 'client-config'" -l socket -r -F -d 'the daemon\'s control socket, or its directory'
complete -c mcpvisor -n "__mcpvisor_at 'client-config'" -l url -x -d 'the address to write, instead of that of the running daemon'
complete -c mcpvisor -n "__mcpvisor_at 'client-config'" -l write -d 'put it into the host\'s settings file'

# mcpvisor completion
complete -c mcpvisor -n "__mcpvisor_at 'completion' 1" -a 'bash fish zsh'

# mcpvisor config
complete -c mcpvisor -n "__mcpvisor_at 'config' 1" -a 'defaults' -d 'show every key with its default'
complete -c mcpvisor -n "__mcpvisor_at 'config' 1" -a 'print' -d 'show a file in its canonical form'
complete -c mcpvisor -n "__mcpvisor_at 'config' 1" -a 'schema' -d 'show the schema of the configuration'

# mcpvisor config defaults

# mcpvisor config print
complete -c mcpvisor -n "__mcpvisor_at 'config print' 1" -F
complete -c mcpvisor -n "__mcpvisor_at 'config print'" -l format -x -a 'yaml json' -d 'yaml (the default) or json'

# mcpvisor config schema
complete -c mcpvisor -n "__mcpvisor_at 'config schema'" -l format -x -a 'json markdown man' -d 'json (the default: JSON Schema), markdown or man'

# mcpvisor connect
complete -c mcpvisor -n "__mcpvisor_at 'connect'" -l socket -r -F -d 'the daemon\'s control socket, or its directory'

# mcpvisor drain
complete -c mcpvisor -n "__mcpvisor_at 'drain'" -l socket -r -F -d 'the daemon\'s control socket, or its directory'

# mcpvisor events
complete -c mcpvisor -n "__mcpvisor_at 'events'" -l follow -s f -d 'go on with events as they come'
complete -c mcpvisor -n "__mcpvisor_at 'events'" -l json -d 'one JSON object a line'
complete -c mcpvisor -n "__mcpvisor_at 'events'" -l socket -r -F -d 'the daemon\'s control socket, or its directory'

# mcpvisor health
complete -c mcpvisor -n "__mcpvisor_at 'health'" -l ready -d 'whether it takes requests, not only whether it lives'
complete -c mcpvisor -n "__mcpvisor_at 'health'" -l socket -r -F -d 'the daemon\'s control socket, or its directory'
complete -c mcpvisor -n "__mcpvisor_at 'health'" -l url -x -d 'ask there: http://HOST:PORT'

# mcpvisor help
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'call' -d 'call a tool of a server'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'check validate' -d 'check a configuration file'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'client-config' -d 'connect a host application to the daemon'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'completion' -d 'write completions for a shell'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'config' -d 'show a configuration, the schema, or the defaults'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'connect' -d 'be a stdio server for a host, by the running daemon'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'drain' -d 'take no new requests'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'events' -d 'show what happened in the daemon'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'health' -d 'ask the daemon whether it lives, for probes'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'help' -d 'explain a command'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'history' -d 'show how servers ended'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'import' -d 'make a configuration from those of other programs'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'logs' -d 'show what a server wrote'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'reload' -d 'read the configuration again'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'reset' -d 'forget what went wrong with servers, and start them'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'restart' -d 'stop servers and start them again'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'run' -d 'run one server, without a configuration file'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'sandbox' -d 'explain and test the fences of servers'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'serve' -d 'run the servers of a configuration file'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'start' -d 'start servers'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'status ps ls' -d 'show the servers and how they are'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'stop' -d 'stop servers until they are started by hand'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'tools' -d 'list the tools of the servers'
complete -c mcpvisor -n "__mcpvisor_at 'help' 1" -a 'version' -d 'show the version and what was built in'

# mcpvisor history
complete -c mcpvisor -n "__mcpvisor_at 'history'" -l json -d 'one JSON object a line'
complete -c mcpvisor -n "__mcpvisor_at 'history'" -l since -x -d 'only what is not older than this: 30s, 10m, 2h'
complete -c mcpvisor -n "__mcpvisor_at 'history'" -l socket -r -F -d 'the daemon\'s control socket, or its directory'

# mcpvisor import
complete -c mcpvisor -n "__mcpvisor_at 'import'" -F
complete -c mcpvisor -n "__mcpvisor_at 'import'" -l dry-run -d 'write nothing; show what would be written'
complete -c mcpvisor -n "__mcpvisor_at 'import'" -l force -d 'replace files that exist'
complete -c mcpvisor -n "__mcpvisor_at 'import'" -l output -s o -r -F -d 'the configuration to write (mcpvisor.yaml); - is standard output'

# mcpvisor logs
complete -c mcpvisor -n "__mcpvisor_at 'logs'" -l follow -s f -d 'go on with lines as they come'
complete -c mcpvisor -n "__mcpvisor_at 'logs'" -l json -d 'one JSON object a line'
complete -c mcpvisor -n "__mcpvisor_at 'logs'" -l since -x -d 'only what is not older than this: 30s, 10m, 2h'
complete -c mcpvisor -n "__mcpvisor_at 'logs'" -l socket -r -F -d 'the daemon\'s control socket, or its directory'
complete -c mcpvisor -n "__mcpvisor_at 'logs'" -l tail -x -d 'only the last N lines'

# mcpvisor reload
complete -c mcpvisor -n "__mcpvisor_at 'reload'" -l no-wait -d 'return once the daemon has taken the request'
complete -c mcpvisor -n "__mcpvisor_at 'reload'" -l socket -r -F -d 'the daemon\'s control socket, or its directory'

# mcpvisor reset
complete -c mcpvisor -n "__mcpvisor_at 'reset'" -l all -d 'all servers of the configuration'
complete -c mcpvisor -n "__mcpvisor_at 'reset'" -l no-wait -d 'return once the daemon has taken the request'
complete -c mcpvisor -n "__mcpvisor_at 'reset'" -l socket -r -F -d 'the daemon\'s control socket, or its directory'

# mcpvisor restart
complete -c mcpvisor -n "__mcpvisor_at 'restart'" -l all -d 'all servers of the configuration'
complete -c mcpvisor -n "__mcpvisor_at 'restart'" -l no-wait -d 'return once the daemon has taken the request'
complete -c mcpvisor -n "__mcpvisor_at 'restart'" -l socket -r -F -d 'the daemon\'s control socket, or its directory'

# mcpvisor run
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l allow-host -x -d 'name that a Host header may bear beside localhost and addresses; may be repeated'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l cpus -x -d 'most CPUs that it may use: 1.5 is one and a half'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l env -s e -x -d 'environment variable; without a value ours is passed on; may be repeated'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l env-file -r -F -d 'file of KEY=VALUE lines; -e wins over it'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l insecure-no-auth -d 'nobody needs a token, whatever the address'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l listen -x -d 'address of the HTTP endpoint; may be repeated'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l memory -x -d 'memory of its whole process tree'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l name -x -d 'name of the server; made from the command when not given'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l net -x -a 'none loopback host' -d 'the network that it sees: none, loopback or host'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l pids -x -d 'processes and threads of its tree'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l profile -x -a 'none standard strict' -d 'the set of fences: none, standard or strict'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l restart -x -a 'always on-failure never' -d 'when it is started again after it ended: always, on-failure or never (the default)'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l ro -r -F -d 'path that it may read; may be repeated'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l runtime-dir -x -a '(__fish_complete_directories)' -d 'directory of the sockets and the lock'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l rw -r -F -d 'path that it may write; may be repeated'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l share -x -a 'shared session exclusive' -d 'who shares an instance: shared, session or exclusive'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l state-dir -x -a '(__fish_complete_directories)' -d 'directory of what outlives the daemon'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l timeout -x -d 'time for one call, waiting included'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l token-file -r -F -d 'file with the token of the HTTP endpoint; made when it is missing'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l user -x -d 'user that it runs as'
complete -c mcpvisor -n "__mcpvisor_at 'run'" -l workdir -x -a '(__fish_complete_directories)' -d 'its working directory'

# mcpvisor sandbox
complete -c mcpvisor -n "__mcpvisor_at 'sandbox' 1" -a 'explain' -d 'tell what a server may do'
complete -c mcpvisor -n "__mcpvisor_at 'sandbox' 1" -a 'test' -d 'tell which fences this machine offers'

# mcpvisor sandbox explain
complete -c mcpvisor -n "__mcpvisor_at 'sandbox explain' 2" -F
complete -c mcpvisor -n "__mcpvisor_at 'sandbox explain'" -l config -s c -r -F -d 'the configuration that NAME is looked for in; else that of MCPVISOR_CONFIG'
complete -c mcpvisor -n "__mcpvisor_at 'sandbox explain'" -l json -d 'as one JSON array, an object each'
complete -c mcpvisor -n "__mcpvisor_at 'sandbox explain'" -l steps -d 'each step by which the fences are built, too'

# mcpvisor sandbox test
complete -c mcpvisor -n "__mcpvisor_at 'sandbox test'" -l json -d 'as one JSON object'

# mcpvisor serve
complete -c mcpvisor -n "__mcpvisor_at 'serve'" -l config -s c -r -F -d 'the configuration file'
complete -c mcpvisor -n "__mcpvisor_at 'serve'" -l keep-going -d 'start the other servers when the command of one is not found'
complete -c mcpvisor -n "__mcpvisor_at 'serve'" -l listen -x -d 'address of the HTTP endpoint, instead of those in the file; may be repeated'
complete -c mcpvisor -n "__mcpvisor_at 'serve'" -l log-format -x -a 'text json' -d 'how log lines are written: text or json'
complete -c mcpvisor -n "__mcpvisor_at 'serve'" -l log-level -x -a 'debug info warning error' -d 'the least level that is logged'
complete -c mcpvisor -n "__mcpvisor_at 'serve'" -l runtime-dir -x -a '(__fish_complete_directories)' -d 'directory of the sockets and the lock'
complete -c mcpvisor -n "__mcpvisor_at 'serve'" -l state-dir -x -a '(__fish_complete_directories)' -d 'directory of what outlives the daemon'

# mcpvisor start
complete -c mcpvisor -n "__mcpvisor_at 'start'" -l all -d 'all servers of the configuration'
complete -c mcpvisor -n "__mcpvisor_at 'start'" -l no-wait -d 'return once the daemon has taken the request'
complete -c mcpvisor -n "__mcpvisor_at 'start'" -l socket -r -F -d 'the daemon\'s control socket, or its directory'

# mcpvisor status
complete -c mcpvisor -n "__mcpvisor_at 'status'" -l json -d 'as one JSON object'
complete -c mcpvisor -n "__mcpvisor_at 'status'" -l socket -r -F -d 'the daemon\'s control socket, or its directory'
complete -c mcpvisor -n "__mcpvisor_at 'status'" -l timeout -x -d 'with --wait: for no longer than this'
complete -c mcpvisor -n "__mcpvisor_at 'status'" -l wait -x -a 'idle starting ready draining stopping backoff degraded probing stopped stuck' -d 'return when all of them are in this state'
complete -c mcpvisor -n "__mcpvisor_at 'status'" -l watch -d 'show it again whenever something changes'

# mcpvisor stop
complete -c mcpvisor -n "__mcpvisor_at 'stop'" -l all -d 'all servers of the configuration'
complete -c mcpvisor -n "__mcpvisor_at 'stop'" -l no-wait -d 'return once the daemon has taken the request'
complete -c mcpvisor -n "__mcpvisor_at 'stop'" -l socket -r -F -d 'the daemon\'s control socket, or its directory'

# mcpvisor tools
complete -c mcpvisor -n "__mcpvisor_at 'tools'" -l json -d 'as one JSON object, each tool as its server gave it'
complete -c mcpvisor -n "__mcpvisor_at 'tools'" -l socket -r -F -d 'the daemon\'s control socket, or its directory'

# mcpvisor version
