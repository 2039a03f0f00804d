#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsers that wait for the next request: as many as requests came in at the
 * same time, up to a cap. Owned by a server, so that connections that are idle
 * need not own one.
 */

#include "http/h1.h"

typedef struct H1Pool H1Pool;

int h1_pool_new(H1Pool **ret) MUST_CHECK;
H1Pool *h1_pool_free(H1Pool *p);
DEFINE_CLEANUP(H1Pool, h1_pool_free)

/* Ready for a request. -ENOMEM. */
int h1_pool_get(H1Pool *p, const H1Limits *limits, H1 **ret) MUST_CHECK;
void h1_pool_put(H1Pool *p, H1 *h);
