/* SPDX-License-Identifier: Apache-2.0 */
#include "support/http-user.h"

#include <signal.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include "base/fd.h"

#define PATIENCE (20 * NSEC_PER_SEC)

/* ---- certificates, made anew for each run ------------------------------------------- */

typedef struct Identity {
        EVP_PKEY *key;
        X509 *cert;
        char *cert_pem, *key_pem;
} Identity;

static Identity authority, server_id, client_id, stranger;

static char *pem_of(int (*write)(BIO *, const void *), const void *what)
{
        BIO *b = BIO_new(BIO_s_mem());
        char *at, *text;
        assert_int_equal(write(b, what), 1);
        long n = BIO_get_mem_data(b, &at);
        text = strndup(at, (size_t)n);
        assert_non_null(text);
        BIO_free(b);
        return text;
}

static int write_cert(BIO *b, const void *x)
{
        return PEM_write_bio_X509(b, x);
}

static int write_key(BIO *b, const void *k)
{
        return PEM_write_bio_PrivateKey(b, k, NULL, NULL, 0, NULL, NULL);
}

/* Signed by `issuer`; NULL: by itself. Valid for an hour. */
static Identity identity_new(const char *name, const Identity *issuer)
{
        Identity id = {.key = EVP_EC_gen("P-256"), .cert = X509_new()};
        assert_non_null(id.key);
        assert_int_equal(X509_set_version(id.cert, 2), 1);
        ASN1_INTEGER_set(X509_get_serialNumber(id.cert), (long)random());
        X509_gmtime_adj(X509_getm_notBefore(id.cert), -60);
        X509_gmtime_adj(X509_getm_notAfter(id.cert), 3600);
        X509_set_pubkey(id.cert, id.key);
        X509_NAME *n = X509_get_subject_name(id.cert);
        X509_NAME_add_entry_by_txt(n, "O", MBSTRING_ASC, (const unsigned char *)"Test", -1, -1, 0);
        X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
        X509_set_issuer_name(id.cert, issuer ? X509_get_subject_name(issuer->cert) : n);
        if (!issuer) {
                X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
                                                        "critical,CA:TRUE");
                assert_int_equal(X509_add_ext(id.cert, e, -1), 1);
                X509_EXTENSION_free(e);
        }
        assert_true(X509_sign(id.cert, issuer ? issuer->key : id.key, EVP_sha256()) > 0);
        id.cert_pem = pem_of(write_cert, id.cert);
        id.key_pem = pem_of(write_key, id.key);
        return id;
}

static void identity_done(Identity *id)
{
        EVP_PKEY_free(id->key);
        X509_free(id->cert);
        free(id->cert_pem);
        free(id->key_pem);
}

static int group_setup(void **state UNUSED)
{
        const struct sigaction ignore = {.sa_handler = SIG_IGN}; /* as the gateway does */
        (void)sigaction(SIGPIPE, &ignore, NULL);
        authority = identity_new("authority", NULL);
        server_id = identity_new("localhost", &authority);
        client_id = identity_new("client, \"one\"", &authority);
        stranger = identity_new("stranger", NULL);
        return 0;
}

static int group_teardown(void **state UNUSED)
{
        identity_done(&authority);
        identity_done(&server_id);
        identity_done(&client_id);
        identity_done(&stranger);
        return 0;
}

/* ---- contexts ----------------------------------------------------------------------------- */

static TlsContext *context(Span ca)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        TlsContext *c = NULL;
        int r = tls_context_new(span_of(server_id.cert_pem), span_of(server_id.key_pem), ca, &why, &c);
        if (r < 0)
                fail_msg("%s", buf_text(&why));
        assert_int_equal(why.len, 0);
        return c;
}

static void test_context(void **state UNUSED)
{
        TlsContext *c = context(SPAN_NONE);
        int64_t left = tls_context_expiry(c) - (int64_t)time(NULL);
        assert_true(left > 3000 && left <= 3600);
        assert_ptr_equal(tls_context_ref(c), c);
        assert_null(tls_context_unref(c));
        assert_null(tls_context_unref(c));
        assert_null(tls_context_unref(NULL));
}

/* A chain ends with its first certificate that does. */
static void test_chain(void **state UNUSED)
{
        CLEANUP(buf_done) Buf chain = BUF_INIT(BUF_CAP_NONE), why = BUF_INIT(BUF_CAP_NONE);
        TlsContext *c;
        assert_int_equal(buf_appendf(&chain, "# ours\n%s\n%s", server_id.cert_pem, authority.cert_pem), 0);
        assert_int_equal(tls_context_new(buf_span(&chain), span_of(server_id.key_pem), SPAN_NONE, &why, &c),
                         0);
        tls_context_unref(c);
        assert_int_equal(
                buf_append_str(&chain, "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"), 0);
        assert_int_equal(tls_context_new(buf_span(&chain), span_of(server_id.key_pem), SPAN_NONE, &why, &c),
                         -EINVAL);
}

static char *encrypted_key(void)
{
        BIO *b = BIO_new(BIO_s_mem());
        char *at, *text;
        assert_int_equal(PEM_write_bio_PrivateKey(b, server_id.key, EVP_aes_128_cbc(),
                                                  (const unsigned char *)"secret", 6, NULL, NULL),
                         1);
        long n = BIO_get_mem_data(b, &at);
        text = strndup(at, (size_t)n);
        BIO_free(b);
        return text;
}

static void test_wrong_context(void **state UNUSED)
{
        CLEANUP_FREE char *locked = encrypted_key();
        const struct {
                const char *cert, *key, *ca, *why;
        } rows[] = {
                {"", server_id.key_pem, NULL, "the certificate is not PEM: "},
                {"nonsense", server_id.key_pem, NULL, "the certificate is not PEM: "},
                {server_id.key_pem, server_id.key_pem, NULL, "the certificate is not PEM: "},
                {server_id.cert_pem, "", NULL, "the key is not PEM, or has a passphrase: "},
                {server_id.cert_pem, locked, NULL, "the key is not PEM, or has a passphrase: "},
                {server_id.cert_pem, client_id.key_pem, NULL, "the key does not fit the certificate: "},
                {server_id.cert_pem, server_id.key_pem, "nonsense",
                 "the certificate of the clients' authority is not PEM: "},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
                TlsContext *c = NULL;
                int r = tls_context_new(span_of(rows[i].cert), span_of(rows[i].key), span_of(rows[i].ca),
                                        &why, &c);
                assert_row(r == -EINVAL && !c, "%zu", i);
                assert_row(span_starts(buf_span(&why), span_of(rows[i].why)), "%zu: %s", i, buf_text(&why));
                assert_row(!strstr(buf_text(&why), "BEGIN"), "%zu: %s", i, buf_text(&why));
                assert_int_equal(ERR_peek_error(), 0);
        }
}

/* ---- connections ---------------------------------------------------------------------------- */

typedef struct Client {
        int fd;
        SSL_CTX *context;
        SSL *ssl;
} Client;

/* The listener of the fixture speaks TLS from now on. */
static void use_tls(TlsContext *c)
{
        HttpListener *l = TAILQ_FIRST(&user.server.listeners);
        l->tls = c;
}

static Client client_new(const Identity *id, int version)
{
        Client c = {.fd = client_tcp(), .context = SSL_CTX_new(TLS_client_method())};
        assert_int_equal(SSL_CTX_set_max_proto_version(c.context, version), 1);
        SSL_CTX_set_security_level(c.context, 0);
        if (version < TLS1_2_VERSION)
                assert_int_equal(SSL_CTX_set_min_proto_version(c.context, version), 1);
        assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(c.context), authority.cert), 1);
        SSL_CTX_set_verify(c.context, SSL_VERIFY_PEER, NULL);
        if (id) {
                assert_int_equal(SSL_CTX_use_certificate(c.context, id->cert), 1);
                assert_int_equal(SSL_CTX_use_PrivateKey(c.context, id->key), 1);
        }
        c.ssl = SSL_new(c.context);
        assert_int_equal(SSL_set_fd(c.ssl, c.fd), 1);
        SSL_set_connect_state(c.ssl);
        return c;
}

static void client_done(Client *c)
{
        SSL_free(c->ssl);
        SSL_CTX_free(c->context);
        fd_close_p(&c->fd);
        ERR_clear_error();
}

/* Until the call comes through; -1: it failed for good, 0: the end. */
static int tls_patiently(Client *c, bool reads, void *room, int n)
{
        Nsec end = clock_now(&clock_monotonic) + PATIENCE;
        for (;;) {
                int k = reads ? SSL_read(c->ssl, room, n) : SSL_write(c->ssl, room, n);
                int e = SSL_get_error(c->ssl, k);
                if (k > 0 || e == SSL_ERROR_ZERO_RETURN)
                        return k > 0 ? k : 0;
                if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE) {
                        ERR_clear_error();
                        return -1;
                }
                assert_int_equal(MIN(loop_run_once(user.loop, NSEC_PER_MSEC), 0), 0);
                assert_true(clock_now(&clock_monotonic) < end);
        }
}

static void tls_send(Client *c, Span s)
{
        while (s.len) {
                int n = tls_patiently(c, false, (char *)(uintptr_t)s.ptr, (int)s.len);
                assert_true(n > 0);
                s = span_skip(s, (size_t)n);
        }
}

static void tls_expect(Client *c, const char *text)
{
        Span s = span_of(text);
        while (s.len) {
                char room[4096];
                int n = tls_patiently(c, true, room, (int)MIN(sizeof(room), s.len));
                assert_true(n > 0);
                assert_span_equal(span_from(room, (size_t)n), span_first(s, (size_t)n));
                s = span_skip(s, (size_t)n);
        }
}

static void check_version(int version)
{
        Client c = client_new(NULL, version);
        user.on_request = answer_ok;
        tls_send(&c, SPAN(GET));
        tls_expect(&c, OK_ANSWER);
        assert_int_equal(SSL_version(c.ssl), version);
        tls_send(&c, SPAN(GET GET));
        tls_expect(&c, OK_ANSWER OK_ANSWER);
        tls_send(&c, SPAN("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        tls_expect(&c, OK_CLOSE);
        char room;
        assert_int_equal(tls_patiently(&c, true, &room, 1),
                         0); /* with a goodbye, so that none can be cut short */
        client_done(&c);
}

static void test_versions(void **state UNUSED)
{
        char room;
        use_tls(context(SPAN_NONE));
        check_version(TLS1_3_VERSION);
        check_version(TLS1_2_VERSION);
        Client c = client_new(NULL, TLS1_1_VERSION);
        assert_int_equal(tls_patiently(&c, true, &room, 1), -1);
        client_done(&c);
}

static void test_client_certificate(void **state UNUSED)
{
        char room;
        use_tls(context(span_of(authority.cert_pem)));
        Client c = client_new(&client_id, TLS1_3_VERSION), none = client_new(NULL, TLS1_3_VERSION),
               other = client_new(&stranger, TLS1_3_VERSION);
        user.on_request = answer_ok;
        tls_send(&c, SPAN(GET));
        tls_expect(&c, OK_ANSWER);
        assert_string_equal(http_conn_peer(user.conns[0]), "CN=client\\, \\\"one\\\",O=Test");
        assert_string_equal(http_conn_peer(user.conns[0]), "CN=client\\, \\\"one\\\",O=Test");
        assert_int_equal(tls_patiently(&none, true, &room, 1), -1);
        assert_int_equal(tls_patiently(&other, true, &room, 1), -1);
        client_done(&c);
        client_done(&none);
        client_done(&other);
        settle();
        assert_int_equal(user.server.n_conns, 0);
}

static void test_large(void **state UNUSED)
{
        use_tls(context(SPAN_NONE));
        Client c = client_new(NULL, TLS1_3_VERSION);
        user.on_request = answer_large;
        tls_send(&c, SPAN(GET));
        tls_expect(&c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3145728\r\n\r\n");
        for (size_t got = 0; got < LARGE;) {
                char room[32768];
                int n = tls_patiently(&c, true, room, sizeof(room));
                assert_true(n > 0);
                for (int i = 0; i < n; i++)
                        assert_int_equal(room[i], 'x');
                got += (size_t)n;
        }
        static char body[500000];
        user.on_request = answer_ok;
        tls_send(&c, SPAN("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n"));
        tls_send(&c, span_from(body, sizeof(body)));
        tls_expect(&c, OK_ANSWER);
        client_done(&c);
}

/* No TLS, its beginning only, or its middle only: the connection ends, the server does not. */
static void test_garbage(void **state UNUSED)
{
        use_tls(context(SPAN_NONE));
        int plain = client_tcp(), begun = client_tcp();
        client_send(plain, SPAN(GET));
        expect_said("released");
        client_send(begun, SPAN("\x16\x03\x01\x02\x00\x01\x00"));
        settle();
        buf_clear(&user.said);
        pass(80 * NSEC_PER_SEC); /* idle: no request has come */
        expect_said("released");
        Client c = client_new(NULL, TLS1_3_VERSION);
        tls_send(&c, SPAN(GET));
        settle();
        assert_int_equal(send(c.fd, "\x17\x03\x03\x00\x05hello", 10, MSG_NOSIGNAL), 10);
        expect_said("head request released");
        client_done(&c);
        fd_close_p(&plain);
        fd_close_p(&begun);
}

/* Many small requests in one record: what is decrypted already needs no event. */
static void test_pending(void **state UNUSED)
{
        use_tls(context(SPAN_NONE));
        Client c = client_new(NULL, TLS1_3_VERSION);
        user.on_request = answer_later;
        tls_send(&c, SPAN(GET));
        tls_send(&c, SPAN(GET GET));
        for (int i = 0; i < 3; i++) {
                expect_said("head request");
                assert_int_equal(give(user.conns[0], 200, SPAN("ok")), 0);
                tls_expect(&c, OK_ANSWER);
        }
        client_done(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_context),
                cmocka_unit_test(test_chain),
                cmocka_unit_test(test_wrong_context),
                USER_TEST(test_versions),
                USER_TEST(test_client_certificate),
                USER_TEST(test_large),
                USER_TEST(test_garbage),
                USER_TEST(test_pending),
        };
        return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
