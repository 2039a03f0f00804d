#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record of our own log, and how it looks: text for people, with or without
 * colour, or one JSON object a line. Pure: time and secrets are the business
 * of base/log.h. Whatever a message or a value holds, a record is never
 * mistaken for two: in text its further lines are indented and every byte
 * that is not printable is escaped.
 */

#include "base/buf.h"

typedef enum LogLevel {
        LOG_LEVEL_DEBUG,
        LOG_LEVEL_INFO,
        LOG_LEVEL_WARNING,
        LOG_LEVEL_ERROR,
        _LOG_LEVEL_MAX,
        _LOG_LEVEL_INVALID = -EINVAL,
} LogLevel;

typedef enum LogStyle {
        LOG_STYLE_PLAIN,  /* UTC date and time, no colour: files and pipes */
        LOG_STYLE_COLOUR, /* local time and colour: terminals */
        LOG_STYLE_JSON,
        _LOG_STYLE_MAX,
} LogStyle;

/* A key and its value; keys are literals of [a-z0-9_]. */
typedef struct LogField {
        const char *key;
        Span text; /* borrowed; ptr NULL: the field is a number, or left out */
        int64_t number;
        bool is_number;
} LogField;

typedef struct LogRecord {
        int64_t wall_usec; /* since 1970 */
        LogLevel level;
        Span message;           /* borrowed */
        const LogField *fields; /* borrowed */
        size_t n_fields;
        const char *file; /* NULL: not told */
        int line;
} LogRecord;

const char *log_level_name(LogLevel level);
LogLevel log_level_from_name(Span name) PURE;

/* Appends the record with its line end. */
int log_format(Buf *b, LogStyle style, const LogRecord *record) MUST_CHECK;

/* Appends s without what could move a cursor or is no UTF-8, which becomes
 * \xNN; lines stay lines, and tabs stay. */
int log_format_lines(Buf *b, Span s) MUST_CHECK;
