#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own log: the one thing that is allowed to be global, since whoever has
 * something to tell would otherwise carry it everywhere. It is an object all
 * the same; log_default() is the one that the macros use. A record goes
 * through the level, the rate of its call key, redaction, the format and the
 * sink, in this order. Nothing here waits or ends the process: what cannot be
 * written is counted, and told when it can be again. One thread only. base,
 * config and the other layers that return errors do not log.
 */

#include "base/log-format.h"
#include "base/log-keys.h"
#include "base/log-ring.h"
#include "base/log-sink.h"
#include "base/redact.h"

typedef enum LogStyleChoice {
        LOG_CHOICE_AUTO, /* text on a terminal, else JSON */
        LOG_CHOICE_TEXT,
        LOG_CHOICE_JSON,
        _LOG_CHOICE_MAX,
} LogStyleChoice;

typedef struct Log {
        LogLevel level;
        LogStyle style;
        bool journal;
        const char *journal_socket; /* borrowed: static */
        LogSink sink;
        RedactSet *secrets; /* owned: a reference; NULL: none are known */
        LogRing *ring;      /* borrowed; each record as plain text, too; may be NULL */
        const Clock *clock; /* borrowed: static */
        int64_t (*wall)(void);
        LogKeys keys;
        Nsec ticked;
        uint64_t dropped;       /* since it was last told */
        uint64_t dropped_total; /* for the metric */
        int error;              /* why the last one was */
        Buf raw, clean, line;
} Log;

typedef struct LogOptions {
        LogLevel level;
        LogStyleChoice style;
        bool journal; /* journald; fd and style are not used */
        int fd;       /* stays the caller's */
} LogOptions;

/* A log to standard error as plain text, at level info, with the real clocks. */
void log_init(Log *log);
void log_done(Log *log);
/* The one of the macros; usable at any time. */
Log *log_default(void);

/* Turns to another output. -ENOTSUP: built without journald. On failure
 * nothing has changed. */
int log_open(Log *log, const LogOptions *options) MUST_CHECK;
/* From now on these are hidden (NULL: none). Takes a reference. */
void log_set_secrets(Log *log, RedactSet *secrets);

typedef struct LogCall {
        LogLevel level;
        const char *file;
        int line;
        const char *key;        /* rate limit by this; NULL: none */
        const LogField *fields; /* ends with one without key; NULL: none */
} LogCall;

/* errno is kept, and what %m prints. */
void log_write(Log *log, const LogCall *call, const char *fmt, ...) PRINTF(3, 4);
void log_vwrite(Log *log, const LogCall *call, const char *fmt, va_list ap) PRINTF(3, 0);

/* What is owed: lost records, suppressed ones, the rest of a line. Call it at the deadline. */
void log_tick(Log *log);
/* NSEC_NEVER when nothing is owed. */
Nsec log_deadline(const Log *log);

#define LOG_STR(k, s)   ((LogField){.key = (k), .text = span_of(s)}) /* NULL: left out */
#define LOG_SPAN(k, s)  ((LogField){.key = (k), .text = (s)})
#define LOG_INT(k, v)   ((LogField){.key = (k), .number = (int64_t)(v), .is_number = true})
#define LOG_SERVER(s)   LOG_STR("server", s)
#define LOG_INSTANCE(v) LOG_INT("instance", v)
#define LOG_PID(v)      LOG_INT("pid", v)
#define LOG_REQUEST(s)  LOG_STR("correlation_id", s)
#define LOG_FIELDS(...) ((const LogField[]){__VA_ARGS__, {0}})

#define log_call_(lvl, k, f, ...)                                    \
        do {                                                         \
                Log *log_ = log_default();                           \
                if ((lvl) >= log_->level)                            \
                        log_write(log_,                              \
                                  &(const LogCall){.level = (lvl),   \
                                                   .file = __FILE__, \
                                                   .line = __LINE__, \
                                                   .key = (k),       \
                                                   .fields = (f)},   \
                                  __VA_ARGS__);                      \
        } while (0)

/* log_info("listening on %s", address); */
#define log_debug(...)   log_call_(LOG_LEVEL_DEBUG, NULL, NULL, __VA_ARGS__)
#define log_info(...)    log_call_(LOG_LEVEL_INFO, NULL, NULL, __VA_ARGS__)
#define log_warning(...) log_call_(LOG_LEVEL_WARNING, NULL, NULL, __VA_ARGS__)
#define log_error(...)   log_call_(LOG_LEVEL_ERROR, NULL, NULL, __VA_ARGS__)

/* log_info_with(LOG_FIELDS(LOG_SERVER(name), LOG_PID(pid)), "ready after %u ms", ms); */
#define log_debug_with(fields, ...)   log_call_(LOG_LEVEL_DEBUG, NULL, fields, __VA_ARGS__)
#define log_info_with(fields, ...)    log_call_(LOG_LEVEL_INFO, NULL, fields, __VA_ARGS__)
#define log_warning_with(fields, ...) log_call_(LOG_LEVEL_WARNING, NULL, fields, __VA_ARGS__)
#define log_error_with(fields, ...)   log_call_(LOG_LEVEL_ERROR, NULL, fields, __VA_ARGS__)

/* For what may happen again and again: log_limited(LOG_LEVEL_WARNING, "accept", NULL, "accept: %m"); */
#define log_limited(lvl, key, fields, ...) log_call_(lvl, key, fields, __VA_ARGS__)
