#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who wants to hear of which resource of one server: (session, URI) pairs,
 * each URI counted. The first subscriber of a URI and the last one to go are
 * told, so that the server is asked once. Owned by the server's Upstream. Pure.
 */

#include "base/span.h"

typedef struct SubscriptionTable SubscriptionTable;

int subscription_table_new(uint64_t seed, SubscriptionTable **ret) MUST_CHECK;
SubscriptionTable *subscription_table_free(SubscriptionTable *t);

/* `who` is the session's number. -ENOBUFS over `max` URIs of one `who`. */
int subscription_add(SubscriptionTable *t, uint64_t who, Span uri, unsigned max, bool *ret_first) MUST_CHECK;
/* False: there was none. */
bool subscription_remove(SubscriptionTable *t, uint64_t who, Span uri, bool *ret_last);
/* One of those of `who`, for its end: call until false. `ret_uri` is valid until the next call. */
bool subscription_take(SubscriptionTable *t, uint64_t who, Span *ret_uri, bool *ret_last);

/* Walks the subscribers of a URI; *at begins with 0. False at the end. */
bool subscription_each(const SubscriptionTable *t, Span uri, uint32_t *at, uint64_t *ret_who);
/* Walks all URIs, for a server that has been started anew. */
bool subscription_each_uri(const SubscriptionTable *t, uint32_t *at, Span *ret_uri);
bool subscription_any(const SubscriptionTable *t);
