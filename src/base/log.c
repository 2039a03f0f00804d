/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "base/log-journal.h"
#include "base/when.h"

#define RETRY_TIME (LIMIT_LOG_RETRY_TIME * NSEC_PER_SEC)

#define LOG_START                                                                                            \
        {                                                                                                    \
                .level = LOG_LEVEL_INFO, .style = LOG_STYLE_PLAIN, .journal_socket = LOG_JOURNAL_SOCKET,     \
                .sink = {.fd = STDERR_FILENO, .rest = {.cap = LIMIT_LOG_RECORD}}, .clock = &clock_monotonic, \
                .wall = when_now, .raw = {.cap = LIMIT_LOG_RECORD}, .clean = {.cap = 2 * LIMIT_LOG_RECORD},  \
                .line = {.cap = LIMIT_LOG_RECORD},                                                           \
        }

static Log the_log = LOG_START;

Log *log_default(void)
{
        return &the_log;
}

void log_init(Log *log)
{
        *log = (Log)LOG_START;
}

void log_done(Log *log)
{
        log_sink_done(&log->sink);
        redact_set_unref(log->secrets);
        buf_done(&log->raw);
        buf_done(&log->clean);
        buf_done(&log->line);
        log_init(log);
}

static bool wants_colour(void)
{
        const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
        return term && strcmp(term, "dumb") != 0 && (!no_color || no_color[0] == '\0');
}

static LogStyle log_style_choose(LogStyleChoice choice, int fd)
{
        bool terminal = isatty(fd) == 1;

        if (choice == LOG_CHOICE_JSON || (choice == LOG_CHOICE_AUTO && !terminal))
                return LOG_STYLE_JSON;
        return terminal && wants_colour() ? LOG_STYLE_COLOUR : LOG_STYLE_PLAIN;
}

int log_open(Log *log, const LogOptions *options)
{
        if (options->journal) {
                int r = log_journal_ready(log->journal_socket);
                if (r < 0 && r != -EAGAIN) /* full, but there */
                        return r;
        }
        log_sink_done(&log->sink);
        if (options->journal) {
                log->sink = (LogSink){.fd = -EBADF, .rest = BUF_INIT(LIMIT_LOG_RECORD)};
        } else {
                log_sink_init(&log->sink, options->fd);
                log->style = log_style_choose(options->style, options->fd);
        }
        log->journal = options->journal;
        log->level = options->level;
        return 0;
}

void log_set_secrets(Log *log, RedactSet *secrets)
{
        redact_set_ref(secrets);
        redact_set_unref(log->secrets);
        log->secrets = secrets;
}

/* ---- out ----------------------------------------------------------------- */

static int log_deliver_journal(Log *log, const LogRecord *record)
{
        Nsec now = clock_now(log->clock);

        if (now < log->sink.retry_at)
                return log->sink.error;
        int r = log_journal_send(log->journal_socket, record);
        return r < 0 ? log_sink_refused(&log->sink, r, now) : 0;
}

static int log_deliver(Log *log, const LogRecord *record)
{
        if (log->journal)
                return log_deliver_journal(log, record);
        buf_clear(&log->line);
        int r = log_format(&log->line, log->style, record);
        return r < 0 ? r : log_sink_write(&log->sink, &log->line, clock_now(log->clock));
}

/* Tells how many records were lost, if any were. */
static int log_tell_dropped(Log *log)
{
        char text[256];
        const LogField field = LOG_INT("dropped", log->dropped);

        if (log->dropped == 0)
                return 0;
        int n = snprintf(text, sizeof(text), "the log lost %llu records: %s",
                         (unsigned long long)log->dropped, strerrordesc_np(-log->error) ?: "unknown error");
        int r = log_deliver(log, &(const LogRecord){
                                         .wall_usec = log->wall(),
                                         .level = LOG_LEVEL_WARNING,
                                         .message = span_from(text, (size_t)n),
                                         .fields = &field,
                                         .n_fields = 1,
                                 });
        if (r == 0)
                log->dropped = 0;
        return r;
}

static void log_to_ring(Log *log, const LogRecord *record)
{
        buf_clear(&log->line);
        if (!log->ring || log_format(&log->line, LOG_STYLE_PLAIN, record) < 0)
                return;
        log_ring_push(log->ring, &(const LogRingLine){
                                         .text = span_first(buf_span(&log->line), log->line.len - 1),
                                         .wall_usec = record->wall_usec,
                                 });
}

static void log_count_dropped(Log *log, int error)
{
        log->error = error;
        log->dropped++;
        log->dropped_total++;
}

static void log_emit(Log *log, const LogRecord *record)
{
        log_to_ring(log, record);
        int r = log_tell_dropped(log);
        if (r == 0)
                r = log_deliver(log, record);
        if (r < 0)
                log_count_dropped(log, r);
}

/* ---- in ------------------------------------------------------------------ */

/* The clean form of `in`, at most `max` bytes of it. The text of `out` does
 * not move: log_clean_room() has made room for all. */
static int log_clean(Log *log, Span in, size_t max, Span *ret)
{
        size_t start = log->clean.len;
        int r = redact(log->secrets, in, &log->clean);
        if (r == 0)
                *ret = span_from(log->clean.data + start, MIN(log->clean.len - start, max));
        return r;
}

/* A mark takes 8 bytes for at least 6: half as much again is enough. */
static int log_clean_room(Log *log, const LogField *fields)
{
        size_t n = log->raw.len;
        char *room;

        static_assert(sizeof(REDACT_MARK) - 1 <= LIMIT_SECRET_SHORTEST * 3 / 2,
                      "what log_clean_room counts on");
        for (; fields && fields->key; fields++)
                n += fields->text.len;
        buf_clear(&log->clean);
        return buf_reserve(&log->clean, n + n / 2 + 1, &room);
}

/* Where the build was made is of no interest. */
static const char *log_source_name(const char *file)
{
        const char *in_tree = strstr(file, "src/");
        return in_tree ? in_tree + 4 : file;
}

/* The fields of the call with clean values; ret_fields has room for LIMIT_LOG_FIELDS. */
static int log_clean_fields(Log *log, const LogField *fields, LogField *ret_fields, size_t *n)
{
        int r = 0;

        for (; fields && fields->key && *n < LIMIT_LOG_FIELDS && r == 0; fields++) {
                LogField *f = &ret_fields[*n];
                *f = *fields;
                if (f->is_number || f->text.ptr)
                        ++*n;
                if (!f->is_number && f->text.ptr)
                        r = log_clean(log, fields->text, LIMIT_LOG_VALUE, &f->text);
        }
        return r;
}

/* The record of what stands in log->raw. */
static int log_record(Log *log, const LogCall *call, LogRecord *record, LogField *fields)
{
        Span message = buf_span(&log->raw);

        while (span_ends(message, SPAN("\n")))
                message.len--;
        int r = log_clean_room(log, call->fields);
        if (r == 0)
                r = log_clean(log, message, LIMIT_LOG_MESSAGE, &record->message);
        if (r == 0)
                r = log_clean_fields(log, call->fields, fields, &record->n_fields);
        record->fields = fields;
        return r;
}

PRINTF(4, 0)
static void log_vwrite_passed(Log *log, const LogCall *call, uint64_t suppressed, const char *fmt, va_list ap)
{
        LogField fields[LIMIT_LOG_FIELDS + 1];
        LogRecord record = {.wall_usec = log->wall(), .level = call->level};

        if (call->level == LOG_LEVEL_DEBUG && call->file) {
                record.file = log_source_name(call->file);
                record.line = call->line;
        }
        buf_clear(&log->raw);
        int r = buf_vappendf(&log->raw, fmt, ap);
        if (r == 0)
                r = log_record(log, call, &record, fields);
        if (suppressed)
                fields[record.n_fields++] = LOG_INT("suppressed", suppressed);
        if (r == 0)
                log_emit(log, &record);
        else
                log_count_dropped(log, r);
        if (log->raw.data)
                explicit_bzero(log->raw.data, log->raw.len);
}

void log_vwrite(Log *log, const LogCall *call, const char *fmt, va_list ap)
{
        int saved = errno;
        uint64_t suppressed = 0;

        if (call->level < log->level)
                return;
        if (call->key && call->key[0] && !log_keys_take(&log->keys, log->clock, call->key, &suppressed))
                return;
        errno = saved; /* for %m */
        log_vwrite_passed(log, call, suppressed, fmt, ap);
        errno = saved;
}

void log_write(Log *log, const LogCall *call, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        log_vwrite(log, call, fmt, ap);
        va_end(ap);
}

/* ---- later --------------------------------------------------------------- */

static void log_tell_suppressed(Log *log)
{
        uint64_t n;
        Span key;
        Nsec before = nsec_sub(clock_now(log->clock), LIMIT_LOG_KEY_TIME * NSEC_PER_SEC);

        while (log_keys_report(&log->keys, before, &key, &n))
                log_write(log,
                          &(const LogCall){.level = LOG_LEVEL_WARNING,
                                           .fields = LOG_FIELDS(LOG_INT("suppressed", n))},
                          "suppressed %llu records like: %.*s", (unsigned long long)n, (int)key.len, key.ptr);
}

void log_tick(Log *log)
{
        log->ticked = clock_now(log->clock);
        if (log_sink_flush(&log->sink, log->ticked) == 0)
                (void)log_tell_dropped(log);
        log_tell_suppressed(log);
}

Nsec log_deadline(const Log *log)
{
        bool owes = log->dropped > 0 || log->sink.rest.len > 0 || log_keys_owe(&log->keys);
        return owes ? nsec_add(log->ticked, RETRY_TIME) : NSEC_NEVER;
}
