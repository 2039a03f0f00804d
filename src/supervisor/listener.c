/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"
#include "supervisor/bind-address.h"
#include "supervisor/listener-bind.h"

enum { MODE_HTTP_SOCK = 0600 };

/* A name of systemd's socket that stands for RUNTIME/http.sock. */
#define NAME_HTTP "http"

typedef struct Wish {
        BindWish bind;
        char *address;   /* owned */
        Listener *kept;  /* borrowed: of those that are open already; NULL: to be opened */
        Listener opened; /* owned; without address: none */
        bool http_sock, metrics;
} Wish;

typedef struct WishList {
        Wish *items; /* owned */
        size_t n, room;
} WishList;

void listener_set_done(ListenerSet *s)
{
        for (size_t i = 0; i < s->n; i++)
                listener_done(&s->items[i]);
        free(s->items);
        *s = (ListenerSet){0};
}

static void wish_list_done(WishList *w)
{
        for (size_t i = 0; i < w->n; i++) {
                free(w->items[i].address);
                listener_done(&w->items[i].opened);
        }
        free(w->items);
}

/* ---- what is wanted ------------------------------------------------------- */

static int wish_add(WishList *w, BindWish bind, Span before, Span after)
{
        CLEANUP(buf_done) Buf address = BUF_INIT(BUF_CAP_NONE);
        char *text;

        int r = buf_append_span(&address, before);
        if (r == 0)
                r = buf_append_span(&address, after);
        if (r == 0)
                r = buf_steal(&address, &text);
        if (r < 0)
                return r;
        for (size_t i = 0; i < w->n; i++)
                if (strcmp(w->items[i].address, text) == 0) { /* localhost and its address */
                        free(text);
                        return 0;
                }
        assert(w->n < w->room);
        bind.address = text;
        w->items[w->n++] = (Wish){.bind = bind, .address = text};
        return 0;
}

/* localhost is two addresses. */
static int wish_add_address(WishList *w, Span address, BindWish bind)
{
        Span localhost = SPAN("localhost:");

        if (!span_starts(address, localhost))
                return wish_add(w, bind, SPAN_NONE, address);
        int r = wish_add(w, bind, SPAN("127.0.0.1:"), span_skip(address, localhost.len));
        bind.fallback = true;
        return r == 0 ? wish_add(w, bind, SPAN("[::1]:"), span_skip(address, localhost.len)) : r;
}

static int wish_add_config(WishList *w, const ListenConfig *l, bool any_port)
{
        return wish_add_address(w, span_of(l->address.value),
                                (BindWish){.group = l->group.value,
                                           .mode = (uint32_t)l->mode,
                                           .fallback = l->head.line == 0, /* in no file */
                                           .any_port = any_port});
}

static int wish_add_metrics(WishList *w, const char *address)
{
        size_t n = w->n;
        int r = wish_add_address(w, span_of(address), (BindWish){.mode = MODE_HTTP_SOCK});
        for (; n < w->n; n++)
                w->items[n].metrics = true;
        return r;
}

static int wish_list_make(WishList *w, const ListenerArgs *args)
{
        const Config *c = args->config;
        int r = 0;

        w->room = c->listen.n * 2 + 3;
        w->items = calloc(w->room, sizeof(*w->items));
        if (!w->items)
                return -ENOMEM;
        for (size_t i = 0; i < c->listen.n && r == 0; i++)
                r = wish_add_config(w, config_listen(c, i), args->any_port);
        if (r == 0 && args->http_sock && c->listen_unix == LISTEN_UNIX_AUTO) {
                size_t n = w->n;
                r = wish_add(w, (BindWish){.mode = MODE_HTTP_SOCK}, SPAN("unix:"), span_of(args->http_sock));
                if (r == 0 && w->n > n)
                        w->items[n].http_sock = true;
        }
        if (r == 0 && c->metrics.listen.value)
                r = wish_add_metrics(w, c->metrics.listen.value);
        return r;
}

/* ---- what is there -------------------------------------------------------- */

static bool is_it(const Listener *l, const Wish *w)
{
        return strcmp(l->address, w->address) == 0;
}

/* Opened for the same words, or passed to us for that purpose. */
static bool is_for(const Listener *l, const Wish *w)
{
        if (strcmp(l->wanted, w->address) == 0)
                return true;
        return l->inherited && w->http_sock && l->kind == IPC_LISTENER_UNIX &&
               strcmp(l->wanted, NAME_HTTP) == 0;
}

static bool is_kept(const WishList *w, const Listener *l)
{
        for (size_t i = 0; i < w->n; i++)
                if (w->items[i].kept == l)
                        return true;
        return false;
}

static void match(WishList *w, ListenerSet *have, bool (*fits)(const Listener *, const Wish *))
{
        for (size_t i = 0; i < w->n; i++)
                for (size_t k = 0; k < have->n && !w->items[i].kept; k++) {
                        Listener *l = &have->items[k];
                        if (l->address && fits(l, &w->items[i]) && !is_kept(w, l))
                                w->items[i].kept = l;
                }
}

/* Each for one wish only: port 0 and the port that it once became may both be wanted. */
static void wish_list_match(WishList *w, ListenerSet *have)
{
        match(w, have, is_it);
        match(w, have, is_for);
}

/* ---- the change ----------------------------------------------------------- */

static int note(Buf *notes, const Buf *text)
{
        return buf_appendf(notes, "%s\n", buf_text(text));
}

/* Opens one, or skips it. */
static int open_wish(Wish *w, uint16_t *port_hint, Buf *why, Buf *notes)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        BindAddress a;
        socklen_t size;

        w->bind.port_hint = *port_hint;
        int r = listener_bind(&w->bind, &w->opened, &text);
        if (r == BIND_E_NO_IPV6)
                return note(notes, &text);
        if (r == BIND_E_REFUSED) {
                r = buf_append_span(why, buf_span(&text));
                return r < 0 ? r : LISTENER_E_REFUSED;
        }
        if (r < 0)
                return r;
        /* The next address takes the same port, if it can. */
        const char *address = w->opened.address;
        if (strcmp(address, w->address) != 0 && bind_address_parse(span_of(address), &a, &size) == 0)
                *port_hint = bind_address_port(&a);
        return 0;
}

static int set_mode(const Wish *w, Buf *notes)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);

        if (!w->kept || !w->kept->path)
                return 0;
        int r = listener_rebind_mode(&w->bind, w->kept, &text);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                r = buf_appendf(&text, "%s keeps its mode and group: %s", w->address, strerror(-r)) < 0
                            ? -ENOMEM
                            : 1;
        return r > 0 ? note(notes, &text) : r;
}

static void take(Listener *l, ListenerSet *set)
{
        if (l->address) /* it is there, and nobody had it yet */
                set->items[set->n++] = *l;
        *l = (Listener){.fd = -EBADF};
}

/* Nothing can fail any more. Inherited ones stay whatever the configuration says: who passes them wants
 * them served. */
static void take_all(WishList *w, ListenerSet *have, ListenerSet *set)
{
        for (size_t i = 0; i < w->n; i++) {
                Listener *l = w->items[i].kept ? w->items[i].kept : &w->items[i].opened;
                l->metrics = w->items[i].metrics;
                take(l, set);
        }
        for (size_t i = 0; i < have->n; i++)
                if (have->items[i].inherited)
                        take(&have->items[i], set);
}

int listener_open(const ListenerArgs *args, ListenerSet *have, ListenerSet *ret, Buf *why, Buf *notes)
{
        CLEANUP(wish_list_done) WishList wishes = {0};
        ListenerSet set = {0};
        uint16_t port_hint = 0;

        int r = wish_list_make(&wishes, args);
        if (r < 0)
                return r;
        wish_list_match(&wishes, have);
        for (size_t i = 0; i < wishes.n && r == 0; i++)
                if (!wishes.items[i].kept)
                        r = open_wish(&wishes.items[i], &port_hint, why, notes);
        for (size_t i = 0; i < wishes.n && r == 0; i++)
                r = set_mode(&wishes.items[i], notes);
        if (r != 0)
                return r;
        set.items = calloc(wishes.n + have->n + 1, sizeof(*set.items));
        if (!set.items)
                return -ENOMEM;
        take_all(&wishes, have, &set);
        *ret = set;
        return 0;
}
