/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "support/config.h"

#include <fcntl.h>
#include <sys/stat.h>

#ifdef HAVE_OPENSSL
#include <openssl/pem.h>
#include <openssl/x509.h>
#endif

#include "base/fd.h"
#include "base/limit-table.h"
#include "ipc/certificate.h"
#include "validator/tls-files.h"

enum { DAY = 86400 };

/* ---- files ---------------------------------------------------------------------- */

static void write_file(const char *dir, const char *name, Span text, mode_t mode)
{
        char path[PATH_MAX];
        (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
        CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_int_equal(fd_write_all(fd, text), 0);
        assert_int_equal(fchmod(fd, mode), 0);
}

typedef struct Tried {
        Config *config;
        DiagList diags;
        TlsFiles files;
} Tried;

static void try_load(const char *dir, const char *cert, const char *key, const char *ca, Tried *ret)
{
        CLEANUP(buf_done) Buf yaml = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(buf_appendf(&yaml, "tls: {cert: %s/%s, key: %s/%s", dir, cert, dir, key), 0);
        if (ca)
                assert_int_equal(buf_appendf(&yaml, ", client_ca: %s/%s", dir, ca), 0);
        assert_int_equal(buf_append_str(&yaml, "}"), 0);
        *ret = (Tried){.config = config_of(buf_text(&yaml)), .files = TLS_FILES_INIT};
        diag_list_init(&ret->diags);
        assert_int_equal(tls_files_load(ret->config, "f", &ret->diags, &ret->files), 0);
}

static void tried_done(Tried *t)
{
        tls_files_done(&t->files);
        diag_list_done(&t->diags);
        config_unref(t->config);
}

static bool says(const Tried *t, DiagSeverity severity, const char *key, const char *text)
{
        for (const Diag *d = t->diags.first; d; d = d->next)
                if (d->severity == severity && d->key && strcmp(d->key, key) == 0 && strstr(d->message, text))
                        return true;
        for (const Diag *d = t->diags.first; d; d = d->next)
                print_error("%s: %s\n", d->key, d->message);
        return false;
}

static void test_unreadable(void **state)
{
        const char *dir = *state;
        CLEANUP_FREE char *large = calloc(1, LIMIT_CERTIFICATE + 1);
        Tried t;
        try_load(dir, "none", "none", "none", &t);
        assert_true(says(&t, DIAG_ERROR, "tls.cert", "No such file"));
        assert_true(says(&t, DIAG_ERROR, "tls.key", "No such file"));
        assert_true(says(&t, DIAG_ERROR, "tls.client_ca", "No such file"));
        tried_done(&t);
        write_file(dir, "empty", SPAN_NONE, 0600);
        write_file(dir, "large", span_from(large, LIMIT_CERTIFICATE + 1), 0600);
        try_load(dir, "empty", "large", ".", &t);
        assert_true(says(&t, DIAG_ERROR, "tls.cert", "is empty"));
        assert_true(says(&t, DIAG_ERROR, "tls.key", "is larger than 1024 KiB"));
        assert_true(says(&t, DIAG_ERROR, "tls.client_ca", "is no regular file"));
        tried_done(&t);
}

static void test_without_tls(void **state UNUSED)
{
        CLEANUP(config_unref_p) Config *c = config_of("servers: {}");
        CLEANUP(tls_files_done) TlsFiles files = TLS_FILES_INIT;
        CLEANUP_FD int fd = -EBADF;
        DiagList diags;
        struct stat st;
        diag_list_init(&diags);
        assert_int_equal(tls_files_load(c, "f", &diags, &files), 0);
        assert_null(diags.first);
        assert_int_equal(fd_memfd_new("m", &fd), 0);
        assert_int_equal(tls_files_write(&files, fd), 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_size, 0);
}

#ifdef HAVE_OPENSSL

/* ---- certificates ----------------------------------------------------------------- */

static Span bio_span(BIO *bio)
{
        char *data;
        long n = BIO_get_mem_data(bio, &data);
        return span_from(data, (size_t)n);
}

/* NAME.crt, valid from and to so many seconds from now, and NAME.key. */
static void make_pair(const char *dir, const char *name, long from, long to)
{
        char file[64];
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *x = X509_new();
        BIO *cert = BIO_new(BIO_s_mem()), *plain = BIO_new(BIO_s_mem()), *locked = BIO_new(BIO_s_mem());
        assert_true(key && x && cert && plain && locked);
        assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
        assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), from));
        assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), to));
        assert_int_equal(X509_set_pubkey(x, key), 1);
        assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                                                    (const unsigned char *)"localhost", -1, -1, 0),
                         1);
        assert_int_equal(X509_set_issuer_name(x, X509_get_subject_name(x)), 1);
        assert_true(X509_sign(x, key, EVP_sha256()) > 0);
        assert_int_equal(PEM_write_bio_X509(cert, x), 1);
        assert_int_equal(PEM_write_bio_PrivateKey(plain, key, NULL, NULL, 0, NULL, NULL), 1);
        assert_int_equal(PEM_write_bio_PrivateKey(locked, key, EVP_aes_128_cbc(),
                                                  (const unsigned char *)"pass", 4, NULL, NULL),
                         1);
        (void)snprintf(file, sizeof(file), "%s.crt", name);
        write_file(dir, file, bio_span(cert), 0644);
        (void)snprintf(file, sizeof(file), "%s.key", name);
        write_file(dir, file, bio_span(plain), 0600);
        (void)snprintf(file, sizeof(file), "%s.locked", name);
        write_file(dir, file, bio_span(locked), 0600);
        (void)BIO_free(cert);
        (void)BIO_free(plain);
        (void)BIO_free(locked);
        X509_free(x);
        EVP_PKEY_free(key);
}

static void test_good(void **state)
{
        CLEANUP_FD int fd = -EBADF;
        CLEANUP(ipc_certificate_done) IpcCertificate got = {0};
        Tried t;
        make_pair(*state, "a", -DAY, 10 * DAY);
        time_t now = time(NULL);
        try_load(*state, "a.crt", "a.key", "a.crt", &t);
        assert_null(t.diags.first);
        assert_true(t.files.expires > now + 9 * DAY && t.files.expires <= now + 10 * DAY + 5);
        assert_int_equal(fd_memfd_new("m", &fd), 0);
        assert_int_equal(tls_files_write(&t.files, fd), 0);
        assert_int_equal(ipc_certificate_read(fd, &got), 0);
        assert_true(span_starts(got.chain, SPAN("-----BEGIN CERTIFICATE-----")));
        assert_true(span_starts(got.key, SPAN("-----BEGIN PRIVATE KEY-----")));
        assert_span_equal(got.client_ca, got.chain);
        assert_int_equal(got.expires, t.files.expires);
        tried_done(&t);
        try_load(*state, "a.crt", "a.key", NULL, &t);
        assert_null(t.diags.first);
        assert_int_equal(t.files.client_ca.len, 0);
        tried_done(&t);
}

static void test_wrong(void **state)
{
        static const struct {
                const char *cert, *key, *ca, *at, *say;
                DiagSeverity severity;
        } rows[] = {
                {"a.crt", "b.key", NULL, "tls.key", "is not the key of the certificate", DIAG_ERROR},
                {"a.key", "a.key", NULL, "tls.cert", "holds no certificate", DIAG_ERROR},
                {"text", "a.key", NULL, "tls.cert", "holds no certificate", DIAG_ERROR},
                {"a.crt", "a.crt", NULL, "tls.key", "holds no private key", DIAG_ERROR},
                {"a.crt", "a.locked", NULL, "tls.key", "passphrase", DIAG_ERROR},
                {"a.crt", "a.key", "a.key", "tls.client_ca", "holds no certificate", DIAG_ERROR},
                {"old.crt", "old.key", NULL, "tls.cert", "has expired on 20", DIAG_WARNING},
                {"new.crt", "new.key", NULL, "tls.cert", "is not valid before 20", DIAG_WARNING},
                {"a.crt", "open.key", NULL, "tls.key", "can be read by others (mode 0640)", DIAG_WARNING},
        };
        char from[PATH_MAX], to[PATH_MAX];
        make_pair(*state, "a", -DAY, DAY);
        make_pair(*state, "b", -DAY, DAY);
        make_pair(*state, "old", -2 * DAY, -DAY);
        make_pair(*state, "new", DAY, 2 * DAY);
        write_file(*state, "text", SPAN("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
                   0600);
        (void)snprintf(from, sizeof(from), "%s/a.key", (char *)*state);
        (void)snprintf(to, sizeof(to), "%s/open.key", (char *)*state);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Tried t;
                if (strcmp(rows[i].key, "open.key") == 0) {
                        assert_int_equal(link(from, to), 0);
                        assert_int_equal(chmod(to, 0640), 0);
                }
                try_load(*state, rows[i].cert, rows[i].key, rows[i].ca, &t);
                assert_row(says(&t, rows[i].severity, rows[i].at, rows[i].say), "%zu", i);
                assert_int_equal(t.diags.count[rows[i].severity], 1);
                assert_int_equal(t.diags.count[DIAG_ERROR], rows[i].severity == DIAG_ERROR);
                tried_done(&t);
        }
}

#endif

#define TEST(f) cmocka_unit_test_setup_teardown(f, test_dir_setup, test_dir_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_unreadable),
                TEST(test_without_tls),
#ifdef HAVE_OPENSSL
                TEST(test_good),
                TEST(test_wrong),
#endif
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
