#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks into JSON that has been validated before (by envelope_scan, or
 * jspan_valid for what comes from a file): values are spans of the text, as
 * written. No tree is built.
 */

#include "base/buf.h"

typedef enum JspanType {
        JSPAN_NONE, /* an empty span */
        JSPAN_OBJECT,
        JSPAN_ARRAY,
        JSPAN_STRING,
        JSPAN_NUMBER,
        JSPAN_TRUE,
        JSPAN_FALSE,
        JSPAN_NULL,
} JspanType;

/* One JSON value and nothing else, by the rules of envelope_scan. */
bool jspan_valid(Span text, uint32_t depth);

JspanType jspan_type(Span value) PURE;

/* Walks an object or an array. */
typedef struct JspanWalk {
        Span rest;
        bool object;
} JspanWalk;

JspanWalk jspan_walk(Span container);
/* False at the end. `ret_name` (with its quotes; SPAN_NONE in an array) may be NULL. */
bool jspan_next(JspanWalk *w, Span *ret_name, Span *ret_value);

/* The value of the first member of that plain name; SPAN_NONE when there is none or `object` is no object. */
Span jspan_member(Span object, const char *name);

/* The text of a string value. Without escapes it is the span between the quotes, else it is decoded into
 * `room`; false: no string, or longer than the room. */
bool jspan_text(Span value, char *room, size_t size, Span *ret);
/* The same without a limit, appended. -EINVAL: no string. */
int jspan_text_append(Span value, Buf *b) MUST_CHECK;
/* Whether the value is that string, however it is written. */
bool jspan_is(Span value, const char *text);

/* A whole number as written, without fraction or exponent. */
bool jspan_uint(Span value, uint64_t *ret);
bool jspan_int(Span value, int64_t *ret);
static inline bool jspan_true(Span value)
{
        return value.len == 4 && value.ptr[0] == 't';
}
