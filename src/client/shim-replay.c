/* SPDX-License-Identifier: Apache-2.0 */
/* What the host has asked of its session for as long as it lasts, to the session that takes its place. */
#include "client/shim-private.h"

/* One after the other: there may be more of them than connections. */
int shim_replay_next(Shim *s, bool *ret_said)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        ShimTurn *t;
        Envelope e;
        TAILQ_FOREACH(t, &s->turns, link)
        if (t->kind == SHIM_REPLAY && !t->over) {
                *ret_said = true;
                return 0;
        }
        const Wish *w = wish_list_next(&s->wishes, s->generation);
        int r = w ? wish_write(w, ++s->replays, &text) : 0;
        if (r == 0 && w && envelope_scan(text.data, text.len, &shim_limits, &e) != 0)
                return -EPROTO; /* we wrote it */
        if (r == 0 && w)
                r = shim_turn_new(s, SHIM_REPLAY, buf_span(&text), &e, &t);
        if (r < 0)
                return r;
        if (w)
                t->opens = t->repeated = true;
        *ret_said = w != NULL;
        return 0;
}

int shim_replay_granted(Shim *s, Span request, unsigned generation)
{
        Envelope e;
        if (envelope_scan((char *)(uintptr_t)request.ptr, request.len, &shim_limits, &e) != 0)
                return -EPROTO; /* it was valid when the host said it */
        int r = wish_list_take(&s->wishes, &e, generation);
        return r == -ENOBUFS ? 0 : r;
}

void shim_replay_refused(Shim *s, const ShimTurn *t)
{
        Envelope e;
        if (envelope_scan(t->body.data, t->body.len, &shim_limits, &e) == 0)
                wish_list_refused(&s->wishes, &e);
}

int shim_replay_again(Shim *s)
{
        bool said;
        wish_list_retry(&s->wishes);
        return s->session == SHIM_OPEN ? shim_replay_next(s, &said) : 0;
}
