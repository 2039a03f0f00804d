/* SPDX-License-Identifier: Apache-2.0 */
/* A build without OpenSSL: no context can be made, so nothing else here is ever called. */
#include "http/tls.h"

int tls_context_new(Span cert UNUSED, Span key UNUSED, Span client_ca UNUSED, Buf *why UNUSED,
                    TlsContext **ret UNUSED)
{
        return -ENOSYS;
}

TlsContext *tls_context_ref(TlsContext *c)
{
        return c;
}

TlsContext *tls_context_unref(TlsContext *c UNUSED)
{
        return NULL;
}

int64_t tls_context_expiry(const TlsContext *c UNUSED)
{
        return 0;
}

int tls_new(TlsContext *c UNUSED, int fd UNUSED, Tls **ret UNUSED)
{
        return -ENOSYS;
}

Tls *tls_free(Tls *t UNUSED)
{
        return NULL;
}

ssize_t tls_read(Tls *t UNUSED, void *room UNUSED, size_t n UNUSED, uint32_t *ret_events UNUSED)
{
        return -ENOSYS;
}

ssize_t tls_writev(Tls *t UNUSED, const struct iovec *iov UNUSED, int n UNUSED, uint32_t *ret_events UNUSED)
{
        return -ENOSYS;
}

bool tls_pending(const Tls *t UNUSED)
{
        return false;
}

void tls_shutdown(Tls *t UNUSED)
{
}

const char *tls_peer(const Tls *t UNUSED)
{
        return "";
}

const char *tls_why(const Tls *t UNUSED)
{
        return "";
}
