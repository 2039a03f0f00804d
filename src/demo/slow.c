/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "demo/server.h"

static Span id_of(const DemoSlow *s)
{
        return span_from(s->text, s->id_len);
}

/* By the time of their next steps; of equal ones the older goes first. */
static void insert(Demo *d, DemoSlow *s)
{
        DemoSlow *before = TAILQ_LAST(&d->slows, DemoSlowList);
        while (before && before->next > s->next)
                before = TAILQ_PREV(before, DemoSlowList, link);
        if (before)
                TAILQ_INSERT_AFTER(&d->slows, before, s, link);
        else
                TAILQ_INSERT_HEAD(&d->slows, s, link);
}

void demo_slow_drop(Demo *d, DemoSlow *s)
{
        TAILQ_REMOVE(&d->slows, s, link);
        d->n_slows--;
        free(s);
}

/* Steps are equal but for what the division leaves, which is the last one's. */
static Nsec step_end(const DemoSlow *s)
{
        uint64_t n = s->done + 1;
        return n == s->steps ? s->start + s->length : s->start + s->length / s->steps * n;
}

int demo_slow_begin(Demo *d, const DemoSlowArgs *args)
{
        if (d->n_slows == LIMIT_DEMO_CALLS)
                return -ENOBUFS;
        DemoSlow *s = calloc(1, sizeof(*s) + args->id.len + args->token.len + 1);
        if (!s)
                return -ENOMEM;
        memcpy(s->text, args->id.ptr, args->id.len);
        if (args->token.len)
                memcpy(s->text + args->id.len, args->token.ptr, args->token.len);
        s->id_len = args->id.len;
        s->token_len = args->token.len;
        s->start = clock_now(d->clock);
        s->length = args->length;
        s->steps = args->steps;
        s->next = step_end(s);
        insert(d, s);
        d->n_slows++;
        return 0;
}

void demo_slow_cancel(Demo *d, Span id)
{
        DemoSlow *s;
        TAILQ_FOREACH(s, &d->slows, link)
        {
                if (!span_equal(id_of(s), id))
                        continue;
                demo_slow_drop(d, s);
                return;
        }
}

Nsec demo_slow_next(const Demo *d)
{
        const DemoSlow *s = TAILQ_FIRST(&d->slows);
        return s ? s->next : NSEC_NEVER;
}

static int tell_progress(Demo *d, const DemoSlow *s)
{
        JsonWriter w = demo_notification(d, MCP_METHOD_PROGRESS);
        json_write_key(&w, "progressToken");
        json_write_raw(&w, span_from(s->text + s->id_len, s->token_len));
        json_write_key(&w, "progress");
        json_write_uint(&w, s->done);
        json_write_key(&w, "total");
        json_write_uint(&w, s->steps);
        return demo_end(&w);
}

static int answer(Demo *d, const DemoSlow *s)
{
        char text[64];
        (void)snprintf(text, sizeof(text), "done after %.3f s", (double)s->length / (double)NSEC_PER_SEC);
        JsonWriter w = demo_result(d, id_of(s));
        demo_write_text(&w, text);
        return demo_end(&w);
}

static int step(Demo *d, DemoSlow *s)
{
        s->done++;
        int r = s->token_len ? tell_progress(d, s) : 0;
        if (r < 0)
                return r;
        if (s->done == s->steps) {
                r = answer(d, s);
                demo_slow_drop(d, s);
                return r;
        }
        TAILQ_REMOVE(&d->slows, s, link);
        s->next = step_end(s);
        insert(d, s);
        return 0;
}

int demo_slow_run(Demo *d)
{
        Nsec now = clock_now(d->clock);
        int r = 0;
        while (r == 0 && demo_slow_next(d) <= now)
                r = step(d, TAILQ_FIRST(&d->slows));
        return r;
}
