#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of requests, into the scoreboard's cells. */

#include "gateway/exchange.h"

/* An MCP request is over. */
void figures_request(const Exchange *x, ScoreStatus how, uint64_t usec);
/* Which tool it calls, once that is known to be one. */
void figures_take_tool(Exchange *x, Upstream *u, Span name);
/* Its name; empty: none. */
Span figures_tool(const Exchange *x);
/* A limit has refused something. */
void figures_limit(Gateway *g, ScoreLimit l);
/* The same, for the one that a text names: limits.NAME. None: nothing is counted. */
void figures_limit_in(Gateway *g, Span text);
/* What the listeners have counted since. */
void figures_take_http(Gateway *g);
/* An HTTP request was answered. */
void figures_http(const Client *c, int status);
