#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.payloads: what clients ask servers and what these answer, as records of
 * level debug beside those of log.requests, cut as every field of the log is.
 * Whoever turns it on is told that secrets may be in them: nobody knows which
 * words of a payload are some. Without it nothing is looked at.
 */

#include "gateway/exchange.h"

/* On its way to that server; `text`: the whole message. */
void payload_asked(const Exchange *x, const Upstream *u, Span text);
/* The server's answer. */
void payload_answered(const Exchange *x, const Envelope *e);
