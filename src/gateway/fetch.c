/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/fetch.h"
#include "base/limit-table.h"
#include "jsonrpc/error-code.h"
#include "jsonrpc/json.h"

struct Fetch {
        Call call;
        Backend *backend; /* borrowed: the parent */
        const FetchOps *ops;
        McpDraft *draft;     /* owned; NULL: nothing under way */
        unsigned todo, more; /* bits of lists: to ask for now, and after that */
        McpList list;        /* being asked for */
        unsigned pages;
        Timer deadline;
};

static int fetch_next(Fetch *f);

void fetch_free(Backend *b)
{
        Fetch *f = TAKE_PTR(b->fetch);
        if (!f)
                return;
        timer_done(&f->deadline);
        mcp_draft_free(f->draft);
        free(f);
}

static int fetch_finish(Fetch *f)
{
        Backend *b = f->backend;
        McpCatalogue *c;
        timer_cancel(&f->deadline);
        int r = mcp_draft_finish(f->draft, &c);
        f->draft = mcp_draft_free(f->draft);
        if (r < 0)
                return backend_survive(b, r);
        unsigned more = f->more;
        f->more = 0;
        if (more && b->state == BACKEND_READY)
                r = fetch_start(b, f->ops, more, c);
        int q = f->ops->done(b, c);
        return r < 0 ? r : q;
}

static int fetch_ask(Fetch *f, Span cursor)
{
        CLEANUP(buf_done) Buf params = BUF_INIT(BUF_CAP_NONE);
        int r = 0;
        if (cursor.len) {
                r = buf_append_str(&params, "{\"cursor\":");
                if (r == 0)
                        r = buf_append_span(&params, cursor);
                if (r == 0)
                        r = buf_append_char(&params, '}');
        }
        return r < 0 ? r
                     : backend_ask(f->backend, &f->call, mcp_list_table[f->list].method, buf_span(&params));
}

/* The next list that was asked for, or the end. */
static int fetch_next(Fetch *f)
{
        for (; f->todo; f->list++) {
                if (!(f->todo & (1u << f->list)))
                        continue;
                f->todo &= ~(1u << f->list);
                f->pages = 0;
                return fetch_ask(f, SPAN_NONE);
        }
        return fetch_finish(f);
}

/* An error but "there is no such list": what was known of the list stays. */
static bool is_failure(const Envelope *e)
{
        int64_t code;
        return e->kind == ENVELOPE_ERROR && (!jspan_int(envelope_member(e, MEMBER_ERROR_CODE), &code) ||
                                             code != rpc_error_table[RPC_ERROR_METHOD_NOT_FOUND].code);
}

static int fetch_answered(Call *c, const Envelope *e)
{
        Fetch *f = CONTAINER_OF(c, Fetch, call);
        Span cursor = SPAN_NONE;
        unsigned left_out = 0;
        int r = 0;
        if (f->pages == 0 && !is_failure(e))
                mcp_draft_begin(f->draft, f->list);
        if (e->kind == ENVELOPE_RESULT)
                r = mcp_draft_page(f->draft, f->list, envelope_member(e, MEMBER_RESULT), LIMIT_LIST_ITEMS,
                                   &left_out, &cursor);
        if (r == -ENOMEM)
                return r;
        if (r == 0 && cursor.len && ++f->pages < LIMIT_LIST_PAGES)
                return fetch_ask(f, cursor);
        f->list++;
        return fetch_next(f);
}

/* By the end of the instance; or by an answer that is too long: what was known of that list stays. */
static int fetch_failed(Call *c, Fault fault UNUSED)
{
        Fetch *f = CONTAINER_OF(c, Fetch, call);
        if (f->backend->state != BACKEND_ENDED) {
                f->list++;
                return fetch_next(f);
        }
        timer_cancel(&f->deadline);
        f->draft = mcp_draft_free(f->draft);
        f->todo = f->more = 0;
        return 0;
}

static const CallOps fetch_ops = {.answered = fetch_answered, .failed = fetch_failed, .ours = true};

/* It does not answer: what it has told so far must do. */
static int fetch_late(Timer *timer, Nsec now UNUSED)
{
        Fetch *f = CONTAINER_OF(timer, Fetch, deadline);
        int r = f->call.state == CALL_SENT
                        ? backend_forget(f->backend, &f->call, true, "the list took too long")
                        : 0;
        if (r == 0 && f->draft)
                r = fetch_finish(f);
        return backend_survive(f->backend, r);
}

static const TimerOps deadline_ops = {.fired = fetch_late};

static int fetch_new(Backend *b, const FetchOps *ops)
{
        Fetch *f = calloc(1, sizeof(*f));
        if (!f)
                return -ENOMEM;
        *f = (Fetch){.call.ops = &fetch_ops, .backend = b, .ops = ops};
        int r = timer_init(&f->deadline, loop_timers(b->loop), &deadline_ops);
        if (r < 0) {
                free(f);
                return r;
        }
        b->fetch = f;
        return 0;
}

/* Lists that the server cannot have are known to be empty without asking. */
static unsigned worth_asking(McpDraft *d, const Backend *b, unsigned lists)
{
        McpCapabilities can = mcp_server_can(jspan_member(buf_span(&b->hello), "capabilities"));
        for (McpList l = 0; l < _MCP_LIST_MAX; l++)
                if ((lists & (1u << l)) && !(can & (1u << mcp_list_table[l].capability))) {
                        mcp_draft_begin(d, l);
                        lists &= ~(1u << l);
                }
        return lists;
}

static int begin_draft(Fetch *f, const McpCatalogue *from)
{
        int r = mcp_draft_new(from, &f->draft);
        if (r == 0)
                r = mcp_draft_hello(f->draft, f->backend->era, buf_span(&f->backend->hello));
        if (r < 0)
                f->draft = mcp_draft_free(f->draft);
        return r;
}

int fetch_start(Backend *b, const FetchOps *ops, unsigned lists, const McpCatalogue *from)
{
        int r = b->fetch ? 0 : fetch_new(b, ops);
        if (r < 0)
                return r;
        Fetch *f = b->fetch;
        if (f->draft) {
                f->more |= lists;
                return 0;
        }
        r = begin_draft(f, from);
        if (r == -E2BIG && from) /* with what an earlier life had to say: then without */
                r = begin_draft(f, NULL);
        if (r < 0)
                return r;
        f->todo = worth_asking(f->draft, b, lists);
        f->list = 0;
        timer_arm(&f->deadline, nsec_add(loop_now(b->loop), LIMIT_LIST_FETCH * NSEC_PER_SEC));
        return fetch_next(f);
}
