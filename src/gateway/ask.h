#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions of a server to its client (sampling, elicitation, roots), and the
 * way back of the answers. A server that serves one session asks that one; a
 * shared one may ask only where its configuration grants it, and only the
 * client whose call is the only one in flight. Every question is answered,
 * if only by an error. Hangs on the session and on the instance.
 */

#include "gateway/exchange.h"

typedef struct Ask Ask;

/* A request of the server's. */
int ask_begin(Backend *b, const Envelope *e) MUST_CHECK;
/* An answer of the client's; false in `ret_known`: to nothing that was asked. */
int ask_answered(Session *s, const Envelope *e, bool *ret_known) MUST_CHECK;
/* The server does not want it any more (notifications/cancelled with its own id). */
int ask_cancelled(Backend *b, const Envelope *e) MUST_CHECK;
/* The session ends: its questions are answered with an error. */
void ask_session_ended(Session *s);
/* It has its answer, or will have none: what was asked for its sake is asked for nobody's. */
void ask_exchange_ended(Exchange *x);
/* The instance has gone. */
void ask_backend_ended(Backend *b);
