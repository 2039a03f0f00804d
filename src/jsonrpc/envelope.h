#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One JSON-RPC message looked at once: valid JSON and a valid envelope, or
 * not, and where the members of ENVELOPE_MEMBERS stand. Everything is borrowed
 * from the caller's bytes; nothing is allocated, copied or decoded. It knows
 * no method and no descriptor.
 *
 * Stricter than JSON where two readers could differ: a member name that comes
 * twice or is written with escapes is refused in the message, in params and
 * in params._meta; a BOM, a lone surrogate, invalid UTF-8 and what follows the
 * message are refused everywhere. Line ends between tokens become spaces in
 * place, so that what was scanned is one line.
 */

#include "base/span.h"
#include "jsonrpc/member-table.h"

#define ENVELOPE_ID_TOO_LONG "the id is too long"

typedef enum EnvelopeKind {
        ENVELOPE_REQUEST,
        ENVELOPE_NOTIFICATION,
        ENVELOPE_RESULT,
        ENVELOPE_ERROR,
        _ENVELOPE_KIND_MAX,
} EnvelopeKind;

typedef struct EnvelopeLimits {
        uint32_t depth; /* levels of objects and arrays */
        uint32_t id;    /* bytes of an id as written */
} EnvelopeLimits;

typedef struct Envelope {
        EnvelopeKind kind;
        Span text;                 /* the message without white space around it */
        Span members[_MEMBER_MAX]; /* values as written, strings with their quotes; ptr NULL: not there */
        const char *why;           /* when it was refused: what is wrong, for a person */
        size_t at;                 /* and at which byte */
} Envelope;

enum {
        _ENVELOPE_E_SUCCESS,
        ENVELOPE_E_SYNTAX,  /* no JSON: -32700 */
        ENVELOPE_E_INVALID, /* JSON, but no message: -32600; the id is there when it could be read */
        ENVELOPE_E_BATCH, /* an array, valid as JSON: `text` is it, for jspan_walk; each element is scanned */
};

/* `bytes` may be changed as said above. Never a negative result. What an answer's id may be, a request's
 * may: a string, or an integer without fraction and exponent; both are compared and given back as written.
 * An error without an id, or with null, is an ENVELOPE_ERROR. */
int envelope_scan(char *bytes, size_t n, const EnvelopeLimits *limits, Envelope *ret) MUST_CHECK;

static inline Span envelope_member(const Envelope *e, EnvelopeMember m)
{
        return e->members[m];
}

static inline bool envelope_has(const Envelope *e, EnvelopeMember m)
{
        return e->members[m].ptr != NULL;
}

/* The id of a message of which only the first bytes are there: false when it does not stand in them. */
bool envelope_peek_id(Span first, Span *ret_id);
