#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What crosses between supervisor and gateway, and between supervisor and
 * network proxy: one struct for each message,
 * one row for each struct. Both ends are of one build (hello says so), so
 * structs travel as they are: explicit sizes, no holes. After the struct a
 * message may carry text, as many bytes as the row allows. Arrays of char are
 * printable ASCII and zero from their end on. The supervisor checks every
 * field of what it gets; the gateway trusts it.
 */

#include "base/span.h"

typedef enum IpcDirection {
        IPC_TO_GATEWAY,
        IPC_TO_SUPERVISOR, /* from the gateway */
        IPC_TO_PROXY,
        IPC_FROM_PROXY,
} IpcDirection;

enum {
        IPC_FDS_MAX = 4,
        IPC_TEXT_MAX = 4096,
        IPC_BUILD_ID = 64,
        IPC_NO_SESSION = 0, /* IpcInstanceUp.session of shared servers */
};

/* clang-format off */
/*        name, struct, direction, descriptors at least and at most, longest text */
#define IPC_MESSAGES(M)                                                             \
        /* the supervisor speaks */                                                 \
        M(HELLO,         IpcHello,        TO_GATEWAY,    2, 2, 0)                   \
        M(SERVER_ROW,    IpcServerRow,    TO_GATEWAY,    0, 0, 64)                  \
        M(PREPARE,       IpcConfig,       TO_GATEWAY,    2, 2, 0)                   \
        M(COMMIT,        IpcConfig,       TO_GATEWAY,    0, 0, 0)                   \
        M(ABORT,         IpcConfig,       TO_GATEWAY,    0, 0, 0)                   \
        M(LISTENER_UP,   IpcListener,     TO_GATEWAY,    1, 2, 256)                 \
        M(LISTENER_DOWN, IpcListener,     TO_GATEWAY,    0, 0, 0)                   \
        M(CATALOGUE,     IpcCatalogue,    TO_GATEWAY,    0, 1, 0)                   \
        M(INSTANCE_UP,   IpcInstanceUp,   TO_GATEWAY,    3, 3, 0)                   \
        M(INSTANCE_DRAIN, IpcInstance,    TO_GATEWAY,    0, 0, 0)                   \
        M(INSTANCE_DOWN, IpcInstanceDown, TO_GATEWAY,    0, 0, 4096)                \
        M(SERVER_STATE,  IpcServerState,  TO_GATEWAY,    0, 0, 0)                   \
        M(WANT_REFUSED,  IpcWantRefused,  TO_GATEWAY,    0, 0, 0)                   \
        M(DRAIN,         IpcPlain,        TO_GATEWAY,    0, 0, 0)                   \
        M(PING,          IpcPing,         TO_GATEWAY,    0, 0, 0)                   \
        M(STOP,          IpcPlain,        TO_GATEWAY,    0, 0, 0)                   \
        /* the gateway answers */                                                   \
        M(UP,            IpcUp,           TO_SUPERVISOR, 0, 0, 0)                   \
        M(PREPARED,      IpcConfig,       TO_SUPERVISOR, 0, 0, 0)                   \
        M(REFUSED,       IpcConfig,       TO_SUPERVISOR, 0, 0, 1024)                \
        M(INSTANCE_READY, IpcInstanceReady, TO_SUPERVISOR, 0, 0, 0)                 \
        M(INSTANCE_FAILED, IpcInstanceFailed, TO_SUPERVISOR, 0, 0, 1024)            \
        M(WANT,          IpcWant,         TO_SUPERVISOR, 0, 0, 0)                   \
        M(RELEASE,       IpcRelease,      TO_SUPERVISOR, 0, 0, 0)                   \
        M(DRAINED,       IpcInstance,     TO_SUPERVISOR, 0, 0, 0)                   \
        M(ALL_DRAINED,   IpcPlain,        TO_SUPERVISOR, 0, 0, 0)                   \
        M(PONG,          IpcPing,         TO_SUPERVISOR, 0, 0, 0)                   \
        /* the supervisor speaks to the proxy */                                    \
        M(PROXY_HELLO,   IpcProxyHello,   TO_PROXY,      0, 0, 0)                   \
        M(PROXY_LISTEN,  IpcInstance,     TO_PROXY,      2, 2, 64)                  \
        M(PROXY_CLOSE,   IpcInstance,     TO_PROXY,      0, 0, 0)                   \
        M(PROXY_PING,    IpcPing,         TO_PROXY,      0, 0, 0)                   \
        M(PROXY_STOP,    IpcPlain,        TO_PROXY,      0, 0, 0)                   \
        /* and it answers */                                                        \
        M(PROXY_UP,      IpcUp,           FROM_PROXY,    0, 0, 0)                   \
        M(PROXY_REFUSED, IpcInstance,     FROM_PROXY,    0, 0, 256)                 \
        M(PROXY_COUNTS,  IpcProxyCounts,  FROM_PROXY,    0, 0, 0)                   \
        M(PROXY_PONG,    IpcPing,         FROM_PROXY,    0, 0, 0)
/* clang-format on */

typedef enum IpcType {
        IPC_NONE,
#define M(id, type, direction, fds_min, fds_max, text) IPC_##id,
        IPC_MESSAGES(M)
#undef M
                _IPC_TYPE_MAX,
} IpcType;

typedef struct IpcHeader {
        uint32_t type;   /* IpcType */
        uint32_t length; /* of the whole message, text included */
} IpcHeader;

typedef struct IpcPlain {
        IpcHeader header;
} IpcPlain;

/* First. Descriptors: scoreboard, control end. */
typedef struct IpcHello {
        IpcHeader header;
        char build_id[IPC_BUILD_ID];                /* ends with NUL */
        uint32_t max_servers;                       /* rows of the scoreboard */
        uint32_t log_level, log_style, log_journal; /* as in base/log.h */
        uint64_t ping_every;                        /* ns */
        uint32_t no_first_look;                     /* servers that nobody has seen are left alone */
        uint32_t pipe_quiet;                        /* ms; 0: as the table of limits says */
} IpcHello;

/* The gateway has taken hello and fenced itself: it may be told more. */
typedef struct IpcUp {
        IpcHeader header;
        char build_id[IPC_BUILD_ID];
        uint32_t missing; /* fences that it could not have: a bit for each RoleFence */
        uint32_t reserved;
} IpcUp;

/* Which row of the scoreboard a server of this configuration has; text: its name. Before PREPARE. */
typedef struct IpcServerRow {
        IpcHeader header;
        uint64_t generation; /* of the configuration */
        uint64_t row_generation;
        uint32_t row;
        uint32_t index; /* in the blob's order */
} IpcServerRow;

/* PREPARE brings the gateway's blob and the tokens (token.h); it answers PREPARED, or REFUSED with a text. */
typedef struct IpcConfig {
        IpcHeader header;
        uint64_t generation;
} IpcConfig;

typedef enum IpcListenerKind { IPC_LISTENER_TCP, IPC_LISTENER_UNIX, _IPC_LISTENER_MAX } IpcListenerKind;

enum {
        IPC_LISTENER_METRICS = 1, /* serves /metrics and nothing else */
        IPC_LISTENER_NO_AUTH = 2, /* the kernel has decided who may connect: no token, no Host */
};

/* Text: the address as people read it. The second descriptor is a sealed memfd (certificate.h): it speaks
 * TLS. One with an index that is there already replaces it: another certificate, other flags. */
typedef struct IpcListener {
        IpcHeader header;
        uint32_t index;
        uint32_t kind;
        uint32_t flags;
        uint32_t reserved;
} IpcListener;

/* Which program a server is from now on; what another one has told counts no more. Descriptor: its file
 * (catalogue.h), if there is one. */
typedef struct IpcCatalogue {
        IpcHeader header;
        uint32_t row;
        uint32_t reserved;
        uint64_t row_generation;
        uint64_t launch; /* another number for another way to start it */
} IpcCatalogue;

/* Names one life of one instance. */
typedef struct IpcInstance {
        IpcHeader header;
        uint32_t row;
        uint32_t instance; /* number within the server; 0 for shared ones */
        uint64_t generation;
} IpcInstance;

enum {
        IPC_INSTANCE_PROBE = 1, /* no traffic of clients until it is ready */
        IPC_INSTANCE_AGAIN = 2, /* an earlier gateway had it: see the notebook */
        IPC_INSTANCE_READY_BEFORE = 4,
};

/* Descriptors: stdin, stdout, notebook. */
typedef struct IpcInstanceUp {
        IpcHeader header;
        uint32_t row;
        uint32_t instance;
        uint64_t generation;
        uint64_t session; /* as in the WANT that it answers */
        uint32_t flags;
        uint32_t reserved;
} IpcInstanceUp;

/* It has no process any more, or soon. Text: its last lines on stderr. */
typedef struct IpcInstanceDown {
        IpcHeader header;
        uint32_t row;
        uint32_t instance;
        uint64_t generation;
        uint32_t exit_class;
        int32_t code;   /* -1: none */
        int32_t signal; /* 0: none */
        uint32_t reserved;
} IpcInstanceDown;

/* What the supervisor has in mind with a server: as its ServerGoal. */
typedef enum IpcGoal { IPC_GOAL_UP, IPC_GOAL_IDLE, IPC_GOAL_DOWN, IPC_GOAL_GONE, _IPC_GOAL_MAX } IpcGoal;

typedef struct IpcServerState {
        IpcHeader header;
        uint32_t row;
        uint32_t state;
        uint64_t row_generation;
        uint32_t breaker;
        uint32_t goal;           /* IpcGoal */
        uint64_t retry_after_ms; /* UINT64_MAX: not known */
        uint32_t exit_class;     /* of the last exit; UINT32_MAX: none */
        int32_t code;            /* -1: none */
        int32_t signal;          /* 0: none */
        uint32_t reserved;
} IpcServerState;

/* Reasons why a call will not get a process now. */
typedef enum IpcWantAnswer {
        IPC_WANT_STOPPED,
        IPC_WANT_DEGRADED,
        IPC_WANT_BUSY,
        IPC_WANT_BACKOFF,
        IPC_WANT_UNKNOWN,
        _IPC_WANT_MAX,
} IpcWantAnswer;

typedef struct IpcWantRefused {
        IpcHeader header;
        uint32_t row;
        uint32_t answer;
        uint64_t session;
        uint64_t retry_after_ms;
} IpcWantRefused;

typedef enum IpcEra { IPC_ERA_LEGACY, IPC_ERA_MODERN, _IPC_ERA_MAX } IpcEra;

typedef struct IpcInstanceReady {
        IpcHeader header;
        uint32_t row;
        uint32_t instance;
        uint64_t generation;
        uint32_t era;
        char protocol[12]; /* "2025-11-25", ends with NUL */
} IpcInstanceReady;

typedef enum IpcFailure {
        IPC_FAILURE_HANDSHAKE,
        IPC_FAILURE_PROTOCOL,
        IPC_FAILURE_UNRESPONSIVE,
        _IPC_FAILURE_MAX,
} IpcFailure;

typedef struct IpcInstanceFailed {
        IpcHeader header;
        uint32_t row;
        uint32_t instance;
        uint64_t generation;
        uint32_t failure;
        uint32_t reserved;
} IpcInstanceFailed;

/* There is a call for this server; `session` is a number of the gateway's own for session and
 * exclusive servers. */
typedef struct IpcWant {
        IpcHeader header;
        uint32_t row;
        uint32_t reserved;
        uint64_t row_generation;
        uint64_t session;
} IpcWant;

typedef enum IpcReleaseReason {
        IPC_RELEASE_IDLE,  /* unused for idle_stop */
        IPC_RELEASE_ENDED, /* its session is over; exclusive: its lease is */
        _IPC_RELEASE_MAX,
} IpcReleaseReason;

typedef struct IpcRelease {
        IpcHeader header;
        uint32_t row;
        uint32_t instance;
        uint64_t generation;
        uint32_t reason;
        uint32_t in_flight; /* calls that it is working on */
} IpcRelease;

typedef struct IpcPing {
        IpcHeader header;
        uint64_t serial;
} IpcPing;

/* First, to the proxy. PROXY_LISTEN then brings a listening socket from inside the network of one instance,
 * and a sealed memfd with what it may reach, one rule a line (proxy/rule.h); text: the server's name.
 * PROXY_REFUSED says that it could not be taken. PROXY_CLOSE ends it with all its connections. */
typedef struct IpcProxyHello {
        IpcHeader header;
        char build_id[IPC_BUILD_ID];                /* ends with NUL */
        uint32_t log_level, log_style, log_journal; /* as in base/log.h */
        uint32_t reserved;
} IpcProxyHello;

/* What became of the connections of one instance since it is there, told when it changes. */
typedef struct IpcProxyCounts {
        IpcHeader header;
        uint32_t row;
        uint32_t instance;
        uint64_t generation;
        uint64_t allowed, refused, failed; /* failed: allowed, but there was no way */
        uint64_t bytes_up, bytes_down;     /* to the destinations, and from them */
        uint32_t open;
        uint32_t reserved;
} IpcProxyCounts;

typedef struct IpcTypeRow {
        const char *name; /* "INSTANCE_UP" */
        uint32_t size;    /* of the struct */
        uint32_t text_max;
        IpcDirection direction;
        uint32_t fds_min, fds_max;
} IpcTypeRow;

/* NULL for a number that is no type. */
const IpcTypeRow *ipc_type(uint32_t type);

/* Whether these bytes are one whole message in that direction: type, length, number of descriptors,
 * words, reserved fields, texts. */
bool ipc_message_valid(Span bytes, size_t n_fds, IpcDirection direction);

/* The text after the struct. */
Span ipc_message_text(const IpcHeader *m);
