#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program asks of the proxy: a tunnel (CONNECT HOST:PORT), or one plain
 * request (GET http://HOST/...), which is sent on as its origin wants it. Of
 * the second only the head is read; it says that the connection ends with it,
 * so that no second request comes the same way. Pure.
 */

#include "http/h1.h"
#include "proxy/target.h"

typedef struct ProxyRequest {
        ProxyTarget target;
        bool tunnel;
} ProxyRequest;

/* Status to refuse it with, and why. */
typedef struct ProxyRefusal {
        int status;
        const char *why;
} ProxyRefusal;

enum { _PROXY_REQUEST_E_SUCCESS, PROXY_REQUEST_E_REFUSED };

/* `h`: its head is whole. The request, or else the refusal is set. */
int proxy_request_read(H1 *h, ProxyRequest *ret, ProxyRefusal *ret_refusal) MUST_CHECK;
/* The head of one that is no tunnel, for its origin. -ENOMEM, -ENOBUFS. */
int proxy_request_forward(H1 *h, const ProxyRequest *request, Buf *b) MUST_CHECK;
