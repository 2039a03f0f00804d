/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/fd.h"
#include "bench/load-conn.h"

enum { EMBED_MAX = 4096, ANSWER_MAX = 64 * 1024 * 1024 };

#define FIRST_ID  1000000000ULL
#define ID_FORMAT "%010llu"
#define NO_TAG    "0000000000000000"

/* Texts of which the server sends only what stands in the call end in this. */
static const char tail_echo[] = "\"}}}";

static bool is_echo(const CallPlan *p)
{
        return strcmp(p->tool, "echo") == 0;
}

/* ---- what all share -------------------------------------------------------------- */

/* The pattern that tests/bench/mcp-echo answers, or that we send. */
int call_plan_init(CallPlan *p)
{
        static const char pattern[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.";
        bool sleeps = strcmp(p->tool, "sleep") == 0;
        size_t n = sleeps ? 0 : is_echo(p) ? p->size - MIN(p->size, (size_t)LOAD_TAG) : p->size;
        p->payload = BUF_INIT(BUF_CAP_NONE);
        for (size_t at = 0; at < n; at += sizeof(pattern) - 1) {
                int r = buf_append(&p->payload, pattern, MIN(n - at, sizeof(pattern) - 1));
                if (r != 0)
                        return r;
        }
        if (sleeps && buf_append_str(&p->payload, "slept") != 0)
                return -ENOMEM;
        p->scratch = malloc(LOAD_SCRATCH);
        return p->scratch ? 0 : -ENOMEM;
}

void call_plan_done(CallPlan *p)
{
        buf_done(&p->payload);
        free(TAKE_PTR(p->scratch));
}

/* ---- the call, made once; only its digits change ----------------------------------- */

static int write_call(const LoadConn *c, char *ret, size_t size)
{
        static const char format[] = "{\"jsonrpc\":\"2.0\",\"id\":" ID_FORMAT
                                     ",\"method\":\"tools/call\",\"params\":{\"name\":\"%s%s\","
                                     "\"arguments\":{\"%s\":";
        const CallPlan *p = c->plan;
        bool blob = strcmp(p->tool, "blob") == 0;
        int n = snprintf(ret, size, format, FIRST_ID, p->prefix ? p->prefix : "", p->tool,
                         is_echo(p) ? "text"
                         : blob     ? "size"
                                    : "ms");
        n += is_echo(p) ? snprintf(ret + n, size - (size_t)n, "\"" NO_TAG)
                        : snprintf(ret + n, size - (size_t)n, "%zu}}}", p->size);
        return n;
}

static int make_call(LoadConn *c)
{
        char message[LOAD_HEAD_MAX], head[LOAD_HEAD_MAX];
        int n = write_call(c, message, sizeof(message));
        bool echo = is_echo(c->plan);
        c->payload = echo ? buf_span(&c->plan->payload) : SPAN_NONE;
        size_t all = (size_t)n + c->payload.len + (echo ? sizeof(tail_echo) - 1 : 0);
        int h = load_conn_head(c, "POST", all, head, sizeof(head));
        if (h < 0)
                return h;
        Buf b = BUF_INIT(BUF_CAP_NONE);
        bool embed = echo && c->payload.len <= EMBED_MAX;
        int r = buf_append(&b, head, (size_t)h);
        r = r ? r : buf_append(&b, message, (size_t)n);
        r = r || !embed ? r : buf_append_span(&b, c->payload);
        r = r || !embed ? r : buf_append_str(&b, tail_echo);
        c->head_len = (size_t)h;
        c->id_at = c->head_len + (size_t)((char *)memmem(message, (size_t)n, "\"id\":", 5) - message) + 5;
        c->tag_at = echo ? c->head_len + (size_t)n - LOAD_TAG : 0;
        c->request_len = b.len;
        if (embed)
                c->payload = SPAN_NONE;
        r = r ? r : buf_steal(&b, &c->request);
        buf_done(&b);
        return r;
}

static void put_digits(char *to, unsigned n, uint64_t value)
{
        while (n-- > 0) {
                to[n] = (char)('0' + value % 10);
                value /= 10;
        }
}

/* A fixed answer cannot follow: there the id stays what it was. The ids of all connections are the same
 * ones on purpose, and the tag tells whose answer it is. */
static void number_call(LoadConn *c)
{
        c->calls++;
        if (c->plan->whole.len)
                return;
        put_digits(c->request + c->id_at, 10, FIRST_ID + c->calls);
        if (c->tag_at) {
                put_digits(c->request + c->tag_at, LOAD_TAG / 2, c->index);
                put_digits(c->request + c->tag_at + LOAD_TAG / 2, LOAD_TAG / 2, c->calls);
        }
}

/* ---- lifecycle ----------------------------------------------------------------------- */

int load_conn_open(LoadConn *c, const CallPlan *plan, uint32_t index)
{
        *c = (LoadConn){.plan = plan, .fd = -EBADF, .index = index, .in = BUF_INIT(ANSWER_MAX)};
        int r = load_conn_dial(c);
        if (r != 0)
                return r;
        if (plan->whole.len)
                snprintf(c->session, sizeof(c->session), "%08x0123456789abcdef0123456789abcdef", index);
        else
                r = load_session_open(c);
        buf_done(&c->in);
        c->in = BUF_INIT(ANSWER_MAX);
        r = r ? r : make_call(c);
        return r ? r : fd_set_nonblock(c->fd, true);
}

void load_conn_close(LoadConn *c)
{
        if (c->fd >= 0 && !c->plan->whole.len && fd_set_nonblock(c->fd, false) == 0)
                load_session_close(c);
        fd_close_p(&c->fd);
        buf_done(&c->in);
        free(TAKE_PTR(c->request));
}

/* ---- calls --------------------------------------------------------------------------- */

int load_conn_flush(LoadConn *c)
{
        size_t tail = c->payload.len ? sizeof(tail_echo) - 1 : 0;
        size_t all = c->request_len + c->payload.len + tail;
        while (c->sent < all) {
                struct iovec parts[3];
                int n = 0;
                Span rest[] = {span_from(c->request, c->request_len), c->payload, span_from(tail_echo, tail)};
                size_t skip = c->sent;
                for (size_t i = 0; i < ARRAY_SIZE(rest); i++) {
                        size_t done = MIN(skip, rest[i].len);
                        skip -= done;
                        if (done < rest[i].len)
                                parts[n++] = (struct iovec){(char *)rest[i].ptr + done, rest[i].len - done};
                }
                struct msghdr m = {.msg_iov = parts, .msg_iovlen = (size_t)n};
                ssize_t did = sendmsg(c->fd, &m, MSG_NOSIGNAL);
                if (did < 0)
                        return errno == EAGAIN ? LOAD_CONN_E_MORE : -errno;
                c->sent += (size_t)did;
        }
        return 0;
}

int load_conn_call(LoadConn *c)
{
        if (c->reopen) {
                int r = load_conn_dial(c);
                r = r ? r : fd_set_nonblock(c->fd, true);
                if (r != 0)
                        return r;
        }
        number_call(c);
        c->sent = 0;
        if (c->request_len && !c->payload.len) {
                ssize_t n = send(c->fd, c->request, c->request_len, MSG_NOSIGNAL);
                if (n == (ssize_t)c->request_len)
                        return 0;
                c->sent = n > 0 ? (size_t)n : 0;
        }
        return load_conn_flush(c);
}

static int judge(LoadConn *c, const Answer *a, const char *bytes, size_t n)
{
        bool echo = is_echo(c->plan);
        const Expected e = {.whole = c->plan->whole,
                            .id = FIRST_ID + c->calls,
                            .tag = echo ? span_from(c->request + c->tag_at, LOAD_TAG) : SPAN_NONE,
                            .payload = buf_span(&c->plan->payload)};
        if (answer_check(a, &e) != 0)
                return load_conn_complain("an answer that is wrong", bytes, n);
        if (a->total != n)
                return load_conn_complain("bytes behind an answer", bytes + a->total, n - a->total);
        c->reopen = a->close;
        c->sse = a->sse;
        buf_clear(&c->in);
        c->in_total = 0;
        return 0;
}

/* What came in parts is gathered; nothing is looked at twice as long as its length is known. */
static int gather(LoadConn *c, char **ret_bytes, size_t *ret_n)
{
        char *room = c->plan->scratch;
        size_t want = LOAD_SCRATCH;
        if (c->in.len) {
                want = c->in_total > c->in.len ? c->in_total - c->in.len : LOAD_SCRATCH;
                int r = buf_reserve(&c->in, want, &room);
                if (r != 0)
                        return r;
        }
        ssize_t n = recv(c->fd, room, want, 0);
        if (n < 0)
                return errno == EAGAIN ? LOAD_CONN_E_MORE : -errno;
        if (n == 0)
                return LOAD_CONN_E_HANGUP;
        if (c->in.len) {
                buf_commit(&c->in, (size_t)n);
                *ret_bytes = c->in.data;
                *ret_n = c->in.len;
        } else {
                *ret_bytes = room;
                *ret_n = (size_t)n;
        }
        return 0;
}

int load_conn_receive(LoadConn *c)
{
        char *bytes = NULL;
        size_t n = 0, total = 0;
        Answer a;
        int r = gather(c, &bytes, &n);
        if (r == LOAD_CONN_E_HANGUP)
                return load_conn_complain("the connection was closed, no whole answer", c->in.data,
                                          c->in.len);
        if (r != 0)
                return r;
        if (n < c->in_total)
                return LOAD_CONN_E_MORE;
        r = answer_parse(bytes, n, &a, &total);
        if (r == 0)
                return judge(c, &a, bytes, n);
        if (r == ANSWER_E_BROKEN)
                return load_conn_complain("no answer that is understood", bytes, n);
        c->in_total = total;
        if (bytes == c->plan->scratch && buf_append(&c->in, bytes, n) != 0)
                return -ENOMEM;
        return LOAD_CONN_E_MORE;
}
