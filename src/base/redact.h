#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets that must not be seen, and the function that hides them. A set is
 * filled once, then shared by reference: a reload makes a new set and swaps
 * it in, and the old one is wiped with its last reference. Occurrences that
 * overlap are hidden as one, so that no end of either is left to read. Give
 * whole texts to redact() before they are cut into lines; what comes in
 * pieces goes through a RedactStream.
 */

#include "base/buf.h"
#include "base/limit-table.h"

typedef struct RedactSet RedactSet;

#define REDACT_MARK "<secret>"

enum {
        _REDACT_SUCCESS,
        REDACT_TOO_SHORT, /* under LIMIT_SECRET_SHORTEST: not in the set */
        REDACT_TOO_LONG,  /* over LIMIT_SECRET_LONGEST: not in the set */
};

int redact_set_new(RedactSet **ret) MUST_CHECK;
RedactSet *redact_set_ref(RedactSet *set);
/* Takes NULL; returns NULL. */
RedactSet *redact_set_unref(RedactSet *set);
DEFINE_CLEANUP(RedactSet, redact_set_unref)

/* Copies the secret; one that is there already is not kept twice. Only while
 * nobody else holds a reference. */
int redact_set_add(RedactSet *set, Span secret) MUST_CHECK;
size_t redact_set_count(const RedactSet *set);

/* Appends `in` with every occurrence hidden. On failure `out` is as it was.
 * A set of NULL hides nothing. */
int redact(const RedactSet *set, Span in, Buf *out) MUST_CHECK;

/* One stream of bytes. It keeps back only what may be the start of a secret,
 * fewer bytes than the longest has. */
typedef struct RedactStream {
        RedactSet *set; /* owned: a reference; NULL hides nothing */
        char *held;     /* owned */
        size_t len;
        size_t covered; /* bytes at the front of what comes next that are hidden already */
} RedactStream;

void redact_stream_init(RedactStream *s, RedactSet *set);
void redact_stream_done(RedactStream *s);
/* Goes on with another set; what is held back waits under the new one. */
void redact_stream_swap(RedactStream *s, RedactSet *set);

/* Appends what can be told of the stream so far. On failure nothing was taken. */
int redact_stream_feed(RedactStream *s, Span in, Buf *out) MUST_CHECK;
/* Appends what is held back: nothing more will come soon. The start of a
 * secret that is LIMIT_SECRET_SHORTEST bytes or longer is hidden as well. */
int redact_stream_flush(RedactStream *s, Buf *out) MUST_CHECK;
