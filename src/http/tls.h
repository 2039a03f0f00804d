#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS 1.2 and 1.3 by OpenSSL. A context is made from PEM texts in memory (no
 * file is opened), is reference counted, and replaced by another one on a
 * reload: connections keep theirs. A build without OpenSSL has none: -ENOSYS.
 */

#include <sys/types.h>
#include <sys/uio.h>

#include "base/buf.h"

typedef struct TlsContext TlsContext;
typedef struct Tls Tls; /* one connection */

/* `client_ca` empty: no certificate is asked for; else one is required. -EINVAL: `why` says what is wrong. */
int tls_context_new(Span cert, Span key, Span client_ca, Buf *why, TlsContext **ret) MUST_CHECK;
TlsContext *tls_context_ref(TlsContext *c);
TlsContext *tls_context_unref(TlsContext *c);
/* Seconds since 1970 at which the first certificate of the chain ends. */
int64_t tls_context_expiry(const TlsContext *c);

int tls_new(TlsContext *c, int fd, Tls **ret) MUST_CHECK;
Tls *tls_free(Tls *t);
/* As read(2) and writev(2): -EAGAIN with *ret_events what to wait for; -EPROTO: no TLS, or refused. The
 * handshake is done on the way. */
ssize_t tls_read(Tls *t, void *room, size_t n, uint32_t *ret_events);
ssize_t tls_writev(Tls *t, const struct iovec *iov, int n, uint32_t *ret_events);
bool tls_pending(const Tls *t); /* decrypted bytes that are not yet read */
void tls_shutdown(Tls *t);
/* Subject of the client's certificate in RFC 2253 form, "" without one. */
const char *tls_peer(const Tls *t);
const char *tls_why(const Tls *t); /* after -EPROTO */
