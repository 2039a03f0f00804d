/* SPDX-License-Identifier: Apache-2.0 */
#include "client/wish.h"
#include "base/json-writer.h"
#include "base/limit-table.h"
#include "jsonrpc/json.h"

struct Wish {
        TAILQ_ENTRY(Wish) link;
        McpMethod method;
        unsigned said; /* to this session; 0: to none */
        bool refused;
        Buf what; /* owned: the URI or the level, decoded */
};

/* What a request means for wishes of method `of`. */
typedef struct Meaning {
        McpMethod method, of;
        EnvelopeMember member;
        const char *name;
        bool ends;   /* such a wish */
        bool single; /* one takes the place of another */
} Meaning;

static const Meaning meanings[] = {
        {MCP_METHOD_RESOURCES_SUBSCRIBE, MCP_METHOD_RESOURCES_SUBSCRIBE, MEMBER_URI, "uri", false, false},
        {MCP_METHOD_RESOURCES_UNSUBSCRIBE, MCP_METHOD_RESOURCES_SUBSCRIBE, MEMBER_URI, "uri", true, false},
        {MCP_METHOD_SET_LEVEL, MCP_METHOD_SET_LEVEL, MEMBER_LEVEL, "level", false, true},
};

static const Meaning *meaning_of(McpMethod method)
{
        for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
                if (meanings[i].method == method)
                        return &meanings[i];
        return NULL;
}

bool wish_lasts(McpMethod m)
{
        return meaning_of(m) != NULL;
}

/* ---- life ------------------------------------------------------------------------ */

static void drop(WishList *l, Wish *w)
{
        TAILQ_REMOVE(&l->wishes, w, link);
        l->n--;
        buf_done(&w->what);
        free(w);
}

void wish_list_init(WishList *l)
{
        *l = (WishList){.n = 0};
        TAILQ_INIT(&l->wishes);
}

void wish_list_clear(WishList *l)
{
        while (!TAILQ_EMPTY(&l->wishes))
                drop(l, TAILQ_FIRST(&l->wishes));
}

/* ---- from the host ----------------------------------------------------------------- */

static Wish *find(const WishList *l, const Meaning *m, Span what)
{
        Wish *w;
        TAILQ_FOREACH(w, &l->wishes, link)
        if (w->method == m->of && (m->single || span_equal(buf_span(&w->what), what)))
                break;
        return w;
}

static int add(WishList *l, const Meaning *m, Buf *what, unsigned session)
{
        if (l->n >= LIMIT_CONNECT_WISHES)
                return -ENOBUFS;
        Wish *w = malloc(sizeof(*w));
        if (!w)
                return -ENOMEM;
        *w = (Wish){.method = m->of, .said = session, .what = *what};
        *what = BUF_INIT(BUF_CAP_NONE);
        TAILQ_INSERT_TAIL(&l->wishes, w, link);
        l->n++;
        return 0;
}

int wish_list_take(WishList *l, const Envelope *request, unsigned session)
{
        CLEANUP(buf_done) Buf what = BUF_INIT(BUF_CAP_NONE);
        const Meaning *m = meaning_of(mcp_method_of(envelope_member(request, MEMBER_METHOD)));
        if (!m)
                return 0;
        int r = jspan_text_append(envelope_member(request, m->member), &what);
        if (r == -EINVAL) /* whatever was granted there, we cannot ask for it again */
                return 0;
        if (r < 0)
                return r;
        Wish *old = find(l, m, buf_span(&what));
        if (old && (m->ends || m->single))
                drop(l, old);
        else if (old)
                return 0;
        return m->ends ? 0 : add(l, m, &what, session);
}

/* ---- to a session ------------------------------------------------------------------- */

Wish *wish_list_next(WishList *l, unsigned session)
{
        Wish *w;
        TAILQ_FOREACH(w, &l->wishes, link)
        if (w->said != session)
                break;
        if (w) {
                w->said = session;
                w->refused = false;
        }
        return w;
}

/* A string as id: none that a host counts up to. */
int wish_write(const Wish *wish, unsigned number, Buf *b)
{
        char id[48];
        JsonWriter w = JSON_WRITER(b);
        (void)snprintf(id, sizeof(id), "mcpvisor-connect-%u", number);
        json_write_object(&w);
        json_write_key(&w, "jsonrpc");
        json_write_str(&w, "2.0");
        json_write_key(&w, "id");
        json_write_str(&w, id);
        json_write_key(&w, "method");
        json_write_str(&w, mcp_method_name(wish->method));
        json_write_key(&w, "params");
        json_write_object(&w);
        json_write_key(&w, meaning_of(wish->method)->name);
        json_write_string(&w, buf_span(&wish->what));
        json_write_object_end(&w);
        json_write_object_end(&w);
        return json_write_done(&w);
}

void wish_list_refused(WishList *l, const Envelope *request)
{
        const Meaning *m = meaning_of(mcp_method_of(envelope_member(request, MEMBER_METHOD)));
        CLEANUP(buf_done) Buf what = BUF_INIT(BUF_CAP_NONE);
        if (!m || jspan_text_append(envelope_member(request, m->member), &what) < 0)
                return;
        Wish *w = find(l, m, buf_span(&what));
        if (w)
                w->refused = true;
}

void wish_list_retry(WishList *l)
{
        Wish *w;
        TAILQ_FOREACH(w, &l->wishes, link)
        if (w->refused)
                w->said = 0;
}
