#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of requests, into the scoreboard's cells. */

#include "gateway/exchange.h"

/* An MCP request is over. */
void figures_request(const Exchange *x, ExchangeOutcome how, uint64_t usec);
/* An HTTP request was answered. */
void figures_http(Gateway *g, const char *route, int status);
