/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/fd.h"
#include "base/limit-table.h"
#include "demo/demo.h"
#include "demo/member.h"

enum { CHUNK = 16 * 1024, PARSE_ERROR = -32700, INVALID_REQUEST = -32600, METHOD_NOT_FOUND = -32601 };

typedef struct Demo {
        Buf in, out;
        bool skipping; /* what remains of a line that was too long */
} Demo;

/* What a message says, as written: each is empty when it is not there. */
typedef struct Message {
        Span id, method, params;
} Message;

/* ---- answers ---------------------------------------------------------------- */

static int answer_begin(Demo *d, Span id)
{
        int r = buf_append_str(&d->out, "{\"jsonrpc\":\"2.0\",\"id\":");
        return r < 0 ? r : buf_append_span(&d->out, id.len ? id : SPAN("null"));
}

static int answer_result(Demo *d, Span id, const char *result)
{
        int r = answer_begin(d, id);
        return r < 0 ? r : buf_appendf(&d->out, ",\"result\":%s}\n", result);
}

static int answer_error(Demo *d, Span id, int code, const char *text)
{
        int r = answer_begin(d, id);
        return r < 0 ? r : buf_appendf(&d->out, ",\"error\":{\"code\":%d,\"message\":\"%s\"}}\n", code, text);
}

/* ---- methods ---------------------------------------------------------------- */

typedef struct Method {
        const char *name; /* as it stands in a message, with its quotes */
        int (*answer)(Demo *d, const Message *m);
} Method;

static const char *const revisions[] = {"\"2025-11-25\"", "\"2025-06-18\"", "\"2025-03-26\"",
                                        "\"2024-11-05\""};

static int answer_initialize(Demo *d, const Message *m)
{
        Span asked = SPAN_NONE;
        const char *revision = revisions[0];
        const MemberWant want = {"protocolVersion", &asked};
        if (m->params.len && members_find(m->params, &want, 1) < 0)
                asked = SPAN_NONE;
        for (size_t i = 0; i < ARRAY_SIZE(revisions); i++)
                if (span_equal(asked, span_of(revisions[i])))
                        revision = revisions[i];
        int r = answer_begin(d, m->id);
        return r < 0 ? r
                     : buf_appendf(&d->out,
                                   ",\"result\":{\"protocolVersion\":%s,\"capabilities\":{\"tools\":{}},"
                                   "\"serverInfo\":{\"name\":\"mcpvisor-demo\",\"version\":\"%s\"}}}\n",
                                   revision, PACKAGE_VERSION);
}

static int answer_ping(Demo *d, const Message *m)
{
        return answer_result(d, m->id, "{}");
}

static int answer_tools(Demo *d, const Message *m)
{
        return answer_result(d, m->id, "{\"tools\":[]}");
}

static const Method methods[] = {
        {"\"initialize\"", answer_initialize},
        {"\"ping\"", answer_ping},
        {"\"tools/list\"", answer_tools},
};

/* ---- messages --------------------------------------------------------------- */

static bool is_id(Span id)
{
        return id.len && (id.ptr[0] == '"' || id.ptr[0] == '-' || (id.ptr[0] >= '0' && id.ptr[0] <= '9'));
}

static int take_message(Demo *d, Span line)
{
        Message m = {0};
        const MemberWant wants[] = {{"id", &m.id}, {"method", &m.method}, {"params", &m.params}};
        line = span_trim(line);
        if (line.len == 0)
                return 0;
        if (line.ptr[0] == '[')
                return answer_error(d, SPAN_NONE, INVALID_REQUEST, "batches are not known here");
        if (members_find(line, wants, ARRAY_SIZE(wants)) < 0)
                return answer_error(d, SPAN_NONE, PARSE_ERROR, "this line is no JSON object");
        if (m.id.len && !is_id(m.id))
                return answer_error(d, SPAN_NONE, INVALID_REQUEST, "the id is no text and no number");
        if (m.id.len == 0 || m.method.len == 0)
                return 0; /* a notification, or an answer to nothing that was asked */
        for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
                if (span_equal(m.method, span_of(methods[i].name)))
                        return methods[i].answer(d, &m);
        return answer_error(d, m.id, METHOD_NOT_FOUND, "there is no such method");
}

/* Every whole line of what was read; what is left of it waits for its end. */
static int take_lines(Demo *d)
{
        int r = 0;
        size_t end;
        while (r == 0 && (end = span_find(buf_span(&d->in), '\n')) < d->in.len) {
                if (!d->skipping)
                        r = take_message(d, span_first(buf_span(&d->in), end));
                d->skipping = false;
                buf_consume(&d->in, end + 1);
        }
        if (r == 0 && d->in.len > LIMIT_DEMO_LINE - CHUNK) {
                if (!d->skipping)
                        r = answer_error(d, SPAN_NONE, INVALID_REQUEST, "the message is too long");
                d->skipping = true;
                buf_clear(&d->in);
        }
        return r;
}

static int serve(Demo *d)
{
        for (;;) {
                char *room;
                int r = buf_reserve(&d->in, CHUNK, &room);
                if (r < 0)
                        return r;
                ssize_t n = read(STDIN_FILENO, room, CHUNK);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                buf_commit(&d->in, (size_t)n);
                r = take_lines(d);
                if (r == 0)
                        r = fd_write_all(STDOUT_FILENO, buf_span(&d->out));
                if (r < 0)
                        return r;
                buf_clear(&d->out);
        }
}

int demo_main(int argc UNUSED, char **argv UNUSED)
{
        /* An answer holds an id of at most a line; lines of one read may be many, so are their answers. */
        Demo d = {.in = BUF_INIT(LIMIT_DEMO_LINE), .out = BUF_INIT(BUF_CAP_NONE)};
        int r = serve(&d);
        buf_done(&d.in);
        buf_done(&d.out);
        if (r < 0)
                (void)fprintf(stderr, "mcpvisor: demo: %s\n", strerror(-r));
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
