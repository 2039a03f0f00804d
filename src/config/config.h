#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration as everything else sees it: one immutable, reference
 * counted snapshot. Fields are plain values in final units (bytes,
 * nanoseconds, numbers); every one of them is a row of the schema table,
 * which also says who may see it. Nothing is changed after config_load() or
 * config_decode() gave it out; a reload makes another snapshot.
 */

#include "base/arena.h"
#include "base/clock.h"
#include "base/diag.h"

/* Where a key was written, and how. The newest entry for a row wins; lists share their tails. */
typedef struct ConfigWritten ConfigWritten;
struct ConfigWritten {
        const ConfigWritten *next;
        uint16_t row; /* index in the schema table */
        uint32_t line, col, width;
        const char *raw;   /* the text as written, when it holds references; NULL otherwise */
        const char *place; /* "--listen": what set it instead of the file; NULL: the file */
};

/* Begins every struct that a map or list of the file becomes. */
typedef struct ConfigHead {
        const char *name; /* its key in a map; NULL in a list */
        const ConfigWritten *written;
        uint32_t line, col;
} ConfigHead;

typedef struct ConfigText {
        const char *value; /* references replaced; NULL: not given */
        const char *raw;   /* as written, when it holds references; NULL otherwise */
        uint32_t line, col;
        bool secret; /* from a file or credential, under a secret key, or of a token's shape */
} ConfigText;

typedef struct ConfigList {
        const ConfigText *items;
        size_t n;
} ConfigList;

typedef struct ConfigPair {
        const char *name;
        ConfigText text;
} ConfigPair;

typedef struct ConfigMap {
        const ConfigPair *items;
        size_t n;
} ConfigMap;

/* An array of one of the structs below; which, says the row. */
typedef struct ConfigGroup {
        const void *items;
        size_t n;
} ConfigGroup;

typedef enum AuthMode { AUTH_TOKEN, AUTH_NONE } AuthMode;
typedef enum ListenUnix { LISTEN_UNIX_AUTO, LISTEN_UNIX_NEVER } ListenUnix;
typedef enum LogOutput { LOG_OUTPUT_STDERR, LOG_OUTPUT_STDOUT, LOG_OUTPUT_JOURNALD } LogOutput;
typedef enum LogRequests {
        LOG_REQUESTS_NONE,
        LOG_REQUESTS_ERRORS,
        LOG_REQUESTS_SLOW,
        LOG_REQUESTS_ALL
} LogRequests;
typedef enum ReloadMode { RELOAD_MODE_SIGNAL, RELOAD_MODE_WATCH } ReloadMode;
typedef enum ReadyMode { READY_ALL, READY_CRITICAL, READY_ANY } ReadyMode;
typedef enum ShareMode { SHARE_SHARED, SHARE_SESSION, SHARE_EXCLUSIVE } ShareMode;
typedef enum StartMode { START_EAGER, START_LAZY } StartMode;
typedef enum RestartPolicy { RESTART_ALWAYS, RESTART_ON_FAILURE, RESTART_NEVER } RestartPolicy;
typedef enum SandboxProfile { PROFILE_NONE, PROFILE_STANDARD, PROFILE_STRICT } SandboxProfile;
typedef enum SandboxDegrade { DEGRADE_BY_PROFILE, DEGRADE_REFUSE, DEGRADE_WARN } SandboxDegrade;
typedef enum SandboxNet { NET_BY_PROFILE, NET_NONE, NET_LOOPBACK, NET_HOST, NET_ALLOW } SandboxNet;

/* As the file has them, for whoever writes or reads these words elsewhere. */
#define SHARE_WORDS   "shared", "session", "exclusive"
#define RESTART_WORDS "always", "on-failure", "never"
#define PROFILE_WORDS "none", "standard", "strict"

typedef struct ListenConfig {
        ConfigHead head;
        ConfigText address;
        uint64_t mode; /* of a unix socket */
        ConfigText group;
} ListenConfig;

typedef struct TokenConfig {
        ConfigHead head;
        ConfigText name, hash;
} TokenConfig;

typedef struct WarmupConfig {
        ConfigHead head;
        ConfigText tool, arguments; /* arguments: JSON */
} WarmupConfig;

typedef struct IoConfig {
        ConfigHead head; /* name: a path on the device */
        uint64_t rbps, wbps, riops, wiops;
} IoConfig;

typedef struct FilterConfig {
        ConfigList allow, deny;
} FilterConfig;

typedef struct ViewConfig {
        ConfigHead head;
        ConfigList servers;
        FilterConfig tools;
} ViewConfig;

typedef struct ServerConfig {
        ConfigHead head;
        ConfigText command;
        ConfigList args;
        ConfigText cwd;
        ConfigMap env;
        ConfigList env_pass;
        ConfigText env_file;
        ConfigText user;
        int share; /* ShareMode */
        uint64_t max_instances;
        int start; /* StartMode */
        Nsec idle_stop, start_timeout, request_timeout, drain_timeout, stop_timeout, probe_timeout;
        uint64_t max_inflight, max_inflight_session, max_queue;
        Nsec queue_timeout;
        struct {
                int policy; /* RestartPolicy */
                uint64_t burst;
                Nsec window;
                uint64_t long_burst;
                Nsec long_window, backoff_min, backoff_max, stable, probe_min, probe_max;
        } restart;
        struct {
                Nsec interval, timeout;
                uint64_t failures;
        } health;
        ConfigGroup warmup; /* WarmupConfig */
        bool critical, overlap, flatten;
        struct {
                ConfigList allow, deny;
                ConfigMap rename, describe;
        } tools;
        ConfigText prefix; /* value NULL: NAME__ */
        FilterConfig prompts, resources;
        struct {
                bool elicitation, sampling;
                ConfigList roots;
        } client;
        Nsec list_ttl;
        struct {
                int profile, degrade, net; /* SandboxProfile, SandboxDegrade, SandboxNet */
                ConfigList net_allow, ro, rw, tmp;
                bool unix_sockets;
                uint64_t memory, pids, cpu, nofile;
                Nsec time;
                uint64_t tmp_size;
                int64_t nice, oom_score_adj;
                uint64_t cpu_weight;
                ConfigGroup io; /* IoConfig */
                ConfigMap secrets;
                struct {
                        ConfigList allow, deny;
                } seccomp;
        } sandbox;
        /* Found on the machine when the file was read; no keys of the file. */
        struct {
                ConfigMap env;          /* what env_file holds; `env` wins over it */
                ConfigText command;     /* the executable file */
                ConfigText interpreter; /* of its #! line */
                uint64_t uid, gid;      /* of `user`; UINT64_MAX: decided at start */
        } resolved;
} ServerConfig;

typedef struct Config {
        ConfigHead head;
        unsigned refs;
        Arena arena;
        const struct SourceMask *masks; /* stretches of the text it came from that nobody may see */
        size_t n_masks;
        ConfigGroup listen; /* ListenConfig */
        int listen_unix;
        struct {
                int mode; /* AuthMode */
                ConfigText token_file;
                ConfigGroup tokens; /* TokenConfig */
                bool allow_insecure;
        } auth;
        ConfigList allowed_hosts, allowed_origins;
        struct {
                ConfigText cert, key, client_ca;
        } tls;
        struct {
                ConfigText group;
        } control;
        ConfigText state_dir, runtime_dir;
        int reload, ready;
        struct {
                Nsec drain, timeout;
        } shutdown;
        struct {
                uint64_t rate, burst, starting; /* starting 0: auto */
        } governor;
        struct {
                int level, format;    /* LogLevel; 0: auto, else LogFormat */
                int output, requests; /* LogOutput, LogRequests */
                Nsec slow;
                bool payloads;
                ConfigText dir;
                uint64_t max_size, max_files, max_total;
        } log;
        struct {
                ConfigText listen;
                bool auth;
        } metrics;
        struct {
                uint64_t max_body, max_line, max_sessions;
                Nsec session_ttl;
                uint64_t max_connections, max_queued, max_servers, max_tool_series;
                Nsec header_timeout, body_timeout, idle_timeout, write_timeout, sse_keepalive;
                uint64_t max_header, max_headers, max_depth, max_id, max_batch, replay;
                Nsec park_time;
                uint64_t park_rounds, max_parked, pipe_budget, max_stray;
        } limits;
        ConfigGroup servers; /* ServerConfig, in the order of the file */
        ConfigGroup views;   /* ViewConfig */
        struct {
                ConfigText endpoint;
                uint64_t ratio; /* millionths */
        } traces;
        struct {
                Nsec keep;
                uint64_t max;
        } history;
        struct {
                uint64_t crashes;
                Nsec window;
                ConfigText webhook, webhook_secret;
        } alerts;
} Config;

/* An empty snapshot with every default; one reference. */
int config_new(Config **ret) MUST_CHECK;
Config *config_ref(const Config *c);
Config *config_unref(Config *c); /* takes NULL, gives NULL */
DEFINE_CLEANUP(Config, config_unref)

static inline const ServerConfig *config_server(const Config *c, size_t i)
{
        return (const ServerConfig *)c->servers.items + i;
}

static inline const ViewConfig *config_view(const Config *c, size_t i)
{
        return (const ViewConfig *)c->views.items + i;
}

static inline const ListenConfig *config_listen(const Config *c, size_t i)
{
        return (const ListenConfig *)c->listen.items + i;
}

/* A text as messages may show it: a secret only by the reference that it came from. */
const char *config_shown(const ConfigText *t) PURE;

/* What the profile of a server says where the file does not. */
SandboxNet server_net(const ServerConfig *s) PURE;
SandboxDegrade server_degrade(const ServerConfig *s) PURE;

/* The server of that name, or NULL. */
const ServerConfig *config_find_server(const Config *c, const char *name);

/* Calls `each` for every secret text of the snapshot, for redaction. Stops at the first negative result. */
int config_each_secret(const Config *c, int (*each)(void *data, const char *secret), void *data) MUST_CHECK;
