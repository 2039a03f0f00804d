/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/err.h>
#include <sys/epoll.h>

#include "http/tls-private.h"

struct Tls {
        TlsContext *context; /* a reference */
        SSL *ssl;            /* owned */
        bool broken;         /* nothing more may be asked of it, not even a goodbye */
        char *peer;          /* owned; NULL: none, or not asked yet */
        char why[TLS_WHY];
};

int tls_new(TlsContext *c, int fd, Tls **ret)
{
        Tls *t = calloc(1, sizeof(*t));
        if (!t)
                return -ENOMEM;
        t->context = tls_context_ref(c);
        t->ssl = SSL_new(c->ssl);
        if (!t->ssl || SSL_set_fd(t->ssl, fd) != 1) {
                ERR_clear_error();
                tls_free(t);
                return -ENOMEM;
        }
        SSL_set_accept_state(t->ssl);
        *ret = t;
        return 0;
}

Tls *tls_free(Tls *t)
{
        if (!t)
                return NULL;
        SSL_free(t->ssl);
        OPENSSL_free(t->peer);
        tls_context_unref(t->context);
        free(t);
        return NULL;
}

/* The result of a call as read(2) and write(2) would give it. */
static ssize_t tls_result(Tls *t, int n, uint32_t *ret_events)
{
        int saved = errno;
        switch (SSL_get_error(t->ssl, n)) {
        case SSL_ERROR_NONE:
                return n;
        case SSL_ERROR_ZERO_RETURN:
                return 0;
        case SSL_ERROR_WANT_READ:
                *ret_events = EPOLLIN;
                return -EAGAIN;
        case SSL_ERROR_WANT_WRITE:
                *ret_events = EPOLLOUT;
                return -EAGAIN;
        case SSL_ERROR_SYSCALL:
                t->broken = true;
                ERR_clear_error();
                return saved ? -saved : -ECONNRESET;
        default:
                t->broken = true;
                tls_last_error(t->why, sizeof(t->why));
                return -EPROTO;
        }
}

ssize_t tls_read(Tls *t, void *room, size_t n, uint32_t *ret_events)
{
        if (t->broken)
                return -EPROTO;
        ERR_clear_error();
        errno = 0;
        return tls_result(t, SSL_read(t->ssl, room, (int)MIN(n, (size_t)INT32_MAX)), ret_events);
}

/* As many parts as go into one record: a record for each would cost more than copying them. */
static Span gather(const TlsContext *c, const struct iovec *iov, int n)
{
        size_t len = 0;
        if (n == 1 || iov[0].iov_len >= TLS_RECORD)
                return span_from(iov[0].iov_base, MIN(iov[0].iov_len, (size_t)TLS_RECORD));
        for (int i = 0; i < n && len < TLS_RECORD; i++) {
                size_t k = MIN(iov[i].iov_len, TLS_RECORD - len);
                memcpy(c->gather + len, iov[i].iov_base, k);
                len += k;
        }
        return span_from(c->gather, len);
}

/* After -EAGAIN the same bytes have to come again, and at least as many: our callers queue them in order. */
ssize_t tls_writev(Tls *t, const struct iovec *iov, int n, uint32_t *ret_events)
{
        if (t->broken)
                return -EPROTO;
        Span s = gather(t->context, iov, n);
        ERR_clear_error();
        errno = 0;
        return tls_result(t, SSL_write(t->ssl, s.ptr, (int)s.len), ret_events);
}

bool tls_pending(const Tls *t)
{
        return !t->broken && SSL_pending(t->ssl) > 0;
}

void tls_shutdown(Tls *t)
{
        if (t->broken || !SSL_is_init_finished(t->ssl))
                return;
        ERR_clear_error();
        (void)SSL_shutdown(t->ssl); /* ours only; theirs nobody waits for */
        ERR_clear_error();
}

/* RFC 2253, as other programs print it, so that it can be compared. */
static char *subject_of(const X509 *x)
{
        BIO *b = BIO_new(BIO_s_mem());
        char *text = NULL, *at;
        if (b && X509_NAME_print_ex(b, X509_get_subject_name(x), 0, XN_FLAG_RFC2253) >= 0) {
                long n = BIO_get_mem_data(b, &at);
                text = OPENSSL_strndup(at, (size_t)n);
        }
        BIO_free(b);
        return text;
}

const char *tls_peer(const Tls *t)
{
        Tls *own = (Tls *)(uintptr_t)t; /* what is found out once is kept */
        if (!t->peer && !t->broken) {
                const X509 *x = SSL_get0_peer_certificate(t->ssl);
                own->peer = x ? subject_of(x) : NULL;
        }
        return t->peer ? t->peer : "";
}

const char *tls_why(const Tls *t)
{
        return t->why;
}
