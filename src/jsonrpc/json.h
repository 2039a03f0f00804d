#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks into JSON that has been validated before (by envelope_scan, or
 * json_valid for what comes from a file): values are spans of the text, as
 * written. No tree is built.
 */

#include "base/buf.h"

typedef enum JsonType {
        JSON_NONE, /* an empty span */
        JSON_OBJECT_TEXT,
        JSON_ARRAY_TEXT,
        JSON_STRING_TEXT,
        JSON_NUMBER_TEXT,
        JSON_TRUE_TEXT,
        JSON_FALSE_TEXT,
        JSON_NULL_TEXT,
} JsonType;

/* One JSON value and nothing else, by the rules of envelope_scan. */
bool json_valid(Span text, uint32_t depth);

JsonType json_type(Span value) PURE;

/* Walks an object or an array. */
typedef struct JsonWalk {
        Span rest;
        bool object;
} JsonWalk;

JsonWalk json_walk(Span container);
/* False at the end. `ret_name` (with its quotes; SPAN_NONE in an array) may be NULL. */
bool json_next(JsonWalk *w, Span *ret_name, Span *ret_value);

/* The value of the first member of that plain name; SPAN_NONE when there is none or `object` is no object. */
Span json_member(Span object, const char *name);

/* The text of a string value. Without escapes it is the span between the quotes, else it is decoded into
 * `room`; false: no string, or longer than the room. */
bool json_text(Span value, char *room, size_t size, Span *ret);
/* The same without a limit, appended. -EINVAL: no string. */
int json_text_append(Span value, Buf *b) MUST_CHECK;
/* Whether the value is that string, however it is written. */
bool json_is(Span value, const char *text);

/* A whole number as written, without fraction or exponent. */
bool json_uint(Span value, uint64_t *ret);
bool json_int(Span value, int64_t *ret);
static inline bool json_true(Span value)
{
        return value.len == 4 && value.ptr[0] == 't';
}
