#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON into a Buf: commas, nesting and escapes are its business. The
 * first error (out of memory, buffer full, too deep) sticks: every later call
 * does nothing, and json_write_done() tells it. Bytes that are not UTF-8 come out
 * as U+FFFD, so that the text is always valid JSON.
 */

#include "base/buf.h"

typedef struct JsonWriter {
        Buf *buf;        /* borrowed */
        unsigned indent; /* spaces a level; 0: all on one line */
        unsigned depth;
        uint64_t filled; /* bit per level: something stands before */
        bool after_key;
        int error;
} JsonWriter;

enum { JSON_WRITER_DEPTH = 63 };

#define JSON_WRITER(b)           ((JsonWriter){.buf = (b)})
#define JSON_WRITER_PRETTY(b, n) ((JsonWriter){.buf = (b), .indent = (n)})

void json_write_object(JsonWriter *w);
void json_write_object_end(JsonWriter *w);
void json_write_array(JsonWriter *w);
void json_write_array_end(JsonWriter *w);
void json_write_key(JsonWriter *w, const char *key);
void json_write_key_span(JsonWriter *w, Span key);

void json_write_string(JsonWriter *w, Span s);
void json_write_str(JsonWriter *w, const char *s); /* NULL writes null */
void json_write_uint(JsonWriter *w, uint64_t v);
void json_write_int(JsonWriter *w, int64_t v);
/* So many units of which 10^decimals are 1: 12501 with three is 12.501. */
void json_write_decimal(JsonWriter *w, uint64_t v, unsigned decimals);
void json_write_bool(JsonWriter *w, bool v);
void json_write_null(JsonWriter *w);
void json_write_raw(JsonWriter *w, Span valid_json);

/* 0, or the first error. */
int json_write_done(const JsonWriter *w) MUST_CHECK;

/* Only the escaping, with the quotes. */
int json_quote(Buf *b, Span s) MUST_CHECK;
