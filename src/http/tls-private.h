#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of TLS, for tls-context.c (what certificates are made of) and
 * tls-conn.c (one connection) alone. OpenSSL's error queue is empty between
 * two calls of ours.
 */

#include <openssl/ssl.h>

#include "http/tls.h"

enum {
        TLS_RECORD = 16 * 1024, /* most bytes of one record */
        TLS_WHY = 160,
};

struct TlsContext {
        unsigned refs;
        SSL_CTX *ssl; /* owned */
        int64_t expiry;
        char *gather; /* owned: small parts on their way into one record */
};

/* The oldest error of OpenSSL, as it says it; the queue is empty then. */
void tls_last_error(char *room, size_t size);
