#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first words between the gateway and a legacy server on its pipes:
 * `initialize`, its answer, `notifications/initialized`. Text in, text out;
 * knows no descriptor. A line that is no JSON object is stray, one that is
 * some other message is passed over.
 */

#include "base/buf.h"

enum { HANDSHAKE_PROTOCOL = 12 }; /* bytes of a protocol version, NUL included */

typedef struct HandshakeAnswer {
        char protocol[HANDSHAKE_PROTOCOL];
        Buf result; /* HANDSHAKE_E_DONE: the result member as JSON, for the notebook */
        Buf why;    /* HANDSHAKE_E_REFUSED: a sentence for a person */
} HandshakeAnswer;

#define HANDSHAKE_ANSWER_INIT \
        ((HandshakeAnswer){.result = BUF_INIT(BUF_CAP_NONE), .why = BUF_INIT(BUF_CAP_NONE)})
void handshake_answer_done(HandshakeAnswer *a);

/* Append one line each. */
int handshake_request(Buf *b) MUST_CHECK;
int handshake_initialized(Buf *b) MUST_CHECK;

enum {
        _HANDSHAKE_E_SUCCESS,
        HANDSHAKE_E_DONE,
        HANDSHAKE_E_REFUSED, /* an error, or a version that we do not speak */
        HANDSHAKE_E_STRAY,   /* no message at all */
        HANDSHAKE_E_OTHER,   /* a message, but not the answer */
};
/* One line without its end; gives one of the above. */
int handshake_read(Span line, HandshakeAnswer *ret) MUST_CHECK;

/* The version of a result that the notebook of an earlier gateway holds; false when there is none. */
bool handshake_protocol_of(Span result, char ret[static HANDSHAKE_PROTOCOL]);
