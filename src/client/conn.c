/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "client/conn.h"
#include "client/wait.h"

enum { READ_SIZE = 16 * 1024, KEEP = 64 * 1024 };

int client_conn_init(ClientConn *c)
{
        static const H1ResponseLimits limits = {.max_header = CLIENT_HEADER_MAX, .max_body = CLIENT_BODY_MAX};
        ClientConn new = {.fd = -EBADF, .out = BUF_INIT(BUF_CAP_NONE)};
        int r = h1_response_new(&limits, &new.response);
        if (r == 0)
                *c = new;
        return r;
}

void client_conn_done(ClientConn *c)
{
        if (!c->response)
                return;
        fd_close_p(&c->fd);
        buf_done(&c->out);
        c->response = h1_response_free(c->response);
}

void client_conn_drop(ClientConn *c)
{
        fd_close_p(&c->fd);
        c->used = false;
        c->state = CLIENT_CONN_IDLE;
        buf_clear(&c->out);
}

/* ---- request ------------------------------------------------------------------ */

static bool fits_header(Span value)
{
        for (size_t i = 0; i < value.len; i++)
                if ((unsigned char)value.ptr[i] < ' ' || value.ptr[i] == 0x7f)
                        return false;
        return true;
}

static int append_header(Buf *b, const char *name, Span value)
{
        if (value.len == 0)
                return 0;
        return fits_header(value) ? buf_appendf(b, "%s: %.*s\r\n", name, (int)value.len, value.ptr) : -EINVAL;
}

static int append_request(Buf *b, const ClientPlace *to, const ClientRequest *r)
{
        int e = buf_appendf(b, "%s %s HTTP/1.1\r\n", r->method, to->path);
        if (e == 0)
                e = append_header(b, "Host", span_of(to->authority));
        for (unsigned i = 0; i < r->n_headers && e == 0; i++)
                e = append_header(b, r->headers[i].name, r->headers[i].value);
        if (e == 0 && r->has_body)
                e = buf_appendf(b, "Content-Length: %zu\r\n", r->body.len);
        if (e == 0)
                e = buf_append_str(b, "\r\n");
        return e < 0 ? e : buf_append_span(b, r->body);
}

int client_conn_request(ClientConn *c, const ClientPlace *to, const ClientRequest *r, Nsec deadline)
{
        buf_clear(&c->out);
        int e = append_request(&c->out, to, r);
        if (e == 0 && c->fd < 0)
                e = client_place_connect(to, deadline, &c->fd);
        if (e != 0) {
                buf_clear(&c->out);
                return e;
        }
        h1_response_reset(c->response, strcmp(r->method, "HEAD") == 0);
        c->stale = c->used;
        c->used = true;
        c->cut = false;
        c->why = NULL;
        c->state = CLIENT_CONN_SENT;
        return 0;
}

/* ---- answer ------------------------------------------------------------------- */

static void break_off(ClientConn *c, const char *why)
{
        fd_close_p(&c->fd);
        c->why = why;
        c->state = CLIENT_CONN_BROKEN;
}

static void take_state(ClientConn *c, H1ResponseState s)
{
        if (h1_response_begun(c->response))
                c->stale = false;
        if (s == H1_RESPONSE_BODY)
                c->state = CLIENT_CONN_BODY;
        else if (s == H1_RESPONSE_DONE)
                c->state = CLIENT_CONN_DONE;
        else if (s == H1_RESPONSE_BROKEN)
                break_off(c, h1_response_why(c->response));
}

static bool is_reset(int error)
{
        return error == EPIPE || error == ECONNRESET || error == ETIMEDOUT;
}

/* Who has stopped reading may still have answered: that is for the reader to find out. */
static int write_some(ClientConn *c)
{
        while (c->out.len) {
                ssize_t n = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && !is_reset(errno))
                        return errno == EAGAIN ? 0 : -errno;
                c->cut = n < 0;
                if (n < 0)
                        buf_clear(&c->out);
                else
                        buf_consume(&c->out, (size_t)n);
        }
        if (c->out.size > KEEP) {
                buf_done(&c->out);
                c->out = BUF_INIT(BUF_CAP_NONE);
        }
        return 0;
}

static int take_bytes(ClientConn *c, Span bytes)
{
        H1ResponseState s;
        size_t used;
        int r = h1_response_feed(c->response, bytes, &used, &s);
        if (r < 0)
                return r;
        take_state(c, s);
        /* What nobody asked for: the connection is not to be trusted with another request. */
        if (c->state == CLIENT_CONN_DONE && (used < bytes.len || c->out.len || c->cut))
                fd_close_p(&c->fd);
        return 0;
}

static bool wants_more(const ClientConn *c)
{
        return c->state == CLIENT_CONN_SENT || c->state == CLIENT_CONN_BODY;
}

/* At most so much at once: others want their turn, and what is there to be looked at. */
static int read_some(ClientConn *c)
{
        char room[READ_SIZE];
        ssize_t n;
        do
                n = recv(c->fd, room, sizeof(room), 0);
        while (n < 0 && errno == EINTR);
        if (n > 0)
                return take_bytes(c, span_from(room, (size_t)n));
        if (n < 0 && errno == EAGAIN)
                return 0;
        if (n < 0 && !is_reset(errno))
                return -errno;
        take_state(c, h1_response_eof(c->response));
        fd_close_p(&c->fd);
        return 0;
}

/* An idle one gets nothing but its end. */
int client_conn_step(ClientConn *c)
{
        char byte;
        if (c->fd < 0)
                return 0;
        if (c->state == CLIENT_CONN_IDLE) {
                if (recv(c->fd, &byte, 1, MSG_PEEK) >= 0 || errno != EAGAIN)
                        client_conn_drop(c);
                return 0;
        }
        int r = wants_more(c) ? write_some(c) : 0;
        return r == 0 && wants_more(c) ? read_some(c) : r;
}

short client_conn_events(const ClientConn *c)
{
        if (c->fd < 0 || c->state == CLIENT_CONN_DONE)
                return 0;
        return (short)(POLLIN | (c->out.len ? POLLOUT : 0));
}

void client_conn_next(ClientConn *c)
{
        bool keep = c->state == CLIENT_CONN_DONE && c->fd >= 0 && h1_response_keeps_alive(c->response);
        if (!keep)
                client_conn_drop(c);
        c->state = CLIENT_CONN_IDLE;
        h1_response_reset(c->response, false);
}

int client_conn_status(const ClientConn *c)
{
        return h1_response_status(c->response);
}

Span client_conn_body(const ClientConn *c)
{
        return buf_span(h1_response_body(c->response));
}

int client_conn_wait(ClientConn *c, Nsec deadline)
{
        int r = client_conn_step(c);
        while (r == 0 && wants_more(c)) {
                r = client_wait(c->fd, client_conn_events(c), deadline);
                if (r == 0)
                        r = client_conn_step(c);
        }
        return r;
}
