/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "http/tls-private.h"

static void bio_free_p(BIO **b)
{
        BIO_free(*b);
}

static void x509_free_p(X509 **x)
{
        X509_free(*x);
}

static void key_free_p(EVP_PKEY **k)
{
        EVP_PKEY_free(*k);
}

void tls_last_error(char *room, size_t size)
{
        unsigned long e = ERR_get_error();
        const char *reason = ERR_reason_error_string(e);
        (void)snprintf(room, size, "%s", reason ? reason : "no reason given");
        ERR_clear_error();
}

/* What is wrong with which part, as a sentence. */
static int wrong(Buf *why, const char *what)
{
        char reason[TLS_WHY];
        tls_last_error(reason, sizeof(reason));
        int r = buf_appendf(why, "%s: %s", what, reason);
        return r < 0 ? r : -EINVAL;
}

/* A key that is encrypted is refused: nobody is there to ask for the passphrase. */
static int no_passphrase(char *room UNUSED, int size UNUSED, int writing UNUSED, void *data UNUSED)
{
        return -1;
}

static int pem_open(Span text, BIO **ret)
{
        if (text.len > INT_MAX)
                return -EINVAL;
        *ret = BIO_new_mem_buf(text.len ? text.ptr : "", (int)text.len);
        return *ret ? 0 : -ENOMEM;
}

/* ---- the parts ---------------------------------------------------------------- */

static int64_t expiry_of(const X509 *x)
{
        struct tm t;
        return ASN1_TIME_to_tm(X509_get0_notAfter(x), &t) == 1 ? (int64_t)timegm(&t) : 0;
}

/* The end of a PEM text looks like an error to OpenSSL. */
static bool is_end_of_text(void)
{
        unsigned long e = ERR_peek_last_error();
        return ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
}

static int use_chain(TlsContext *c, Span text, Buf *why)
{
        CLEANUP(bio_free_p) BIO *bio = NULL;
        int r = pem_open(text, &bio);
        if (r < 0)
                return r;
        for (unsigned n = 0;; n++) {
                CLEANUP(x509_free_p) X509 *x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
                if (!x && n > 0 && is_end_of_text()) {
                        ERR_clear_error();
                        return 0;
                }
                if (!x)
                        return wrong(why, "the certificate is not PEM");
                int fine = n == 0 ? SSL_CTX_use_certificate(c->ssl, x)
                                  : (int)SSL_CTX_add1_chain_cert(c->ssl, x);
                if (fine != 1)
                        return wrong(why, "the certificate cannot be used");
                if (n == 0)
                        c->expiry = expiry_of(x);
                c->expiry = MIN(c->expiry, expiry_of(x));
        }
}

static int use_key(TlsContext *c, Span text, Buf *why)
{
        CLEANUP(bio_free_p) BIO *bio = NULL;
        CLEANUP(key_free_p) EVP_PKEY *key = NULL;
        int r = pem_open(text, &bio);
        if (r < 0)
                return r;
        key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
        if (!key)
                return wrong(why, "the key is not PEM, or has a passphrase");
        if (SSL_CTX_use_PrivateKey(c->ssl, key) != 1 || SSL_CTX_check_private_key(c->ssl) != 1)
                return wrong(why, "the key does not fit the certificate");
        return 0;
}

static int use_client_ca(TlsContext *c, Span text, Buf *why)
{
        CLEANUP(bio_free_p) BIO *bio = NULL;
        int r = pem_open(text, &bio);
        if (r < 0)
                return r;
        for (unsigned n = 0;; n++) {
                CLEANUP(x509_free_p) X509 *x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
                if (!x && n > 0 && is_end_of_text())
                        break;
                if (!x)
                        return wrong(why, "the certificate of the clients' authority is not PEM");
                if (X509_STORE_add_cert(SSL_CTX_get_cert_store(c->ssl), x) != 1 ||
                    SSL_CTX_add_client_CA(c->ssl, x) != 1)
                        return wrong(why, "the certificate of the clients' authority cannot be used");
        }
        ERR_clear_error();
        SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        return 0;
}

/* ---- the whole ----------------------------------------------------------------- */

/* HTTP/1.1 is what we speak; a client that offers other things only gets no answer to the offer. */
static int choose_protocol(SSL *s UNUSED, const unsigned char **ret, unsigned char *ret_len,
                           const unsigned char *offered, unsigned n, void *data UNUSED)
{
        static const unsigned char ours[] = "\x08http/1.1";
        unsigned char *chosen;
        if (SSL_select_next_proto(&chosen, ret_len, ours, sizeof(ours) - 1, offered, n) !=
            OPENSSL_NPN_NEGOTIATED)
                return SSL_TLSEXT_ERR_NOACK;
        *ret = chosen;
        return SSL_TLSEXT_ERR_OK;
}

static int context_alloc(TlsContext **ret)
{
        static const unsigned char name[] = "mcpvisor";
        TlsContext *c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        /* What a file of the machine says of OpenSSL is nothing to us, and no file can be opened here. */
        (void)OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
        c->refs = 1;
        c->gather = malloc(TLS_RECORD);
        c->ssl = SSL_CTX_new(TLS_server_method());
        if (!c->gather || !c->ssl || SSL_CTX_set_min_proto_version(c->ssl, TLS1_2_VERSION) != 1 ||
            SSL_CTX_set_session_id_context(c->ssl, name, sizeof(name) - 1) != 1) {
                ERR_clear_error();
                tls_context_unref(c);
                return -ENOMEM;
        }
        SSL_CTX_set_options(c->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                            SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
        SSL_CTX_set_mode(c->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                         SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_alpn_select_cb(c->ssl, choose_protocol, NULL);
        *ret = c;
        return 0;
}

int tls_context_new(Span cert, Span key, Span client_ca, Buf *why, TlsContext **ret)
{
        TlsContext *c;
        int r = context_alloc(&c);
        if (r < 0)
                return r;
        r = use_chain(c, cert, why);
        if (r == 0)
                r = use_key(c, key, why);
        if (r == 0 && client_ca.len)
                r = use_client_ca(c, client_ca, why);
        if (r < 0) {
                tls_context_unref(c);
                return r;
        }
        *ret = c;
        return 0;
}

TlsContext *tls_context_ref(TlsContext *c)
{
        c->refs++;
        return c;
}

TlsContext *tls_context_unref(TlsContext *c)
{
        if (!c || --c->refs)
                return NULL;
        SSL_CTX_free(c->ssl);
        free(c->gather);
        free(c);
        return NULL;
}

int64_t tls_context_expiry(const TlsContext *c)
{
        return c->expiry;
}
