#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may speak at all, as far as headers say it: pure decisions about Host,
 * Origin and bearer tokens. Names come from the configuration; tokens are
 * known by their SHA-256 only, compared in constant time.
 */

#include "base/sha256.h"
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

typedef struct HttpToken {
        uint8_t hash[SHA256_SIZE];
        Span name; /* borrowed; the principal for logs */
} HttpToken;

/* All are looked at, always; the one that matches, or NULL. */
const HttpToken *http_token_find(const HttpToken *tokens, size_t n, Span token);
