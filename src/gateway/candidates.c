/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/candidates.h"
#include "gateway/root.h"

struct Candidates {
        struct {
                uint32_t row;
                uint64_t generation;
        } rows[CANDIDATES_MAX];
        unsigned n, at;
        Buf text; /* owned */
};

int candidates_new(Span text, Upstream *const *list, unsigned n, Candidates **ret)
{
        Candidates *c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        c->text = BUF_INIT(BUF_CAP_NONE);
        c->n = MIN(n, (unsigned)CANDIDATES_MAX);
        for (unsigned i = 0; i < c->n; i++) {
                c->rows[i].row = list[i]->row;
                c->rows[i].generation = list[i]->row_generation;
        }
        int r = buf_append_span(&c->text, text);
        if (r < 0) {
                candidates_free(c);
                return r;
        }
        *ret = c;
        return 0;
}

Candidates *candidates_free(Candidates *c)
{
        if (!c)
                return NULL;
        buf_done(&c->text);
        free(c);
        return NULL;
}

Upstream *candidates_next(Candidates *c, const Gateway *g)
{
        while (c->at < c->n) {
                Upstream *u = gateway_upstream(g, c->rows[c->at].row);
                if (u && u->row_generation == c->rows[c->at++].generation)
                        return u;
        }
        return NULL;
}

Buf *candidates_text(Candidates *c)
{
        return &c->text;
}
