#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered here and goes to no server, and where the rest goes: one row of mcp/method each. */

#include "gateway/root.h"

/* The first message of a session. */
int here_initialize(Client *c, Endpoint *ep, const Envelope *e) MUST_CHECK;
/* A notification of the client's. */
int here_notified(Session *s, const Envelope *e) MUST_CHECK;

/* tools/list and its like. */
int here_list(Exchange *x, const Envelope *e, McpList list) MUST_CHECK;
/* Sessions hear now what has changed until now: who comes after does not. */
int here_tell_changes(Gateway *g, Endpoint *ep) MUST_CHECK;
/* Brings the lists of an endpoint up to date. */
int here_refresh(Gateway *g, Endpoint *ep) MUST_CHECK;

/* To the server that has what is named. */
int forward_tool(Exchange *x, const Envelope *e) MUST_CHECK;
int forward_prompt(Exchange *x, const Envelope *e) MUST_CHECK;
/* A server's error to what was kept of a request may be another one's to answer. True: it is on its way
 * there. */
bool forward_again(Exchange *x, const Envelope *error);
int forward_uri(Exchange *x, const Envelope *e) MUST_CHECK;
int forward_ref(Exchange *x, const Envelope *e) MUST_CHECK;
