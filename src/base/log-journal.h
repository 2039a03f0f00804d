#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record of our own log as the fields that journald keeps: MESSAGE,
 * PRIORITY, SYSLOG_IDENTIFIER, and MCPVISOR_ with the key in capitals for
 * each field of ours. Making them is pure; sending them goes through
 * libsystemd where the build has it.
 */

#include <sys/uio.h>

#include "base/limit-table.h"
#include "base/log-format.h"

enum { LOG_JOURNAL_FIELDS = LIMIT_LOG_FIELDS + 5 };

#define LOG_JOURNAL_SOCKET "/run/systemd/journal/socket"

/* Each entry looks at text in `text`. */
typedef struct LogJournal {
        Buf text;
        struct iovec fields[LOG_JOURNAL_FIELDS];
        int n;
} LogJournal;

#define LOG_JOURNAL_INIT ((LogJournal){.text = BUF_INIT(LIMIT_LOG_RECORD)})

void log_journal_done(LogJournal *j);

/* -ENOTSUP: built without journald. -ENOENT and the like: nobody listens there. */
int log_journal_ready(const char *socket_path) MUST_CHECK;
int log_journal_format(LogJournal *j, const LogRecord *record) MUST_CHECK;
/* Never waits: -EAGAIN when journald does not read. */
int log_journal_send(const char *socket_path, const LogRecord *record) MUST_CHECK;
