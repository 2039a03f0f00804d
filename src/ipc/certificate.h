#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a listener needs to speak TLS, as it crosses from the validator, which
 * alone reads the files, over the supervisor to the gateway: certificate
 * chain, key and client CA as PEM, behind a head with their lengths, in a
 * sealed memfd. Nobody on the way looks inside; what PEM is, knows OpenSSL.
 */

#include "base/span.h"

typedef struct IpcCertificate {
        Span chain, key, client_ca; /* client_ca empty: clients need no certificate */
        int64_t expires;            /* seconds since 1970; 0: not known */
        void *map;                  /* owned: by ipc_certificate_read */
        size_t size;
} IpcCertificate;

/* Fills an empty memfd. */
int ipc_certificate_write(const IpcCertificate *c, int fd) MUST_CHECK;
/* The texts stay valid until ipc_certificate_done(); the descriptor stays the caller's. -EBADMSG. */
int ipc_certificate_read(int fd, IpcCertificate *ret) MUST_CHECK;
/* Does nothing to one that is all zero. */
void ipc_certificate_done(IpcCertificate *c);

/* The same of bytes that are there already, into which it points. -EBADMSG. */
int ipc_certificate_parse(Span bytes, IpcCertificate *ret) MUST_CHECK;
/* Whether two memfds hold the same. */
bool ipc_certificate_same(int a, int b);
