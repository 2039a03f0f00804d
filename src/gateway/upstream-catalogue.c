/* SPDX-License-Identifier: Apache-2.0 */
/* What a server has to offer, over its lives and ours; and what it hears again in each new one. */
#include "base/fd.h"
#include "base/json-writer.h"
#include "base/limit-table.h"
#include "base/log.h"
#include "gateway/fetch.h"
#include "gateway/pinger.h"
#include "gateway/upstream-private.h"
#include "ipc/catalogue.h"
#include "jsonrpc/json.h"

/* ---- the cache ------------------------------------------------------------------- */

static Span launch_of(const Upstream *u)
{
        return span_from((const char *)&u->launch, sizeof(u->launch));
}

static void write_cache(Upstream *u)
{
        CLEANUP(buf_done) Buf bytes = BUF_INIT(LIMIT_CATALOGUE);
        if (u->cache_fd < 0)
                return;
        int r = mcp_catalogue_encode(u->catalogue, launch_of(u), &bytes);
        if (r == 0)
                r = catalogue_write(u->cache_fd, buf_span(&bytes));
        if (r < 0)
                log_warning_with(LOG_FIELDS(LOG_SERVER(u->name)),
                                 "its lists cannot be kept for the next start: %s", strerror(-r));
}

static void adopt(Upstream *u, McpCatalogue *c, ScoreToolsKnown known)
{
        mcp_catalogue_unref(u->catalogue);
        u->catalogue = c;
        score_set(&u->score->tools, c->lists[MCP_LIST_TOOLS].n);
        score_set(&u->score->tools_known, known);
}

static int forget_catalogue(Upstream *u)
{
        if (!u->catalogue)
                return 0;
        u->catalogue = mcp_catalogue_unref(u->catalogue);
        u->cached = u->scouted = false;
        u->stale = 0;
        score_set(&u->score->tools, 0);
        score_set(&u->score->tools_known, SCORE_TOOLS_UNKNOWN);
        return gateway_catalogue_changed(u->gateway, u);
}

int upstream_take_cache(Upstream *u, uint64_t launch, int fd)
{
        CLEANUP(buf_done) Buf bytes = BUF_INIT(LIMIT_CATALOGUE);
        McpCatalogue *c;
        fd_close_p(&u->cache_fd);
        u->cache_fd = fd;
        int r = u->launch == launch ? 0 : forget_catalogue(u);
        u->launch = launch;
        if (r < 0 || u->catalogue) /* an earlier file of the same life: ours is newer */
                return r;
        r = fd < 0 ? CATALOGUE_E_EMPTY : catalogue_read(fd, &bytes);
        if (r == 0)
                r = mcp_catalogue_decode(buf_span(&bytes), launch_of(u), &c);
        if (r == -ENOMEM)
                return r;
        if (r != 0)
                return upstream_want_catalogue(u);
        adopt(u, c, SCORE_TOOLS_CACHED);
        u->cached = true;
        score_add(&u->score->cache_hits, 1);
        return gateway_catalogue_changed(u->gateway, u);
}

int upstream_take_catalogue(Upstream *u, Backend *b, McpCatalogue *c)
{
        if (b->launch != u->launch) { /* an instance of the program before, which is about to end */
                mcp_catalogue_unref(c);
                return 0;
        }
        bool first = !u->catalogue || u->cached;
        bool changed = first || mcp_catalogue_diff(u->catalogue, c);
        adopt(u, c, SCORE_TOOLS_LISTED);
        u->cached = false;
        if (changed)
                write_cache(u);
        log_debug_with(LOG_FIELDS(LOG_SERVER(u->name)),
                       "has %u tools, %u prompts, %u resources, %u templates", c->lists[MCP_LIST_TOOLS].n,
                       c->lists[MCP_LIST_PROMPTS].n, c->lists[MCP_LIST_RESOURCES].n,
                       c->lists[MCP_LIST_TEMPLATES].n);
        int r = gateway_catalogue_changed(u->gateway, u);
        if (r == 0 && u->scout && u->scout->backend == b) /* that was all it was wanted for */
                r = lease_end(u->scout);
        return r;
}

/* A lazy server that nobody has seen yet is started once, or its tools could never be listed. Once: one
 * that ends before it has told them would be started again and again, whatever its policy says. */
int upstream_want_catalogue(Upstream *u)
{
        Lease *l;
        if (u->catalogue || u->told.state != SERVER_STATE_IDLE || u->wanted || u->scouted ||
            u->gateway->no_first_look)
                return 0;
        u->wanted = u->scouted = true;
        return upstream_leases(u) ? lease_get(u, NULL, &l) : upstream_say_want(u, IPC_NO_SESSION);
}

/* ---- its lists ------------------------------------------------------------------------- */

static int catalogue_fetched(Backend *b, McpCatalogue *c)
{
        return upstream_take_catalogue(b->upstream, b, c);
}

static const FetchOps fetch_ops = {.done = catalogue_fetched};

enum { ALL_LISTS = (1 << _MCP_LIST_MAX) - 1 };

/* Of a server that serves sessions each instance may offer something else, as its client can more or less:
 * one of our own tells what is listed to all. */
int upstream_fetch_lists(Upstream *u, Backend *b)
{
        Lease *own = b->session ? lease_numbered(u, b->session) : NULL, *scout;
        if (u->config->share != SHARE_SESSION || !own || !own->session)
                return fetch_start(b, &fetch_ops, ALL_LISTS, u->catalogue);
        return u->catalogue && !u->cached ? 0 : lease_get(u, NULL, &scout);
}

static int refetch_fired(Timer *timer, Nsec now UNUSED)
{
        Upstream *u = CONTAINER_OF(timer, Upstream, refetch);
        Backend *b = upstream_shared_instance(u);
        unsigned lists = u->stale;
        u->stale = 0;
        return b && lists ? backend_survive(b, fetch_start(b, &fetch_ops, lists, u->catalogue)) : 0;
}

const TimerOps upstream_refetch_ops = {.fired = refetch_fired};

void upstream_lists_changed(Upstream *u, unsigned lists)
{
        u->stale |= lists;
        if (!timer_is_armed(&u->refetch))
                timer_arm(&u->refetch, nsec_add(upstream_now(u), LIMIT_LIST_DEBOUNCE * NSEC_PER_MSEC));
}

/* ---- what each new instance is told ---------------------------------------------------- */

int pinger_start_for(Upstream *u, Backend *b)
{
        if (u->config->health.interval == NSEC_NEVER && !b->pinger)
                return 0;
        return pinger_start(b, u->config->health.interval, u->config->health.timeout,
                            u->config->health.failures);
}

int upstream_apply(Upstream *u)
{
        Backend *b;
        int r = 0;
        TAILQ_FOREACH(b, &u->backends, link)
        {
                if (r == 0 && b->state == BACKEND_READY)
                        r = backend_survive(b, pinger_start_for(u, b));
                if (r == 0 && b->state == BACKEND_READY)
                        r = upstream_has_room(b);
        }
        return r;
}

typedef struct Told {
        Call call;
        TAILQ_ENTRY(Told) link;
        Backend *backend; /* borrowed: the parent */
} Told;

static void told_free(Told *t)
{
        TAILQ_REMOVE(&t->backend->told, t, link);
        t->backend->n_told--;
        free(t);
}

static int told_answered(Call *c, const Envelope *e UNUSED)
{
        told_free(CONTAINER_OF(c, Told, call));
        return 0;
}

static int told_failed(Call *c, Fault fault UNUSED)
{
        told_free(CONTAINER_OF(c, Told, call));
        return 0;
}

static const CallOps told_ops = {.answered = told_answered, .failed = told_failed, .ours = true};

/* A request whose answer is of no interest. */
static int tell(Backend *b, McpMethod m, Span params)
{
        Told *t = calloc(1, sizeof(*t)), *oldest = TAILQ_FIRST(&b->told);
        if (!t)
                return -ENOMEM;
        t->call.ops = &told_ops;
        t->backend = b;
        int r = backend_ask(b, &t->call, m, params);
        if (r < 0) {
                free(t);
                return r;
        }
        TAILQ_INSERT_TAIL(&b->told, t, link);
        if (++b->n_told <= LIMIT_TOLD)
                return 0;
        r = backend_forget(b, &oldest->call, false, NULL);
        told_free(oldest);
        return r;
}

int backend_subscribe(Backend *b, Span uri, bool on)
{
        CLEANUP(buf_done) Buf params = BUF_INIT(BUF_CAP_NONE);
        int r = buf_append_str(&params, "{\"uri\":");
        if (r == 0)
                r = json_quote(&params, uri);
        if (r == 0)
                r = buf_append_char(&params, '}');
        if (r < 0)
                return r;
        return tell(b, on ? MCP_METHOD_RESOURCES_SUBSCRIBE : MCP_METHOD_RESOURCES_UNSUBSCRIBE,
                    buf_span(&params));
}

int backend_set_level(Backend *b, McpLevel level)
{
        char params[64];
        McpCapabilities can = mcp_server_can(jspan_member(buf_span(&b->hello), "capabilities"));
        if (level == b->level || level < 0 || !(can & MCP_CAN(LOGGING)))
                return 0;
        b->level = level;
        (void)snprintf(params, sizeof(params), "{\"level\":\"%s\"}", mcp_level_name(level));
        return tell(b, MCP_METHOD_SET_LEVEL, span_of(params));
}

void upstream_calm_later(Upstream *u)
{
        if (!upstream_leases(u) && !timer_is_armed(&u->calm))
                timer_arm(&u->calm, nsec_add(upstream_now(u), LIMIT_LEVEL_CALM * NSEC_PER_SEC));
}

/* Whom nobody listens to any more says only the worst. */
static McpLevel wanted_level(const Upstream *u)
{
        const Session *s;
        McpLevel level = MCP_LEVEL_EMERGENCY;
        LIST_FOREACH(s, &u->gateway->loggers, in_loggers)
        for (uint32_t i = 0; s->level < level && i < s->endpoint->n; i++)
                if (s->endpoint->members[i] == u)
                        level = s->level;
        return level;
}

static int calm_fired(Timer *timer, Nsec now UNUSED)
{
        Upstream *u = CONTAINER_OF(timer, Upstream, calm);
        Backend *b;
        if (u->level < 0)
                return 0;
        u->level = wanted_level(u);
        TAILQ_FOREACH(b, &u->backends, link)
        if (b->state == BACKEND_READY && backend_survive(b, backend_set_level(b, u->level)) < 0)
                log_error_with(LOG_FIELDS(LOG_SERVER(u->name)), "its log level could not be told");
        return 0;
}

const TimerOps upstream_calm_ops = {.fired = calm_fired};

/* An instance of a session's own hears of that session's subscriptions alone. */
static bool concerns(const Upstream *u, const Backend *b, Span uri)
{
        uint32_t at = 0;
        uint64_t who;
        if (!upstream_leases(u))
                return true;
        while (b->lease && b->lease->session && subscription_each(u->subscriptions, uri, &at, &who))
                if (who == b->lease->session->number)
                        return true;
        return false;
}

int upstream_restore(Upstream *u, Backend *b)
{
        uint32_t at = 0;
        Span uri;
        int r = backend_set_level(b, b->lease && b->lease->session ? b->lease->session->level : u->level);
        while (r == 0 && subscription_each_uri(u->subscriptions, &at, &uri))
                if (concerns(u, b, uri))
                        r = backend_subscribe(b, uri, true);
        return r;
}

/* ---- idle ------------------------------------------------------------------------------- */

static int release_if_idle(Upstream *u, Backend *b, Nsec now, Nsec *next)
{
        Nsec until = nsec_add(b->used, u->config->idle_stop);
        if (b->state != BACKEND_READY || b->in_flight || !TAILQ_EMPTY(&b->turn) ||
            subscription_any(u->subscriptions)) {
                *next = MIN(*next, nsec_add(now, u->config->idle_stop));
                return 0;
        }
        if (until > now) {
                *next = MIN(*next, until);
                return 0;
        }
        return upstream_release(u, b, IPC_RELEASE_IDLE);
}

static int idle_fired(Timer *timer, Nsec now)
{
        Upstream *u = CONTAINER_OF(timer, Upstream, idle);
        Backend *b;
        Nsec next = NSEC_NEVER;
        int r = 0;
        if (u->config->idle_stop == NSEC_NEVER)
                return 0;
        TAILQ_FOREACH(b, &u->backends, link)
        if (r == 0)
                r = release_if_idle(u, b, now, &next);
        timer_arm(timer, next);
        return r;
}

const TimerOps upstream_idle_ops = {.fired = idle_fired};
