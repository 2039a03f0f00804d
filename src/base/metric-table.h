#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every metric, one row each: name, kind, full name, labels in the order in
 * which their values are given, unit, help. The list of metrics in docs/ is
 * written from these rows. A counter ends in _total; a unit stands before
 * that or at the end. Values are whole numbers: seconds are kept as
 * microseconds, ratios as millionths, moments as seconds since 1970. A
 * histogram6 is a histogram with the few buckets of METRIC_TOOL_BUCKETS.
 */

#include "base/macro.h"

/* clang-format off */
#define METRICS(M)                                                                                           \
        /* servers */                                                                                        \
        M(SERVER_STATE,           gauge,   "mcpvisor_server_state",                    "server,state",       NONE,    "1 for the state that a server is in, 0 for the others.") \
        M(SERVER_UP,              gauge,   "mcpvisor_server_up",                       "server",             NONE,    "1 while a server is ready, otherwise 0.") \
        M(SERVER_STARTS,          counter, "mcpvisor_server_starts_total",             "server",             NONE,    "Processes started for a server.") \
        M(SERVER_RESTARTS,        counter, "mcpvisor_server_restarts_total",           "server,class",       NONE,    "Automatic restarts of a server, by the class of the exit before.") \
        M(SERVER_EXITS,           counter, "mcpvisor_server_exits_total",              "server,class",       NONE,    "Exits of a server, by class.") \
        M(SERVER_BUDGET,          gauge,   "mcpvisor_server_budget_remaining",         "server,window",      NONE,    "Automatic restarts that a server has left in a window.") \
        M(SERVER_BREAKER,         gauge,   "mcpvisor_server_breaker_state",            "server",             NONE,    "Breaker of a server: 0 closed, 1 open, 2 half-open.") \
        M(SERVER_BACKOFF,         gauge,   "mcpvisor_server_backoff_seconds",          "server",             SECONDS, "Time until the next automatic start of a server, 0 when none is planned.") \
        M(SERVER_MEMORY,          gauge,   "mcpvisor_server_memory_bytes",             "server",             BYTES,   "Memory of all processes of a server.") \
        M(SERVER_CPU,             counter, "mcpvisor_server_cpu_seconds_total",        "server",             SECONDS, "CPU time of all processes of a server.") \
        M(SERVER_PIDS,            gauge,   "mcpvisor_server_pids",                     "server",             NONE,    "Processes and threads of a server.") \
        M(SERVER_OOM_KILLS,       counter, "mcpvisor_server_oom_kills_total",          "server",             NONE,    "Processes of a server that the kernel killed for want of memory.") \
        M(SERVER_PRESSURE,        gauge,   "mcpvisor_server_pressure_ratio",           "server,resource",    RATIO,   "Share of the last 10 seconds in which a server waited for a resource.") \
        /* requests */                                                                                       \
        M(REQUESTS,               counter, "mcpvisor_requests_total",                  "server,method,status", NONE,  "MCP requests, by server, method and outcome.") \
        M(REQUEST_DURATION,       histogram, "mcpvisor_request_duration_seconds",      "server",             SECONDS, "Time from an MCP request to its answer.") \
        M(REQUESTS_IN_FLIGHT,     gauge,   "mcpvisor_requests_in_flight",              "server",             NONE,    "MCP requests that a server is working on.") \
        M(QUEUE_DEPTH,            gauge,   "mcpvisor_queue_depth",                     "server",             NONE,    "MCP requests that wait for a server.") \
        M(QUEUE_TIME,             gauge,   "mcpvisor_queue_seconds",                   "server",             SECONDS, "How long the oldest request that waits for a server has waited.") \
        M(REQUEST_BYTES,          counter, "mcpvisor_request_bytes_total",             "server,direction",   BYTES,   "Bytes to and from a server.") \
        M(LATE_ANSWERS,           counter, "mcpvisor_late_answers_total",              "server",             NONE,    "Answers that came after their request had ended; they are dropped.") \
        M(STRAY_STDOUT_LINES,     counter, "mcpvisor_stray_stdout_lines_total",        "server",             NONE,    "Lines on a server's stdout that are no message; they are dropped.") \
        M(CATALOGUE_CACHE_HITS,   counter, "mcpvisor_catalogue_cache_hits_total",      "server",             NONE,    "Lists of tools, prompts or resources answered without asking the server.") \
        M(TOOL_REQUESTS,          counter, "mcpvisor_tool_requests_total",             "server,tool,status", NONE,    "Calls of a tool, by outcome.") \
        M(TOOL_DURATION,          histogram6, "mcpvisor_tool_request_duration_seconds", "server,tool",        SECONDS, "Time from a call of a tool to its answer.") \
        /* the HTTP side */                                                                                  \
        M(HTTP_REQUESTS,          counter, "mcpvisor_http_requests_total",             "route,code",         NONE,    "HTTP requests, by route and status code.") \
        M(SESSIONS,               gauge,   "mcpvisor_sessions",                        "",                   NONE,    "MCP sessions that are open.") \
        M(CONNECTIONS,            gauge,   "mcpvisor_connections",                     "",                   NONE,    "Client connections that are open.") \
        M(CONNECTIONS_MAX,        gauge,   "mcpvisor_connections_max",                 "",                   NONE,    "Client connections that may be open: limits.max_connections, or fewer where open files are few.") \
        M(STREAMS,                gauge,   "mcpvisor_streams",                         "",                   NONE,    "Event streams that are open.") \
        M(TLS_EXPIRY,             gauge,   "mcpvisor_tls_certificate_expiry_timestamp_seconds", "",          TIMESTAMP, "When the TLS certificate expires, in seconds since 1970.") \
        /* mcpvisor itself */                                                                                \
        M(BUILD_INFO,             gauge,   "mcpvisor_build_info",                      "version",            NONE,    "Always 1; the label says which version runs.") \
        M(RELOADS,                counter, "mcpvisor_reloads_total",                   "result",             NONE,    "Reloads of the configuration, by result.") \
        M(GATEWAY_RESTARTS,       counter, "mcpvisor_gateway_restarts_total",          "",                   NONE,    "Restarts of the gateway process.") \
        M(ZOMBIES_REAPED,         counter, "mcpvisor_zombies_reaped_total",            "",                   NONE,    "Exited processes reaped that were nobody's child any more.") \
        M(LOG_LINES,              counter, "mcpvisor_log_lines_total",                 "server,result",      NONE,    "Lines on a server's stderr, by what became of them.") \
        M(LIMIT_HITS,             counter, "mcpvisor_limit_hits_total",                "limit",              NONE,    "How often a limit refused something.") \
        M(EVENTS_DROPPED,         counter, "mcpvisor_events_dropped_total",            "role",               NONE,    "Events lost because a queue was full, by process.") \
        M(LOOP_LAG,               gauge,   "mcpvisor_loop_lag_seconds",                "role",               SECONDS, "How late the event loop of a process last ran a timer.") \
        M(PROCESS_MEMORY,         gauge,   "mcpvisor_process_resident_memory_bytes",   "role",               BYTES,   "Resident memory of one of our own processes.") \
        M(PROCESS_CPU,            counter, "mcpvisor_process_cpu_seconds_total",       "role",               SECONDS, "CPU time of one of our own processes.") \
        M(PROCESS_FDS,            gauge,   "mcpvisor_process_open_fds",                "role",               NONE,    "Open file descriptors of one of our own processes.") \
        /* graphics processors */                                                                            \
        M(GPU_UTILIZATION,        gauge,   "mcpvisor_gpu_utilization_ratio",           "gpu",                RATIO,   "Share of time in which a graphics processor was busy.") \
        M(GPU_MEMORY_USED,        gauge,   "mcpvisor_gpu_memory_used_bytes",           "gpu",                BYTES,   "Memory in use on a graphics processor.") \
        M(GPU_MEMORY_TOTAL,       gauge,   "mcpvisor_gpu_memory_total_bytes",          "gpu",                BYTES,   "Memory of a graphics processor.") \
        M(SERVER_GPU_MEMORY,      gauge,   "mcpvisor_server_gpu_memory_bytes",         "server,gpu",         BYTES,   "Memory that a server uses on a graphics processor.") \
        /* names that existing dashboards know */                                                            \
        M(MCP_REQUESTS,           counter, "mcp_requests_total",                       "tool,status",        NONE,    "Calls of a tool, by outcome, of all servers.") \
        M(MCP_REQUEST_DURATION,   histogram, "mcp_request_duration_seconds",           "",                   SECONDS, "Time from an MCP request to its answer, of all servers.") \
        M(MCP_ACTIVE_REQUESTS,    gauge,   "mcp_active_requests",                      "",                   NONE,    "MCP requests that are being worked on, of all servers.") \
        M(MCP_BREAKER,            gauge,   "mcp_circuit_breaker_state",                "server",             NONE,    "Breaker of a server: 0 closed, 1 open, 2 half-open.") \
        M(MCP_SERVER_HEALTH,      gauge,   "mcp_server_health",                        "server",             NONE,    "1 while a server is ready, otherwise 0.")

/* Upper bounds of histogram buckets: microseconds, and the same in seconds as it is written. */
#define METRIC_BUCKETS(B)                                                                                    \
        B(1000,      "0.001")                                                                                \
        B(2500,      "0.0025")                                                                               \
        B(5000,      "0.005")                                                                                \
        B(10000,     "0.01")                                                                                 \
        B(25000,     "0.025")                                                                                \
        B(50000,     "0.05")                                                                                 \
        B(100000,    "0.1")                                                                                  \
        B(250000,    "0.25")                                                                                 \
        B(500000,    "0.5")                                                                                  \
        B(1000000,   "1")                                                                                    \
        B(2500000,   "2.5")                                                                                  \
        B(5000000,   "5")                                                                                    \
        B(10000000,  "10")                                                                                   \
        B(30000000,  "30")                                                                                   \
        B(60000000,  "60")                                                                                   \
        B(300000000, "300")

/* Per tool there are many series: six buckets. */
#define METRIC_TOOL_BUCKETS(B)                                                                               \
        B(10000,     "0.01")                                                                                 \
        B(50000,     "0.05")                                                                                 \
        B(250000,    "0.25")                                                                                 \
        B(1000000,   "1")                                                                                    \
        B(5000000,   "5")                                                                                    \
        B(30000000,  "30")
/* clang-format on */
