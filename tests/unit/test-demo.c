/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include "config.h"

#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "demo/demo.h"

enum { ANSWER_TIME = 20000 }; /* ms */

/* The server in a process of its own, between two pipes. */
typedef struct Child {
        pid_t pid;
        int to, from;
        Buf in; /* read and not yet heard */
        json_t *heard;
} Child;

static Child child;

/* A server whose input is a pipe of these flags. */
static void start_with(int in_flags, Child *ret)
{
        int in[2], out[2];
        assert_int_equal(pipe2(in, O_CLOEXEC | in_flags), 0);
        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        (void)fflush(NULL); /* or both would write what waits */
        pid_t pid = fork();
        if (pid == 0) {
                (void)dup2(in[0], STDIN_FILENO);
                (void)dup2(out[1], STDOUT_FILENO);
                close(in[0]), close(in[1]), close(out[0]), close(out[1]);
                exit(demo_main(0, NULL)); /* not _exit: coverage is written at exit */
        }
        assert_true(pid > 0);
        close(in[0]), close(out[1]);
        *ret = (Child){.pid = pid, .to = in[1], .from = out[0], .in = BUF_INIT(BUF_CAP_NONE)};
}

static int start(void **state UNUSED)
{
        start_with(0, &child);
        return 0;
}

/* What is left non-blocking by whoever started it is no end of the input. */
static int start_nonblocking(void **state UNUSED)
{
        start_with(O_NONBLOCK, &child);
        return 0;
}

static int end_with(int want)
{
        int status;
        char c;
        if (child.to >= 0)
                close(child.to);
        assert_int_equal(child.in.len, 0);
        assert_int_equal(read(child.from, &c, 1), 0);
        close(child.from);
        buf_done(&child.in);
        json_decref(child.heard);
        assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), want);
        return 0;
}

/* At the end of its input it ends, with nothing left to say. */
static int stop(void **state UNUSED)
{
        return end_with(EXIT_SUCCESS);
}

static void say(const char *text)
{
        assert_int_equal(fd_write_all(child.to, span_of(text)), 0);
}

/* The next line; it is valid JSON. */
static json_t *hear(void)
{
        size_t end;
        while ((end = span_find(buf_span(&child.in), '\n')) == child.in.len) {
                char *room;
                struct pollfd p = {.fd = child.from, .events = POLLIN};
                assert_int_equal(poll(&p, 1, ANSWER_TIME), 1);
                assert_int_equal(buf_reserve(&child.in, 65536, &room), 0);
                ssize_t n = read(child.from, room, 65536);
                assert_true(n > 0);
                buf_commit(&child.in, (size_t)n);
        }
        json_decref(child.heard);
        child.heard = json_loadb(child.in.data, end, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(child.heard);
        buf_consume(&child.in, end + 1);
        return child.heard;
}

/* The next line is that message, whatever the order of its members. */
static void hear_that(const char *want)
{
        json_t *w = json_loads(want, 0, NULL);
        assert_non_null(w);
        bool equal = json_equal(hear(), w) == 1;
        char *got = json_dumps(child.heard, JSON_SORT_KEYS);
        if (!equal)
                print_error("heard %s\nnot   %s\n", got, want);
        free(got);
        json_decref(w);
        assert_true(equal);
}

/* The value at a path of names and indices of the next line. */
static const json_t *at(const json_t *v, const char *path)
{
        Span left = span_of(path), name;
        while (v && span_next(&left, '.', &name)) {
                char text[64];
                (void)snprintf(text, sizeof(text), "%.*s", (int)name.len, name.ptr);
                v = json_is_array(v) ? json_array_get(v, (size_t)(text[0] - '0')) : json_object_get(v, text);
        }
        return v;
}

static void assert_text(const json_t *v, const char *path, const char *want)
{
        const char *got = json_string_value(at(v, path));
        assert_non_null(got);
        assert_string_equal(got, want);
}

#define REQUEST(id, method, params) \
        "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":" params "}\n"
#define CALL(id, tool, arguments) \
        REQUEST(id, "tools/call", "{\"name\":\"" tool "\",\"arguments\":" arguments "}")
#define NOTE(method, params) "{\"jsonrpc\":\"2.0\",\"method\":\"" method "\",\"params\":" params "}\n"
#define HELLO(id, revision)                                                  \
        REQUEST(id, "initialize",                                            \
                "{\"protocolVersion\":\"" revision "\",\"capabilities\":{}," \
                "\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}")
#define RESULT(id, text) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" text "}"
#define TEXT(id, text)   RESULT(id, "{\"content\":[{\"type\":\"text\",\"text\":\"" text "\"}]}")

/* The next line is the answer to that. */
static void answers(const char *request, const char *want)
{
        say(request);
        hear_that(want);
}

static void refused(const char *request, int code)
{
        say(request);
        const json_t *answer = hear();
        assert_row(json_integer_value(at(answer, "error.code")) == code, "%s", request);
        assert_true(json_string_length(at(answer, "error.message")) > 0);
}

/* ---- the protocol ----------------------------------------------------------------- */

static void test_initialize(void **state UNUSED)
{
        static const char *const rows[][2] = {
                {HELLO("0", "2025-11-25"), "2025-11-25"}, {HELLO("1", "2025-06-18"), "2025-06-18"},
                {HELLO("2", "2025-03-26"), "2025-03-26"}, {HELLO("3", "2024-11-05"), "2024-11-05"},
                {HELLO("4", "2026-07-28"), "2025-11-25"}, {HELLO("5", "1999-01-01"), "2025-11-25"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                say(rows[i][0]);
                const json_t *v = hear();
                assert_int_equal(json_integer_value(at(v, "id")), i);
                assert_text(v, "result.protocolVersion", rows[i][1]);
                assert_text(v, "result.serverInfo.name", "mcpvisor-demo");
                assert_text(v, "result.serverInfo.version", PACKAGE_VERSION);
                static const char *const offered[] = {"tools", "prompts", "resources", "completions",
                                                      "logging"};
                for (size_t k = 0; k < ARRAY_SIZE(offered); k++)
                        assert_true(
                                json_is_object(json_object_get(at(v, "result.capabilities"), offered[k])));
                assert_true(json_is_true(at(v, "result.capabilities.resources.subscribe")));
        }
        refused(REQUEST("6", "initialize", "{}"), -32602);
}

static void test_ids(void **state UNUSED)
{
        say("{\"method\":\"ping\",\"params\":{},\"jsonrpc\":\"2.0\",\"id\":\"a\\u0041\"}\r\n");
        (void)hear();
        say("{\"id\":123456789012345678901,\"jsonrpc\":\"2.0\",\"method\":\"ping\"}\n");
        struct pollfd p = {.fd = child.from, .events = POLLIN};
        assert_int_equal(poll(&p, 1, ANSWER_TIME), 1);
        char line[256] = "";
        assert_true(read(child.from, line, sizeof(line) - 1) > 0);
        assert_non_null(strstr(line, "\"id\":123456789012345678901,"));
        say("{\"method\":\"ping\",\"jsonrpc\":\"2.0\",\"id\":\"a\\u0041\"}\n");
        assert_int_equal(poll(&p, 1, ANSWER_TIME), 1);
        memset(line, 0, sizeof(line));
        assert_true(read(child.from, line, sizeof(line) - 1) > 0);
        assert_non_null(strstr(line, "\"id\":\"a\\u0041\","));
}

/* No answer to what asks for none: the next answer is the ping's. */
static void test_silence(void **state UNUSED)
{
        answers(NOTE("notifications/initialized", "{}") NOTE("notifications/cancelled", "{\"requestId\":9}")
                        NOTE("unknown", "{}") "\n  \n{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n"
                                              "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,"
                                              "\"message\":\"x\"}}\n" REQUEST("7", "ping", "{}"),
                RESULT("7", "{}"));
}

static void test_nonsense(void **state UNUSED)
{
        static const struct {
                const char *line;
                int code;
        } rows[] = {
                {"nonsense\n", -32700},
                {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"\n", -32700},
                {"[]\n", -32600},
                {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]\n", -32600},
                {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}\n", -32600},
                {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}\n", -32600},
                {"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}\n", -32600},
                {"{\"id\":1,\"method\":\"ping\"}\n", -32600},
                {"{\"jsonrpc\":\"2.0\",\"id\":1}\n", -32600},
                {REQUEST("1", "tools/nothing", "{}"), -32601},
                {REQUEST("1", "server/discover", "{}"), -32601},
                {REQUEST("1", "tasks/list", "{}"), -32601},
                {REQUEST("1", "roots/list", "{}"), -32601},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                refused(rows[i].line, rows[i].code);
        /* Since 2025-11-25 an error to nobody has no id, before that it has null. */
        say("nonsense\n" HELLO("1", "2025-06-18") "nonsense\n");
        assert_null(at(hear(), "id"));
        (void)hear();
        const json_t *v = hear();
        assert_true(json_is_null(at(v, "id")));
}

static void test_pieces(void **state UNUSED)
{
        static const char text[] = REQUEST("1", "ping", "{}") REQUEST("2", "ping", "{}");
        for (const char *c = text; *c; c++)
                assert_int_equal(fd_write_all(child.to, span_from(c, 1)), 0);
        hear_that(RESULT("1", "{}"));
        hear_that(RESULT("2", "{}"));
}

/* The last line needs no end. */
static void test_last_line(void **state UNUSED)
{
        say("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
        close(child.to);
        child.to = -1;
        hear_that(RESULT("1", "{}"));
}

static void test_long_line(void **state UNUSED)
{
        CLEANUP(buf_done) Buf line = BUF_INIT(BUF_CAP_NONE);
        char *room;
        size_t size = LIMIT_DEMO_LINE + LIMIT_DEMO_LINE / 2;
        assert_int_equal(buf_reserve(&line, size, &room), 0);
        memset(room, 'x', size);
        buf_commit(&line, size);
        assert_int_equal(fd_write_all(child.to, buf_span(&line)), 0);
        assert_int_equal(json_integer_value(at(hear(), "error.code")), -32600);
        answers("\n" REQUEST("1", "ping", "{}"), RESULT("1", "{}"));
}

static void test_nonblocking(void **state UNUSED)
{
        for (int i = 0; i < 2; i++)
                answers(REQUEST("1", "ping", "{}"), RESULT("1", "{}"));
}

/* ---- tools -------------------------------------------------------------------------- */

static void test_tools(void **state UNUSED)
{
        static const char *const names[] = {"echo", "add", "time", "slow", "blob", "fail", "log"};
        say(REQUEST("1", "tools/list", "{}"));
        const json_t *tools = at(hear(), "result.tools");
        assert_int_equal(json_array_size(tools), ARRAY_SIZE(names));
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const json_t *t = json_array_get(tools, i);
                assert_text(t, "name", names[i]);
                assert_text(t, "inputSchema.type", "object");
                assert_true(json_is_object(at(t, "annotations")));
                const json_t *required;
                size_t k;
                json_array_foreach(at(t, "inputSchema.required"), k, required) assert_non_null(
                        json_object_get(at(t, "inputSchema.properties"), json_string_value(required)));
        }
}

static void test_echo(void **state UNUSED)
{
        answers(CALL("1", "echo", "{\"message\":\"a\\u00e4\\\"\\n\"}"), TEXT("1", "a\\u00e4\\\"\\n"));
        for (int i = 0; i < 300; i++)
                say(CALL("2", "echo", "{\"message\":\"x\"}"));
        for (int i = 0; i < 300; i++)
                hear_that(TEXT("2", "x"));
}

#define SUM(id, text)                                                  \
        RESULT(id, "{\"content\":[{\"type\":\"text\",\"text\":\"" text \
                   "\"}],\"structuredContent\":{\"sum\":" text "}}")

static void test_add(void **state UNUSED)
{
        answers(CALL("1", "add", "{\"a\":2,\"b\":-5}"), SUM("1", "-3"));
        answers(CALL("2", "add", "{\"a\":9223372036854775806,\"b\":1}"), SUM("2", "9223372036854775807"));
        answers(CALL("3", "add", "{\"a\":0.5,\"b\":1}"), SUM("3", "1.5"));
        answers(CALL("4", "add", "{\"a\":9223372036854775807,\"b\":1}"), SUM("4", "9.2233720368547758e+18"));
}

static void test_time(void **state UNUSED)
{
        say(CALL("1", "time", "{}") REQUEST("2", "tools/call", "{\"name\":\"time\"}"));
        for (int i = 0; i < 2; i++) {
                const char *text = json_string_value(at(hear(), "result.content.0.text"));
                int n = 0, year, rest;
                assert_int_equal(sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &year, &rest, &rest, &rest, &rest,
                                        &rest, &n),
                                 6);
                assert_int_equal(n, strlen(text));
        }
}

static void test_wrong_arguments(void **state UNUSED)
{
        static const char *const rows[] = {
                CALL("1", "echo", "{}"),
                CALL("1", "echo", "{\"message\":1}"),
                CALL("1", "echo", "[]"),
                CALL("1", "add", "{\"a\":1}"),
                CALL("1", "add", "{\"a\":\"1\",\"b\":2}"),
                CALL("1", "add", "{\"a\":1e999,\"b\":2}"),
                CALL("1", "add", "{\"a\":1e308,\"b\":1e308}"),
                CALL("1", "slow", "{}"),
                CALL("1", "slow", "{\"seconds\":-1}"),
                CALL("1", "slow", "{\"seconds\":3600.1}"),
                CALL("1", "slow", "{\"seconds\":1,\"steps\":0}"),
                CALL("1", "slow", "{\"seconds\":1,\"steps\":1.5}"),
                CALL("1", "slow", "{\"seconds\":1,\"steps\":10001}"),
                CALL("1", "blob", "{}"),
                CALL("1", "blob", "{\"size\":-1}"),
                CALL("1", "blob", "{\"size\":9437185}"),
                CALL("1", "blob", "{\"size\":7077889,\"as\":\"bytes\"}"),
                CALL("1", "blob", "{\"size\":1,\"as\":\"x\"}"),
                CALL("1", "fail", "{\"mode\":\"x\"}"),
                CALL("1", "log", "{}"),
                CALL("1", "log", "{\"message\":\"x\",\"level\":\"loud\"}"),
                CALL("1", "nothing", "{}"),
                REQUEST("1", "tools/call", "{}"),
                REQUEST("1", "logging/setLevel", "{\"level\":\"loud\"}"),
                REQUEST("1", "logging/setLevel", "{}"),
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                refused(rows[i], -32602);
}

/* The numbers of the schemas and of the messages are those of the table of limits. */
static void test_limits(void **state UNUSED)
{
        assert_int_equal(LIMIT_DEMO_SLOW, 3600);
        assert_int_equal(LIMIT_DEMO_STEPS, 10000);
        assert_int_equal(LIMIT_DEMO_BLOB, 9437184);
        assert_int_equal(LIMIT_DEMO_BLOB / 4 * 3, 7077888);
        assert_true(LIMIT_DEMO_BLOB + 1024 < LIMIT_DEMO_LINE);
}

static void test_slow(void **state UNUSED)
{
        answers(REQUEST("1", "tools/call",
                        "{\"name\":\"slow\",\"arguments\":{\"seconds\":0.05,\"steps\":2},"
                        "\"_meta\":{\"progressToken\":\"t\\u0031\"}}")
                        CALL("2", "echo", "{\"message\":\"x\"}"),
                TEXT("2", "x"));
        hear_that("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":"
                  "{\"progressToken\":\"t1\",\"progress\":1,\"total\":2}}");
        hear_that("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":"
                  "{\"progressToken\":\"t1\",\"progress\":2,\"total\":2}}");
        hear_that(TEXT("1", "done after 0.050 s"));
}

/* In the order of their ends, and at once when there is nothing to wait for. */
static void test_slow_order(void **state UNUSED)
{
        answers(CALL("1", "slow", "{\"seconds\":0.2}") CALL("2", "slow", "{\"seconds\":0.1,\"steps\":3}")
                        CALL("3", "slow", "{\"seconds\":0}"),
                TEXT("3", "done after 0.000 s"));
        hear_that(TEXT("2", "done after 0.100 s"));
        hear_that(TEXT("1", "done after 0.200 s"));
}

static void test_slow_cancelled(void **state UNUSED)
{
        say(CALL("\"a\"", "slow", "{\"seconds\":3600}") CALL("2", "slow", "{\"seconds\":3600}"));
        say(NOTE("notifications/cancelled", "{\"requestId\":\"a\"}"));
        say(NOTE("notifications/cancelled", "{\"requestId\":\"a\"}"));
        answers(REQUEST("3", "ping", "{}"), RESULT("3", "{}"));
}

static void test_slow_many(void **state UNUSED)
{
        for (int i = 0; i < LIMIT_DEMO_CALLS; i++)
                say(CALL("1", "slow", "{\"seconds\":3600}"));
        refused(CALL("2", "slow", "{\"seconds\":3600}"), -32603);
        say(NOTE("notifications/cancelled", "{\"requestId\":1}"));
        answers(CALL("3", "slow", "{\"seconds\":0}"), TEXT("3", "done after 0.000 s"));
}

static void test_blob(void **state UNUSED)
{
        static const int sizes[] = {0, 1, 63, 64, 65, 100000, LIMIT_DEMO_BLOB};
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                char request[256];
                (void)snprintf(request, sizeof(request), CALL("1", "blob", "{\"size\":%d}"), sizes[i]);
                say(request);
                const json_t *text = at(hear(), "result.content.0.text");
                assert_int_equal(json_string_length(text), sizes[i]);
        }
}

static void test_blob_bytes(void **state UNUSED)
{
        static const struct {
                const char *size, *blob;
        } rows[] = {{"0", ""},     {"1", "AA=="},     {"2", "AAE="},
                    {"3", "AAEC"}, {"4", "AAECAw=="}, {"7", "AAECAwQFBg=="}};
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char request[256], uri[64];
                (void)snprintf(request, sizeof(request), CALL("1", "blob", "{\"size\":%s,\"as\":\"bytes\"}"),
                               rows[i].size);
                (void)snprintf(uri, sizeof(uri), "demo://blob/%s", rows[i].size);
                say(request);
                const json_t *v = hear();
                assert_text(v, "result.content.0.type", "resource");
                assert_text(v, "result.content.0.resource.uri", uri);
                assert_text(v, "result.content.0.resource.blob", rows[i].blob);
        }
}

static void test_fail(void **state UNUSED)
{
        say(CALL("1", "fail", "{}") REQUEST("2", "tools/call", "{\"name\":\"fail\"}"));
        for (int i = 0; i < 2; i++) {
                const json_t *v = hear(); /* apart: the macro looks twice */
                assert_true(json_is_true(at(v, "result.isError")));
        }
        refused(CALL("3", "fail", "{\"mode\":\"error\"}"), -32603);
        answers(CALL("4", "fail", "{\"mode\":\"hang\"}") REQUEST("5", "ping", "{}"), RESULT("5", "{}"));
}

/* What was asked before is answered, what comes behind is not. */
static void test_exit(void **state UNUSED)
{
        answers(REQUEST("1", "ping", "{}") CALL("2", "fail", "{\"mode\":\"exit\"}")
                        REQUEST("3", "ping", "{}"),
                RESULT("1", "{}"));
        (void)end_with(EXIT_FAILURE);
}

static void test_log(void **state UNUSED)
{
        answers(CALL("1", "log", "{\"message\":\"m\"}"),
                "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":"
                "{\"level\":\"info\",\"logger\":\"demo\",\"data\":\"m\"}}");
        hear_that(TEXT("1", "logged"));
        answers(CALL("2", "log", "{\"message\":\"m\",\"level\":\"debug\"}"),
                TEXT("2", "left out: below the level that is set"));
        answers(REQUEST("3", "logging/setLevel", "{\"level\":\"error\"}"), RESULT("3", "{}"));
        answers(CALL("4", "log", "{\"message\":\"m\",\"level\":\"warning\"}"),
                TEXT("4", "left out: below the level that is set"));
        say(CALL("5", "log", "{\"message\":\"m\",\"level\":\"emergency\"}"));
        assert_text(hear(), "params.level", "emergency");
        (void)hear();
}

/* ---- resources and prompts --------------------------------------------------------------- */

static void test_resources(void **state UNUSED)
{
        say(REQUEST("1", "resources/list", "{}"));
        const json_t *v = hear();
        assert_text(v, "result.resources.0.uri", "demo://readme");
        assert_text(v, "result.resources.1.uri", "demo://counter");
        say(REQUEST("2", "resources/templates/list", "{}"));
        assert_text(hear(), "result.resourceTemplates.0.uriTemplate", "demo://text/{name}");
        say(REQUEST("3", "resources/read", "{\"uri\":\"demo://readme\"}"));
        v = hear();
        assert_text(v, "result.contents.0.uri", "demo://readme");
        assert_true(json_string_length(at(v, "result.contents.0.text")) > 10);
        say(REQUEST("4", "resources/read", "{\"uri\":\"demo:\\/\\/text\\/\\u00e4\"}"));
        v = hear();
        assert_text(v, "result.contents.0.uri", "demo://text/\xc3\xa4");
        assert_text(v, "result.contents.0.text", "This is the text called \xc3\xa4.");
        refused(REQUEST("5", "resources/read", "{\"uri\":\"demo://text/\"}"), -32002);
        refused(REQUEST("5", "resources/read", "{\"uri\":\"demo://text/a/b\"}"), -32002);
        refused(REQUEST("5", "resources/read", "{\"uri\":\"file:///etc/passwd\"}"), -32002);
        refused(REQUEST("5", "resources/read", "{}"), -32602);
        refused(REQUEST("5", "resources/subscribe", "{\"uri\":\"demo://nothing\"}"), -32002);
        refused(REQUEST("5", "resources/unsubscribe", "{\"uri\":1}"), -32602);
}

static void test_subscription(void **state UNUSED)
{
        answers(CALL("1", "add", "{\"a\":1,\"b\":1}"), SUM("1", "2"));
        answers(REQUEST("2", "resources/subscribe", "{\"uri\":\"demo://readme\"}")
                        REQUEST("3", "resources/subscribe", "{\"uri\":\"demo://counter\"}")
                                CALL("4", "add", "{\"a\":1,\"b\":1}"),
                RESULT("2", "{}"));
        hear_that(RESULT("3", "{}"));
        hear_that(SUM("4", "2"));
        hear_that("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/resources/updated\",\"params\":"
                  "{\"uri\":\"demo://counter\"}}");
        say(REQUEST("5", "resources/read", "{\"uri\":\"demo://counter\"}"));
        assert_text(hear(), "result.contents.0.text", "2");
        answers(REQUEST("6", "resources/unsubscribe", "{\"uri\":\"demo://counter\"}")
                        CALL("7", "add", "{\"a\":1,\"b\":1}"),
                RESULT("6", "{}"));
        hear_that(SUM("7", "2"));
}

static void test_prompts(void **state UNUSED)
{
        say(REQUEST("1", "prompts/list", "{}"));
        const json_t *v = hear();
        assert_text(v, "result.prompts.0.name", "greet");
        assert_true(json_is_true(at(v, "result.prompts.0.arguments.0.required")));
        say(REQUEST("2", "prompts/get", "{\"name\":\"greet\",\"arguments\":{\"name\":\"Ad\\\"\\u00e4\"}}"));
        v = hear();
        assert_text(v, "result.messages.0.role", "user");
        assert_text(v, "result.messages.0.content.text", "Please greet Ad\"\xc3\xa4 in a friendly way.");
        refused(REQUEST("3", "prompts/get", "{\"name\":\"greet\"}"), -32602);
        refused(REQUEST("3", "prompts/get", "{\"name\":\"greet\",\"arguments\":{\"name\":1}}"), -32602);
        refused(REQUEST("3", "prompts/get", "{\"name\":\"x\",\"arguments\":{\"name\":\"a\"}}"), -32602);
}

#define COMPLETE(ref, argument) \
        REQUEST("1", "completion/complete", "{\"ref\":" ref ",\"argument\":" argument "}")
#define GREET "{\"type\":\"ref/prompt\",\"name\":\"greet\"}"

static void test_completion(void **state UNUSED)
{
        answers(COMPLETE(GREET, "{\"name\":\"name\",\"value\":\"A\"}"),
                RESULT("1",
                       "{\"completion\":{\"values\":[\"Ada\",\"Alan\"],\"total\":2,\"hasMore\":false}}"));
        answers(COMPLETE("{\"type\":\"ref/resource\",\"uri\":\"demo://text/{name}\"}",
                         "{\"name\":\"name\",\"value\":\"K\"}"),
                RESULT("1", "{\"completion\":{\"values\":[\"Ken\"],\"total\":1,\"hasMore\":false}}"));
        answers(COMPLETE(GREET, "{\"name\":\"other\",\"value\":\"A\"}"),
                RESULT("1", "{\"completion\":{\"values\":[],\"total\":0,\"hasMore\":false}}"));
        refused(COMPLETE("{\"type\":\"ref/prompt\",\"name\":\"x\"}", "{\"name\":\"name\",\"value\":\"A\"}"),
                -32602);
        refused(COMPLETE("{}", "{\"name\":\"name\",\"value\":\"A\"}"), -32602);
        refused(COMPLETE(GREET, "{\"name\":\"name\"}"), -32602);
        refused(COMPLETE(GREET, "{}"), -32602);
}

int main(void)
{
#define SERVED(t) cmocka_unit_test_setup_teardown(t, start, stop)
        const struct CMUnitTest tests[] = {
                SERVED(test_initialize),
                SERVED(test_ids),
                SERVED(test_silence),
                SERVED(test_nonsense),
                SERVED(test_pieces),
                SERVED(test_last_line),
                SERVED(test_long_line),
                cmocka_unit_test_setup_teardown(test_nonblocking, start_nonblocking, stop),
                SERVED(test_tools),
                SERVED(test_echo),
                SERVED(test_add),
                SERVED(test_time),
                SERVED(test_wrong_arguments),
                cmocka_unit_test(test_limits),
                SERVED(test_slow),
                SERVED(test_slow_order),
                SERVED(test_slow_cancelled),
                SERVED(test_slow_many),
                SERVED(test_blob),
                SERVED(test_blob_bytes),
                SERVED(test_fail),
                cmocka_unit_test_setup(test_exit, start),
                SERVED(test_log),
                SERVED(test_resources),
                SERVED(test_subscription),
                SERVED(test_prompts),
                SERVED(test_completion),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
