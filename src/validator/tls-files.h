#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that `tls` names: read, judged, and left in a memfd for the
 * gateway, which opens none itself. Whether they belong together, and when the
 * certificate expires, is OpenSSL's word; a build without it knows neither.
 */

#include "base/buf.h"
#include "config/config.h"

typedef struct TlsFiles {
        Buf chain, key, client_ca;
        int64_t expires;
} TlsFiles;

#define TLS_FILES_INIT                                    \
        ((TlsFiles){.chain = BUF_INIT(LIMIT_CERTIFICATE), \
                    .key = BUF_INIT(LIMIT_CERTIFICATE),   \
                    .client_ca = BUF_INIT(LIMIT_CERTIFICATE)})
/* Forgets the key, too. */
void tls_files_done(TlsFiles *c);

/* What is wrong with them goes to `diags`; they count only when that has no errors. */
int tls_files_load(const Config *config, const char *file, DiagList *diags, TlsFiles *ret) MUST_CHECK;
/* Leaves the memfd empty when the configuration has no TLS. */
int tls_files_write(const TlsFiles *c, int fd) MUST_CHECK;
