#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One field of the configuration as text, as bytes and as memory: everything
 * that depends on a row's type alone. Lists, maps and groups are built from
 * these by bind (from a file) and by blob (from bytes).
 */

#include "base/wire.h"
#include "config/config.h"
#include "config/schema.h"

enum { _VALUE_E_SUCCESS, VALUE_E_INVALID };

static inline bool value_is_scalar(const SchemaRow *row)
{
        return row->type <= TYPE_ENUM;
}

/* Reads a number, word or truth value into *field. VALUE_E_INVALID: `why` says what is expected,
 * as the end of a sentence that begins with the quoted text. */
int value_parse(const SchemaRow *row, Span text, void *field, Buf *why) MUST_CHECK;
/* Is a value that came from elsewhere within the row's bounds? */
bool value_in_bounds(const SchemaRow *row, const void *field);
/* Canonical text of a scalar; value_parse reads it back. */
int value_format(const SchemaRow *row, const void *field, Buf *b) MUST_CHECK;
/* What the row's type is called in the manual: "size", "one of a, b". */
int value_type_text(const SchemaRow *row, Buf *b) MUST_CHECK;

/* Same value? Texts compare by value and secrecy, not by how they were written. Not for groups. */
bool value_equal(const SchemaRow *row, const void *a, const void *b);

/* Not for groups. Decoding checks lengths, bounds and forms; the reader is marked bad otherwise. */
int value_encode(const SchemaRow *row, const void *field, Buf *b) MUST_CHECK;
int value_decode(const SchemaRow *row, WireReader *r, Arena *arena, void *field) MUST_CHECK;

static inline const void *value_field(const SchemaRow *row, const void *object)
{
        return (const char *)object + row->offset;
}

static inline void *value_field_rw(const SchemaRow *row, void *object)
{
        return (char *)object + row->offset;
}
