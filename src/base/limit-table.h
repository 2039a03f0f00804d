#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every bound that is not a configuration key, one row each: name, value,
 * unit, and why it is what it is. `docs/limits.md` is written from these rows
 * and a test compares it with them. What users tune is a key of the schema
 * table instead.
 */

#include "base/macro.h"

/* clang-format off */
#define LIMITS(L)                                                                                            \
        L(CONFIG_FILE,      1024 * 1024,     "bytes",  "A configuration file; larger ones are refused before they are parsed.") \
        L(CONFIG_DEPTH,     16,              "levels", "Nesting of maps and lists in a configuration file.") \
        L(CONFIG_NODES,     200000,          "nodes",  "Scalars, maps and lists in a configuration file.") \
        L(CONFIG_KEY,       500,             "bytes",  "A key in a configuration file.") \
        L(CONFIG_ARENA,     64 * 1024 * 1024,"bytes",  "Memory of one configuration snapshot.") \
        L(CONFIG_BLOB,      8 * 1024 * 1024, "bytes",  "A resolved configuration as it travels between processes.") \
        L(CONFIG_VALUE,     64 * 1024,       "bytes",  "One value after its references are replaced, and a file that one names.") \
        L(CONFIG_LIST,      10000,           "items",  "Entries of one list or map.") \
        L(CONFIG_ENV_FILE,  256 * 1024,      "bytes",  "An environment file that a server names.") \
        L(KEY_PATH,         1024,            "bytes",  "The path of a configuration key inside its server or view.") \
        L(CONTROL_ACCEPT_TIME, 1,            "seconds","How long the control socket waits when no descriptor is free for a connection.") \
        L(CONTROL_ANSWER,   16 * 1024 * 1024,"bytes",  "One line of an answer on the control socket.") \
        L(CONTROL_ANSWER_TIME, 10,           "seconds","How long a client command waits for an answer that takes no time.") \
        L(CONTROL_CONNECTIONS, 64,           "items", "Connections of the control socket; one more is refused.") \
        L(CONTROL_IDLE_TIME, 60,             "seconds","How long a control connection may ask nothing, or leave its answer unread.") \
        L(CONTROL_LINE_TIME, 10,             "seconds","How long the start of a control request waits for its end.") \
        L(CONTROL_QUEUE,    256 * 1024,      "bytes",  "What waits for a slow reader on the control socket; further lines are skipped.") \
        L(VALIDATOR_TIME,   30,              "seconds","How long the validator process may take; then it is ended.") \
        L(VALIDATOR_CPU,    20,              "seconds","CPU time of the validator process.") \
        L(VALIDATOR_MEMORY, 512 * 1024 * 1024,"bytes", "Address space of the validator process (not in sanitizer builds).") \
        L(LOG_FIELDS,       32,              "fields", "Fields of one record of our own log; more are left out.") \
        L(LOG_KEYS,         64,              "keys",   "Call keys of our own log whose rate is kept apart.") \
        L(LOG_KEY_BURST,    10,              "records","Records of one call key that our own log takes at once.") \
        L(LOG_KEY_TIME,     5,               "seconds","How often one more record of such a key is taken.") \
        L(LOG_LINE,         8 * 1024,        "bytes",  "A line of a child's stderr; longer ones are split and marked partial.") \
        L(LOG_MESSAGE,      16 * 1024,       "bytes",  "The message of one record of our own log; the rest is cut off.") \
        L(LOG_PARTIAL_TIME, 2,               "seconds","How long the start of a line waits for its end.") \
        L(LOG_RECORD,       1024 * 1024,     "bytes",  "One record of our own log as it is written, and before it is cut.") \
        L(LOG_RETRY_TIME,   5,               "seconds","How long a log that could not be written is left alone.") \
        L(LOG_RING,         64 * 1024,       "bytes",  "The last lines of one server, kept in memory.") \
        L(LOG_VALUE,        4 * 1024,        "bytes",  "One field of a record of our own log; the rest is cut off.") \
        L(STDERR_RATE,      256 * 1024,      "bytes",  "What one child may write to stderr in a second, in the long run; the rest is counted and left out.") \
        L(STDERR_BURST,     4 * 1024 * 1024, "bytes",  "What it may write at once.") \
        L(STDERR_REPORT,    1,               "seconds","How often it is told what was left out.") \
        L(STDERR_FINISH,    500,             "milliseconds", "How long stderr is read after its server has ended.") \
        L(LISTEN_BACKLOG,   511,             "items",  "Connections of one listener that wait to be accepted.") \
        L(LISTEN_INHERITED, 64,              "items",  "Sockets that systemd may pass.") \
        L(WATCH_QUIET,      250,             "milliseconds", "How long a watched configuration must be left alone before it is read.") \
        L(WATCH_LONGEST,    2,               "seconds","How long changes that do not end put that off.") \
        L(WATCH_RETRY,      2,               "seconds","How often a watched directory that is gone is looked for.") \
        L(SECRET_SHORTEST,  6,               "bytes",  "Shorter secrets are not redacted: they would turn up in innocent words.") \
        L(SECRET_LONGEST,   64 * 1024,       "bytes",  "A secret that is redacted; as long as a value may be.") \
        L(LOOP_BYTES,       64 * 1024,       "bytes",  "What one source of an event loop moves before the others have their turn.") \
        L(LOOP_ITEMS,       256,             "items",  "The same for what is counted: exits, messages, timers that fire.") \
        L(LOOP_LOOK,        5,               "milliseconds", "How long a turn of the event loop lasts before it looks for signals.") \
        L(JSON_DEPTH,       10000,           "levels", "Nesting of objects and arrays in JSON that is passed on; `limits.max_depth` can be no more.") \
        L(MESSAGE_MEMBERS,  128,             "items",  "Members of a message, of its params and of their _meta, each: two of a name are looked for among so many, and more are refused.") \
        /* the supervisor */ \
        L(ANCESTORS,        64,              "levels", "How far up we look whether a process belongs to a server.") \
        L(CONTROL_BACKLOG,  64,              "items",  "Connections to the control socket that wait to be accepted.") \
        L(CRITICAL_TIME,    300,             "seconds","How long a critical server may be without a ready gateway; then mcpvisor ends.") \
        L(EVENT_RING,       64 * 1024,       "bytes",  "The last events, kept in memory.") \
        L(EXIT_LINES,       10,              "lines",  "The last lines of stderr that are kept with an exit.") \
        L(GATEWAY_BACKOFF_MAX, 30,           "seconds","The longest pause before a gateway that never got ready is started again.") \
        L(GATEWAY_BACKOFF_MIN, 100,          "milliseconds", "The first such pause.") \
        L(GATEWAY_GOOD,     1,               "seconds","A gateway that was ready for so long is started again at once.") \
        L(GATEWAY_PING,     5,               "seconds","How often the gateway is asked whether it lives.") \
        L(GATEWAY_PINGS,    3,               "items",  "Unanswered ones after which it is replaced.") \
        L(GATEWAY_START,    20,              "seconds","How long a gateway may take to get ready.") \
        L(GATEWAY_STOP,     1000,            "milliseconds", "How long it may take to end when it was asked to.") \
        L(KILL_AGAIN,       100,             "milliseconds", "When KILL is said again to a tree that still lives.") \
        L(KILL_AGAIN_MAX,   5,               "seconds","The longest pause between two of them.") \
        L(PREPARE_TIME,     5,               "seconds","How long the gateway may take to prepare a new configuration.") \
        L(QUIT_TIME,        2,               "seconds","How long an end at once may take; then what is left is left.") \
        L(RELOAD_PAUSE,     250,             "milliseconds", "The least time between the beginnings of two reloads.") \
        L(SANDBOX_VIEW,     4096,            "items",  "Places of the file system that one server is shown.") \
        L(SANDBOX_SURVEY,   10000,           "items",  "Entries of a directory that is looked into for a file view; of a larger one nothing is shown.") \
        L(SANDBOX_ARENA,    16 * 1024 * 1024,"bytes",  "Memory of the plan of one sandbox.") \
        L(SANDBOX_FILTER,   64 * 1024,       "bytes",  "The filter of system calls that one of our own roles puts on.") \
        L(SPAWN_PLAN,       8 * 1024 * 1024, "bytes",  "Arguments and environment of one server; the kernel takes less.") \
        L(STOP_AGAIN,       300,             "milliseconds", "A second TERM or INT kills at once if it comes so long after the first: some senders say it twice.") \
        L(SWEEP_TIME,       500,             "milliseconds", "What is left of a server whose first process has ended gets TERM, and KILL after this time.") \
        L(IMPORT_FILE,      64 * 1024 * 1024,"bytes",  "A settings file of a host application that `import` reads.") \
        L(LISTING,          64 * 1024 * 1024,"bytes",  "One list of several servers as clients see it; items past it are left out.") \
        L(SESSION_CLIENT,   64 * 1024,       "bytes",  "What a session keeps of what its client said of itself, and of what it can.") \
        L(HISTORY,          100,             "items",  "Exits of one server that are kept in memory.") \
        L(EXEC_TRIES,       2,               "tries",  "Starts that fail for good, such as by a missing program, before a server is degraded.") \
        L(PROBE_JITTER,     20,              "percent","How far the wait before a probe of a degraded server strays, up or down.") \
        L(STARTING_LEAST,   8,               "items",  "Servers that may be starting at once under `governor.starting: auto`; two per core where that is more.") \
        L(STUCK_TIME,       2,               "seconds","How long a server that got KILL may take to end before it counts as stuck.") \
        L(CONNECT_PATIENCE, 10,              "seconds","How long `connect` tries to reach a daemon that is not there, for each message.") \
        L(CONNECT_WISHES,   4096,            "items",  "Subscriptions of a host that `connect` says again to a daemon that has started anew.") \
        L(HEALTH_TIME,      5,               "seconds","How long `health` waits for its answer.") \
        L(HOST_FILE,        64 * 1024 * 1024,"bytes",  "A settings file of a host application that `client-config` writes to.") \
        L(DEMO_BLOB,        9 * 1024 * 1024, "bytes",  "What the tool `blob` of `builtin:demo` makes.") \
        L(DEMO_CALLS,       1000,            "calls",  "Calls of its tool `slow` that last at the same time.") \
        L(DEMO_FLUSH,       256 * 1024,      "bytes",  "Answers that it keeps back while there is more to read.") \
        L(DEMO_LINE,        10 * 1024 * 1024,"bytes",  "A message that `builtin:demo` takes.") \
        L(DEMO_SLOW,        3600,            "seconds","How long its tool `slow` can take.") \
        L(DEMO_STEPS,       10000,           "steps",  "Steps of such a call.") \
        L(PROC_FILE,        4 * 1024 * 1024, "bytes",  "A file below /proc that is read whole (mounts, groups).") \
        L(SPAWN_LOW_FDS,    32,              "numbers","Descriptors below this are the new process's to fill; ours are kept above.") \
        L(SPAWN_ROLE_FDS,   16,              "descriptors", "What one role is handed at its start.") \
        L(SPAWN_CLEAR,      2,               "seconds","How long a start waits for the end of what an earlier life has left.") \
        L(USAGE_BATCH,      32,              "items",  "Servers whose memory, CPU time and processes are measured with each ping of the gateway; the others have their turn later.") \
        L(WARDEN_AGAIN,     50,              "milliseconds", "How often a warden looks again for what it must kill and cannot wait for.") \
        L(WARDEN_GRACE,     500,             "milliseconds", "Between TERM and KILL when a server's tree is swept.") \
        L(WARDEN_PASSES,    16,              "passes", "Searches for descendants to kill before a warden reaps and waits.") \
        L(CERTIFICATE,      1024 * 1024,     "bytes",  "Each of the files that `tls` names.") \
        L(TOKEN,            4 * 1024,        "bytes",  "A token file.") \
        L(TOKENS,           20000,           "items",  "Tokens that the gateway is given.") \
        L(IPC_STALL,        5,               "seconds","How long messages to another of our processes wait for it to read one; then it is replaced.") \
        L(URI_ROUTED,       4096,            "bytes",  "A URI that is tried on templates; a longer one comes from none.") \
        L(CATALOGUE,        16 * 1024 * 1024,"bytes",  "The file that keeps the lists of one server over a restart.") \
        L(METRICS_PAGE,     64 * 1024 * 1024,"bytes",  "What /metrics answers with.") \
        L(GATEWAY_GONE,     500,             "milliseconds", "How long a server that closed its stdout has to end before that counts as a failure of its own.") \
        /* http */ \
        L(HTTP_BLANK,       4,               "bytes",  "Empty lines before a request: some clients send them behind a body.") \
        L(HTTP_BODY_TIMES,  10,              "times",  "How often `limits.body_timeout` fits into the longest time that a whole body may take, however steadily it comes.") \
        L(HTTP_CHUNK_COST,  16,              "bytes",  "Heads of chunks and trailers of a request, beside `limits.max_header`: so much for each byte of its body.") \
        L(HTTP_HEAD,        64 * 1024,       "bytes",  "Status line and headers of an answer.") \
        L(HTTP_IDLE_LEAST,  1000,            "milliseconds", "How long a connection was idle before it may be closed to make room for another one.") \
        L(HTTP_JOIN,        4 * 1024,        "bytes",  "A body up to this length is copied behind the head of its answer; a longer one is sent from where it stands.") \
        L(HTTP_LINGER,      2,               "seconds","How long a connection is kept after an answer to a request that was not read to its end, so that the client can read the answer.") \
        L(HTTP_LINGER_BYTES, 1024 * 1024,    "bytes",  "What is read and thrown away of such a connection.") \
        L(HTTP_PARSER,      32 * 1024,       "bytes",  "Memory that a parser may keep between two requests.") \
        L(HTTP_PARSERS,     64,              "items",  "Parsers that are kept for the next requests.") \
        L(HTTP_PATTERN,     1024,            "bytes",  "Longest head of a request, and what is noted of it, that a connection keeps to know the next ones by.") \
        L(HTTP_PAUSE,       200,             "milliseconds", "How long no connection is accepted after the machine had no descriptor or memory for one.") \
        L(HTTP_READ,        64 * 1024,       "bytes",  "What is read of a connection at once.") \
        L(GATEWAY_COPY,     8 * 1024,        "bytes",  "Longer lines go to a server's stdin without a copy, if nothing waits before them.") \
        L(GATEWAY_FDS,      32,              "descriptors", "What the gateway keeps for itself of the open files that it may have, beside the pipes of servers; the others are for connections.") \
        L(GATEWAY_KEEP,     256 * 1024,      "bytes",  "A larger buffer of what waits for a server is given back once it is empty.") \
        L(GATEWAY_LAST,     256,             "times",  "What of a server's stdout is read when its end is known: so often what one source moves in a turn.") \
        L(GATEWAY_POOL,     1024,            "items",  "Objects of requests, and of connections, that are kept for the next one.") \
        L(INSTRUCTIONS,     64 * 1024,       "bytes",  "The instructions of all servers of an endpoint, put together.") \
        L(ASKS,             64,              "items",  "Questions of one instance that wait for clients.") \
        L(TOLD,             64,              "items",  "Requests to one instance whose answers are of no interest; an older one is forgotten.") \
        L(LEVEL_CALM,       60,              "seconds","How long a server's log level stays as verbose as it was wanted.") \
        L(READ_TRIES,       16,              "items",  "Servers that are asked for a resource that none of them lists.") \
        L(PIPE,             64 * 1024,       "bytes",  "A pipe as the kernel makes it; longer lines of a server make its stdout larger.") \
        L(PIPE_LONG,        256 * 1024,      "bytes",  "Its stdout then, if that takes such a line.") \
        L(PIPE_LONGEST,     1024 * 1024,     "bytes",  "Its stdout for still longer ones.") \
        L(PIPE_QUIET,       60,              "seconds","How long after its last long line it is made small again.") \
        L(LEASE_AGAIN,      100,             "milliseconds", "How soon a session asks again for an instance when one was just told to end for it.") \
        L(LIST_DEBOUNCE,    100,             "milliseconds", "How long changes of lists are collected before they are told.") \
        L(LIST_FETCH,       30,              "seconds","How long a server may take to tell its lists.") \
        L(LIST_ITEMS,       10000,           "items",  "Entries of one list of one server; more are left out.") \
        L(LIST_PAGES,       1000,            "pages",  "Pages of one list of one server.") \
        L(LIST_WAIT,        2000,            "milliseconds", "How long a list is held back for servers that are just starting.") \
        L(PAGE_BYTES,       4 * 1024 * 1024, "bytes",  "One page of a list as clients get it.") \
        L(PAGE_ITEMS,       1000,            "items",  "The same, counted.") \
        L(SUBSCRIPTIONS,    1024,            "items",  "Resources of one server that one session may subscribe to.") \
        L(URI,              64 * 1024,       "bytes",  "A resource's URI.") \
        L(GATEWAY_IPC,      4096,            "messages", "What waits in a gateway for the supervisor to read.") \
        L(PROXY_ADDRESSES,  8,               "items",  "Addresses of one name that the network proxy looks at; more are left out.") \
        L(PROXY_BACKLOG,    256,             "messages", "What waits in the network proxy for the supervisor to read.") \
        L(PROXY_CONNECT,    5,               "seconds","How long the network proxy waits for one address of a destination; then it tries the next.") \
        L(PROXY_CONNECTIONS, 256,            "items",  "Connections of one instance of a server through the network proxy; more wait to be accepted.") \
        L(PROXY_CONNECTIONS_ALL, 4096,       "items",  "The same, of all servers.") \
        L(PROXY_COUNT,      1000,            "milliseconds", "How long counts of the network proxy are collected before they are told.") \
        L(PROXY_HEAD,       32 * 1024,       "bytes",  "What a program may send the network proxy to say where it wants to go, and its headers.") \
        L(PROXY_HEADERS,    100,             "lines",  "The same, in headers.") \
        L(PROXY_HEAD_TIME,  10,              "seconds","How long it may take for that.") \
        L(PROXY_IDLE,       600,             "seconds","How long a connection through the network proxy may carry nothing in either direction.") \
        L(PROXY_LINGER,     2,               "seconds","How long the network proxy keeps a connection that it has refused, so that the reason can be read.") \
        L(PROXY_LISTENERS,  4096,            "items",  "Instances of servers that the network proxy listens for.") \
        L(PROXY_LOOKUP,     10,              "seconds","How long looking up one name may take.") \
        L(PROXY_LOOKUPS,    32,              "items",  "Names that are looked up at once, each in a process of its own; more wait.") \
        L(PROXY_LOOKUPS_ONE, 8,              "items",  "The same, of one instance of a server.") \
        L(PROXY_PAUSE,      200,             "milliseconds", "How long the network proxy accepts no connection after the machine had no descriptor or memory for one.") \
        L(PROXY_RULES,      4 * 1024 * 1024, "bytes",  "The destinations of one server, as the network proxy gets them.")
/* clang-format on */

enum {
#define L(name, value, unit, doc) LIMIT_##name = (value),
        LIMITS(L)
#undef L
};

typedef struct LimitRow {
        const char *name, *unit, *doc;
        long long value;
} LimitRow;

extern const LimitRow limit_table[];
extern const unsigned limit_table_size;
