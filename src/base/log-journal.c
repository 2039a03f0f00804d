/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#ifdef HAVE_SYSTEMD
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>
#endif

#include "base/fd.h"
#include "base/log-journal.h"

/* syslog(3): the numbers that journald and the kernel share. */
static const char *const priorities[_LOG_LEVEL_MAX] = {
        [LOG_LEVEL_DEBUG] = "7",
        [LOG_LEVEL_INFO] = "6",
        [LOG_LEVEL_WARNING] = "4",
        [LOG_LEVEL_ERROR] = "3",
};

void log_journal_done(LogJournal *j)
{
        buf_done(&j->text);
}

/* Notes the field that ends where the text ends. Its start is kept as an
 * offset until all are there: the text may move while it grows. */
static void journal_close(LogJournal *j, size_t start)
{
        j->fields[j->n++] = (struct iovec){(void *)(uintptr_t)start, j->text.len - start};
}

static int journal_add(LogJournal *j, const char *key, Span value)
{
        size_t start = j->text.len;
        int r = buf_appendf(&j->text, "%s=", key);
        if (r == 0)
                r = log_format_lines(&j->text, value);
        if (r == 0)
                journal_close(j, start);
        return r;
}

/* journald takes names of capitals, digits and underscores only. */
static int journal_add_key(LogJournal *j, const char *key)
{
        int r = buf_append_str(&j->text, "MCPVISOR_");
        for (; *key && r == 0; key++) {
                char c = *key;
                if (c >= 'a' && c <= 'z')
                        c = (char)(c - 'a' + 'A');
                else if (c < '0' || c > '9')
                        c = '_';
                r = buf_append_char(&j->text, c);
        }
        return r == 0 ? buf_append_char(&j->text, '=') : r;
}

static int journal_add_field(LogJournal *j, const LogField *f)
{
        size_t start = j->text.len;

        if (!f->is_number && !f->text.ptr)
                return 0;
        int r = journal_add_key(j, f->key);
        if (r == 0 && f->is_number)
                r = buf_appendf(&j->text, "%lld", (long long)f->number);
        else if (r == 0)
                r = log_format_lines(&j->text, f->text);
        if (r == 0)
                journal_close(j, start);
        return r;
}

static int journal_add_place(LogJournal *j, const LogRecord *record)
{
        size_t start = j->text.len;

        if (!record->file)
                return 0;
        int r = journal_add(j, "CODE_FILE", span_of(record->file));
        start = j->text.len;
        if (r == 0)
                r = buf_appendf(&j->text, "CODE_LINE=%d", record->line);
        if (r == 0)
                journal_close(j, start);
        return r;
}

int log_journal_format(LogJournal *j, const LogRecord *record)
{
        buf_clear(&j->text);
        j->n = 0;
        int r = journal_add(j, "MESSAGE", record->message);
        if (r == 0)
                r = journal_add(j, "PRIORITY", span_of(priorities[record->level]));
        if (r == 0)
                r = journal_add(j, "SYSLOG_IDENTIFIER", SPAN("mcpvisor"));
        for (size_t i = 0; i < MIN(record->n_fields, (size_t)LIMIT_LOG_FIELDS) && r == 0; i++)
                r = journal_add_field(j, &record->fields[i]);
        if (r == 0)
                r = journal_add_place(j, record);
        for (int i = 0; i < j->n; i++)
                j->fields[i].iov_base = j->text.data + (uintptr_t)j->fields[i].iov_base;
        return r;
}

#ifdef HAVE_SYSTEMD

/* Whether a datagram sent there now would be taken. libsystemd sends on a
 * blocking socket and so would wait for a journald that hangs with a full
 * queue; a connected socket is writable exactly while that queue has room. */
int log_journal_ready(const char *socket_path)
{
        struct sockaddr_un sa = {.sun_family = AF_UNIX};
        size_t len = strlen(socket_path);

        if (len >= sizeof(sa.sun_path))
                return -ENAMETOOLONG;
        memcpy(sa.sun_path, socket_path, len);
        CLEANUP_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
                return -errno;
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) ? 0 : -EAGAIN;
}

int log_journal_send(const char *socket_path, const LogRecord *record)
{
        CLEANUP(log_journal_done) LogJournal j = LOG_JOURNAL_INIT;

        int r = log_journal_ready(socket_path);
        if (r == 0)
                r = log_journal_format(&j, record);
        return r == 0 ? sd_journal_sendv(j.fields, j.n) : r;
}

#else

int log_journal_ready(const char *socket_path UNUSED)
{
        return -ENOTSUP;
}

int log_journal_send(const char *socket_path UNUSED, const LogRecord *record UNUSED)
{
        return -ENOTSUP;
}

#endif
