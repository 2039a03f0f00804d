#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a host has asked of its session for as long as it lasts: subscriptions
 * and the level of log messages. A session that takes the place of another
 * hears it again, one request after the other. Owned by the shim; knows no
 * connection. Sessions are numbered by the caller, from 1.
 */

#include <sys/queue.h>

#include "base/buf.h"
#include "jsonrpc/envelope.h"
#include "mcp/method.h"

typedef struct Wish Wish;

typedef struct WishList {
        TAILQ_HEAD(, Wish) wishes;
        unsigned n;
} WishList;

void wish_list_init(WishList *l);
/* Nothing is wished any more. */
void wish_list_clear(WishList *l);

/* Whether a request of that method, once granted, holds for as long as the session. */
bool wish_lasts(McpMethod m);

/* A request of the host that the session has granted; what asks for nothing that lasts is no matter.
 * -ENOBUFS: one more than is kept. */
int wish_list_take(WishList *l, const Envelope *request, unsigned session) MUST_CHECK;

/* One that the session has not heard yet, which counts as said from now on; NULL: none. */
Wish *wish_list_next(WishList *l, unsigned session);
/* As a request. */
int wish_write(const Wish *w, unsigned number, Buf *b) MUST_CHECK;
/* The session did not grant this request of ours. */
void wish_list_refused(WishList *l, const Envelope *request);
/* What was refused may be granted now. */
void wish_list_retry(WishList *l);
