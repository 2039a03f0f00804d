/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "http/pool.h"

struct H1Pool {
        H1 *free[LIMIT_HTTP_PARSERS]; /* owned */
        unsigned n;
};

int h1_pool_new(H1Pool **ret)
{
        H1Pool *p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        *ret = p;
        return 0;
}

H1Pool *h1_pool_free(H1Pool *p)
{
        if (!p)
                return NULL;
        while (p->n)
                h1_free(p->free[--p->n]);
        free(p);
        return NULL;
}

int h1_pool_get(H1Pool *p, const H1Limits *limits, H1 **ret)
{
        H1 *h;
        if (p->n > 0) {
                h = p->free[--p->n];
                h1_limit(h, limits);
        } else {
                int r = h1_new(&h);
                if (r < 0)
                        return r;
                h1_reset(h, limits, 0);
        }
        *ret = h;
        return 0;
}

/* What a large request has left behind goes now, not when the next one comes. */
void h1_pool_put(H1Pool *p, H1 *h)
{
        if (p->n == LIMIT_HTTP_PARSERS) {
                h1_free(h);
                return;
        }
        h1_reset(h, &(H1Limits){0}, LIMIT_HTTP_PARSER);
        p->free[p->n++] = h;
}
