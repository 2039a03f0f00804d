/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include <config.h> /* configure's; not config/config.h */
#endif

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#ifdef HAVE_OPENSSL
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#endif

#include "base/fd.h"
#include "base/limit-table.h"
#include "config/written.h"
#include "ipc/certificate.h"
#include "validator/tls-files.h"

typedef struct Judge {
        const Config *config;
        const char *file;
        DiagList *diags;
} Judge;

PRINTF(4, 5)
static void say(const Judge *j, DiagSeverity severity, const char *key, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        written_vsay(j->diags, j->file, severity, (WrittenKey){OWNER_ROOT, &j->config->head, key}, fmt, ap);
        va_end(ap);
}

static void forget(Buf *b)
{
        if (b->data)
                explicit_bzero(b->data, b->len);
        buf_done(b);
}

void tls_files_done(TlsFiles *c)
{
        buf_done(&c->chain);
        forget(&c->key);
        buf_done(&c->client_ca);
}

/* ---- the files -------------------------------------------------------------- */

static int open_file(const Judge *j, const char *key, const ConfigText *path, int *ret_fd,
                     struct stat *ret_st)
{
        CLEANUP_FD int fd = open(path->value, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, ret_st) < 0) {
                say(j, DIAG_ERROR, key, "%s: %s", config_shown(path), strerror(errno));
                return 1;
        }
        if (!S_ISREG(ret_st->st_mode)) {
                say(j, DIAG_ERROR, key, "%s is no regular file", config_shown(path));
                return 1;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int read_file(const Judge *j, const char *key, const ConfigText *path, Buf *ret)
{
        CLEANUP_FD int fd = -EBADF;
        struct stat st;
        if (!path->value)
                return 0;
        if (open_file(j, key, path, &fd, &st) != 0)
                return 0;
        int r = fd_read_all(fd, ret);
        if (r == -ENOMEM)
                return r;
        if (r == -ENOBUFS)
                say(j, DIAG_ERROR, key, "%s is larger than %d KiB", config_shown(path),
                    LIMIT_CERTIFICATE / 1024);
        else if (r < 0)
                say(j, DIAG_ERROR, key, "%s: %s", config_shown(path), strerror(-r));
        else if (ret->len == 0)
                say(j, DIAG_ERROR, key, "%s is empty", config_shown(path));
        if (path == &j->config->tls.key && (st.st_mode & (S_IRWXG | S_IRWXO)))
                say(j, DIAG_WARNING, key, "%s can be read by others (mode %04o): chmod 600 it",
                    config_shown(path), st.st_mode & 07777);
        return 0;
}

/* ---- what is in them -------------------------------------------------------- */

#ifdef HAVE_OPENSSL

/* Nobody is there to type a passphrase. */
static int no_passphrase(char *buf UNUSED, int size UNUSED, int writing UNUSED, void *user UNUSED)
{
        return 0;
}

static X509 *read_x509(const Buf *b)
{
        BIO *bio = BIO_new_mem_buf(b->data, (int)b->len);
        X509 *x = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
        (void)BIO_free(bio);
        return x;
}

static EVP_PKEY *read_key(const Buf *b)
{
        BIO *bio = BIO_new_mem_buf(b->data, (int)b->len);
        EVP_PKEY *k = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
        (void)BIO_free(bio);
        return k;
}

static int64_t seconds_of(const ASN1_TIME *t)
{
        struct tm tm;
        return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void judge_dates(const Judge *j, const X509 *x, TlsFiles *c)
{
        char day[32] = "?";
        struct tm tm;
        time_t now = time(NULL), from = (time_t)seconds_of(X509_get0_notBefore(x));
        c->expires = seconds_of(X509_get0_notAfter(x));
        time_t to = (time_t)c->expires;
        if (from > now && gmtime_r(&from, &tm) && strftime(day, sizeof(day), "%F", &tm))
                say(j, DIAG_WARNING, "tls.cert", "the certificate is not valid before %s", day);
        if (to < now && gmtime_r(&to, &tm) && strftime(day, sizeof(day), "%F", &tm))
                say(j, DIAG_WARNING, "tls.cert", "the certificate has expired on %s: no client will take it",
                    day);
}

static void judge_pair(const Judge *j, TlsFiles *c)
{
        X509 *x = read_x509(&c->chain);
        EVP_PKEY *k = read_key(&c->key);
        if (!x)
                say(j, DIAG_ERROR, "tls.cert", "%s holds no certificate in PEM",
                    config_shown(&j->config->tls.cert));
        else
                judge_dates(j, x, c);
        if (!k)
                say(j, DIAG_ERROR, "tls.key",
                    "%s holds no private key in PEM, or one with a passphrase, which nobody could type",
                    config_shown(&j->config->tls.key));
        if (x && k && X509_check_private_key(x, k) != 1)
                say(j, DIAG_ERROR, "tls.key", "%s is not the key of the certificate in tls.cert",
                    config_shown(&j->config->tls.key));
        X509_free(x);
        EVP_PKEY_free(k);
}

static void judge(const Judge *j, TlsFiles *c)
{
        /* What a file of the machine says of OpenSSL is nothing to us. */
        (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
        if (c->chain.len && c->key.len)
                judge_pair(j, c);
        if (c->client_ca.len) {
                X509 *x = read_x509(&c->client_ca);
                if (!x)
                        say(j, DIAG_ERROR, "tls.client_ca", "%s holds no certificate in PEM",
                            config_shown(&j->config->tls.client_ca));
                X509_free(x);
        }
}

#else

static void judge(const Judge *j UNUSED, TlsFiles *c UNUSED)
{
}

#endif

int tls_files_load(const Config *config, const char *file, DiagList *diags, TlsFiles *ret)
{
        const Judge j = {config, file, diags};
        int r = read_file(&j, "tls.cert", &config->tls.cert, &ret->chain);
        if (r == 0)
                r = read_file(&j, "tls.key", &config->tls.key, &ret->key);
        if (r == 0)
                r = read_file(&j, "tls.client_ca", &config->tls.client_ca, &ret->client_ca);
        if (r == 0)
                judge(&j, ret);
        return r;
}

int tls_files_write(const TlsFiles *c, int fd)
{
        const IpcCertificate all = {.chain = buf_span(&c->chain),
                                    .key = buf_span(&c->key),
                                    .client_ca = buf_span(&c->client_ca),
                                    .expires = c->expires};
        return c->chain.len ? ipc_certificate_write(&all, fd) : 0;
}
