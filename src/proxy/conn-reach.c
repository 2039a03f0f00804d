/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "proxy/conn.h"

enum { WHY_LONGEST = 512, TARGET_LONGEST = PROXY_NAME_LONGEST + 8, KEY_LONGEST = 96 };

/* ---- what is decided is told ----------------------------------------------------------- */

typedef struct Verdict {
        const char *word; /* allowed, refused, failed */
        LogLevel level;
        const ProxyAddress *address; /* NULL: none yet */
        const char *why;             /* NULL: all is well */
} Verdict;

static void print_target(const ProxyConn *c, char ret[static TARGET_LONGEST])
{
        CLEANUP(buf_done) Buf b = BUF_INIT(TARGET_LONGEST - 1);
        if (proxy_target_print(&c->request.target, &b) < 0)
                buf_clear(&b);
        memcpy(ret, buf_text(&b), b.len);
        ret[b.len] = '\0';
}

/* A server that asks without end is told of some times, each verdict for itself, and counted. */
static void tell(const ProxyConn *c, const Verdict *v)
{
        const ProxyListener *l = c->listener;
        char key[KEY_LONGEST], target[TARGET_LONGEST], address[PROXY_ADDRESS_TEXT + 8] = "";
        print_target(c, target);
        if (v->address)
                proxy_address_print(v->address, c->request.target.port, address);
        (void)snprintf(key, sizeof(key), "%s %s", v->word, l->name);
        const LogField fields[] = {LOG_SERVER(l->name),
                                   LOG_STR("target", target),
                                   LOG_STR("address", v->address ? address : NULL),
                                   LOG_STR("decision", v->word),
                                   {0}};
        log_limited(v->level, key, fields, "network: %s %s%s%s", v->word, target, v->why ? ": " : "",
                    v->why ? v->why : "");
}

static int refuse(ProxyConn *c, const ProxyAddress *address, const char *why)
{
        char target[TARGET_LONGEST], text[WHY_LONGEST];
        const Verdict v = {.word = "refused", .level = LOG_LEVEL_WARNING, .address = address, .why = why};
        print_target(c, target);
        (void)snprintf(text, sizeof(text), "%s: %s", target, why);
        c->listener->counts.refused++;
        proxy_count(c->listener->proxy, c->listener);
        tell(c, &v);
        return proxy_conn_refuse(c, 403, text);
}

static int fail(ProxyConn *c, int status, const char *why)
{
        char target[TARGET_LONGEST], text[WHY_LONGEST];
        const Verdict v = {.word = "failed", .level = LOG_LEVEL_WARNING, .why = why};
        print_target(c, target);
        (void)snprintf(text, sizeof(text), "%s: %s", target, why);
        c->listener->counts.failed++;
        proxy_count(c->listener->proxy, c->listener);
        tell(c, &v);
        return proxy_conn_refuse(c, status, text);
}

/* ---- one address after the other ---------------------------------------------------------- */

static int connected(ProxyConn *c)
{
        const Verdict v = {.word = "allowed", .level = LOG_LEVEL_INFO, .address = &c->addresses[c->next - 1]};
        c->listener->counts.allowed++;
        proxy_count(c->listener->proxy, c->listener);
        tell(c, &v);
        return proxy_conn_begin_tunnel(c);
}

static int server_ready(LoopSource *source, uint32_t events)
{
        ProxyConn *c = CONTAINER_OF(source, ProxyConn, server);
        if (c->state == PROXY_CONN_TUNNEL)
                return proxy_conn_server_moves(c, events);
        int error = 0;
        socklen_t size = sizeof(error);
        if (getsockopt(c->server_fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                error = errno;
        return error ? proxy_conn_next_address(c, -error) : connected(c);
}

static const LoopSourceOps server_ops = {.priority = LOOP_PRIORITY_HTTP, .ready = server_ready};

/* The address that was judged is the one that is connected to: no name is looked up again. */
static int begin_connect(ProxyConn *c, const ProxyAddress *a)
{
        static const int on = 1;
        struct sockaddr_storage sa;
        socklen_t size = proxy_address_to(a, c->request.target.port, &sa);
        CLEANUP_FD int fd = socket((int)a->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
        if (connect(fd, (const struct sockaddr *)&sa, size) < 0 && errno != EINPROGRESS)
                return -errno;
        int r = loop_source_add(&c->server, c->listener->proxy->loop, &server_ops, fd, EPOLLOUT);
        if (r < 0)
                return r;
        c->server_fd = TAKE_FD(fd);
        proxy_conn_set_state(c, PROXY_CONN_CONNECT);
        return 0;
}

int proxy_conn_next_address(ProxyConn *c, int error)
{
        c->error = error;
        loop_source_remove(&c->server);
        fd_close_p(&c->server_fd);
        while (c->next < c->n_addresses) {
                c->error = begin_connect(c, &c->addresses[c->next++]);
                if (c->error == 0)
                        return 0;
        }
        return fail(c, c->error == -ETIMEDOUT ? 504 : 502, strerror(-c->error));
}

/* ---- decisions ------------------------------------------------------------------------------- */

/* Those that may be connected to; a name that has none is refused, and the first says why. */
static int judge(ProxyConn *c, const ProxyAddress *addresses, size_t n)
{
        char why[WHY_LONGEST];
        const ProxyAddress *bad = NULL;
        const char *bad_range = NULL;
        for (size_t i = 0; i < n; i++) {
                const char *range = proxy_rules_refuse(c->listener->rules, &addresses[i],
                                                       c->request.target.port);
                if (!range) {
                        c->addresses[c->n_addresses++] = addresses[i];
                } else if (!bad) {
                        bad = &addresses[i];
                        bad_range = range;
                }
        }
        if (c->n_addresses)
                return proxy_conn_next_address(c, 0);
        (void)snprintf(
                why, sizeof(why),
                "its address is not public (%s), and not listed itself in sandbox.net.allow of server %s",
                bad_range, c->listener->name);
        return refuse(c, bad, why);
}

static int looked_up(Lookup *l, ResolverResult result, const ProxyAddress *addresses, size_t n)
{
        ProxyConn *c = CONTAINER_OF(l, ProxyConn, lookup);
        static const char *const why[_RESOLVER_RESULT_MAX] = {
                [RESOLVER_NOT_FOUND] = "there is no such name, or it has no address",
                [RESOLVER_FAILED] = "the name could not be looked up",
        };
        return result == RESOLVER_FOUND ? judge(c, addresses, n) : fail(c, 502, why[result]);
}

const LookupOps proxy_conn_lookup_ops = {.done = looked_up};

static int look_up(ProxyConn *c)
{
        c->lookup.owner = c->listener;
        c->lookup.name = c->request.target.name;
        proxy_conn_set_state(c, PROXY_CONN_LOOKUP);
        int r = resolver_ask(&c->listener->proxy->resolver, &c->lookup);
        return r < 0 ? fail(c, 503, "the name could not be looked up") : 0;
}

/* Until there is somebody to talk to, what the client says stays in its socket. */
int proxy_conn_reach(ProxyConn *c)
{
        char why[WHY_LONGEST];
        if (loop_source_set_events(&c->client, 0) < 0) {
                proxy_conn_end(c);
                return 0;
        }
        if (!proxy_rules_list(c->listener->rules, &c->request.target)) {
                (void)snprintf(why, sizeof(why), "not in sandbox.net.allow of server %s", c->listener->name);
                return refuse(c, NULL, why);
        }
        return c->request.target.name[0] ? look_up(c) : judge(c, &c->request.target.address, 1);
}
