#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may speak at all, as far as Host and Origin say it: pure decisions.
 * Names come from the configuration. Whose a token is knows ipc/token.
 */

#include "http/request.h"

typedef struct HttpAccess {
        const Span *hosts; /* allowed_hosts: NAME or NAME:PORT; borrowed */
        size_t n_hosts;
        const Span *origins; /* allowed_origins; borrowed */
        size_t n_origins;
} HttpAccess;

/* localhost names (localhost, *.localhost), any IP literal, and `hosts`, with or without a port. A Host that
 * cannot be parsed is not allowed. */
bool http_host_allowed(const HttpAccess *a, Span host);
/* No Origin, same origin as Host, localhost at any port by http or https, or listed. "null" only if listed.
 */
bool http_origin_allowed(const HttpAccess *a, Span origin, Span host);
/* Only what `origins` lists (CORS answers are for them only). */
bool http_origin_listed(const HttpAccess *a, Span origin);
